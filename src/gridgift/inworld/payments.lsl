// ---- Payments: a journal that outlives resets and restarts ----

// Each payment is written into linkset data before it is sent, and forgotten after a final answer.
// Its name is one of these and its nonce; its value has what is in entry().
string OPEN_PAYMENT = "open."; // the store is to be asked for a card
string DUE_REFUND = "back.";   // the store has said no for good: the L$ are to go back
string OWED_REFUND = "owed.";  // the owner has to give them back, and was told
string PAID_REFUND = "paid.";  // they went back: the store is to be told

integer MOST_TOLD = 5; // payments in one message

string AVATAR = "secondlife:///app/agent/"; // a link, as the owner can press it in messages

// Write a payment down, and ask for its card.
take_payment(string nonce, key payer, integer amount, string friend) {
    string body = llList2Json(JSON_OBJECT, [
        "avatar", payer, "name", llGetUsername(payer), "amount", amount,
        "paid_at", llGetUnixTime(), "friend", friend, "lang", llGetAgentLanguage(payer)
    ]);
    string kept = OPEN_PAYMENT;
    string asked = unit;
    if (!is_paired()) {
        kept = DUE_REFUND;
        asked = "";
    }
    if (!write(kept + nonce, asked, payer, amount, "", body)) { // there is no room
        tell_owed(payer, amount, "My memory is full. Please give ");
        return;
    }
    if (failures > 0) tell(payer, phrase("trying", payer));
    keep_ticking();
    ask_for_cards();
}

// Write an entry: of this object, and of the unit that was asked, if one was. Returns whether it is
// kept now.
integer write(string name, string asked, key payer, integer amount, string mark, string body) {
    list value = [llGetKey(), asked, payer, amount, mark, body];
    integer result = llLinksetDataWriteProtected(name, llDumpList2String(value, "|"), MEMORY);
    return result == LINKSETDATA_OK || result == LINKSETDATA_NOUPDATE;
}

// Read an entry: object, unit, payer, amount, mark, body. There is none of another object's, which
// this one is a copy of.
list entry(string name) {
    list found = llParseStringKeepNulls(llLinksetDataReadProtected(name, MEMORY), ["|"], []);
    if (llList2Key(found, 0) != llGetKey()) return [];
    return found;
}

forget(string name) {
    llLinksetDataDeleteProtected(name, MEMORY);
}

// Some names of a kind of entry, from one on.
list entries(string kind, integer count) {
    return llLinksetDataFindKeys("^" + kind, 0, count);
}

string nonce_of(string name) {
    return llGetSubString(name, 5, -1);
}

// Ask for the cards of the payments that are open, some at a time: their order is no matter.
ask_for_cards() {
    if (is_refused || !is_paired()) return;
    list open = entries(OPEN_PAYMENT, 2 * AT_ONCE);
    integer i;
    for (i = 0; i < llGetListLength(open) && llGetListLength(jobs) < AT_ONCE * JOB; ++i) {
        string name = llList2String(open, i);
        list payment = entry(name);
        key payer = llList2Key(payment, 2);
        if (payment == []) forget(name);
        else if (llList2String(payment, 1) != unit) owe(name, "of another unit");
        else if (!~llListFindList(jobs, [nonce_of(name)]))
            ask(nonce_of(name), "purchase", payer, llList2String(payment, 5));
    }
}

// What came of a payment. Nothing is forgotten before the store has decided.
settle_payment(string nonce, key payer, integer status, string answer) {
    string name = OPEN_PAYMENT + nonce;
    if (status == 0) tell(payer, phrase("trying", payer));
    else tell(payer, message_of(answer, payer));
    if (!is_decided) return; // it is asked again
    if (status == 200) forget(name);
    else if (llJsonGetValue(answer, ["code"]) == "payment_differs") owe(name, "not clear");
    else move(name, DUE_REFUND, "");
}

// Write an entry under another kind, and forget it under its own, if there was room; or give it
// another mark.
move(string name, string kind, string mark) {
    list payment = entry(name);
    string moved = kind + nonce_of(name);
    if (payment != []) {
        if (!write(moved, llList2String(payment, 1), llList2Key(payment, 2),
            llList2Integer(payment, 3), mark, "")) return;
        if (moved == name) return;
    }
    forget(name);
}

// The owner has to give it back; or, if there is a mark, to look whether it is to be given back.
owe(string name, string mark) {
    list payment = entry(name);
    key payer = llList2Key(payment, 2);
    integer amount = llList2Integer(payment, 3);
    move(name, OWED_REFUND, mark);
    forget(name);
    if (payment == []) return;
    if (mark == "") tell_owed(payer, amount, "I could not give ");
    else tell_owed(payer, amount, "Look into your transactions and gift cards (" + mark
        + "): was this settled? If it was not, give ");
}

tell_owed(key payer, integer amount, string what) {
    llInstantMessage(llGetOwner(), llGetObjectName() + ": " + what + AVATAR + (string)payer
        + "/inspect L$" + (string)amount + " back. Touch me, and press Refunds.");
    tell(payer, llReplaceSubString(phrase("refund_owed", payer), "{amount}", (string)amount, 0));
}

// ---- What the store is told of refunds ----

// Ask whether a refund is still to be paid (0), or say that it was (1).
ask_about_refund(string name, integer is_paid) {
    key payer = llList2Key(entry(name), 2);
    ask(nonce_of(name), "refund", payer, llList2Json(JSON_OBJECT, [
        "payment", nonce_of(name), "paid", is_paid, "lang", llGetAgentLanguage(payer)
    ]));
}

// The L$ of an entry went back. The store is told, if it has heard of the payment.
end_payment(string name) {
    if (llList2String(entry(name), 1) != "") move(name, PAID_REFUND, "");
    forget(name);
    keep_ticking();
}

// Only the unit that was asked for the card knows of a payment.
tell_store() {
    if (is_refused || !is_paired()) return;
    list paid = entries(PAID_REFUND, 1);
    if (paid == []) return;
    string name = llList2String(paid, 0);
    if (llList2String(entry(name), 1) != unit) forget(name);
    else if (!~llListFindList(jobs, [nonce_of(name)])) ask_about_refund(name, 1);
}

// ---- What the owner has to give back ----

show_refunds() {
    list owed = entries(OWED_REFUND, MOST_TOLD);
    string message = "You owe nothing.";
    if (owed != []) message = "You owe:";
    integer i;
    for (i = 0; i < llGetListLength(owed); ++i) {
        list payment = entry(llList2String(owed, i));
        message += "\n" + AVATAR + llList2String(payment, 2) + "/inspect L$"
            + llList2String(payment, 3);
        if (llList2String(payment, 4) != "") message += " ?";
    }
    if (llLinksetDataCountFound("^" + OWED_REFUND) > MOST_TOLD) message += "\n… and more.";
    llDialog(llGetOwner(), message, REFUNDS_MENU, channel);
}

// The owner has settled those that were shown.
settle_refunds() {
    list owed = entries(OWED_REFUND, MOST_TOLD);
    integer i;
    for (i = 0; i < llGetListLength(owed); ++i) end_payment(llList2String(owed, i));
}

// ---- After a reset ----

// Forget what another object has noted, of which this one is a copy; unless it is the same one,
// which was taken and placed again, and has another key since.
begin_payments() {
    integer count;
    list all = entries("(open|back|owed)[.]", 0);
    integer i;
    for (i = 0; i < llGetListLength(all); ++i) {
        string name = llList2String(all, i);
        if (entry(name) == []) {
            ++count;
            string kept = llLinksetDataReadProtected(name, MEMORY);
            list payment = llParseStringKeepNulls(kept, ["|"], []);
            if (count <= MOST_TOLD) llOwnerSay(AVATAR + llList2String(payment, 2)
                + "/inspect paid L$" + llList2String(payment, 3) + " to "
                + llList2String(payment, 0) + ".");
            forget(name);
        }
        else if (llSubStringIndex(name, DUE_REFUND) == 0) forget(OPEN_PAYMENT + nonce_of(name));
    }
    if (count) llOwnerSay((string)count + " payments were open when I was copied or taken. Unless "
        + "I am a copy, look whether these residents have a card, or give their L$ back.");
    keep_ticking();
}
