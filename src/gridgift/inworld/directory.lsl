// Directory: this object tells the store's server who residents are whom it has never seen, so that
// cards can be granted to them by name.
//
// To set it up:
//   1. Let the server's setting GRIDGIFT_RESOLVER_URL be: in-world
//   2. Make a unit of the kind "directory" at the store. You get its id, and a pairing code that is
//      good for 15 minutes.
//   3. Put the id into the description of the object, and this script into its contents.
//   4. Touch the object, and type the code.
//
// Permissions: it asks for none. Let nobody else edit the object: whoever can, says who is who.

string SERVER = "{server}"; // the address of the store's server

string KIND = "directory";
list OWNER_MENU = ["Pair", "Close"];

integer AFTER_REFUSAL = 60; // seconds

list look_ups; // two items each: Second Life's name of it, and the question
list answers;  // to be sent in the next round
integer rest;  // seconds until then

#include "common.lsl"

integer is_busy() {
    return is_paired() && !is_refused;
}

// Send what was found out, and be asked more.
next_round() {
    if (!is_busy() || jobs != []) return;
    if (rest-- > 0) return;
    ask(llGenerateKey(), "questions", NULL_KEY, llList2Json(JSON_OBJECT, [
        "answers", llDumpList2String(answers, ",")
    ]));
    answers = [];
}

settled(string path, string nonce, key resident, string body, integer status, string answer) {
    if (status != 200) {
        rest = AFTER_REFUSAL;
        return;
    }
    rest = (integer)llJsonGetValue(answer, ["wait"]);
    list asked = llParseString2List(llJsonGetValue(answer, ["ask"]), [",", "|"], []);
    look_ups = [];
    integer i;
    for (i = 0; i < llGetListLength(asked); i += 2)
        look_up(llList2String(asked, i), llList2String(asked, i + 1));
}

// Who has this name, or what this avatar is called; a look-up whose answer is lost is asked again.
look_up(string question, string wanted) {
    key request;
    if ((key)wanted) request = llRequestUsername(wanted);
    else request = llRequestUserKey(wanted);
    look_ups += [request, question];
}

found(key request, string data) {
    integer at = llListFindList(look_ups, [request]);
    if (at < 0) return;
    string question = llList2String(look_ups, at + 1);
    look_ups = llDeleteSubList(look_ups, at, at + 1);
    list answer = [question, "", data];
    if (is_uuid(data)) answer = [question, data, ""];
    answers += llDumpList2String(answer, "|");
}

integer is_uuid(string data) {
    if ((key)data) return TRUE;
    return data == (string)NULL_KEY; // nobody's
}

default {
    state_entry() {
        start();
        keep_ticking();
    }

    on_rez(integer parameter) {
        llResetScript();
    }

    changed(integer what) {
        if (what & CHANGED_OWNER) llResetScript();
    }

    touch_start(integer count) {
        integer i;
        for (i = 0; i < count; ++i) {
            if (llDetectedKey(i) == llGetOwner()) touched_by_owner();
        }
    }

    listen(integer on, string name, key speaker, string message) {
        if (speaker != llGetOwner()) return;
        if (message == "Pair") ask_for_code();
        else if (wants_code) pair(message);
    }

    http_response(key request, integer status, list metadata, string answer) {
        answered(request, status, answer);
    }

    dataserver(key request, string data) {
        found(request, data);
    }

    timer() {
        tick();
        next_round();
    }
}
