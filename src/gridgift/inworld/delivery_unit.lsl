// Delivery unit: who touches this object has a gift card, once in each round.
//
// To set it up:
//   1. Make a unit of the kind "delivery" at the store. You get its id, and a pairing code that is
//      good for 15 minutes.
//   2. Put the id into the description of the object, and this script into its contents.
//   3. Touch the object, and type the code.
// A unit for a group needs the object to be set to that group (Edit, General, Group).
//
// Permissions: it asks for none. Let nobody else edit the object: whoever can, gives your cards.

string SERVER = "{server}"; // the address of the store's server

string KIND = "delivery";
list OWNER_MENU = ["Use", "Pair"];

integer MOST_WAITING = 100; // residents; more are asked to come back
integer MOST_BIRTHS = 20;   // questions that may never be answered

list touchers; // two items each: who is to have a card, and whether the group's tag is worn
list births;   // three items each: a question when an account began, of whom, and the tag

#include "common.lsl"

// ---- Cards ----

touched(key resident, integer has_tag) {
    if (!is_paired()) {
        tell_why_not_paired(resident);
        return;
    }
    if (~llListFindList(touchers, [resident]) || ~llListFindList(jobs, [resident])) return;
    if (llGetListLength(touchers) >= 2 * MOST_WAITING) tell(resident, phrase("busy", resident));
    else {
        touchers += [resident, has_tag];
        if (failures > 0) tell(resident, phrase("trying", resident));
        serve();
    }
}

integer is_busy() {
    return touchers != [];
}

// Ask for the cards of those who have waited longest.
serve() {
    while (touchers != [] && llGetListLength(jobs) < AT_ONCE * JOB) {
        key resident = llList2Key(touchers, 0);
        integer has_tag = llList2Integer(touchers, 1);
        touchers = llDeleteSubList(touchers, 0, 1);
        claim(resident, has_tag, []);
    }
}

claim(key resident, integer has_tag, list born) {
    ask(llGenerateKey(), "claim", resident, llList2Json(JSON_OBJECT, [
        "avatar", resident, "name", llGetUsername(resident), "group", has_tag,
        "obj", llGetKey(), "owner", llGetOwner(), "lang", llGetAgentLanguage(resident)
    ] + born));
}

settled(string path, string nonce, key resident, string body, integer status, string answer) {
    string code = llJsonGetValue(answer, ["code"]);
    integer has_tag = (integer)llJsonGetValue(body, ["group"]);
    if (code == "account_too_young" && llJsonGetValue(body, ["born"]) == JSON_INVALID)
        births = llList2List(
            births + [llRequestAgentData(resident, DATA_BORN), resident, has_tag],
            -3 * MOST_BIRTHS, -1
        );
    else tell(resident, message_of(answer, resident));
    if (code == "group_only" && !has_group())
        warn_owner("My cards are for a group: set me to that group (Edit, General, Group).");
    serve();
}

learn_birth(key question, string date) {
    integer at = llListFindList(births, [question]);
    if (at < 0) return;
    claim(llList2Key(births, at + 1), llList2Integer(births, at + 2), ["born", date]);
    births = llDeleteSubList(births, at, at + 2);
}

// Second Life takes an object without a group and a resident without a tag for the same group.
integer has_group() {
    return llList2Key(llGetObjectDetails(llGetKey(), [OBJECT_GROUP]), 0) != NULL_KEY;
}

default {
    state_entry() {
        start();
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
            else touched(llDetectedKey(i), llDetectedGroup(i) && has_group());
        }
    }

    listen(integer on, string name, key speaker, string message) {
        if (speaker != llGetOwner()) return;
        if (message == "Pair") ask_for_code();
        else if (message == "Use") touched(speaker, llSameGroup(speaker) && has_group());
        else if (wants_code) pair(message);
    }

    http_response(key request, integer status, list metadata, string answer) {
        answered(request, status, answer);
    }

    dataserver(key question, string data) {
        learn_birth(question, data);
    }

    timer() {
        tick();
        serve();
    }
}
