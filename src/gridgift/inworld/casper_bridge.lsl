// Bridge to CasperVend: who buys a gift card from a CasperVend vendor or dropbox has one here too,
// of the amount that was paid.
//
// To set it up:
//   1. Make a unit of the kind "vendor" at the store. You get its id, and a pairing code that is
//      good for 15 minutes.
//   2. In CasperVend, sell an item whose name begins with what PRODUCT says below.
//   3. Link a prim to the vendor, as its root, or use the dropbox: put the unit's id into the
//      description and this script into the contents. One of the two, not both: each is told of the
//      sale.
//   4. Touch it, and type the code.
//
// Permissions: it asks for none. What no card can be sold for, it tells you to give back. Let
// nobody else edit the object: whoever can, sells your cards.

string SERVER = "{server}"; // the address of the store's server

string PRODUCT = "Gift card"; // what the names of items begin with that are gift cards

string KIND = "vendor";
list OWNER_MENU = ["Pair", "Refunds", "Close"];
list REFUNDS_MENU = ["Settled", "Close"];

integer SALE = -10; // CasperVend's number of a sale that is complete

integer REMEMBERED = 50; // sales, by their nonces
list settled_sales;

#include "common.lsl"

#include "payments.lsl"

// A sale is told as transaction:buyer's key:buyer:receiver:L$ paid:gift card used:mode:product:
// item, and with the key of who receives it.
sold(string sale, key receiver) {
    list parts = llParseStringKeepNulls(sale, [":"], []);
    key buyer = llList2Key(parts, 1);
    integer amount = llList2Integer(parts, 4);
    if (amount < 1 || llSubStringIndex(llList2String(parts, 8), PRODUCT) != 0) return;
    string friend;
    if (receiver != buyer) friend = receiver;
    string nonce = nonce_from(llList2String(parts, 0));
    if (~llListFindList(settled_sales, [nonce])) return;
    if (!llLinksetDataCountFound("^[a-z]+[.]" + nonce)) take_payment(nonce, buyer, amount, friend);
}

// The same transaction has the same nonce, however often it is told.
string nonce_from(string transaction) {
    string digits = llMD5String(transaction, 0);
    list parts = [
        llGetSubString(digits, 0, 7), llGetSubString(digits, 8, 11), llGetSubString(digits, 12, 15),
        llGetSubString(digits, 16, 19), llGetSubString(digits, 20, 31)
    ];
    return llDumpList2String(parts, "-");
}

integer is_busy() {
    return llLinksetDataCountFound("^(open|back|paid)[.]");
}

settled(string path, string nonce, key resident, string body, integer status, string answer) {
    if (path == "purchase") settle_payment(nonce, resident, status, answer);
    else if (is_decided) forget(PAID_REFUND + nonce);
    settled_sales = llList2List(settled_sales + [nonce], -REMEMBERED, -1);
    ask_store();
}

// CasperVend has paid the owner: there is nothing that this object could give back.
pay_refunds() {
    list due = llLinksetDataFindKeys("^" + DUE_REFUND, 0, 1);
    if (due != []) owe(llList2String(due, 0), "");
}

default {
    state_entry() {
        start();
        begin_payments();
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
        else if (message == "Refunds" || message == "Settled") see_to_refunds(message);
        else if (wants_code) pair(message);
    }

    link_message(integer from, integer number, string sale, key receiver) {
        if (number == SALE) sold(sale, receiver);
    }

    http_response(key request, integer status, list metadata, string answer) {
        answered(request, status, answer);
    }

    timer() {
        tick();
        ask_store();
        pay_refunds();
    }
}
