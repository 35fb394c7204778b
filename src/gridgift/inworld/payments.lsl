// ---- Payments: a journal that outlives resets and restarts ----

// Each payment is written into linkset data before it is sent, and forgotten after a final answer.
// Its name is one of these and its nonce; its value has what is in entry().
string OPEN_PAYMENT = "open."; // the store is to be asked for a card
string DUE_REFUND = "back.";   // the store has said no for good: the L$ are to go back
string OWED_REFUND = "owed.";  // the owner has to give them back, and was told
string PAID_REFUND = "paid.";  // they went back: the store is to be told

string UNSETTLED = "^(open|back|owed)[.].{36}$"; // the names of all but the last kind

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
        tell_owed(payer, amount, "My memory is full: give ");
        return;
    }
    if (failures > 0) tell(payer, phrase("trying", payer));
    keep_ticking();
    ask_store();
}

// Write an entry: of this object and its owner, and of the unit that was asked, if one was. Returns
// whether it is kept now.
integer write(string name, string asked, key payer, integer amount, string mark, string body) {
    list value = [llGetKey(), asked, payer, amount, mark, body, llGetOwner()];
    integer result = llLinksetDataWriteProtected(name, llDumpList2String(value, "|"), MEMORY);
    return result == LINKSETDATA_OK || result == LINKSETDATA_NOUPDATE;
}

// Read an entry: object, unit, payer, amount, mark, body, owner. There is none of another object's,
// which this one is a copy of.
list entry(string name) {
    list found = llParseStringKeepNulls(llLinksetDataReadProtected(name, MEMORY), ["|"], []);
    if (llList2Key(found, 0) != llGetKey()) return [];
    return found;
}

forget(string name) {
    llLinksetDataDeleteProtected(name, MEMORY);
}

string nonce_of(string name) {
    return llGetSubString(name, 5, -1);
}

// Ask for the cards of the payments that are open, some at a time: their order is no matter. And
// tell of a refund that was paid: only the unit that was asked for the card knows of the payment.
ask_store() {
    if (is_refused || !is_paired()) return;
    list open = llLinksetDataFindKeys("^" + OPEN_PAYMENT, 0, 2 * AT_ONCE);
    integer i;
    for (i = 0; i < llGetListLength(open) && llGetListLength(jobs) < AT_ONCE * JOB; ++i) {
        string name = llList2String(open, i);
        list payment = entry(name);
        if (payment == []) forget(name);
        else if (llList2String(payment, 1) != unit) owe(name, "of another unit");
        else if (!~llListFindList(jobs, [nonce_of(name)]))
            ask(nonce_of(name), "purchase", llList2Key(payment, 2), llList2String(payment, 5));
    }
    string paid = llList2String(llLinksetDataFindKeys("^" + PAID_REFUND, 0, 1), 0);
    if (paid == "") return;
    if (llList2String(entry(paid), 1) != unit) forget(paid);
    else if (!~llListFindList(jobs, [nonce_of(paid)])) ask_about_refund(paid, 1);
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
    else tell_owed(payer, amount, "See your transactions (" + mark
        + "): was this settled? If not, give ");
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
}

// ---- What the owner has to give back ----

// The owner has pressed Refunds, which shows some, or that those are settled, or are to be paid
// from here; what has a mark is for the owner to see.
see_to_refunds(string pressed) {
    list owed = llLinksetDataFindKeys("^" + OWED_REFUND, 0, MOST_TOLD);
    string message = "You owe nothing.";
    if (owed != []) message = "You owe:";
    integer i;
    for (i = 0; i < llGetListLength(owed); ++i) {
        string name = llList2String(owed, i);
        list payment = entry(name);
        integer is_clear = llList2String(payment, 4) == "";
        message += "\n" + AVATAR + llList2String(payment, 2) + "/inspect L$"
            + llList2String(payment, 3);
        if (!is_clear) message += " ?";
        if (pressed == "Settled") end_payment(name);
        else if (pressed == "Pay" && is_clear) move(name, DUE_REFUND, "");
    }
    if (llLinksetDataCountFound("^" + OWED_REFUND) > MOST_TOLD) message += "\n…";
    if (pressed == "Refunds") llDialog(llGetOwner(), message, REFUNDS_MENU, channel);
    keep_ticking();
}

// ---- After a reset ----

// Forget what another object has noted, of which this one is a copy; unless it is the same one,
// which was taken and placed again, and has another key since. Forget what was noted for another
// owner, of whom this one was bought. Only whose payments they are is told of them. And forget what
// is here under two kinds, because the region went down between them: what is due was open or owed
// before. One entry after another, since there may be more than the script has memory for.
begin_payments() {
    integer count;
    integer at; // of the next one, after those that stay
    string name;
    key whose;
    while ((name = llList2String(llLinksetDataFindKeys(UNSETTLED, at, 1), 0)) != "") {
        list payment = llParseStringKeepNulls(llLinksetDataReadProtected(name, MEMORY), ["|"], []);
        string due = DUE_REFUND + nonce_of(name);
        whose = llList2Key(payment, 6);
        if (llList2Key(payment, 0) != llGetKey() || whose != llGetOwner()) {
            if (++count <= MOST_TOLD) llInstantMessage(whose,
                AVATAR + llList2String(payment, 2) + "/inspect L$" + llList2String(payment, 3));
            forget(name);
        }
        else if (name == due || entry(due) == []) ++at;
        else forget(name);
    }
    if (count) llInstantMessage(whose, (string)count + " payments were open when I was copied, "
        + "taken or sold. Unless I am a copy, look whether they have a card.");
    keep_ticking();
}
