"""What the commands on units print."""

from collections.abc import Iterable, Sequence

from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import now
from gridgift.cli.tables import print_facts, print_table
from gridgift.domain.claims import Claim
from gridgift.domain.instants import format_instant
from gridgift.domain.refunds import Refund
from gridgift.domain.units import PairingCode, Unit
from gridgift.fields import written
from gridgift.unit_views import ClaimResponse, RefundResponse, UnitResponse


def print_units(found: Sequence[Unit], json: bool) -> None:
    """Print a line for each unit."""
    at = now()
    if json:
        print_json([UnitResponse.of(unit, at) for unit in found])
        return
    print_table(
        ("ID", "KIND", "NAME", "L$", "PAUSED", "ROUND", "CARDS", "PAIRED", "SEEN", "SILENT SINCE"),
        [
            (
                unit.id,
                unit.kind,
                unit.settings.name,
                unit.settings.credit,
                unit.settings.paused,
                unit.round_number,
                unit.cards,
                written(unit.paired_at),
                written(unit.seen_at),
                written(unit.silent_since(at)),
            )
            for unit in found
        ],
    )


def print_unit(unit: Unit, json: bool) -> None:
    """Print all there is to know of a unit."""
    shown = UnitResponse.of(unit, now())
    if json:
        print_json(shown)
    else:
        print_facts([*_settings(shown), *_doings(shown)])


def print_code(new: PairingCode) -> None:
    """Print a pairing code alone in a line of standard output, and what to do with it."""
    print(new.code)
    print_note(
        f"Put {new.unit.id} into the object's description, and the code into its menu "
        f"until {format_instant(new.expires_at)}."
    )


def print_claims(found: Sequence[Claim], json: bool) -> None:
    """Print a line for each card that a unit has given."""
    if json:
        print_json([ClaimResponse.of(each) for each in found])
        return
    print_table(
        ("CARD", "RESIDENT", "ROUND", "L$", "GIVEN AT"),
        [
            (
                each.card_id,
                each.resident_username,
                each.round_number,
                each.credit,
                written(each.created_at),
            )
            for each in found
        ],
    )


def print_refunds(found: Sequence[Refund], json: bool) -> None:
    """Print a line for each payment for which nothing was sold."""
    if json:
        print_json([RefundResponse.of(each) for each in found])
        return
    print_table(
        ("ID", "UNIT", "PAID BY", "L$", "WHY", "PAID AT", "STATE"),
        [
            (
                each.id,
                each.unit_id,
                each.payer_username,
                each.amount,
                each.reason,
                written(each.paid_at),
                each.state,
            )
            for each in found
        ],
    )


def _settings(unit: UnitResponse) -> Iterable[tuple[str, object]]:
    yield "ID", unit.id
    yield "KIND", unit.kind
    yield "NAME", unit.name
    yield "L$", unit.credit
    yield "TEXTURE", unit.texture
    yield "GROUP ONLY", unit.group_only
    yield "TRANSFERABLE", unit.transferable
    yield "STARTS", unit.starts_at
    yield "ENDS", unit.ends_at
    yield "MAX CARDS", unit.max_cards
    yield "MAX CARDS A DAY", unit.max_cards_a_day
    yield "MAX L$", unit.max_credit
    yield "MIN ACCOUNT DAYS", unit.min_account_days
    yield "FOR", ", ".join(unit.usernames) or "everybody"
    yield "PAUSED", unit.paused


def _doings(unit: UnitResponse) -> Iterable[tuple[str, object]]:
    yield "ROUND", unit.round
    yield "CARDS GIVEN", unit.cards
    yield "L$ GIVEN", unit.granted
    yield "OBJECT", unit.object_uuid
    yield "OBJECT'S OWNER", unit.object_owner_uuid
    yield "PAIRED", unit.paired_at
    yield "SEEN", unit.seen_at
    yield "SILENT SINCE", unit.silent_since
