// ---- What all of the store's objects have in common ----

string API = "/inworld/v1/";

integer AT_ONCE = 3;        // requests under way at the same time
integer PATIENCE = 15;      // seconds until a request is sent again that has no answer
integer TRIES = 10;         // after so many nothing is sent again
integer LONGEST_PAUSE = 60; // seconds

string MEMORY = "gridgift"; // under this name, and protected by it, the object keeps its secret

// What can be wrong with the object itself.
list TROUBLES = [
    "unit_unknown", "unit_not_paired", "signature_invalid", "object_not_paired", "unit_kind_refused"
];

string unit;                // the unit's id; empty while the object is not paired
key me;                     // this object; a copy of it has another key
string secret;              // what requests are signed with
key paired_as;              // the object that was paired
integer owner_was_told;     // of the trouble that there is, and once is enough

list jobs;                  // what is to be sent, so many items each:
integer JOB = 7;            // nonce, path, resident, body, request, seconds under way, tries

integer pause;              // seconds until something may be sent again
integer failures;           // in a row
integer has_sent;           // in this second

integer is_ticking;
integer channel;            // of the menus
string candidate;           // the unit that a code was typed for
integer wants_code;         // the owner is asked for one
integer is_refused;         // by the store, as an object: it has to be paired anew
integer is_decided;         // the last answer: it says what the store has decided

start() {
    me = llGetKey();
    channel = -1 - (integer)("0x" + llGetSubString((string)llGetKey(), -7, -1));
    llListen(channel, "", NULL_KEY, "");
    list kept = llParseString2List(llLinksetDataReadProtected(MEMORY, MEMORY), ["|"], []);
    if (llList2Key(kept, 3) != llGetOwner()) { // a buyer of the object has nothing of the secret
        llLinksetDataDeleteProtected(MEMORY, MEMORY);
        kept = [];
    }
    paired_as = llList2Key(kept, 0);
    unit = llList2String(kept, 1);
    secret = llList2String(kept, 2);
    if (is_paired()) llOwnerSay("I am ready.");
    else llOwnerSay("I am not paired with the store. Touch me.");
}

integer is_paired() {
    return paired_as == llGetKey();
}

// ---- Requests ----

// Send a body, signed, and call settled() with what came of it.
ask(string nonce, string path, key resident, string body) {
    jobs += [nonce, path, resident, body, NULL_KEY, 0, 0];
    send_next();
    keep_ticking();
}

// Begin to count seconds. A timer that is set again begins anew, and would never end if it were set
// again and again.
keep_ticking() {
    if (!is_ticking) llSetTimerEvent(1.0);
    is_ticking = TRUE;
}

// Send the first job that waits. At most one is sent in a second, since Second Life allows 25 in
// 20 seconds; and after a failure one at a time, until there is an answer again. A repeated request
// has the nonce of the first, so that nothing is done twice, and a signature of its own, which is
// good for some minutes.
send_next() {
    if (pause > 0 || has_sent) return;
    integer waiting = -1;
    integer under_way = 0;
    integer i;
    for (i = 0; i < llGetListLength(jobs); i += JOB) {
        if (llList2Key(jobs, i + 4) != NULL_KEY) ++under_way;
        else if (waiting < 0) waiting = i;
    }
    if (waiting < 0 || under_way >= AT_ONCE || (failures > 0 && under_way > 0)) return;
    has_sent = TRUE;
    string nonce = llList2String(jobs, waiting);
    string path = API + llList2String(jobs, waiting + 1);
    string body = llList2String(jobs, waiting + 3);
    string sender = unit;
    if (path == API + "pair") sender = candidate;
    string now = (string)llGetUnixTime();
    string signature = llHMAC(secret, llDumpList2String([now, nonce, path, body], "\n"), "sha256");
    key request = llHTTPRequest(SERVER + path, [
        HTTP_METHOD, "POST",
        HTTP_MIMETYPE, "application/json",
        HTTP_ACCEPT, "application/json",
        HTTP_EXTENDED_ERROR, TRUE,
        HTTP_CUSTOM_HEADER, "X-GC-Unit", sender,
        HTTP_CUSTOM_HEADER, "X-GC-Time", now,
        HTTP_CUSTOM_HEADER, "X-GC-Nonce", nonce,
        HTTP_CUSTOM_HEADER, "X-GC-Sig", signature
    ], body);
    jobs = llListReplaceList(
        jobs, [request, 0, llList2Integer(jobs, waiting + 6) + 1], waiting + 4, waiting + 6
    );
}

// Every second, while there is anything to do.
tick() {
    if (llGetKey() != me) llResetScript(); // a copy, in which the original's work goes on
    has_sent = FALSE;
    if (pause > 0) --pause;
    integer i;
    for (i = llGetListLength(jobs) - JOB; i >= 0; i -= JOB) {
        if (llList2Key(jobs, i + 4) != NULL_KEY) {
            integer seconds = llList2Integer(jobs, i + 5) + 1;
            jobs = llListReplaceList(jobs, [seconds], i + 5, i + 5);
            if (seconds >= PATIENCE) again(i, 5);
        }
    }
    send_next();
    is_ticking = jobs != [] || pause > 0 || is_busy();
    if (!is_ticking) llSetTimerEvent(0.0);
}

// An answer has come: from the server, or from Second Life, which says so when there was none.
answered(key request, integer status, string answer) {
    integer at = llListFindList(jobs, [request]) - 4;
    if (at < 0) return; // it was sent again meanwhile
    integer seconds = (integer)llJsonGetValue(answer, ["retryAfter"]);
    if (seconds > 0 && status < 500) { // not yet, says the server: this is no failure
        jobs = llListReplaceList(jobs, [NULL_KEY, 0, 0], at + 4, at + 6);
        pause = seconds + 1;
    }
    else if (status == 420) again(at, 45); // too many for Second Life, which wants 40 s of silence
    else if (status == 499) again(at, 5);  // no answer
    else if (status >= 500) again(at, 20); // five of these in a minute, and Second Life sends none
    else if (llJsonGetValue(answer, ["code"]) == JSON_INVALID) again(at, 20); // not the server's
    else {
        failures = 0;
        settle(at, status, answer);
    }
    send_next();
}

// Let a job be sent again after a pause, which grows from failure to failure.
again(integer at, integer seconds) {
    ++failures;
    pause = seconds * failures;
    if (pause > LONGEST_PAUSE) pause = LONGEST_PAUSE;
    jobs = llListReplaceList(jobs, [NULL_KEY, 0], at + 4, at + 5);
    if (llList2Integer(jobs, at + 6) >= TRIES) settle(at, 0, "");
}

// A job is done: the status is 0 if there was no answer in the end. The secret is kept with the key
// of this object: a copy of it finds both, and knows by the key that it is a copy.
settle(integer at, integer status, string answer) {
    list job = llList2List(jobs, at, at + JOB - 1);
    jobs = llDeleteSubList(jobs, at, at + JOB - 1);
    string path = llList2String(job, 1);
    key resident = llList2Key(job, 2);
    if (path == "pair") {
        if (llJsonGetValue(answer, ["kind"]) == KIND) {
            unit = candidate;
            secret = llJsonGetValue(answer, ["secret"]);
            paired_as = llGetKey();
            owner_was_told = FALSE;
            is_refused = FALSE;
            llLinksetDataWriteProtected(
                MEMORY, llDumpList2String([paired_as, unit, secret, llGetOwner()], "|"), MEMORY
            );
        }
        else if (status == 200) llOwnerSay("That unit is no " + KIND + ".");
        tell(resident, message_of(answer, resident));
        return;
    }
    string code = llJsonGetValue(answer, ["code"]);
    if (~llListFindList(TROUBLES, [code])) is_refused = TRUE;
    is_decided = status != 0 && code != "time_invalid" && !is_refused;
    settled(path, llList2String(job, 0), resident, llList2String(job, 3), status, answer);
    if (is_refused) {
        warn_owner("The store refuses me (" + code + "). Touch me, and pair me anew.");
    }
}

// ---- Pairing ----

touched_by_owner() {
    wants_code = FALSE;
    if (!is_paired()) ask_for_code();
    else llDialog(llGetOwner(), "What shall I do?", OWNER_MENU, channel);
}

ask_for_code() {
    string id = llGetObjectDesc();
    wants_code = TRUE;
    if ((key)id) llTextBox(llGetOwner(), "Type the pairing code of unit " + id + ".", channel);
    else llOwnerSay("Put the unit's id into my description.");
}

pair(string code) {
    wants_code = FALSE;
    candidate = llGetObjectDesc();
    ask(llGenerateKey(), "pair", llGetOwner(), llList2Json(JSON_OBJECT, [
        "code", plain(code), "obj", llGetKey(), "owner", llGetOwner(),
        "lang", llGetAgentLanguage(llGetOwner())
    ]));
}

// ---- Speaking ----

tell(key resident, string message) {
    if (llGetAgentSize(resident) != ZERO_VECTOR) llRegionSayTo(resident, 0, message);
    else llInstantMessage(resident, message);
}

warn_owner(string message) {
    if (owner_was_told) return;
    owner_was_told = TRUE;
    llInstantMessage(llGetOwner(), llGetObjectName() + ": " + message);
}

tell_why_not_paired(key resident) {
    if (unit == "") tell(resident, phrase("unit_not_paired", resident));
    else tell(resident, phrase("object_not_paired", resident));
}

// What the server says to the resident; without an answer, that there is none.
string message_of(string answer, key resident) {
    string message = llJsonGetValue(answer, ["msg"]);
    if (message == JSON_INVALID) return phrase("database_unavailable", resident);
    return message;
}

// What was typed, without what has a meaning in JSON or here.
string plain(string typed) {
    list parts = llParseString2List(typed, ["\"", "\\", "[", "]", "{", "}", "\n", "|"], []);
    return llStringTrim(llDumpList2String(parts, ""), STRING_TRIM);
}

// A sentence in the resident's language, if the script "languages" has written it; or in English.
string phrase(string name, key resident) {
    string tag = llGetSubString(llGetAgentLanguage(resident), 0, 1);
    string sentence = llLinksetDataRead(tag + "." + name);
    if (sentence != "") return sentence;
{english}
    return name;
}
