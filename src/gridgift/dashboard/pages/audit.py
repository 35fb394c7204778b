"""What the people of the store did: who, what, when and from where."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from msgspec import Struct

from gridgift.dashboard.page import Page
from gridgift.dashboard.render import render
from gridgift.domain import actions, bulk_changes, sendings
from gridgift.domain.actions import Action, Deed
from gridgift.domain.instants import DAY
from gridgift.domain.texts import isolated
from gridgift.fields import Cursor
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session

AUDIT: Final = "/dashboard/audit"
ROWS: Final = 50

# What was done, as it follows a name; ``{}`` is what it was done to.
SAID: Final[Mapping[Deed, str]] = {
    "signed_in": "signed in with the password",
    "signed_in_by_link": "signed in by a link",
    "signed_in_by_recovery_code": "signed in with a recovery code",
    "second_factor_set_up": "set up a second factor",
    "second_factor_ended": "switched the second factor off, with {}",
    "second_factor_taken_off": "took the second factor of {} off",
    "recovery_codes_made": "made new recovery codes, with {}",
    "password_set": "set another password",
    "signed_out": "signed out",
    "browser_signed_out": "signed another browser out",
    "signed_out_elsewhere": "signed out of {}",
    "key_made": "made the key “{}”",
    "key_replaced": "put a new key in the place of “{}”",
    "key_revoked": "revoked the key “{}”",
    "unit_made": "made the unit {}",
    "unit_changed": "changed the unit {}",
    "unit_paused": "paused the unit {}",
    "unit_resumed": "let the unit {} go on",
    "unit_code_made": "made a pairing code for the unit {}",
    "unit_round_begun": "began a round of the unit {}",
    "unit_revoked": "ended the object of the unit {}",
    "refund_paid": "marked a refund of {} as paid",
    "webhook_made": "had events posted to {}",
    "webhook_changed": "changed the webhook to {}",
    "webhook_paused": "paused the webhook to {}",
    "webhook_resumed": "let the webhook to {} go on",
    "webhook_secret_changed": "made another secret for the webhook to {}",
    "webhook_tested": "sent a test event to {}",
    "webhook_deleted": "deleted the webhook to {}",
    "delivery_repeated": "had “{}” posted again",
    "member_added": "added {} to the team",
    "member_link_made": "made a sign-in link for {}",
    "member_made_owner": "made {} an owner",
    "member_made_clerk": "made {} a clerk",
    "member_dismissed": "took {} out of the team",
    "member_signed_out": "signed {} out everywhere",
    "settings_changed": "changed the settings: {}",
    "card_switched_on": "switched a card on",
    "card_switched_off": "switched a card off",
    "card_adjusted": "changed the credit of a card",
    "card_noted": "wrote a note on a card",
    "cards_sent": "sent cards: {}",
    "cards_changed": "changed several cards at once: {}",
    "cards_change_stopped": "stopped a change of several cards: {}",
    "resident_link_made": "made a link to a resident's own page",
    "shell": "ran gridgift {}",
    "card_changed": "edited a card",
    "card_passed_on": "gave a card to another resident",
    "card_replaced": "replaced a lost card",
    "card_labelled": "changed the tags or the order of a card",
    "card_extended": "let a card end later",
    "card_hold_released": "released a reserved part of a card",
    "card_hold_taken": "took a reserved part of a card as paid",
}
assert set(SAID) == set(get_args(Deed))


# What commands in a shell did, by their names.
IN_A_SHELL: Final[Mapping[str, str]] = {
    "store create": "made the store",
    "store update": "changed the store",
    "key create": "made a key",
    "key update": "changed a key",
    "key rotate": "put a new key in the place of another",
    "key revoke": "revoked a key",
    "operator add": "added somebody to the team",
    "operator link": "made a sign-in link",
    "operator remove": "took somebody out of the team",
    "secret replace": "replaced the server's secret, which ended every key and link",
    "attest": "wrote down what entries of earlier versions left out",
    "card grant": "gave a card",
    "card grant-many": "gave the cards of a file",
    "card adjust": "changed the credit of a card",
    "card transfer": "gave a card to another resident",
    "card reissue": "replaced a lost card",
    "card expire": "let a card end",
    "card redeem": "made a card store credit",
    "card update": "edited a card",
    "card label": "changed the order or the metadata of a card",
    "card note": "wrote a note on a card",
    "card enable": "switched cards on",
    "card disable": "switched cards off",
    "card extend": "let cards end later",
    "card tag": "changed the tags of cards",
    "import undo": "switched the cards of a file off",
    "token mint": "made a link to a resident's own page",
    "token revoke": "ended the links of a resident",
    "resident add": "made a resident known",
    "resident import": "made the residents of a file known",
    "resident rename": "changed the name of a resident",
    "resident erase": "erased a resident",
    "hold place": "set part of a card aside",
    "hold extend": "set part of a card aside for longer",
    "hold capture": "took what was set aside of a card",
    "hold void": "gave free what was set aside of a card",
    "credit deposit": "gave store credit",
    "credit spend": "spent store credit",
    "credit refund": "gave spent store credit back",
    "credit move": "moved store credit to another resident",
    "credit extend": "let store credit end later",
    "webhook add": "had events posted somewhere",
    "webhook update": "changed a webhook",
    "webhook rotate": "made another secret for a webhook",
    "webhook ping": "sent a test event",
    "webhook remove": "deleted a webhook",
    "webhook redeliver": "had an event posted again",
    "unit create": "made a unit",
    "unit update": "changed a unit",
    "unit begin-round": "began another round of a unit",
    "unit pair": "made a pairing code for a unit",
    "unit pause": "paused a unit",
    "unit resume": "let a unit go on",
    "unit revoke": "ended the object of a unit",
    "unit refund-paid": "noted that a payment to a unit was given back",
    "inworld simulate": "played residents at objects of their own",
}


def sentence(action: Action) -> str:
    """Say what was done, as it follows a name; what a newer program did has its name."""
    if action.deed == "shell":
        return IN_A_SHELL.get(action.about, f"ran gridgift {action.about}")
    return SAID.get(action.deed, action.deed).format(isolated(action.about))


def address(action: Action, now: int) -> str | None:
    """Return where it is shown what something was done to; None: nowhere, or not any more."""
    base, kept_for = _KEPT.get(action.deed, ("", 0))
    if not base and action.deed != "webhook_deleted":
        base, kept_for = _SHOWN.get(action.deed.partition("_")[0], ""), actions.KEPT_FOR
    there = base and action.subject_id and now < action.at + kept_for
    return f"{base}/{action.subject_id}" if there else None


# Where the rest is shown, by the first word of a deed's name.
_SHOWN: Final[Mapping[str, str]] = {
    "card": "/dashboard/cards",
    "unit": "/dashboard/units",
    "refund": "/dashboard/units",
    "webhook": "/dashboard/webhooks",
    "delivery": "/dashboard/webhooks",
    "resident": "/dashboard/residents",
}
# What is kept for some time: its page, and for how long (milliseconds).
_KEPT: Final[Mapping[Deed, tuple[str, int]]] = {
    "cards_sent": ("/dashboard/send", sendings.KEPT_FOR),
    "cards_changed": ("/dashboard/cards/many", bulk_changes.KEPT_FOR),
    "cards_change_stopped": ("/dashboard/cards/many", bulk_changes.KEPT_FOR),
}


class AuditQuery(Struct, frozen=True):
    """Which page."""

    cursor: Cursor | None = None


async def show_audit(request: OperatorRequest[AuditQuery, Any]) -> Reply[None]:
    """Show a page of what was done, newest first."""
    store_id = request.store_id
    cursors = request.services.cursors.of(f"dashboard audit {store_id}", actions.KEY_TYPES)
    position = cursors.read(request.query.cursor)
    page = await request.operations.read(actions.list_of, store_id, position, ROWS)
    return render(
        request, "audit.html",
        found=page.rows, sentence=sentence, address=address, kept=actions.KEPT_FOR // DAY,
        next=cursors.write(page.next), previous=cursors.write(page.previous),
    )  # fmt: skip


PAGES: Final = (Page("GET", AUDIT, Session("owner"), show_audit, query=AuditQuery),)
