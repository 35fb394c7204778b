"""Units: objects in Second Life that act for the store; an owner makes, pairs and ends them."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from gridgift.dashboard import filters
from gridgift.dashboard.acting import act
from gridgift.dashboard.forms import EMPTY, Draft, Errors, NoFields
from gridgift.dashboard.page import Page, forms_about
from gridgift.dashboard.pages.cards import Day
from gridgift.dashboard.render import Flash, redirect, render
from gridgift.dashboard.seen import Seen, SeenForm, SwitchForm
from gridgift.domain import claims, refunds, units
from gridgift.domain.actions import About, Deed
from gridgift.domain.claims import Claim
from gridgift.domain.days import end_of, parse_day, start_of
from gridgift.domain.ids import new_id
from gridgift.domain.model import Caller
from gridgift.domain.numbers import whole
from gridgift.domain.paging import Page as Rows
from gridgift.domain.paging import Position
from gridgift.domain.refunds import Refund
from gridgift.domain.unit_failures import RefundNotFound, UnitNotFound
from gridgift.domain.units import PairingCode, Unit, UnitChanges, UnitKind, UnitSettings
from gridgift.fields import Cursor, Uuid
from gridgift.http.edge.decode import numbers_of
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.inworld import LANGUAGES_SCRIPT, SCRIPTS, is_quotable, script
from gridgift.storage.database import Tx
from gridgift.unit_views import REFUND_EXAMPLE, UNIT_EXAMPLE

UNITS: Final = "/dashboard/units"
ROWS: Final = 50
MAX_UNITS: Final = 200  # on one page
KINDS: Final[dict[UnitKind, tuple[str, str]]] = {
    "delivery": ("Gift box", "A touch gives a card"),
    "terminal": ("Terminal", "Residents see their cards, redeem them and pass them on"),
    "vendor": ("Vendor", "Sells cards for L$"),
    "directory": ("Directory", "Tells the server who somebody is"),
}

# What settings a kind has; what else is sent with a form is passed over.
_OF_CARDS: Final = frozenset(
    {"texture", "transferable", "starts_at", "ends_at", "max_cards", "max_cards_a_day",
     "max_credit"}
)  # fmt: skip
_OF_TOUCHES: Final = frozenset({"credit", "group_only", "min_account_days", "usernames"})
HAS: Final[dict[UnitKind, frozenset[str]]] = {
    "delivery": _OF_CARDS | _OF_TOUCHES | {"name"},
    "terminal": frozenset({"name"}),
    "vendor": _OF_CARDS | {"name"},
    "directory": frozenset({"name"}),
}

# Why nothing was sold for a payment, in words.
NOT_SOLD: Final = {
    "receiver_not_found": "nobody is called like the friend whom it was for",
    "identifier_malformed": "whom it was for is no username",
    "disabled": "the vendor was paused",
    "not_open": "it was before the vendor's first day, or after its last one",
    "exhausted": "the vendor's limits were reached",
    "exhausted_today": "the vendor's limit of that day was reached",
}

UNIT: Final = id_parameter("id", "A unit's id.", UNIT_EXAMPLE["id"], UnitNotFound)
REFUND: Final = id_parameter("refund", "A refund's id.", REFUND_EXAMPLE["id"], RefundNotFound)


class Limits(Struct, frozen=True):
    """The form for what a unit gives, and to whom; what is left out is no bound."""

    name: str
    credit: int = units.DEFAULT_CREDIT
    texture: Uuid | None = None
    group_only: bool = False
    transferable: bool = False
    first_day: Day | None = None
    last_day: Day | None = None
    max_cards: int | None = None
    max_cards_a_day: int | None = None
    max_credit: int | None = None
    min_account_days: int | None = None
    usernames: str = ""

    def settings(self, kind: UnitKind, zone: str) -> dict[str, Any]:
        """Return those of a kind as the domain has them, by name; days are those of a time zone."""
        first, last = parse_day(self.first_day or ""), parse_day(self.last_day or "")
        settings = UnitSettings(
            self.name, self.credit, self.texture, self.group_only, self.transferable,
            None if first is None else start_of(first, zone),
            None if last is None else end_of(last, zone),
            self.max_cards, self.max_cards_a_day, self.max_credit, self.min_account_days,
            _names(self.usernames),
        )  # fmt: skip
        return {name: getattr(settings, name) for name in HAS[kind]}

    @classmethod
    def complaints(cls, typed: Mapping[str, str]) -> Errors:
        """Say what no unit of the kind can have; what is no number, the field's type does."""
        kind = typed.get("kind", "delivery")
        has = HAS[kind] if kind in HAS else frozenset[str]()
        named: dict[str, Any] = {
            name: number
            for name in numbers_of(cls) & has
            if (number := whole(typed.get(name, ""))) is not None
        }
        named["name"] = typed.get("name", "a name")
        named["usernames"] = _names(typed.get("usernames", ""))
        found = units.complaints(UnitSettings(**named))
        return {name: said for name, said in found.items() if name in has}


class NewUnit(Limits, frozen=True, kw_only=True):
    """The form for a new unit."""

    kind: UnitKind = "delivery"


class Change(Limits, frozen=True, kw_only=True):
    """The form for a unit that there is, as it was shown."""

    seen: str = ""


class UnitsQuery(Struct, frozen=True):
    """Which page of the units, or of the cards that one has given."""

    cursor: Cursor | None = None


def _names(typed: str) -> tuple[str, ...]:
    """Read usernames with commas between them."""
    return tuple(name.strip() for name in typed.split(",") if name.strip())


async def show_units(request: OperatorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Show a page of the store's units, and who is to have L$ back."""
    query = request.query if isinstance(request.query, UnitsQuery) else UnitsQuery()
    cursors = request.services.cursors.of(f"dashboard units {request.store_id}", units.KEY_TYPES)
    position = cursors.read(query.cursor)
    found, owed = await request.operations.read(_read_all, request.store_id, position)
    names = {unit.id: unit.settings.name for unit in found.rows}
    return render(
        request, "units.html",
        units=found.rows, owed=owed, names=names, kinds=KINDS, not_sold=NOT_SOLD, draft=draft,
        next=cursors.write(found.next), previous=cursors.write(found.previous), seen=_SEEN,
    )  # fmt: skip


async def create_unit(request: OperatorRequest[None, NewUnit]) -> Reply[None]:
    """Make a unit, and show this once the code that pairs its object."""
    kind = request.body.kind
    settings = UnitSettings(**request.body.settings(kind, request.principal.zone))
    random = secrets.token_bytes(units.CODE_BYTES)
    made = await act(
        request, "unit_made", _whose, _create, request.caller, new_id(), kind, settings, random
    )
    return await _show(request, made.unit.id, EMPTY, made)


async def show_unit(request: OperatorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Show a unit, and what it has given."""
    return await _show(request, UNIT.of(request), draft)


async def change_unit(request: OperatorRequest[None, Change]) -> Reply[None]:
    """Let a unit give something else, or to others."""
    unit = await request.operations.read(units.read, request.store_id, UNIT.of(request))
    wanted = UnitChanges(**request.body.settings(unit.kind, request.principal.zone))
    return await _update(request, "unit_changed", wanted, "The unit is changed.")


async def switch_unit(request: OperatorRequest[None, SwitchForm]) -> Reply[None]:
    """Have a unit give nothing for now, or go on."""
    paused = request.body.to == "off"
    said = "It gives nothing now, and says so." if paused else "It works again."
    deed: Deed = "unit_paused" if paused else "unit_resumed"
    return await _update(request, deed, UnitChanges(paused=paused), said)


async def make_code(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """Show a code that pairs an object, this once."""
    unit_id, random = UNIT.of(request), secrets.token_bytes(units.CODE_BYTES)
    made = await act(
        request, "unit_code_made", _whose, _SEEN.only(request, unit_id, units.renew_code),
        request.store_id, unit_id, random,
    )  # fmt: skip
    return await _show(request, unit_id, EMPTY, made)


async def begin_round(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """Let everybody claim once more."""
    unit_id = UNIT.of(request)
    unit = await act(
        request, "unit_round_begun", _which, _SEEN.only(request, unit_id, units.begin_round),
        request.caller, unit_id,
    )  # fmt: skip
    return _done(request, unit.id, f"Round {unit.round_number}: everybody can have one more card.")


async def revoke(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """End the object: whatever it asks is refused."""
    unit_id = UNIT.of(request)
    unit = await act(
        request, "unit_revoked", _which, _SEEN.only(request, unit_id, units.revoke),
        request.caller, unit_id,
    )  # fmt: skip
    return _done(request, unit.id, "The object is refused from now on. Another can be paired.")


async def mark_refund_paid(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """Take a payment for granted that somebody made in Second Life: the vendor makes it no more."""
    asked = (request.caller, UNIT.of(request), REFUND.of(request))
    paid = await act(request, "refund_paid", _how_much, refunds.mark_paid, *asked)
    return _done(request, paid.unit_id, "It is marked as paid, and the vendor leaves it alone.")


async def show_script(request: OperatorRequest[None, object]) -> Reply[None]:
    """Show the script of a unit's object, to be copied, with the server's address in it."""
    unit = await request.operations.read(units.read, request.store_id, UNIT.of(request))
    text, languages = _script(request, unit), script(LANGUAGES_SCRIPT, "")
    return render(request, "unit_script.html", unit=unit, text=text, languages=languages)


def _script(request: OperatorRequest[Any, object], unit: Unit) -> str:
    """Return the script of a kind; empty: there is none, or no address that can stand in it."""
    name, address = _script_of(unit), request.services.settings.public_url
    return script(name, address) if name and address and is_quotable(address) else ""


def _script_of(unit: Unit) -> str:
    return next((name for name in SCRIPTS if name.partition("_")[0] == unit.kind), "")


async def _show(
    request: OperatorRequest[Any, object],
    unit_id: str,
    draft: Draft,
    made: PairingCode | None = None,
) -> Reply[None]:
    """Show a unit; ``made`` is a code that was just made, to be shown this once."""
    query = request.query if isinstance(request.query, UnitsQuery) else UnitsQuery()
    store_id = request.store_id
    cursors = request.services.cursors.of(
        f"dashboard claims {store_id} {unit_id}", claims.KEY_TYPES
    )
    position = cursors.read(query.cursor)
    unit, page, unsold = await request.operations.read(_read, store_id, unit_id, position)
    draft, changed = _SEEN.compared(draft, unit, request.principal.zone)
    return render(
        request, "unit.html", unit=unit, found=page.rows, refunds=unsold, made=made,
        next=cursors.write(page.next), previous=cursors.write(page.previous),
        kinds=KINDS, not_sold=NOT_SOLD, has_script=bool(_script_of(unit)), draft=draft,
        changed=changed,
        seen=_SEEN,
    )  # fmt: skip


async def _read_all(tx: Tx, store_id: str, position: Position) -> tuple[Rows[Unit], Rows[Refund]]:
    found = await units.list_of(tx, store_id, position, MAX_UNITS)
    return found, await refunds.list_of(tx, store_id, "owed", Position(), ROWS)


async def _read(
    tx: Tx, store_id: str, unit_id: str, position: Position
) -> tuple[Unit, Rows[Claim], Rows[Refund]]:
    unit = await units.read(tx, store_id, unit_id)
    given = await claims.list_of(tx, store_id, unit_id, position, ROWS)
    unsold = await refunds.list_of_unit(tx, store_id, unit_id, None, Position(), ROWS)
    return unit, given, unsold


async def _create(
    tx: Tx, caller: Caller, unit_id: str, kind: UnitKind, settings: UnitSettings, random: bytes
) -> PairingCode:
    """Make a unit and its first code, both or neither."""
    await units.create(tx, caller, unit_id, kind, settings)
    return await units.renew_code(tx, caller.store_id, unit_id, random)


async def _update(
    request: OperatorRequest[None, Any], deed: Deed, wanted: UnitChanges, said: str
) -> Reply[None]:
    unit_id = UNIT.of(request)
    update = _SEEN.only(request, unit_id, units.update)
    unit = await act(request, deed, _which, update, request.caller, unit_id, wanted)
    return _done(request, unit.id, said)


def _done(request: OperatorRequest[None, Any], unit_id: str, said: str) -> Reply[None]:
    return redirect(request, f"{UNITS}/{unit_id}", flash=Flash(said))


def _which(unit: Unit) -> About:
    return About(unit.id, unit.settings.name)


def _how_much(refund: Refund) -> About:
    return About(refund.unit_id, f"L${refund.amount}")


def _whose(made: PairingCode) -> About:
    return _which(made.unit)


def _values(unit: Unit, zone: str) -> dict[str, object]:
    """Return what a unit's page shows, but for what it has given and when it was heard of."""
    settings = unit.settings
    starts_at, ends_at = settings.starts_at, settings.ends_at
    return asdict(settings) | {
        "starts_at": None, "first_day": starts_at and filters.day(starts_at, zone),
        "ends_at": None, "last_day": ends_at and filters.day(ends_at - 1, zone),
        "usernames": ", ".join(settings.usernames),
        "round_number": unit.round_number, "object_uuid": unit.object_uuid,
    }  # fmt: skip


_SEEN: Final = Seen(units.lock, lambda unit: unit.settings.name, _values)
_OWNER: Final = Session("owner")
_ONE: Final = f"{UNITS}/{{id}}"
_ABOUT_ONE: Final[tuple[tuple[str, Any, Any], ...]] = (
    ("change", change_unit, Change),
    ("switch", switch_unit, SwitchForm),
    ("code", make_code, SeenForm),
    ("round", begin_round, SeenForm),
    ("revoke", revoke, SeenForm),
)

PAGES: Final = (
    Page("GET", UNITS, _OWNER, show_units, query=UnitsQuery),
    Page("POST", UNITS, _OWNER, create_unit, body=NewUnit, again=show_units),
    Page("GET", _ONE, _OWNER, show_unit, query=UnitsQuery, path_parameters=(UNIT,)),
    Page("GET", f"{_ONE}/script", _OWNER, show_script, path_parameters=(UNIT,)),
    *forms_about(_ONE, UNIT, _OWNER, show_unit, _ABOUT_ONE),
    Page(
        "POST",
        f"{_ONE}/refunds/{{refund}}/paid",
        _OWNER,
        mark_refund_paid,
        body=NoFields,
        path_parameters=(UNIT, REFUND),
        again=show_unit,
    ),
)
