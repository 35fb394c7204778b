"""Bodies: whole events, cut only if they are too large; lines for Discord that nobody can abuse."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gridgift.domain import events
from gridgift.domain.events import Event, Snapshot
from gridgift.event_views import EventResponse
from gridgift.webhook_messages import (
    MAX_BODY,
    MAX_CONTENT,
    discord_body,
    escaped,
    event_body,
    people_in,
)
from tests.api import JO, KELLY, START
from tests.domain.fixture import DomainFixture
from tests.domain.test_events import read
from tests.domain.test_verify import FilledStore

CARD: dict[str, Any] = {
    "ownerUuid": KELLY.uuid, "active": True, "redeemed": False, "transfer": True, "texture": None,
    "purchased": False, "expiresAt": None, "source": "c0",
}  # fmt: skip


def event(kind: str = "gift_card.granted", reason: str = "", **state: Any) -> Event:
    """Make an event of a card of L$ 500."""
    after = Snapshot(500, json.dumps(CARD | state))
    return Event(
        "11111111-2222-5333-8444-555555555555", kind, START, "s1", "card", "c1", 1, 500,
        "key", "k1", "r1", reason, None, after,
    )  # fmt: skip


def line(told: Event, **names: str) -> str:
    """Return the line of an event, as it is sent."""
    body = json.loads(discord_body(told, {KELLY.uuid: KELLY.username} | names))
    assert body["allowed_mentions"] == {"parse": []}
    assert body.keys() == {"content", "allowed_mentions"}
    content: str = body["content"]
    return content


def test_every_event_of_a_store_is_told_whole_and_in_a_line(database_url: str) -> None:
    with DomainFixture.opened(database_url) as domain:
        FilledStore(domain)
        rows = read(domain).rows
    assert len({each.type for each in rows}) > 15
    for each in rows:
        shown = json.loads(msgspec.json.encode(EventResponse.of(each)))
        body = json.loads(event_body(each))
        assert body == {"type": each.type, "timestamp": shown["time"], "data": shown}
        title = each.type.replace(".", " ").replace("_", " ").capitalize()
        assert line(each).startswith(f"**{title}**")


@pytest.mark.parametrize("kind", events.TYPES)
def test_a_line_of_each_type(kind: str) -> None:
    told = line(event(kind, "thanks"))
    assert told.endswith(" · of kelly · L$ +500 · now L$ 500 · “thanks”")


def test_a_line_names_both_residents() -> None:
    moved = replace(event("gift_card.transferred"), before=Snapshot(500, json.dumps(
        CARD | {"ownerUuid": JO.uuid})), delta=0)  # fmt: skip
    assert people_in(moved) == {KELLY.uuid, JO.uuid}
    assert line(moved, **{JO.uuid: "jo.winter"}) == (
        "**Gift card transferred** · of kelly · from jo\\.winter · now L$ 500"
    )
    assert KELLY.uuid.replace("-", "\\-") in json.loads(discord_body(moved, {}))["content"]


def test_a_line_names_the_unit() -> None:
    after = {"name": "Till *1*", "credit": 100}
    about_unit = {"subject_kind": "unit", "subject_id": "u1", "seq": None, "delta": None}
    changed = replace(event("unit.changed"), **about_unit, after=Snapshot(None, json.dumps(after)))
    assert line(changed) == "**Unit changed** · Till \\*1\\*"
    owed = Snapshot(None, json.dumps({"name": "Till", "amount": 250}))
    told = line(replace(changed, type="vendor.refund_owed", after=owed))
    assert told == "**Vendor refund owed** · Till · L$ 250"


def test_a_line_names_somebody_of_the_team() -> None:
    about_them = {"subject_kind": "operator", "subject_id": "o1", "seq": None, "delta": None}
    clerk = Snapshot(None, json.dumps({"name": "Bo *1*", "role": "clerk", "hasPassword": False}))
    added = replace(event("operator.changed"), **about_them, after=clerk)
    assert line(added) == "**Operator changed** · Bo \\*1\\* · clerk"
    gone = replace(added, before=clerk, after=None)
    assert line(gone) == "**Operator changed** · Bo \\*1\\* · not in the team any more"


def test_a_line_says_what_a_bulk_granted() -> None:
    about_bulk = {"subject_kind": "bulk", "subject_id": "b1", "seq": None, "delta": None}
    after = {"granted": 3, "skipped": 1, "refused": 2, "amount": 1500}
    finished = replace(event("bulk.finished"), **about_bulk)
    told = replace(finished, after=Snapshot(None, json.dumps(after)))
    assert line(told) == "**Bulk finished** · 3 granted · L$ 1500 · 2 refused"
    assert json.loads(event_body(told))["data"]["after"] == after
    before_amounts = {"granted": 3, "skipped": 1, "refused": 0}
    told = replace(finished, after=Snapshot(None, json.dumps(before_amounts)))
    assert line(told) == "**Bulk finished** · 3 granted"


HOSTILE = st.text(alphabet=st.sampled_from("ab1 \\*_~`|>#-+.!@<>&:/[](){}'\"\u2028é𝒳")) | st.text()


@pytest.mark.contract("10.125")
@given(HOSTILE, HOSTILE)
def test_nothing_that_people_wrote_is_markup(reason: str, name: str) -> None:
    told = line(event(reason=reason), **{KELLY.uuid: name})
    assert len(told.encode("utf-16-le", "surrogatepass")) <= 2 * MAX_CONTENT
    assert "\n" not in told
    start, end = "**Gift card granted** · of ", " · L$ +500 · now L$ 500"
    assert told.startswith(start)
    written = told.removeprefix(start).replace(end, "", 1)
    assert not re.search(r"[!-/:-@\[-`{-~]", re.sub(r"\\[!-/:-@\[-`{-~]", "", written))


@pytest.mark.parametrize(
    "text", ["@everyone", "<@123>", "https://evil.example", "# big", "||x||", "a_b_", "`x`", "\\*"]
)
def test_escaped(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", escaped(text)) == text
    assert escaped(text) != text


def test_a_long_text_is_cut() -> None:
    told = line(event(reason="𝒳" * 2_000, labels=None), **{KELLY.uuid: "*" * 2_000})
    assert len(told.encode("utf-16-le")) <= 2 * MAX_CONTENT
    assert "…" in told


@pytest.mark.contract("10.118")
@given(st.integers(0, 30_000), st.integers(0, 30_000))
def test_a_body_is_never_too_large(reason: int, note: int) -> None:
    """And what is not too large is whole."""
    labels = {"reference": "order 7", "tags": ["x" * note], "metadata": {}}
    told = event("gift_card.updated", "é" * reason, labels=labels)
    body = event_body(told)
    assert len(body) < MAX_BODY
    read_back = json.loads(body)
    shown = json.loads(msgspec.json.encode(EventResponse.of(told)))
    if "truncated" not in read_back:
        assert read_back["data"] == shown
        return
    assert read_back["truncated"] is True
    assert 2 * reason + note > MAX_BODY - 2_000
    data = read_back["data"]
    assert (data["before"], data["after"]) == (None, None)
    assert [data[name] for name in ("id", "type", "seq", "delta")] == [
        shown[name] for name in ("id", "type", "seq", "delta")
    ]
    assert data["about"]["giftCardId"] == "c1"
    assert shown["reason"].startswith(data["reason"])
