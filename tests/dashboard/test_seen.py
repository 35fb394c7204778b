"""Every form about a unit, a webhook, a key, the team, the settings: nobody overwrites unseen."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift.dashboard.forms import Draft
from gridgift.dashboard.page import AnyPage
from gridgift.dashboard.seen import Seen
from gridgift.domain import keys, operators, stores, units, webhooks
from gridgift.domain.stores import StoreChanges
from gridgift.domain.units import UnitChanges
from gridgift.domain.webhooks import Wanted
from tests.api import ApiFixture, operator
from tests.dashboard.people import (
    ABOUT_THINGS,
    FORMS,
    Browser,
    People,
    fields_of,
    fields_on,
    name_of,
    seen_on,
)
from tests.dashboard.test_table import everything
from tests.dashboard.test_webhooks import made, posted
from tests.http.checks import one_engine
from tests.http.requests import make_unit

# Forms about what is nobody else's, or is only added to, or can be done once.
OTHERS = {
    "POST /dashboard/account/sessions/{id}/end",
    "POST /dashboard/cards/many/{id}",
    "POST /dashboard/cards/many/{id}/opposite",
    "POST /dashboard/cards/many/{id}/stop",
    "POST /dashboard/residents/{uuid}/link",
    "POST /dashboard/views/{id}",
    "POST /dashboard/views/{id}/remove",
    "POST /dashboard/send/{id}",
    "POST /dashboard/send/{id}/look-up",
    "POST /dashboard/link/{token}",
    "POST /dashboard/units/{id}/refunds/{refund}/paid",
}
EVERYWHERE = {  # forms of which there is more than one: in a list too, or for each role
    "POST /dashboard/units/{id}/switch": 2,
    "POST /dashboard/webhooks/{id}/switch": 2,
    "POST /dashboard/webhooks/{id}/deliveries/{delivery}/again": 2,
}
every_form = pytest.mark.parametrize("page", ABOUT_THINGS, ids=name_of)


def test_which_forms_carry_what_was_seen() -> None:
    about_one = {name_of(page) for page in FORMS if "{" in page.path}
    assert about_one - OTHERS | {"POST /dashboard/settings"} == {
        name_of(page) for page in FORMS if {"etag", "seen"} & {*page.body.__struct_fields__}
    }


def thing_for(api: ApiFixture, people: People, page: AnyPage) -> tuple[str, str]:
    """Make what a form may be sent to; return the id of it, and the form's address."""
    kind = page.path.split("/")[2]
    thing, delivery = kind, ""
    if kind == "units":
        thing = make_unit(api)["id"]
    elif kind == "webhooks":
        thing = made(api)
        delivery = posted(api, thing, "failed")
    elif kind == "keys":
        thing = api.add_key("store:read").stored.id
    elif kind == "team":
        thing = people.add("Cy", "clerk")
        assert people.browser().use_link(people.link("Cy")).status_code == 303
    return thing, page.path.format(id=thing, delivery=delivery)


def change(api: ApiFixture, kind: str, thing: str) -> tuple[str, str, str]:
    """Change something as somebody else; return what it was of, was, and is."""
    caller = operator(api.store.id)
    if kind == "units":
        before = api.write(units.update, caller, thing, UnitChanges(max_credit=None))
        api.write(units.update, caller, thing, UnitChanges(credit=before.settings.credit + 7))
        return "L$ of each card", f"{before.settings.credit}", f"{before.settings.credit + 7}"
    if kind == "webhooks":
        api.write(webhooks.update, caller, thing, Wanted(types=("unit.changed",)))
        return "Only these events", "none", "unit.changed"
    if kind == "keys":
        api.write(keys.rescope, caller, thing, ["giftcards:read"])
        return "May do", "store:read", "giftcards:read"
    if kind == "team":
        api.write(operators.change_role, caller, thing, "owner")
        return "Works as", "clerk", "owner"
    api.write(stores.update, api.store.id, StoreChanges(contact="IM Aria"))
    return "Contact", "none", "IM Aria"


def place_of(page: AnyPage, thing: str) -> str:
    """Return the address of the page that has a form."""
    kind = page.path.split("/")[2]
    return f"/dashboard/{kind}" + (f"/{thing}" if kind in {"units", "webhooks"} else "")


def forms_at(text: str, action: str) -> list[str]:
    """Return what is inside a page's forms that are sent to an address."""
    form = rf'<form method="post" action="{action}"[^>]*>(.*?)</form>'
    return re.findall(form, text, re.DOTALL)


def form_at(text: str, action: str) -> dict[str, str]:
    """Return what a form on a page has."""
    (inside,) = forms_at(text, action)
    return fields_on(inside)


@every_form
@one_engine
def test_no_form_changes_what_is_another_by_now(
    api: ApiFixture, people: People, aria: Browser, page: AnyPage
) -> None:
    kind, (thing, path) = page.path.split("/")[2], thing_for(api, people, page)
    shown = seen_on(aria.get(place_of(page, thing)).text, thing)
    label, before, after = change(api, kind, thing)
    form, now = fields_of(page), everything(api)
    for stale in ({"seen": "x"}, {"seen": "%"}, {}):
        refused = aria.post(path, form | stale)
        assert refused.status_code == 412, stale
        assert "has changed meanwhile" in refused.text
    told = aria.post(path, form | {"seen": shown})
    assert (told.status_code, everything(api)) == (412, now)
    assert f"<dt>{label}</dt><dd>{before} → {after}</dd>" in told.text
    fresh = seen_on(told.text, thing)
    done = aria.post(path, form | {"seen": fresh})
    assert done.status_code in {200, 303}, done.text
    assert everything(api) != now


@every_form
@one_engine
def test_each_form_on_a_page_carries_what_it_shows(
    api: ApiFixture, people: People, aria: Browser, page: AnyPage
) -> None:
    thing, path = thing_for(api, people, page)
    places = {place_of(page, thing), "/".join(page.path.split("/")[:3])}
    if "{delivery}" in page.path:
        places.add(path.removesuffix("/again"))
    carried = [
        (seen_on(text, thing), fields_on(inside)["seen"])
        for text in (aria.get(place).text for place in places)
        for inside in forms_at(text, path)
    ]
    assert len(carried) == EVERYWHERE.get(name_of(page), 1)
    assert all(shown and seen == shown for shown, seen in carried)


@one_engine
def test_what_was_left_as_it_was_has_what_there_is_now(api: ApiFixture, aria: Browser) -> None:
    unit = make_unit(api, usernames=["jo.winter"])["id"]
    page, path = f"/dashboard/units/{unit}", f"/dashboard/units/{unit}/change"
    typed = form_at(aria.get(page).text, path) | {"name": "Hunt"}
    changes = UnitChanges(credit=70, group_only=True, usernames=("kelly",))
    api.write(units.update, operator(api.store.id), unit, changes)
    told = aria.post(path, typed)
    assert told.status_code == 412
    again = form_at(told.text, path)
    assert (again["name"], again["credit"], again["group_only"]) == ("Hunt", "70", "true")
    assert again["usernames"] == "kelly"
    assert aria.post(path, again).status_code == 303
    after = api.read(units.read, api.store.id, unit).settings
    assert (after.name, after.credit, after.group_only) == ("Hunt", 70, True)
    assert after.usernames == ("kelly",)


@one_engine
def test_a_button_leaves_the_other_form_as_it_is(api: ApiFixture, aria: Browser) -> None:
    webhook = made(api, types=("unit.changed",))
    page = f"/dashboard/webhooks/{webhook}"
    form = {"to": "off", "seen": seen_on(aria.get(page).text, webhook)}
    api.write(webhooks.rotate, operator(api.store.id), webhook)
    told = aria.post(f"{page}/switch", form)
    assert told.status_code == 412 and "<dt>Number of its secret</dt><dd>1 → 2</dd>" in told.text
    again = form_at(told.text, f"{page}/change")
    assert aria.post(f"{page}/change", again).status_code == 303
    assert api.read(webhooks.read, api.store.id, webhook).types == ("unit.changed",)


@pytest.mark.parametrize("length", [64, 4_000])
@one_engine
def test_a_long_text_is_told_apart_and_carried_in_short(
    api: ApiFixture, aria: Browser, length: int
) -> None:
    names = [f"resident{number:04}" for number in range(length // 14)]
    unit = make_unit(api, usernames=[*names, "zoe.one"])["id"]
    page, path = f"/dashboard/units/{unit}", f"/dashboard/units/{unit}/change"
    text = aria.get(page).text
    assert len(seen_on(text, unit)) < 500
    typed = form_at(text, path) | {"name": "Hunt"}
    changes = UnitChanges(usernames=(*names, "zoe.two"))
    api.write(units.update, operator(api.store.id), unit, changes)
    told = aria.post(path, typed)
    assert told.status_code == 412
    assert form_at(told.text, path)["usernames"].endswith("zoe.two")


@one_engine
def test_what_is_sent_twice_is_done_once(api: ApiFixture, aria: Browser) -> None:
    unit = make_unit(api)["id"]
    path = f"/dashboard/units/{unit}/round"
    form = {"seen": seen_on(aria.get(f"/dashboard/units/{unit}").text, unit)}
    assert [aria.post(path, form).status_code for _ in range(2)] == [303, 412]
    assert api.read(units.read, api.store.id, unit).round_number == 2


def test_of_many_at_once_one_is_first(api: ApiFixture, people: People, aria: Browser) -> None:
    seen = seen_on(aria.get("/dashboard/settings").text, "settings")

    def send(number: int) -> int:
        browser = people.browser()
        browser.cookies, browser.token = dict(aria.cookies), aria.token
        form = {"name": f"Store {number}", "time_zone": "UTC", "seen": seen}
        return int(browser.post("/dashboard/settings", form).status_code)

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(send, range(8)))
    assert sorted(said) == [303] + [412] * 7
    assert api.read(stores.read, api.store.id).name == f"Store {said.index(303)}"


VALUES = st.dictionaries(
    st.sampled_from(["name", "credit", "group_only", "types", "usernames"]),
    st.one_of(
        st.none(), st.booleans(), st.integers(0, 9),
        st.text("aé &=+%;\n\t\u202e\N{SNOWMAN}", max_size=150).map(str.strip),
        st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(tuple),
    ),
)  # fmt: skip


async def nothing(*_: object) -> dict[str, object]:
    """Stand for what locks a thing."""
    return {}


@given(VALUES)
def test_what_is_as_it_was_shown_has_not_changed(values: dict[str, object]) -> None:
    seen = Seen[dict[str, object]](nothing, str, lambda thing, _: thing)
    draft = Draft({"seen": [seen.written(values, "UTC")]})
    assert seen.compared(draft, values, "UTC") == (Draft(), None)


@given(VALUES, VALUES)
def test_every_change_is_told_and_shown(before: dict[str, object], now: dict[str, object]) -> None:
    seen = Seen[dict[str, object]](nothing, str, lambda thing, _: thing)
    sent, fresh = seen.written(before, "UTC"), seen.written(now, "UTC")
    _, changed = seen.compared(Draft({"seen": [sent]}), now, "UTC")
    if not sent or sent == fresh:
        assert changed is None
    else:
        assert changed is not None and changed.differences
