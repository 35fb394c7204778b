// Terminal: who touches this object sees their store credit and gift cards, can redeem them, and
// can pass them on to a friend. And it tells residents of new cards, when the store wants that.
//
// To set it up:
//   1. Make a unit of the kind "terminal" at the store. You get its id, and a pairing code that is
//      good for 15 minutes.
//   2. Put the id into the description of the object, and this script into its contents.
//   3. Touch the object, and type the code.
//
// Permissions: it asks for none. Let nobody else edit the object: whoever can, redeems and passes
// on the cards of all your residents.

string SERVER = "{server}"; // the address of the store's server

string KIND = "terminal";
list OWNER_MENU = ["Use", "Pair"];

integer MOST_AT_ONCE = 12; // residents; more are asked to come back

integer OPEN = 60; // seconds until a menu closes by itself

list menus;        // that are open, so many items each:
integer MENU = 4;  // resident, what is asked, about what, seconds left

integer AFTER_REFUSAL = 60; // seconds

string told;  // the message that was sent last, which the store does not know yet
integer rest; // seconds until it is asked for the next one

#include "common.lsl"

// ---- Menus: one for each resident ----

touched(key resident) {
    if (!is_paired()) {
        tell_why_not_paired(resident);
        return;
    }
    close(resident);
    if (~llListFindList(jobs, [resident])) return; // there is an answer to come
    if (llGetListLength(menus) / MENU + llGetListLength(jobs) / JOB >= MOST_AT_ONCE) {
        tell(resident, phrase("busy", resident));
        return;
    }
    if (failures > 0) tell(resident, phrase("trying", resident));
    ask(llGenerateKey(), "wallet", resident, llList2Json(JSON_OBJECT, [
        "avatar", resident, "name", llGetUsername(resident), "lang", llGetAgentLanguage(resident)
    ]));
}

// What the resident answers is about this: the cards, or a card, its credit and a friend.
open(key resident, string question, string about) {
    close(resident);
    menus += [resident, question, about, OPEN];
    keep_ticking();
}

// Forget a resident's menu, and return what it asked and about what.
list close(key resident) {
    integer at = llListFindList(menus, [resident]);
    if (at < 0) return [];
    list menu = llList2List(menus, at + 1, at + 2);
    menus = llDeleteSubList(menus, at, at + MENU - 1);
    return menu;
}

integer is_busy() {
    return menus != [] || (is_paired() && !is_refused);
}

close_old_menus() {
    integer at;
    for (at = llGetListLength(menus) - MENU; at >= 0; at -= MENU) {
        key resident = llList2Key(menus, at);
        integer seconds = llList2Integer(menus, at + 3) - 1;
        menus = llListReplaceList(menus, [seconds], at + 3, at + 3);
        if (seconds <= 0) {
            close(resident);
            tell(resident, phrase("menu_closed", resident));
        }
    }
}

// A question with the credit of the card and the friend in it.
string asked(string name, key resident, list about) {
    string question = phrase(name, resident);
    question = llReplaceSubString(question, "{credit}", llList2String(about, 1), 0);
    return llReplaceSubString(question, "{friend}", llList2String(about, 2), 0);
}

// ---- The questions, one after another ----

show_cards(key resident, string answer) {
    string cards = llJsonGetValue(answer, ["cards"]);
    string message = message_of(answer, resident);
    if (cards == "") {
        tell(resident, message);
        return;
    }
    if (llJsonGetValue(answer, ["more"]) == "1") message += " " + phrase("more_cards", resident);
    open(resident, "which card", cards);
    llDialog(resident, message, labels(cards) + [phrase("button_close", resident)], channel);
}

// A button for each card. Two cards may have the same credit, so each has its number.
list labels(string cards) {
    list found = llParseString2List(cards, [",", "|"], []);
    list buttons;
    integer i;
    for (i = 1; i < llGetListLength(found); i += 2)
        buttons += (string)(i / 2 + 1) + ": L$" + llList2String(found, i);
    return buttons;
}

answer_menu(key resident, string message) {
    list menu = close(resident);
    string question = llList2String(menu, 0);
    list about = llParseString2List(llList2String(menu, 1), ["|"], []);
    integer yes = message == phrase("button_yes", resident);
    if (question == "which card") choose_card(resident, llList2String(menu, 1), message);
    else if (question == "what to do") choose_what_to_do(resident, about, message);
    else if (question == "which friend") choose_friend(resident, about, message);
    else if (question == "redeem" && yes) change_card("redeem", resident, about);
    else if (question == "transfer" && yes) change_card("transfer", resident, about);
}

choose_card(key resident, string cards, string message) {
    integer chosen = llListFindList(labels(cards), [message]);
    if (chosen < 0) return;
    string card = llList2String(llParseString2List(cards, [","], []), chosen);
    open(resident, "what to do", card);
    llDialog(resident, asked("card_question", resident, llParseString2List(card, ["|"], [])), [
        phrase("button_redeem", resident), phrase("button_pass_on", resident),
        phrase("button_close", resident)
    ], channel);
}

choose_what_to_do(key resident, list about, string message) {
    if (message == phrase("button_redeem", resident)) confirm("redeem", resident, about);
    else if (message == phrase("button_pass_on", resident)) {
        open(resident, "which friend", llDumpList2String(about, "|"));
        llTextBox(resident, asked("friend_question", resident, about), channel);
    }
}

choose_friend(key resident, list about, string message) {
    string friend = llGetSubString(plain(message), 0, 62);
    if (friend != "") confirm("transfer", resident, about + [friend]);
}

confirm(string what, key resident, list about) {
    string question = asked("redeem_question", resident, about);
    if (what == "transfer") question = asked("transfer_question", resident, about);
    open(resident, what, llDumpList2String(about, "|"));
    llDialog(resident, question, [
        phrase("button_yes", resident), phrase("button_no", resident)
    ], channel);
}

// ---- The store ----

change_card(string path, key resident, list about) {
    list friend;
    if (path == "transfer") friend = ["friend", llList2String(about, 2)];
    ask(llGenerateKey(), path, resident, llList2Json(JSON_OBJECT, [
        "avatar", resident, "card", llList2String(about, 0), "lang", llGetAgentLanguage(resident)
    ] + friend));
}

// Ask for a message of the store's to somebody, while nobody waits for this object.
ask_for_message() {
    if (!is_paired() || is_refused || jobs != []) return;
    if (rest-- > 0) return;
    ask(llGenerateKey(), "messages", NULL_KEY, llList2Json(JSON_OBJECT, ["sent", told]));
}

send_message(integer status, string answer) {
    rest = AFTER_REFUSAL;
    if (status != 200) return;
    rest = (integer)llJsonGetValue(answer, ["wait"]);
    told = llJsonGetValue(answer, ["id"]);
    if (told == "") return;
    llInstantMessage(llJsonGetValue(answer, ["avatar"]), llJsonGetValue(answer, ["text"]));
}

settled(string path, string nonce, key resident, string body, integer status, string answer) {
    if (path == "messages") send_message(status, answer);
    else if (path == "wallet" && status == 200) show_cards(resident, answer);
    else tell(resident, message_of(answer, resident));
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
            else touched(llDetectedKey(i));
        }
    }

    listen(integer on, string name, key speaker, string message) {
        if (~llListFindList(menus, [speaker])) answer_menu(speaker, message);
        else if (speaker != llGetOwner()) return;
        else if (message == "Pair") ask_for_code();
        else if (message == "Use") touched(speaker);
        else if (wants_code) pair(message);
    }

    http_response(key request, integer status, list metadata, string answer) {
        answered(request, status, answer);
    }

    timer() {
        tick();
        close_old_menus();
        ask_for_message();
    }
}
