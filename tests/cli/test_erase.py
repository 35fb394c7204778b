"""``gridgift resident erase``: no table has a name any more, and everything else is as it was."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from gridgift.cli.erasing import erase_in_steps
from gridgift.domain import erasing, idempotency, naming, residents, stores, verify
from gridgift.domain.erasing import Mark, Names, NamesChanged
from gridgift.domain.failures import ResidentNotFound
from gridgift.domain.idempotency import IdempotencyKey, StoredAnswer
from gridgift.domain.ids import new_id
from gridgift.domain.model import Resident
from gridgift.domain.residents import Identifier
from gridgift.http.api import bulk
from gridgift.http.edge.customer_token import CustomerToken
from gridgift.http.table import ROUTES
from gridgift.operations import Operations
from gridgift.redaction import redacting
from gridgift.storage.database import Tx, system_clock
from tests.api import JO, KELLY, OWNER, SECRET, ApiFixture, Clock, problem, served
from tests.cli.commands import CommandRunner
from tests.domain.fixture import NAME_OF_TABLE, DomainFixture
from tests.http.customer_page import CustomerPage
from tests.http.requests import a_webhook, owe, path_of, prepared, sent

GRANT: Final = f"/v1/customers/{KELLY.uuid}/actions/grant-gift-card"
NAMES: Final = ("kelly.moonwall", "kelly.older", "kellyfirst")
OLD: Final = ("KellyFirst Resident", "kelly.older")
WRITTEN: Final = {"entries", "gift_card_labels", "gift_card_tags", "credit_spends"}  # by stores
OF_JOBS: Final = {"api_keys", "webhooks", "webhook_deliveries"}  # they write there at any moment


@pytest.fixture
def api(database_url: str) -> Iterator[ApiFixture]:
    """A server whose clock is that of the commands."""
    with served(database_url, Clock(system_clock())) as api:
        yield api


@pytest.fixture
def domain(database_url: str) -> Iterator[DomainFixture]:
    """The domain without a server."""
    with DomainFixture.opened(database_url) as opened:
        yield opened


@pytest.fixture
def shop(api: ApiFixture, cli: CommandRunner) -> CommandRunner:
    """The command line of a server on which Kelly's names stand wherever they can."""
    cli.environ |= {"GRIDGIFT_DATABASE_URL": api.settings.database_url, "GRIDGIFT_SECRET": SECRET}
    assert cli("resident", "rename", KELLY.uuid, OLD[0]).code == 0
    assert cli("resident", "rename", KELLY.uuid, OLD[1]).code == 0
    seen = {"uuid": KELLY.uuid, "username": NAMES[0]}
    keyed(api, "resident", "POST", "/ext/v1/residents", seen)
    cli("resident", "rename", KELLY.uuid, NAMES[0])
    card = keyed(api, "grant", "POST", GRANT, {"credit": 100, "transfer": True}).json()["id"]
    unit = {"kind": "delivery", "name": "Gift", "usernames": [NAMES[0], "jo.winter"]}
    assert api.call("POST", "/ext/v1/units", json=unit).is_success
    labels = {"tags": [NAMES[0]], "metadata": {"for": "Kelly Moonwall"}}
    assert api.call("POST", f"/ext/v1/giftcards/{card}/actions/label", json=labels).is_success
    said = {"text": "from KELLYFIRST"}
    assert api.call("POST", f"/ext/v1/giftcards/{card}/notes", json=said).is_success
    keyed(api, "adjust", "POST", f"/ext/v1/giftcards/{card}/actions/adjust",
          {"delta": 5, "reason": "a gift"})  # fmt: skip
    to = f"/ext/v1/giftcards/{card}/actions/transfer"
    keyed(api, "transfer", "POST", to, {"receiverIdentifier": JO.uuid})
    credit = f"/ext/v1/customers/{KELLY.uuid}/credit/actions"
    why = {"reason": "prize", "reference": "kelly.older's order"}
    keyed(api, "deposit", "POST", f"{credit}/deposit", {"amount": 50} | why)
    keyed(api, "spend", "POST", f"{credit}/spend", {"amount": 20} | why)
    rows = [
        {"identifier": JO.uuid, "credit": 5},
        {"identifier": new_id(), "username": NAMES[0], "credit": 5},
    ]
    body = "".join(msgspec.json.encode(row).decode() + "\n" for row in rows)
    headers = {"Content-Type": "application/jsonl", "Idempotency-Key": "bulk"}
    bulk = api.call("POST", "/ext/v1/giftcards/bulk", content=body, headers=headers)
    assert (bulk.json()["granted"], bulk.json()["refused"]) == (1, 1)
    unit_id = api.call("GET", "/ext/v1/units").json()["data"][0]["id"]
    refund = f"/ext/v1/units/{unit_id}/refunds/{owe(api, unit_id)}/actions/mark-paid"
    keyed(api, "refund", "POST", refund, {"note": "to Kelly Older"})
    api.sql(
        f"INSERT INTO imports VALUES ('{api.store.id}', {blob(api)}, 1, 0, 0, 1, 0, NULL, '', NULL)"
    )
    api.sql(
        f"INSERT INTO import_refusals VALUES ('{api.store.id}', {blob(api)}, 1, "
        f"'The username kelly.older already belongs to {KELLY.uuid}.')"
    )
    webhook = a_webhook(api)["webhook"]
    off = api.call("PATCH", f"/ext/v1/webhooks/{webhook}", json={"active": False})
    assert off.is_success, "else it is posted to meanwhile"
    api.sql("UPDATE webhook_attempts SET response = 'No order of Kelly.Moonwall.' WHERE number = 2")
    return cli


def blob(api: ApiFixture) -> str:
    """Write a digest in SQL."""
    form = "decode('{}', 'hex')" if api.settings.sqlite_path is None else "x'{}'"
    return form.format("ab" * 32)


def keyed(api: ApiFixture, key: str, method: str, path: str, body: Any) -> Any:
    """Send a request under an idempotency key; it must succeed."""
    response = api.call(method, path, json=body, headers={"Idempotency-Key": key})
    assert response.is_success, response.text
    return response


def tables(api: ApiFixture) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Yield every table with all its rows."""
    engine = "postgres" if api.settings.sqlite_path is None else "sqlite"
    for (name,) in api.sql(NAME_OF_TABLE[engine]):
        yield name, sorted(api.sql(f"SELECT * FROM {name}"), key=repr)


def settled(api: ApiFixture) -> dict[str, list[tuple[Any, ...]]]:
    """Return all tables but those that jobs write at any moment."""
    return {name: rows for name, rows in tables(api) if name not in OF_JOBS}


def naming_tables(api: ApiFixture, *names: str) -> set[str]:
    """Return the tables in which one of these names stands, however it is written."""
    words = [form for name in names for form in (name, name.replace(".", " "))]
    return {
        table
        for table, rows in tables(api)
        for row in rows
        for word in words
        if word in repr(row).lower()
    }


@pytest.mark.contract("10.117")
def test_no_table_has_a_name(api: ApiFixture, shop: CommandRunner) -> None:
    everywhere = {"residents", "resident_names", "store_names", "idempotency_keys",
                  "import_refusals", "units", "unit_purchases",
                  "webhook_attempts"} | WRITTEN  # fmt: skip
    assert naming_tables(api, *NAMES) == everywhere, "else this test asserts nothing of them"
    before = settled(api)
    dry = shop.json("resident", "erase", NAMES[0], "--dry-run")
    assert settled(api) == before
    done = shop.json("resident", "erase", NAMES[1], "--yes")
    assert done == dry | {"erased": True}
    assert {*done["usernames"]} == {*NAMES, "kelly"}
    assert done["answers"] == 5, "of the note, the grant, the adjustment, the bulk and the refund"
    assert (done["refusals"], done["responses"]) == (1, 1)
    assert naming_tables(api, *NAMES) == WRITTEN
    kept = api.sql("SELECT number, response FROM webhook_attempts ORDER BY number")
    assert [tuple(row) for row in kept] == [(1, ""), (2, f"No order of {KELLY.uuid}.")]
    (unit,) = api.call("GET", "/ext/v1/units").json()["data"]
    assert unit["usernames"] == sorted([KELLY.uuid, "jo.winter"]), "an empty list is for everybody"
    found = {(each["accountId"], each["seq"]) for each in done["mentions"]}
    mentioned = {
        (str(account), seq)
        for account, seq, *texts in api.sql("SELECT account_id, seq, reason, state FROM entries")
        if any(name in str(texts).lower() for name in (*NAMES, "kelly moonwall"))
    }
    assert found == mentioned
    assert "jo.winter" in repr(before["residents"]) and naming_tables(api, "jo.winter")


@pytest.mark.contract("10.5", "10.117")
def test_a_bulk_is_not_granted_again(
    api: ApiFixture, shop: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to its first part, which names the resident, is written anew meanwhile."""
    monkeypatch.setattr(bulk, "ROWS_AT_ONCE", 1)
    rows = [{"identifier": new_id(), "username": NAMES[0], "credit": 5}]
    rows += [{"identifier": JO.uuid, "credit": 5}] * 2
    headers = {"Content-Type": "application/jsonl", "Idempotency-Key": "in parts"}

    def send() -> Any:
        content = b"\n".join(map(msgspec.json.encode, rows))
        return api.call("POST", "/ext/v1/giftcards/bulk", content=content, headers=headers)

    first = send()
    assert (first.json()["granted"], first.json()["refused"]) == (2, 1)
    shop.json("resident", "erase", NAMES[1], "--yes")
    again = send()
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["results"][1:] == first.json()["results"][1:]
    assert again.text == first.text.replace(NAMES[0], KELLY.uuid)


@pytest.mark.contract("10.117")
def test_all_else_is_as_it_was(api: ApiFixture, shop: CommandRunner) -> None:
    to = {"customerIdentifier": KELLY.uuid}
    headers = {"X-Customer-Token": api.call("POST", "/v1/customer-tokens", json=to).json()["token"]}
    assert api.call("GET", "/v1/customer/profile", key=None, headers=headers).is_success
    before, first = dict(tables(api)), keyed(api, "grant", "POST", GRANT, _granted())
    assert shop.json("resident", "erase", KELLY.uuid, "--yes")["links"] == 1
    untouched = before.keys() - {"residents", "resident_names", "store_names", "idempotency_keys",
                                 "import_refusals", "customer_tokens", "units",
                                 "unit_purchases", "operator_actions",
                                 "webhook_attempts"}  # fmt: skip
    after = dict(tables(api))
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    assert not api.read(verify.verify, lambda fault: None, lambda seen: None)
    for name in (*NAMES, "kelly"):
        problem(api.call("GET", f"/ext/v1/residents/{name}"), 404, "resident_not_found")
    shown = {"uuid": KELLY.uuid, "username": KELLY.uuid}
    assert api.call("GET", f"/ext/v1/residents/{KELLY.uuid}").json() == shown
    again = keyed(api, "grant", "POST", GRANT, _granted())
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json() | {"ownerUsername": KELLY.uuid}
    assert again.headers["etag"].endswith(f'-{KELLY.uuid}"')
    api.clock.advance(5)  # as long as a server remembers a link
    assert api.call("GET", "/v1/customer/profile", key=None, headers=headers).status_code == 401


def _granted() -> dict[str, Any]:
    return {"credit": 100, "transfer": True}


def test_who_is_seen_again_has_a_name_again(api: ApiFixture, shop: CommandRunner) -> None:
    assert shop("resident", "erase", KELLY.uuid, "--yes").code == 0
    assert shop.json("resident", "erase", KELLY.uuid, "--yes")["usernames"] == []
    assert api.call("POST", GRANT, json={"credit": 5}).json()["ownerUsername"] == KELLY.uuid
    seen = {"uuid": KELLY.uuid, "username": "kelly.anew"}
    assert api.call("POST", "/ext/v1/residents", json=seen).json() == seen
    assert shop.json("resident", "show", "kelly.anew")["username"] == "kelly.anew"
    assert naming_tables(api, *NAMES) == WRITTEN


def test_it_asks(api: ApiFixture, shop: CommandRunner) -> None:
    before = settled(api)
    result = shop("resident", "erase", NAMES[0])
    assert result.code == 2 and "say --yes" in result.err, result
    shop("resident", "erase", "nobody.here", "--yes").refused(1, "nobody.here")
    assert settled(api) == before


def test_a_run_that_was_broken_off_is_begun_anew(api: ApiFixture, shop: CommandRunner) -> None:
    names = api.read(erasing.names_of, Identifier(uuid=KELLY.uuid))
    api.write(erasing.sweep_answers, redacting(names), Mark())  # and killed there
    assert naming_tables(api, *NAMES) >= {"residents", "resident_names", "store_names"}
    assert shop("resident", "erase", KELLY.uuid, "--yes").code == 0
    assert naming_tables(api, *NAMES) == WRITTEN


def test_what_each_write_answers_and_notes(api: ApiFixture) -> None:
    """Every keyed write: no answer keeps a name, and no entry has one that nobody wrote."""
    names = Names(KELLY, (KELLY.username,))
    shown = 0
    for number, route in enumerate(route for route in ROUTES if route.keyed):
        parts, body = prepared(api, route)
        headers = {"Idempotency-Key": f"walk {number}"}
        if isinstance(route.guard, CustomerToken):
            headers |= {"X-Customer-Token": CustomerPage(api).token}
        request = sent(route, body)
        request["headers"] = request.get("headers", {}) | headers
        response = api.call(route.method, path_of(route, **parts), **request)
        assert response.status_code == route.status, response.text
        shown += names.are_in(response.text)
    answers = [bytes(answer) for (answer,) in api.sql("SELECT answer FROM idempotency_keys")]
    assert shown > 5 and len(answers) > 15
    assert not [one for one in map(redacting(names), answers) if names.are_in(one.decode())]
    assert not api.read(erasing.mentions, names)


@pytest.mark.parametrize("name", ["credit", "active", "uuid", "detail", "true", "open", "known"])
def test_who_is_called_as_a_word_of_an_answer(name: str) -> None:
    """Only what names somebody is replaced: no member, no state, no tag."""
    names = Names(Resident(KELLY.uuid, name), (name, "old"))
    answer = {
        "ownerUsername": name, "username": "old", "credit": 5, "active": True, "state": name,
        "tags": [name], "detail": f'No resident {name} is "known" here; {name}.x is, and x{name}.',
    }  # fmt: skip
    whole = f'200 "c0ffee-{name}"\n'.encode() + msgspec.json.encode(answer)
    status, _, body = redacting(names)(whole).partition(b"\n")
    assert status == f'200 "c0ffee-{KELLY.uuid}"'.encode()
    here = KELLY.uuid if name == "known" else "known"
    assert msgspec.json.decode(body) == answer | {
        "ownerUsername": KELLY.uuid,
        "username": KELLY.uuid,
        "detail": f'No resident {KELLY.uuid} is "{here}" here; {name}.x is, and x{name}.',
    }


async def _names(operations: Operations) -> Names:
    return await operations.read(erasing.names_of, Identifier(uuid=KELLY.uuid))


def test_a_name_that_is_noted_meanwhile(domain: DomainFixture) -> None:
    operations = Operations(domain.database)
    names = domain.run(_names(operations))
    domain.write(residents.remember, Resident(KELLY.uuid, "kelly.newer"))
    with pytest.raises(NamesChanged):
        domain.write(erasing.erase, names, redacting(names), Mark())
    erased = domain.run(erase_in_steps(operations, names, 0))
    assert {*erased.usernames} == {"kelly", "kelly.newer"}
    assert domain.sql("SELECT COUNT(*) FROM resident_names WHERE username LIKE 'kelly%'") == [(0,)]


def test_two_at_once_and_a_store_that_notes_a_name(domain: DomainFixture) -> None:
    other = domain.write(stores.create, stores.NewStore("Elsewhere", OWNER), new_id()).id
    operations = Operations(domain.database)

    async def round_of(number: int) -> list[object]:
        seen = Resident(KELLY.uuid, f"kelly{number}")
        await operations.write(naming.note, domain.store.id, seen)
        names = await _names(operations)
        return await asyncio.gather(
            erase_in_steps(operations, names, 0),
            operations.write(naming.note, other, seen),
            erase_in_steps(operations, names, 0),
            return_exceptions=True,
        )

    for number in range(8):
        outcomes = domain.run(round_of(number))
        assert not [each for each in outcomes if isinstance(each, BaseException)], outcomes
    names = domain.run(_names(operations))
    domain.run(erase_in_steps(operations, names, 0))
    assert "kelly" not in repr(domain.sql("SELECT username FROM resident_names"))
    assert domain.sql("SELECT COUNT(*) FROM store_names") == [(0,)]
    with pytest.raises(ResidentNotFound):
        domain.read(residents.find, other, Identifier(username="kelly"))


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # SQLite's writes take turns
def test_an_answer_that_was_being_given(domain: DomainFixture) -> None:
    """It was read with the name before, and is stored after the names are gone."""
    operations = Operations(domain.database)
    read_it, go_on = asyncio.Event(), asyncio.Event()
    key = IdempotencyKey("slow", bytes(32))

    async def slow(tx: Tx) -> None:
        await idempotency.claim_all(tx, domain.store.id, {key.key: key})
        kelly = await residents.find(tx, domain.store.id, Identifier(uuid=KELLY.uuid))
        read_it.set()
        await go_on.wait()
        answer = b'200 \n{"username":"%s"}' % kelly.username.encode()
        new = {key.key: StoredAnswer(key.fingerprint, answer)}
        await idempotency.store_all(tx, domain.store.id, new)

    async def both() -> None:
        writing = asyncio.create_task(operations.write(slow))
        await read_it.wait()
        erasing_it = asyncio.create_task(erase_in_steps(operations, await _names(operations), 0))
        while (await _names(operations)).usernames:
            await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.gather(writing, erasing_it)

    domain.now = 10**13  # the answer's age is the database's, whoever erases
    domain.run(both())
    ((answer,),) = domain.sql("SELECT answer FROM idempotency_keys")
    assert KELLY.uuid.encode() in bytes(answer) and b"kelly" not in bytes(answer)
