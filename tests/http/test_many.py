"""POST /ext/v1/giftcards/actions/{enable|disable|extend|tag}: one action on many cards."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any, Final

import jsonschema_rs
import pytest

from gridgift.app import connect
from gridgift.domain import erasing, notes
from gridgift.domain import many as domain_many
from gridgift.domain.erasing import Mark
from gridgift.domain.instants import DAY, format_instant, parse_instant
from gridgift.domain.many import MAX_DAYS, MAX_IDS
from gridgift.domain.model import Caller
from gridgift.domain.notes import Labelling
from gridgift.domain.residents import parse_identifier
from gridgift.http.api import many
from gridgift.redaction import redacting
from gridgift.storage.database import DatabaseUnavailable
from tests.api import JO, KELLY, ApiFixture, problem
from tests.http.checks import check_chain, clean, one_engine, unchanged
from tests.http.requests import at, ext, other_stores_key

ACTIONS: Final = {"enable": {}, "disable": {}, "extend": {"days": 30}, "tag": {"add": ["vip"]}}
NOBODYS: Final = "01234567-89ab-7def-8123-456789abcdef"
each_action = pytest.mark.parametrize("action", ACTIONS)


def send(api: ApiFixture, action: str, **body: Any) -> Any:
    """Send an action on many cards; ``headers`` and ``key`` are the request's."""
    options = {name: body.pop(name) for name in ("headers", "key") if name in body}
    return api.call("POST", f"/ext/v1/giftcards/actions/{action}", json=body, **options)


def done(api: ApiFixture, action: str, **body: Any) -> Any:
    """Send one that is carried out, and return the answer."""
    response = send(api, action, **body)
    assert response.status_code == 200, response.text
    return response.json()


def by_filter(api: ApiFixture, action: str, filters: dict[str, Any], **body: Any) -> Any:
    """Make the dry run and the run of a filter."""
    shown = done(api, action, filter=filters, dryRun=True, **body)
    return done(api, action, filter=filters, selection=shown["selection"], **body)


def cards(api: ApiFixture, number: int, **terms: Any) -> list[str]:
    """Grant some cards, and return their ids."""
    return [api.grant(**terms)["id"] for _ in range(number)]


def counts(body: Any) -> tuple[int, int, int]:
    """Return how many cards were changed, unchanged and refused."""
    found = tuple(body[name] for name in ("changed", "unchanged", "refused"))
    assert sum(found) == len(body["results"])
    for name, number in zip(("changed", "unchanged", "refused"), found, strict=True):
        assert number == sum(result["outcome"] == name for result in body["results"])
    return found


def details(api: ApiFixture, card_id: str) -> Any:
    """Read all of a card."""
    return api.call("GET", f"/ext/v1/giftcards/{card_id}").json()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cards in one transaction."""
    monkeypatch.setattr(many, "CARDS_AT_ONCE", 3)


@each_action
@pytest.mark.contract("10.146", "10.149", "10.151")
def test_each_card_is_changed_by_itself(api: ApiFixture, action: str) -> None:
    ids = cards(api, 3, expiresAt=at(api, 60))
    if action == "enable":
        done(api, "disable", ids=ids)
    before = {card_id: len(api.entries(card_id)) for card_id in ids}
    key = api.add_key("giftcards:write")
    body = done(api, action, ids=ids, reason="raffle", key=key.key, **ACTIONS[action])
    assert counts(body) == (3, 0, 0)
    assert [result["id"] for result in body["results"]] == ids
    for result in body["results"]:
        assert result["giftCard"] == details(api, result["id"])
        entries = api.entries(result["id"])
        check_chain(entries)
        assert len(entries) == before[result["id"]] + 1
        assert (entries[-1].reason, entries[-1].actor_id) == ("raffle", key.stored.id)
    told = api.sql("SELECT account_id, seq FROM events WHERE account_kind = 'card'")
    assert sorted((str(card_id), seq) for card_id, seq in told) == [
        (card_id, n) for card_id in sorted(ids) for n in range(1, before[card_id] + 2)
    ]
    with unchanged(api):
        expected = (3, 0, 0) if action == "extend" else (0, 3, 0)
        again = done(api, action, ids=ids, dryRun=True, **ACTIONS[action])
        assert counts(again) == expected
    clean(api)


@each_action
@pytest.mark.contract("10.146", "10.148")
def test_a_dry_run_says_what_comes_and_changes_nothing(api: ApiFixture, action: str) -> None:
    ids = [*cards(api, 2, expiresAt=at(api, 3600), tags=["old"]), NOBODYS]
    held = ids[0]
    ext(api, held, "holds", {"amount": 100, "expiresIn": 600})
    with unchanged(api):
        shown = done(
            api, action, ids=ids, dryRun=True, headers={"Idempotency-Key": "k"}, **ACTIONS[action]
        )
        assert shown["dryRun"] is True
    real = done(api, action, ids=ids, headers={"Idempotency-Key": "k"}, **ACTIONS[action])
    assert real["results"][0]["giftCard"]["available"] == 400
    assert real == shown | {"dryRun": False}


@each_action
@pytest.mark.contract("10.149")
def test_what_a_single_request_refuses(api: ApiFixture, action: str) -> None:
    """An unknown card, another store's, a redeemed one; the others are changed."""
    elsewhere = other_stores_key(api, "giftcards:write", "giftcards:read")
    grant = f"/v1/customers/{JO.uuid}/actions/grant-gift-card"
    theirs = api.call("POST", grant, json={"credit": 5}, key=elsewhere).json()["id"]
    good, redeemed = cards(api, 2, expiresAt=at(api, 60))
    api.redeem(redeemed)
    body = done(api, action, ids=[NOBODYS, theirs, redeemed, good], **ACTIONS[action])
    codes = [result.get("problem", {}).get("code") for result in body["results"]]
    refused = None if action == "tag" else "gift_card_redeemed"
    assert codes == ["gift_card_not_found", "gift_card_not_found", refused, None]
    entries = api.call("GET", f"/ext/v1/giftcards/{theirs}/entries", key=elsewhere).json()["data"]
    assert [entry["kind"] for entry in entries] == ["granted"]


@pytest.mark.contract("10.147")
def test_a_card_that_is_named_twice_counts_once(api: ApiFixture) -> None:
    (card,) = cards(api, 1, expiresAt=at(api, 60))
    end = parse_instant(details(api, card)["expiresAt"])
    body = done(api, "extend", ids=[card, card.upper(), card], days=1)
    assert counts(body) == (1, 0, 0)
    assert details(api, card)["expiresAt"] == format_instant((end or 0) + DAY)


@pytest.mark.contract("10.147")
@one_engine
def test_which_cards_must_be_clear(api: ApiFixture) -> None:
    (card,) = cards(api, 1)
    thousand = [NOBODYS] * (MAX_IDS - 1)
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({}, "ids", "must be given, or filter, and not both"),
        ({"ids": [card], "filter": {}}, "ids", "not both"),
        ({"ids": []}, "ids", "from 1 to 1000"),
        ({"ids": [card, *thousand, card]}, "ids", "from 1 to 1000"),
        ({"ids": [*thousand[:499], "x", *thousand[500:]]}, "ids", "number 500 is not"),
        ({"ids": [card, 5]}, "ids", "number 2 is not"),
        ({"ids": card}, "ids", "must be a list"),
        ({"filter": {}}, "selection", "is required"),
        ({"filter": {}, "selection": "0" * 31}, "selection", "must be what"),
        ({"filter": {}, "selection": "A" * 32}, "selection", "must be what"),
        ({"filter": []}, "filter", "must be an object"),
        ({"filter": None}, "filter", "must be an object"),
        ({"filter": {"actve": False}, "dryRun": True}, "filter.actve", "is not known"),
        ({"filter": {"sort": "credit"}, "dryRun": True}, "filter.sort", "is not known"),
        ({"filter": {"tag": ""}, "dryRun": True}, "filter.tag", "must be a tag of 1 to 40"),
        ({"filter": {"owner": "a b c"}, "dryRun": True}, "filter.owner", "username"),
        ({"filter": {"createdTo": "soon"}, "dryRun": True}, "filter.createdTo", "date and time"),
        ({"filter": {"creditTo": -1}, "dryRun": True}, "filter.creditTo", "integer"),
        ({"ids": [card], "dryRun": "yes"}, "dryRun", "true or false"),
        ({"ids": [card], "reason": "a\nb"}, "reason", "printable"),
        ({"ids": [card], "reason": ""}, "reason", "printable"),
    ]
    with unchanged(api):
        for body, field, said in wrong:
            errors = problem(send(api, "disable", **body), 400, "validation_failed")["errors"]
            assert said in str(errors[field]), errors


@pytest.mark.contract("10.152", "10.153")
@one_engine
def test_what_to_do_must_be_clear(api: ApiFixture) -> None:
    ids = cards(api, 1, tags=["vip"])
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("extend", {}, "days"),
        ("extend", {"days": 1, "expiresAt": None}, "days"),
        ("extend", {"days": 0}, "days"),
        ("extend", {"days": MAX_DAYS + 1}, "days"),
        ("extend", {"days": 1.5}, "days"),
        ("extend", {"expiresAt": "tomorrow"}, "expiresAt"),
        ("tag", {}, "add"),
        ("tag", {"add": [], "remove": []}, "add"),
        ("tag", {"add": ["a"], "remove": ["b", "a"]}, "remove"),
        ("tag", {"add": ["a,b"]}, "add"),
        ("tag", {"add": ["x" * 41]}, "add"),
        ("tag", {"add": [f"t{n}" for n in range(21)]}, "add"),
    ]
    with unchanged(api):
        for action, body, field in wrong:
            response = send(api, action, ids=ids, **body)
            assert field in problem(response, 400, "validation_failed")["errors"]


def bodies(**members: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """Return all bodies of some members, of which each is left out or has one of some values."""
    for values in product(*((None, *values) for values in members.values())):
        yield {
            name: value for name, value in zip(members, values, strict=True) if value is not None
        }


DOES: Final[dict[str, dict[str, tuple[Any, ...]]]] = {
    "enable": {},
    "disable": {},
    "extend": {"days": (30,), "expiresAt": ("2999-12-31T23:59:59Z",)},
    "tag": {"add": ([], ["vip"]), "remove": ([], ["raffle"])},
}


@pytest.mark.contract("10.147", "10.148", "10.152", "10.153")
@pytest.mark.parametrize("action", DOES)
@one_engine
def test_the_document_says_which_members_go_together(api: ApiFixture, action: str) -> None:
    document = api.call("GET", "/openapi.json").json()
    body = document["paths"][f"/ext/v1/giftcards/actions/{action}"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    validator = jsonschema_rs.validator_for(schema | {"components": document["components"]})
    which = {
        "ids": ([NOBODYS],),
        "filter": ({},),
        "selection": ("0" * 32,),
        "dryRun": (True, False),
    }
    verdicts = set()
    for body in bodies(**which, **DOES[action]):
        status = send(api, action, **body).status_code
        assert status in {200, 400, 409}, body
        assert validator.is_valid(body) is (status != 400), body
        verdicts.add(status)
    assert verdicts == {200, 400, 409}


@pytest.mark.contract("10.152")
def test_no_date_comes_nearer(api: ApiFixture) -> None:
    soon, late = at(api, 60), at(api, 90 * 86_400)
    ends = [soon, late, None]
    ids = [api.grant(expiresAt=end)["id"] for end in ends]
    (expired,) = cards(api, 1, expiresAt=at(api, 1))
    api.clock.advance(2)
    now = api.clock.now()
    day = at(api, 86_400)
    body = done(api, "extend", ids=[*ids, expired], expiresAt=day)
    assert counts(body) == (2, 2, 0)
    assert [details(api, each)["expiresAt"] for each in [*ids, expired]] == [day, late, None, day]
    api.clock.advance(86_401)
    body = done(api, "extend", ids=[*ids, expired], days=2)
    assert counts(body) == (3, 1, 0)
    from_now = format_instant(api.clock.now() + 2 * DAY)
    later = format_instant((parse_instant(late) or now) + 2 * DAY)
    shown = [details(api, each)["expiresAt"] for each in [*ids, expired]]
    assert shown == [from_now, later, None, from_now]
    over = done(api, "extend", ids=ids, expiresAt=day)
    assert counts(over) == (0, 0, 3)
    assert over["results"][0]["problem"]["errors"] == {"expiresAt": ["must be in the future"]}
    assert counts(done(api, "extend", ids=ids, expiresAt=None)) == (2, 1, 0)
    assert all(details(api, each)["expiresAt"] is None for each in ids)


@pytest.mark.contract("10.152")
def test_a_day_more_ends_with_its_day_when_clocks_are_moved(api: ApiFixture) -> None:
    """In Second Life's time zone, which is put back on 7 November 2027, and forward in March."""
    ids = [
        api.grant(expiresAt=end)["id"] for end in ("2027-11-01T07:00:00Z", "2027-03-01T08:00:00Z")
    ]
    assert counts(done(api, "extend", ids=ids, days=14)) == (2, 0, 0)
    shown = [details(api, each)["expiresAt"] for each in ids]
    assert shown == ["2027-11-15T08:00:00Z", "2027-03-15T07:00:00Z"]


@pytest.mark.contract("10.152")
def test_no_date_leads_beyond_the_last_year(api: ApiFixture) -> None:
    ids = [api.grant(expiresAt="9999-12-30T23:59:59Z")["id"]]
    assert counts(done(api, "extend", ids=ids, days=1)) == (1, 0, 0)
    body = done(api, "extend", ids=ids, days=1)
    assert body["results"][0]["problem"]["errors"] == {"days": ["would lead beyond the year 9999"]}


@pytest.mark.contract("10.153")
def test_tags_at_their_limits(api: ApiFixture) -> None:
    """Twenty of forty characters, whatever the script; more are refused card by card."""
    twenty = [f"{n:02d}" + "礼" * 38 for n in range(20)]
    full, empty, labelled = (
        api.grant(tags=twenty)["id"],
        api.grant()["id"],
        api.grant(tags=["old"], reference="order 1", metadata={"a": "b"})["id"],
    )
    body = done(api, "tag", ids=[full, empty, labelled], add=["Ærø", "old"], remove=["none"])
    assert [each["outcome"] for each in body["results"]] == ["refused", "changed", "changed"]
    assert body["results"][0]["problem"]["errors"] == {"tags": ["would be more than 20"]}
    labels = api.call("GET", f"/ext/v1/giftcards/{labelled}/labels").json()
    assert labels == {"reference": "order 1", "tags": ["old", "Ærø"], "metadata": {"a": "b"}}
    moved = done(api, "tag", ids=[full, empty], add=["vip"], remove=[twenty[0], "old", "Ærø"])
    assert [each["tags"] for each in moved["results"]] == [[*twenty[1:], "vip"], ["vip"]]
    found = api.call("GET", "/ext/v1/giftcards", params={"tag": "vip"}).json()["data"]
    assert {card["id"] for card in found} == {full, empty}
    clean(api)


@pytest.mark.contract("10.148", "10.150")
def test_a_filter_finds_what_the_search_finds(api: ApiFixture, small_parts: None) -> None:
    chosen, others = cards(api, 7, credit=5), cards(api, 2, credit=6)
    filters = {"creditTo": 5, "active": True}
    with unchanged(api):
        shown = done(api, "disable", filter=filters, dryRun=True)
    assert [result["id"] for result in shown["results"]] == chosen
    body = done(api, "disable", filter=filters, selection=shown["selection"])
    assert counts(body) == (7, 0, 0), "though each card that is disabled leaves the filter"
    assert body == shown | {"dryRun": False} | {"results": body["results"]}
    assert not any(api.card(each)["active"] for each in chosen)
    assert all(api.card(each)["active"] for each in others)
    empty = by_filter(api, "disable", filters)
    assert (counts(empty), empty["results"]) == ((0, 0, 0), [])


@pytest.mark.contract("10.148")
def test_other_cards_than_the_dry_run_showed_are_not_touched(api: ApiFixture) -> None:
    first, second = cards(api, 2, tags=["hunt"])
    filters = {"tag": "hunt", "active": True}
    shown = done(api, "disable", filter=filters, dryRun=True)["selection"]
    third = api.grant()["id"]
    ext(api, second, "label", {"tags": []})
    ext(api, third, "label", {"tags": ["hunt"]})
    with unchanged(api):
        for selection in (shown, "0" * 32):
            response = send(api, "disable", filter=filters, selection=selection)
            assert "(2 of them)" in problem(response, 409, "selection_differs")["detail"]
    ids = [first, third]
    assert done(api, "disable", ids=ids, dryRun=True)["selection"] != shown


@pytest.mark.contract("10.150")
def test_a_card_that_changes_in_between_is_left_alone(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The filter found it, and then it was changed by somebody else."""
    first, second = cards(api, 2, tags=["hunt"])
    filters = {"tag": "hunt", "active": True}
    shown = done(api, "disable", filter=filters, dryRun=True)["selection"]
    find = many.find_all

    async def found_before(*args: Any) -> list[str]:
        ids = await find(*args)
        database = connect(api.settings, api.clock.now)
        caller = Caller(api.store.id, "operator", "someone", "in between")
        await database.write(notes.label, caller, second, Labelling(tags=()))
        await database.close()
        return ids

    monkeypatch.setattr(many, "find_all", found_before)
    body = done(api, "disable", filter=filters, selection=shown)
    assert counts(body) == (1, 0, 1)
    assert body["results"][1]["problem"]["code"] == "no_longer_matching"
    assert (api.card(first)["active"], api.card(second)["active"]) == (False, True)


@pytest.mark.contract("10.148")
def test_more_cards_than_one_request_may_change(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "MAX_CHOSEN", 2)
    cards(api, 3)
    with unchanged(api):
        for more in ({"dryRun": True}, {"selection": "0" * 32}):
            problem(send(api, "disable", filter={}, **more), 409, "too_many_gift_cards")


@pytest.mark.contract("10.154")
def test_one_key_covers_all(api: ApiFixture, small_parts: None) -> None:
    ids, once = cards(api, 7, expiresAt=at(api, 60)), {"Idempotency-Key": "once"}
    first = send(api, "extend", ids=ids, days=1, headers=once)
    assert first.status_code == 200
    with unchanged(api):
        again = send(api, "extend", ids=ids, days=1, headers=once)
        assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
        for other in ({"days": 2}, {"days": 1, "reason": "x"}):
            response = send(api, "extend", ids=ids, headers=once, **other)
            problem(response, 422, "idempotency_key_reused")
        problem(send(api, "disable", ids=ids, headers=once), 422, "idempotency_key_reused")


@pytest.mark.contract("10.154")
@pytest.mark.parametrize("by", ["ids", "filter"])
@pytest.mark.parametrize("parts", [0, 1, 2])
@pytest.mark.parametrize("erased", [False, True])
def test_what_broke_off_goes_on_where_it_was(
    api: ApiFixture,
    small_parts: None,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
    parts: int,
    erased: bool,
) -> None:
    """The database goes away after some parts; the same request does the rest, and that once.

    Also if the owner's name was taken out of the answers meanwhile.
    """
    ids, once = cards(api, 7, credit=5, expiresAt=at(api, 60)), {"Idempotency-Key": "once"}
    end = parse_instant(details(api, ids[0])["expiresAt"]) or 0
    body: dict[str, Any] = {"ids": ids, "days": 1}
    if by == "filter":
        filters = {"expiringBefore": at(api, 3600)}
        body = {"filter": filters, "days": 1}
        body["selection"] = done(api, "extend", dryRun=True, **body)["selection"]
    went_through = []

    async def fail_after(*args: Any, **more: Any) -> Any:
        if len(went_through) == parts:
            raise DatabaseUnavailable("away")
        went_through.append(args)
        return await act_on_each(*args, **more)

    act_on_each = domain_many.act_on_each
    monkeypatch.setattr(domain_many, "act_on_each", fail_after)
    problem(send(api, "extend", headers=once, **body), 503, "database_unavailable")
    monkeypatch.setattr(domain_many, "act_on_each", act_on_each)
    if erased:
        names = api.read(erasing.names_of, parse_identifier(KELLY.uuid))
        api.write(erasing.erase, names, redacting(names), Mark())
    answer = done(api, "extend", headers=once, **body)
    assert counts(answer) == (7, 0, 0)
    assert [result["id"] for result in answer["results"]] == ids
    assert {details(api, each)["expiresAt"] for each in ids} == {format_instant(end + DAY)}
    assert {len(api.entries(each)) for each in ids} == {2}
    with unchanged(api):
        again = send(api, "extend", headers=once, **body)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.json() == answer


@pytest.mark.contract("10.154")
def test_a_refusal_is_not_kept(api: ApiFixture) -> None:
    once = {"Idempotency-Key": "once"}
    cards(api, 1)
    wrong = send(api, "disable", filter={}, selection="0" * 32, headers=once)
    problem(wrong, 409, "selection_differs")
    assert counts(done(api, "disable", ids=[NOBODYS], headers=once)) == (0, 0, 1)


@pytest.mark.contract("10.146")
def test_the_scope(api: ApiFixture) -> None:
    ids = cards(api, 1)
    with unchanged(api):
        response = send(api, "disable", ids=ids, key=api.add_key("giftcards:read").key)
        assert "giftcards:write" in problem(response, 403, "scope_missing")["detail"]


def test_the_body_fits_a_thousand_ids() -> None:
    text = json.dumps({"ids": [NOBODYS] * MAX_IDS, "reason": "礼" * 200, "dryRun": False})
    assert len(text) < 64 * 1024
