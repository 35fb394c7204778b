"""Webhooks over HTTP: made, changed, and what was posted to them (contract section 10)."""

import base64
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgift.domain import deliveries, events
from gridgift.domain.instants import DAY
from gridgift.domain.webhooks import DISCORD, MAX_WEBHOOKS
from tests.api import ApiFixture, problem, served
from tests.deliveries import delivery_rows
from tests.http.checks import one_engine, unchanged
from tests.http.requests import NOON, a_webhook, other_stores_key
from tests.http.test_events import follow

PATH = "/ext/v1/webhooks"
URL = "https://shop.example.com/hooks"
UNKNOWN = "01234567-89ab-7def-8123-456789abcdef"


def made(api: ApiFixture, **wanted: Any) -> Any:
    answer = api.call("POST", PATH, json={"url": URL} | wanted)
    assert answer.status_code == 201, answer.text
    return answer.json()


def shown(api: ApiFixture, webhook: str) -> Any:
    answer = api.call("GET", f"{PATH}/{webhook}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(api: ApiFixture, count: int) -> list[Any]:
    """Return so many events about webhooks."""
    return follow(api, count, types="webhook.changed,ping")[0]


@pytest.mark.contract("10.133", "10.135")
def test_a_webhook_is_made_and_shown(api: ApiFixture) -> None:
    webhook = made(api, types=["gift_card.redeemed", "ping", "ping"])
    secret = webhook.pop("secret")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert (webhook["url"], webhook["format"], webhook["active"]) == (URL, "standard", True)
    assert webhook["types"] == ["gift_card.redeemed", "ping"]
    assert webhook["secretVersion"] == 1
    for name in ("disabledReason", "failingSince", "previousUntil"):
        assert webhook[name] is None
    assert shown(api, webhook["id"]) == webhook
    others = [made(api)["id"] for _ in range(2)]
    first = api.call("GET", PATH, params={"limit": 2}).json()
    assert [each["id"] for each in first["data"]] == [webhook["id"], others[0]]
    following = {"cursor": first["pagination"]["nextCursor"]}
    rest = api.call("GET", PATH, params=following).json()
    assert [each["id"] for each in rest["data"]] == others[1:]
    assert secret not in str(first) + str(rest)


@pytest.mark.contract("10.135")
def test_no_secret_is_stored(api: ApiFixture) -> None:
    """An answer is given again with its secret, and the database has none."""
    keyed = {"headers": {"Idempotency-Key": "shop-hook"}}
    first = api.call("POST", PATH, json={"url": URL}, **keyed)
    again = api.call("POST", PATH, json={"url": URL}, **keyed)
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.json()) == (201, first.json())
    rotate = f"{PATH}/{first.json()['id']}/actions/rotate-secret"
    rotated = api.call("POST", rotate, **keyed | {"headers": {"Idempotency-Key": "second"}})
    assert api.call("POST", rotate).json()["secretVersion"] == 3
    again = api.call("POST", rotate, **keyed | {"headers": {"Idempotency-Key": "second"}})
    assert again.json() == rotated.json(), "the secret of then"
    secrets = {first.json()["secret"], rotated.json()["secret"]}
    assert len(secrets) == 2
    stored = [bytes(row[0]) for row in api.sql("SELECT answer FROM idempotency_keys")]
    assert len(stored) == 2
    for secret in secrets:
        assert all(secret.encode() not in answer for answer in stored)


@pytest.mark.contract("10.134")
@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.com", "ftp://shop.example.com", "shop.example.com", "https://",
        "https", "https://user@shop.example.com", "https://user:word@shop.example.com",
        f"{URL}#here", "https://127.0.0.1", "https://10.1.2.3:8443/x", "https://[::1]/",
        "https://[fd00::1]/", "https://169.254.169.254/latest", "https://localhost",
        "https://shop", "https://2130706433", "https://0x7f.1", "https://[::ffff:127.0.0.1]/",
        "https://nas.local", "https://shop.example.com:0", "https://shop.example.com:99999",
        "https://shop.example.com/\u00e9", "https://shop.example.com/ x",
        "https://shop.example.com/\n", "https://shop.example.com\\@127.0.0.1/",
        f"{URL}/{'x' * 2000}",
    ],
)  # fmt: skip
@one_engine
def test_addresses_that_are_refused(api: ApiFixture, url: str) -> None:
    webhook = made(api)["id"]
    with unchanged(api):
        body = problem(api.call("POST", PATH, json={"url": url}), 400, "validation_failed")
        assert body["errors"].keys() == {"url"}
        patched = api.call("PATCH", f"{PATH}/{webhook}", json={"url": url, "active": False})
        assert problem(patched, 400, "validation_failed")["errors"].keys() == {"url"}


@pytest.mark.contract("10.134")
def test_private_addresses_where_they_are_allowed(database_url: str) -> None:
    with served(database_url, webhook_allow_private=True) as api:
        for url in ("http://127.0.0.1:9/hooks", "https://localhost", "http://[::1]/"):
            assert made(api, url=url)["url"] == url
        for url in ("ftp://127.0.0.1", "http://a@127.0.0.1", "http://127.0.0.1/#x"):
            problem(api.call("POST", PATH, json={"url": url}), 400, "validation_failed")
        assert made(api, url="http://127.0.0.1:9/", format="discord")["format"] == "discord"


@pytest.mark.contract("10.134")
@one_engine
def test_discord_is_posted_to_discord_alone(api: ApiFixture) -> None:
    url = "https://discord.com/api/webhooks/1/abc"
    webhook = made(api, url=url, format="discord")["id"]
    with unchanged(api):
        for asked in (
            api.call("POST", PATH, json={"url": URL, "format": "discord"}),
            api.call("PATCH", f"{PATH}/{webhook}", json={"url": URL}),
            api.call("PATCH", f"{PATH}/{webhook}", json={"url": URL, "format": "discord"}),
            api.call("POST", PATH, json={"url": "https://discord.com/x", "format": "discord"}),
        ):
            assert "url" in problem(asked, 400, "validation_failed")["errors"]
    api.call("PATCH", f"{PATH}/{webhook}", json={"url": URL, "format": "standard"})
    assert shown(api, webhook)["url"] == URL


@pytest.mark.contract("10.134")
@pytest.mark.parametrize("name", ["WebhookRequest", "WebhookPatch"])
@one_engine
def test_the_document_says_so_of_discord(api: ApiFixture, name: str) -> None:
    components = api.call("GET", "/openapi.json").json()["components"]
    schema = components["schemas"][name] | {"components": components}
    assert "takes discord at any address" in schema["properties"]["format"]["description"]
    validator = jsonschema_rs.validator_for(schema)
    for root in DISCORD:
        assert validator.is_valid({"url": f"{root}1/abc", "format": "discord"})
        assert validator.is_valid({"url": f"{root}1/abc", "format": "standard"})
    assert validator.is_valid({"url": URL})
    for wrong in (URL, "https://discord.com/x", "https://discord.com.example.com/api/webhooks/1"):
        assert not validator.is_valid({"url": wrong, "format": "discord"})


@pytest.mark.contract("10.133")
@one_engine
@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"types": ["card.eaten"]}, "types"), ({"types": "ping"}, "types"),
        ({"types": None}, "types"), ({"types": ["ping"] * 1000}, "types"),
        ({"types": [1]}, "types"), ({"format": "slack"}, "format"), ({"url": None}, "url"),
        ({"url": 7}, "url"), ({"active": "yes"}, "active"),
    ],
)  # fmt: skip
def test_what_is_refused(api: ApiFixture, wanted: dict[str, Any], field: str) -> None:
    webhook = made(api)["id"]
    with unchanged(api):
        patched = api.call("PATCH", f"{PATH}/{webhook}", json=wanted)
        assert problem(patched, 400, "validation_failed")["errors"].keys() == {field}
        if field != "active":
            answer = api.call("POST", PATH, json={"url": URL} | wanted)
            assert problem(answer, 400, "validation_failed")["errors"].keys() == {field}
        problem(api.call("POST", PATH, json={}), 400, "validation_failed")


@pytest.mark.contract("10.133")
@one_engine
def test_a_store_has_fifty_at_most(api: ApiFixture) -> None:
    ids = [made(api)["id"] for _ in range(MAX_WEBHOOKS)]
    with unchanged(api):
        problem(api.call("POST", PATH, json={"url": URL}), 409, "too_many_webhooks")
    api.call("DELETE", f"{PATH}/{ids[7]}")
    made(api)
    problem(api.call("POST", PATH, json={"url": URL}), 409, "too_many_webhooks")


@pytest.mark.contract("10.136", "10.139")
def test_changed_switched_off_and_deleted(api: ApiFixture) -> None:
    webhook = made(api, types=["ping"])
    del webhook["secret"]
    path = f"{PATH}/{webhook['id']}"
    api.clock.advance(1)
    assert api.call("PATCH", path, json={}).json() == webhook, "nothing is asked for"
    off = api.call("PATCH", path, json={"active": False, "types": []}).json()
    assert off == webhook | {
        "active": False, "types": [], "disabledReason": "switched_off",
        "updatedAt": off["updatedAt"],
    }  # fmt: skip
    assert off["updatedAt"] > webhook["updatedAt"]
    with unchanged(api):
        problem(api.call("POST", f"{path}/actions/ping"), 409, "webhook_inactive")
    on = api.call("PATCH", path, json={"active": True}).json()
    assert (on["active"], on["disabledReason"]) == (True, None)
    assert api.call("POST", f"{path}/actions/ping").json() == on
    assert api.call("DELETE", path).json() == on
    for method, below in (
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/actions/ping"),
        ("POST", "/actions/rotate-secret"), ("GET", "/deliveries"),
    ):  # fmt: skip
        body = {"json": {"active": True}} if method == "PATCH" else {}
        problem(api.call(method, path + below, **body), 404, "webhook_not_found")
    assert api.call("GET", PATH).json()["data"] == []
    expected = ["webhook.changed"] * 3 + ["ping", "webhook.changed"]
    found = told(api, len(expected))
    assert [event["type"] for event in found] == expected
    assert all(event["about"] == {"webhookId": webhook["id"]} for event in found)


@pytest.mark.contract("10.137")
def test_the_secret_is_changed(api: ApiFixture) -> None:
    webhook = made(api)
    path = f"{PATH}/{webhook['id']}"
    rotated = api.call("POST", f"{path}/actions/rotate-secret").json()
    secret = rotated.pop("secret")
    assert secret != webhook["secret"] and secret.startswith("whsec_")
    assert rotated["secretVersion"] == 2 and shown(api, webhook["id"]) == rotated
    (until,) = api.sql("SELECT previous_until FROM webhooks")[0]
    assert until == api.clock.now() + DAY


@pytest.mark.contract("10.140")
def test_deliveries_and_their_attempts(api: ApiFixture) -> None:
    ids = a_webhook(api)
    path = f"{PATH}/{ids['webhook']}/deliveries"
    (delivery,) = api.call("GET", path).json()["data"]
    assert (delivery["id"], delivery["webhookId"]) == (ids["delivery"], ids["webhook"])
    assert (delivery["state"], delivery["attempts"]) == ("failed", 2)
    details = api.call("GET", f"{path}/{ids['delivery']}").json()
    assert details.pop("log") == [
        {"number": 1, "at": "2026-11-22T12:00:00.001Z", "status": None, "milliseconds": 48,
         "response": "", "error": "timed out"},
        {"number": 2, "at": "2026-11-22T12:00:00.002Z", "status": 503, "milliseconds": 48,
         "response": "Later.", "error": ""},
    ]  # fmt: skip
    assert details == delivery
    for query, count in (
        ({"state": "failed"}, 1), ({"state": "pending"}, 0), ({"type": delivery["eventType"]}, 1),
        ({"type": "ping"}, 0), ({"type": "ping", "state": "failed"}, 0),
    ):  # fmt: skip
        assert len(api.call("GET", path, params=query).json()["data"]) == count, query
    for query in ({"state": "lost"}, {"type": "pong"}):
        refused = problem(api.call("GET", path, params=query), 400, "validation_failed")
        assert refused["errors"].keys() == query.keys()
    problem(api.call("GET", f"{path}/{UNKNOWN}"), 404, "delivery_not_found")
    other = a_webhook(api)
    for mixed in (f"{PATH}/{other['webhook']}", f"{PATH}/{UNKNOWN}"):
        answer = api.call("GET", f"{mixed}/deliveries/{UNKNOWN}")
        assert answer.status_code == 404


@pytest.mark.contract("10.140")
def test_deliveries_page_both_ways_newest_first(api: ApiFixture) -> None:
    webhook = made(api)["id"]
    ids = []
    for number in range(5):
        kind = "ping" if number % 2 else "gift_card.redeemed"
        delivery, rows = delivery_rows(api.store.id, webhook, "delivered", NOON + number, kind)
        ids.insert(0, delivery)
        for row in rows:
            api.sql(row)

    def page(**query: Any) -> tuple[list[str], Any]:
        answer = api.call("GET", f"{PATH}/{webhook}/deliveries", params=query)
        body = answer.json()
        return [each["id"] for each in body["data"]], body["pagination"]

    for state in ({}, {"state": "delivered"}):
        first, beside = page(limit=2, **state)
        second, beside_second = page(limit=2, cursor=beside["nextCursor"], **state)
        assert first + second == ids[:4]
        assert page(limit=2, cursor=beside_second["previousCursor"], **state)[0] == first
        assert page(limit=2, cursor=beside_second["nextCursor"], **state)[0] == ids[4:]
    found, beside = page(limit=2, type="ping")
    assert found == [ids[1]], "of two that were looked at"
    assert page(limit=2, type="ping", cursor=beside["nextCursor"])[0] == [ids[3]]


@pytest.mark.contract("10.141")
def test_a_delivery_is_posted_again(api: ApiFixture) -> None:
    ids = a_webhook(api)
    path = f"{PATH}/{ids['webhook']}"
    again = f"{path}/deliveries/{ids['delivery']}/actions/redeliver"
    pending = api.call("POST", again).json()
    assert (pending["state"], pending["attempts"], pending["finishedAt"]) == ("pending", 2, None)
    assert api.call("POST", again).json() == pending, "it is on its way"
    problem(
        api.call("POST", f"{path}/deliveries/{UNKNOWN}/actions/redeliver"),
        404,
        "delivery_not_found",
    )
    api.call("PATCH", path, json={"active": False})
    with unchanged(api):
        problem(api.call("POST", again), 409, "webhook_inactive")
        times = {"from": "2026-11-22T12:00:00Z", "to": "2026-11-23T12:00:00Z"}
        range_again = api.call("POST", f"{path}/actions/redeliver", json=times)
        problem(range_again, 409, "webhook_inactive")


@pytest.mark.contract("10.142")
def test_what_came_in_some_time_is_posted_again(api: ApiFixture) -> None:
    path = f"{PATH}/{a_webhook(api)['webhook']}"
    noon = "2026-11-22T12:00:00Z"

    def again(**body: Any) -> Any:
        return api.call("POST", f"{path}/actions/redeliver", json={"from": noon} | body).json()

    assert again(to="2026-11-22T12:00:00.001Z", state="delivered")["redelivered"] == 0
    late = {"from": "2026-11-22T12:00:00.001Z", "to": "2026-11-22T13:00:00Z"}
    assert again(**late)["redelivered"] == 0
    one = {"redelivered": 1, "more": False, "nextCursor": None}
    assert again(to="2026-11-22T12:00:00.001Z") == one
    assert again(to="2026-11-22T12:00:00.001Z", state="all")["redelivered"] == 0, "it is pending"
    for body, fields in (
        ({"from": noon, "to": noon}, {"to"}), ({"from": noon}, {"to"}), ({}, {"from", "to"}),
        ({"from": "noon", "to": noon}, {"from"}),
        ({"from": noon, "to": noon, "state": "x"}, {"state"}),
    ):  # fmt: skip
        answer = api.call("POST", f"{path}/actions/redeliver", json=body)
        assert problem(answer, 400, "validation_failed")["errors"].keys() == fields


@pytest.mark.contract("10.142")
def test_more_than_can_be_at_once_goes_on_by_a_cursor(
    api: ApiFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "AGAIN_AT_ONCE", 2)
    webhook = made(api)["id"]
    ids = []
    for number, state in enumerate(("delivered", "failed", "dropped", "failed", "delivered")):
        delivery, rows = delivery_rows(api.store.id, webhook, state, NOON + number)
        ids.append(delivery)
        for row in rows:
            api.sql(row)
    path = f"{PATH}/{webhook}/actions/redeliver"
    whole = {"from": "2026-11-22T12:00:00Z", "to": "2026-11-23T12:00:00Z", "state": "all"}

    def pending() -> list[str]:
        listed = api.call("GET", f"{PATH}/{webhook}/deliveries", params={"state": "pending"})
        return [each["id"] for each in listed.json()["data"]][::-1]

    asked: dict[str, Any] = {}
    for so_far, more in ((2, True), (4, True), (5, False)):
        answer = api.call("POST", path, json=whole | asked).json()
        assert pending() == ids[:so_far]
        assert (answer["more"], answer["nextCursor"] is not None) == (more, more)
        if more:
            asked = {"cursor": answer["nextCursor"]}
    with unchanged(api):
        for wrong in ({"state": "failed"}, {"from": "2026-11-22T11:00:00Z"}, {"cursor": "x" * 30}):
            refused = api.call("POST", path, json=whole | asked | wrong)
            problem(refused, 400, "cursor_invalid")


@pytest.mark.contract("10.133")
def test_another_stores_webhooks_are_not_there(api: ApiFixture) -> None:
    """Its ids are a 404 under every method, its own list is empty, and nothing changes."""
    ids, theirs = a_webhook(api), other_stores_key(api, "webhooks:read", "webhooks:write")
    path = f"{PATH}/{ids['webhook']}"
    times = {"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    with unchanged(api):
        for method, below, body in (
            ("GET", "", None), ("PATCH", "", {"active": False}), ("DELETE", "", None),
            ("POST", "/actions/rotate-secret", None), ("POST", "/actions/ping", None),
            ("POST", "/actions/redeliver", times), ("GET", "/deliveries", None),
            ("GET", f"/deliveries/{ids['delivery']}", None),
            ("POST", f"/deliveries/{ids['delivery']}/actions/redeliver", None),
        ):  # fmt: skip
            answer = api.call(method, path + below, json=body, key=theirs)
            problem(answer, 404, "webhook_not_found")
        assert api.call("GET", PATH, key=theirs).json()["data"] == []


@pytest.mark.contract("10.138")
def test_events_of_webhooks_show_no_address(api: ApiFixture) -> None:
    webhook = made(api, url=f"{URL}?token=hidden")
    api.call("POST", f"{PATH}/{webhook['id']}/actions/rotate-secret")
    first, second = told(api, 2)
    assert first["about"] == {"webhookId": webhook["id"]}
    assert first["before"] is None
    assert second["before"] == first["after"]
    assert second["after"] == first["after"] | {"secretVersion": 2}
    assert first["after"]["host"] == "shop.example.com"
    for hidden in ("hidden", webhook["secret"]):
        assert hidden not in str([first, second])


@one_engine
@settings(max_examples=40)
@given(url=st.from_regex(r"\Ahttps://[ -~]{0,40}\Z"), types=st.lists(st.sampled_from(events.TYPES)))
def test_whatever_address_is_taken_is_shown_as_it_came(
    api: ApiFixture, url: str, types: list[str]
) -> None:
    answer = api.call("POST", PATH, json={"url": url, "types": types[:3]})
    if answer.status_code == 201:
        assert shown(api, answer.json()["id"])["url"] == url
        api.call("DELETE", f"{PATH}/{answer.json()['id']}")
    else:
        assert problem(answer, 400, "validation_failed")["errors"].keys() == {"url"}
