"""Claims: who gets a card from a unit, and that no bound is passed by claims of one moment."""

import asyncio
from datetime import date, timedelta
from typing import Any, Final

import pytest

from gridgift.domain import claims, codes, naming, residents, units, verify
from gridgift.domain.claims import Claimant
from gridgift.domain.days import day_of
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.model import Caller, CardChange, Resident
from gridgift.domain.paging import Position
from gridgift.domain.residents import Identifier
from gridgift.domain.stores import StoreChanges
from gridgift.domain.stores import update as update_store
from gridgift.domain.unit_failures import (
    AccountTooYoung,
    AlreadyClaimed,
    NotInGroup,
    NotInvited,
    NotOpen,
    UnitExhausted,
    UnitExhaustedToday,
    UnitNotFound,
    UnitPaused,
)
from gridgift.domain.units import Unit, UnitChanges, UnitSettings
from gridgift.storage.database import ConstraintViolated, Tx
from tests.api import JO, KELLY, START
from tests.domain.fixture import DomainFixture

ZONE: Final = "America/Los_Angeles"
LOGO: Final = "89556747-24cb-43ed-920b-47caed15465f"


def stranger(number: int) -> Resident:
    """Make up a resident whom nobody knows."""
    return Resident(
        f"0000000{number // 100}-0000-4000-8000-0000000000{number % 100:02}", f"new{number}"
    )


class Delivery:
    """A delivery unit of a store."""

    def __init__(self, domain: DomainFixture, **settings: Any) -> None:
        self.domain = domain
        self.unit: Unit = domain.write(
            units.create, domain.caller, new_id(), "delivery", UnitSettings("Gift", **settings)
        )
        self.id = self.unit.id
        self.caller = Caller(domain.store.id, "unit", self.id, "request-2")

    def claim(self, who: Resident = KELLY, **more: Any) -> CardChange:
        """Claim a card."""
        change: CardChange = self.domain.write(
            claims.claim, self.caller, self.id, Claimant(who, **more), new_id()
        )
        return change

    def all_at_once(self, who: list[Resident]) -> list[CardChange | BaseException]:
        """Claim a card for each of these, all in one moment."""

        async def run() -> Any:
            wanted = [
                self.domain.database.write(
                    claims.claim, self.caller, self.id, Claimant(each), new_id()
                )
                for each in who
            ]
            return await asyncio.gather(*wanted, return_exceptions=True)

        found: list[CardChange | BaseException] = self.domain.run(run())
        return found

    def change(self, **changes: Any) -> None:
        """Change the unit's settings."""
        self.domain.write(units.update, self.domain.caller, self.id, UnitChanges(**changes))

    def now(self) -> Unit:
        """Read the unit."""
        unit: Unit = self.domain.read(units.read, self.domain.store.id, self.id)
        return unit

    def listed(self) -> Any:
        """Return all claims."""
        return self.domain.read(
            claims.list_of, self.domain.store.id, self.id, Position(), 1000
        ).rows


@pytest.mark.contract("9.3", "9.5", "9.6", "9.11")
def test_a_card_for_each_resident_and_round(domain: DomainFixture) -> None:
    delivery = Delivery(domain, credit=150)
    granted = delivery.claim()
    assert (granted.card.owner_uuid, granted.card.credit) == (KELLY.uuid, 150)
    (entry,) = domain.entries(granted.card.id)
    assert (entry.kind, entry.actor_kind, entry.actor_id) == ("granted", "unit", delivery.id)
    assert entry.reason == "Gift"
    delivery.change(credit=200, paused=True)
    with pytest.raises(AlreadyClaimed) as refused:
        delivery.claim()
    assert (refused.value.credit, refused.value.card_id) == (150, granted.card.id)
    delivery.change(paused=False)
    domain.write(units.begin_round, domain.caller, delivery.id)
    again = delivery.claim()
    assert [(each.round_number, each.credit, each.card_id) for each in delivery.listed()] == [
        (1, 150, granted.card.id), (2, 200, again.card.id)]  # fmt: skip
    now = delivery.now()
    assert (now.cards, now.granted, now.seen_at) == (2, 350, domain.now)
    assert domain.read(verify.verify, lambda fault: None, lambda seen: None) == 0


@pytest.mark.contract("9.3", "9.4")
def test_claims_of_one_moment(domain: DomainFixture) -> None:
    """The same resident has one card, and no more are given than the bound says."""
    delivery = Delivery(domain, max_cards=5)
    found = delivery.all_at_once([KELLY] * 8)
    assert sum(isinstance(each, CardChange) for each in found) == 1
    assert sum(isinstance(each, AlreadyClaimed) for each in found) == 7
    others = delivery.all_at_once([stranger(number) for number in range(1, 11)])
    assert sum(isinstance(each, CardChange) for each in others) == 4
    assert sum(isinstance(each, UnitExhausted) for each in others) == 6
    assert (len(delivery.listed()), delivery.now().cards, delivery.now().granted) == (5, 5, 500)


@pytest.mark.contract("9.3")
def test_the_database_itself_has_one_claim(domain: DomainFixture) -> None:
    delivery = Delivery(domain)
    delivery.claim()
    again = {
        "store_id": domain.store.id, "unit_id": delivery.id, "round": 1,
        "resident_uuid": KELLY.uuid, "card_id": domain.grant().id, "credit": 1, "now": 1,
    }  # fmt: skip

    async def claim_again(tx: Tx) -> None:
        await tx.run("claim_add", **again)

    with pytest.raises(ConstraintViolated, match="unit_claims"):
        domain.write(claim_again)


@pytest.mark.contract("9.4")
@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({"max_cards": 2}, UnitExhausted),
        ({"max_credit": 299}, UnitExhausted),
        ({"max_cards_a_day": 2}, UnitExhaustedToday),
    ],
    ids=str,
)
def test_the_last_card_within_a_bound(
    domain: DomainFixture, settings: Any, refusal: type[Failure]
) -> None:
    delivery = Delivery(domain, **settings)
    delivery.claim(stranger(1))
    delivery.claim(stranger(2))
    with pytest.raises(refusal):
        delivery.claim(stranger(3))
    assert delivery.now().cards == 2
    domain.write(units.begin_round, domain.caller, delivery.id)
    with pytest.raises(refusal):  # of all rounds
        delivery.claim(stranger(1))
    delivery.change(**dict.fromkeys(settings, 300))
    delivery.claim(stranger(3))


@pytest.mark.contract("9.4")
def test_a_day_is_one_of_the_stores_time_zone(domain: DomainFixture) -> None:
    domain.write(update_store, domain.store.id, StoreChanges(time_zone=ZONE))
    delivery = Delivery(domain, max_cards_a_day=1)
    midnight = START - START % DAY + 7 * HOUR  # in summer, in California
    before = day_of(midnight - 1, ZONE)
    assert day_of(midnight, ZONE) == before + timedelta(days=1) == day_of(midnight, "UTC")
    domain.now = midnight - 1
    delivery.claim(stranger(1))
    with pytest.raises(UnitExhaustedToday):
        delivery.claim(stranger(2))
    domain.now = midnight
    delivery.claim(stranger(2))
    with pytest.raises(UnitExhaustedToday):
        delivery.claim(stranger(3))


def test_a_unit_is_found_by_its_id(domain: DomainFixture, unknown_id: str) -> None:
    unit = Delivery(domain).unit
    assert domain.read(units.find, unit.id) == unit
    with pytest.raises(UnitNotFound):
        domain.read(units.find, unknown_id)


@pytest.mark.contract("9.1", "9.10")
def test_when_it_gives(domain: DomainFixture) -> None:
    delivery = Delivery(domain, starts_at=START + 1, ends_at=START + 2)
    with pytest.raises(NotOpen):
        delivery.claim()
    domain.now = START + 1
    delivery.change(paused=True)
    with pytest.raises(UnitPaused):
        delivery.claim()
    delivery.change(paused=False)
    delivery.claim()
    domain.now = START + 2
    with pytest.raises(NotOpen):
        delivery.claim(JO)


@pytest.mark.contract("9.1", "9.4")
def test_to_whom_it_gives(domain: DomainFixture) -> None:
    grouped = Delivery(domain, group_only=True)
    with pytest.raises(NotInGroup):
        grouped.claim()
    grouped.claim(in_group=True)

    aged = Delivery(domain, min_account_days=30)
    today = day_of(domain.now, domain.store.time_zone).toordinal()
    for born in (None, date.fromordinal(today - 29), date.fromordinal(today + 1)):
        with pytest.raises(AccountTooYoung):
            aged.claim(born=born)
    aged.claim(born=date.fromordinal(today - 30))

    listed = Delivery(domain, usernames=("Jo Winter", "sam Resident"))
    assert listed.unit.settings.usernames == ("jo.winter", "sam")
    with pytest.raises(NotInvited):
        listed.claim()
    listed.claim(JO)


def test_whose_name_is_erased_stays_invited(domain: DomainFixture) -> None:
    listed = Delivery(domain, usernames=(JO.username,))
    erased = (units.invite_by_uuid, domain.store.id, [JO.username, "jo"], JO.uuid)
    assert (domain.write(*erased), domain.write(*erased)) == (1, 0)
    with pytest.raises(NotInvited):
        listed.claim(KELLY)
    assert listed.claim(JO).card.owner_uuid == JO.uuid


@pytest.mark.contract("9.1")
def test_the_picture(domain: DomainFixture) -> None:
    domain.write(update_store, domain.store.id, StoreChanges(logo=LOGO))
    assert Delivery(domain).claim().card.texture == LOGO
    assert Delivery(domain, texture=KELLY.uuid).claim().card.texture == KELLY.uuid


@pytest.mark.contract("9.7")
def test_a_touch_says_who_that_is(domain: DomainFixture) -> None:
    delivery, robin = Delivery(domain), stranger(1)
    delivery.claim(robin)
    named = Identifier(username=robin.username)
    assert domain.read(residents.find, domain.store.id, named) == robin
    renamed = Resident(robin.uuid, "robin.sommer")
    domain.write(units.begin_round, domain.caller, delivery.id)
    assert delivery.claim(renamed).card.owner_username == "robin.sommer"
    assert domain.read(residents.find, domain.store.id, named) == renamed
    taken = Resident(stranger(2).uuid, KELLY.username)
    assert delivery.claim(taken).card.owner_uuid == taken.uuid
    found, names = domain.read(naming.names_of, Identifier(uuid=taken.uuid))
    assert (found, names) == (Resident(taken.uuid, taken.uuid), [])


@pytest.mark.contract("9.1", "9.4")
@pytest.mark.parametrize(
    "settings",
    [
        {"name": ""},
        {"name": "x" * 64},
        {"name": "a\nb"},
        {"credit": 0},
        {"credit": 2**31},
        {"max_cards": 0},
        {"max_cards_a_day": -1},
        {"max_credit": 2**31},
        {"min_account_days": 36_501},
        {"usernames": ("a b c",)},
        {"usernames": ("x",) * 501},
        {"starts_at": START, "ends_at": START},
    ],
    ids=lambda settings: str(settings)[:40],
)
def test_settings_that_no_unit_has(domain: DomainFixture, settings: Any) -> None:
    good = UnitSettings("Gift", starts_at=START - 1)
    unit = domain.write(units.create, domain.caller, new_id(), "vendor", good)
    (field,) = set(settings) - {"starts_at"}
    with pytest.raises(ValidationFailed) as refused:
        domain.write(units.update, domain.caller, unit.id, UnitChanges(**settings))
    assert refused.value.errors.keys() == {field}
    bad = UnitSettings(**({"name": "Gift"} | settings))
    with pytest.raises(ValidationFailed):
        domain.write(units.create, domain.caller, new_id(), "vendor", bad)
    assert domain.read(units.list_of, domain.store.id, Position(), 9).rows == [unit]


def test_a_code_can_be_typed() -> None:
    made = {codes.write(bytes([number]) * units.CODE_BYTES) for number in range(256)}
    assert len(made) == 256
    for code in made:
        first, _, second = code.partition("-")
        assert len(first) == len(second) == 5
        assert set(first + second) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        typed = f" {first.lower()} {second.lower()}\n"
        assert codes.digest(typed) == codes.digest(code)
