// Vendor: who pays this object has a gift card of what they paid, or gives it to a friend.
//
// To set it up:
//   1. Make a unit of the kind "vendor" at the store. You get its id, and a pairing code that is
//      good for 15 minutes.
//   2. Put the id into the description of the object, and this script into its contents.
//   3. Touch the object, and type the code.
//   4. Answer Yes when it asks whether it may take L$ from your account: it gives back what it
//      can't sell a card for. Without that it tells you what to give back, to whom. Touch it and
//      press Allow, and it asks again.
//
// Permissions: to pay from your account (debit). Let nobody else edit the object: whoever can, has
// your L$.

string SERVER = "{server}"; // the address of the store's server

list PRICES = [100, 250, 500, 1000]; // L$, of the four buttons

string KIND = "vendor";
list OWNER_MENU = ["Use", "Pair", "Refunds", "Allow"];
list REFUNDS_MENU = ["Settled", "Pay", "Close"];

integer MOST_FRIENDS = 6;       // that are named at the same time; more are asked to come back
integer OPEN = 300;             // seconds in which a payment is for the friend who was named
integer LONGEST_TRANSFER = 300; // seconds until nothing more is heard of one
integer FRESH = 60;             // seconds for which the store's word holds that a refund is owed

list friends;         // three items each: who pays, for whom (empty while typed), until when

string paying;        // the entry of the refund that is under way
key transfer;         // and Second Life's name for it, once the store has answered
integer seconds_paid; // since when

#include "common.lsl"

#include "payments.lsl"

// ---- For whom a card is ----

touched(key resident) {
    if (is_paired()) llDialog(resident, phrase("vendor_question", resident), [
        phrase("button_for_me", resident), phrase("button_for_friend", resident)
    ], channel);
    else tell_why_not_paired(resident);
}

choose(key resident, string message) {
    integer is_typed = llListFindList(friends, [resident, ""]) >= 0;
    string friend = llGetSubString(plain(message), 0, 62);
    take_friend(resident);
    if (message == phrase("button_for_me", resident))
        tell(resident, phrase("pay_for_me", resident));
    else if (message == phrase("button_for_friend", resident)) {
        if (llGetListLength(friends) >= 3 * MOST_FRIENDS) {
            tell(resident, phrase("busy", resident));
            return;
        }
        friends += [resident, "", llGetTime() + OPEN];
        llTextBox(resident, phrase("vendor_friend", resident), channel);
    }
    else if (is_typed && friend != "") {
        friends += [resident, friend, llGetTime() + OPEN];
        string answer = phrase("pay_for_friend", resident);
        tell(resident, llReplaceSubString(answer, "{friend}", friend, 0));
    }
    keep_ticking();
}

// Return whom the resident has named, and forget it.
string take_friend(key resident) {
    integer at = llListFindList(friends, [resident]);
    if (at < 0) return "";
    string friend = llList2String(friends, at + 1);
    friends = llDeleteSubList(friends, at, at + 2);
    return friend;
}

integer is_busy() {
    return friends != [] || paying != "" || llLinksetDataCountFound("^(open|back|paid)[.]");
}

settled(string path, string nonce, key resident, string body, integer status, string answer) {
    string code = llJsonGetValue(answer, ["code"]);
    string due = DUE_REFUND + nonce;
    if (path == "purchase") settle_payment(nonce, resident, status, answer);
    else if (llJsonGetValue(body, ["paid"]) == "1") {
        if (is_decided) forget(PAID_REFUND + nonce);
    }
    else {
        // The store says whether the refund is still owed, and when it was asked that. A script may
        // have stood still since then, with its region, and the owner have paid.
        integer age = llGetUnixTime() - (integer)llJsonGetValue(answer, ["asked"]);
        paying = "";
        if (code == "refund_not_found" || (status == 200 && age < FRESH)) pay(due);
        else if (code == "refund_already_paid") forget(due);
        else if (status != 200 && is_decided) owe(due, "");
    }
    ask_store();
}

// ---- Refunds, one after another ----

// The store is asked first: somebody there may have paid it already. Then the refund is marked, and
// begun. If its end is not seen, because the script was reset or the region restarted, nobody but
// the owner can know whether it was paid: it is not paid again.
pay_refunds() {
    if (paying != "") {
        if (~llListFindList(jobs, [nonce_of(paying)])) return;
        if (++seconds_paid > LONGEST_TRANSFER) {
            owe(paying, "no answer");
            paying = "";
            transfer = NULL_KEY;
        }
        return;
    }
    list due = llLinksetDataFindKeys("^" + DUE_REFUND, 0, 1);
    if (due == []) return;
    string name = llList2String(due, 0);
    list payment = entry(name);
    if (payment == []) forget(name);
    else if (llList2String(payment, 4) != "") owe(name, "begun");
    else if (!(llGetPermissions() & PERMISSION_DEBIT)) owe(name, "");
    else if (llList2String(payment, 1) == "") pay(name); // the store has never heard of it
    else if (is_refused || !is_paired() || llList2String(payment, 1) != unit) owe(name, "");
    else {
        paying = name;
        ask_about_refund(name, 0);
    }
}

pay(string name) {
    list payment = entry(name);
    key payer = llList2Key(payment, 2);
    integer amount = llList2Integer(payment, 3);
    if (payment == []) return;
    move(name, DUE_REFUND, "begun");
    paying = name;
    seconds_paid = 0;
    transfer = llTransferLindenDollars(payer, amount);
}

default {
    state_entry() {
        start();
        begin_payments();
        llSetPayPrice(PAY_HIDE, PRICES);
        llRequestPermissions(llGetOwner(), PERMISSION_DEBIT);
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
        if (llGetAgentSize(speaker) == ZERO_VECTOR) return; // an object, or somebody who has left
        if (speaker != llGetOwner()) choose(speaker, message);
        else if (message == "Pair") ask_for_code();
        else if (message == "Use") touched(speaker);
        else if (~llListFindList(["Refunds", "Settled", "Pay"], [message])) see_to_refunds(message);
        else if (message == "Allow") llRequestPermissions(speaker, PERMISSION_DEBIT);
        else if (wants_code) pair(message);
        else choose(speaker, message);
    }

    money(key payer, integer amount) {
        take_payment(llGenerateKey(), payer, amount, take_friend(payer));
    }

    transaction_result(key id, integer success, string data) {
        if (id != transfer) return;
        if (success) end_payment(paying);
        else owe(paying, "");
        paying = "";
        transfer = NULL_KEY;
        keep_ticking();
    }

    http_response(key request, integer status, list metadata, string answer) {
        answered(request, status, answer);
    }

    timer() {
        tick();
        ask_store();
        pay_refunds();
        if (friends == [] || llGetTime() < llList2Float(friends, 2)) return;
        key resident = llList2Key(friends, 0); // of the oldest menu, which stays open no longer
        friends = llDeleteSubList(friends, 0, 2);
        tell(resident, phrase("menu_closed", resident));
    }
}
