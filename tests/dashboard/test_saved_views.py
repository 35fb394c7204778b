"""Saved views of the list of cards."""

import re
from html import unescape
from urllib.parse import quote_plus

from gridgift.domain import erasing, operators
from gridgift.domain.erasing import Mark
from gridgift.domain.residents import Identifier
from gridgift.domain.saved_views import MAX_VIEWS
from gridgift.http.edge.decode import MAX_PARAMETERS
from tests.api import JO, KELLY, ApiFixture, operator
from tests.dashboard.people import Browser, People
from tests.dashboard.test_cards import CARDS, HOSTILE
from tests.http.checks import one_engine

VIEWS = "/dashboard/views"
LATE = "show=soon&sort=-credit"


def shown(browser: Browser, address: str = CARDS) -> dict[str, str]:
    """Return the views among the chips, by name: where each leads."""
    chips = browser.get(address).text.partition('class="chips"')[2].partition("<details")[0]
    found = re.findall(r'<a class="chip[^"]*" href="([^"]+)"[^>]*>([^<]+)</a>', chips)
    return {unescape(name): unescape(to) for to, name in found[6:]}


def save(browser: Browser, name: str, query: str = LATE) -> str:
    """Save a view, and return its id."""
    browser.get(CARDS)
    saved = browser.post(VIEWS, {"name": name, "query": query})
    assert saved.status_code == 303, saved.text
    page = browser.get(saved.headers["location"]).text
    found = re.search(rf'action="{VIEWS}/([\w-]+)"', page)
    assert found is not None
    return found[1]


def test_a_view_is_saved_opened_renamed_and_removed(api: ApiFixture, bo: Browser) -> None:
    api.grant(JO.username)
    kellys = api.grant()["id"]
    view = save(bo, "Kelly's", f"sort=-credit&q=kelly&cursor={'A' * 24}&show=all&other=1")
    address = f"{CARDS}?q=kelly&sort=-credit"  # what is as usual is left out
    assert shown(bo) == {"Kelly's": address}
    page = bo.get(address).text
    assert f'href="{CARDS}/{kellys}"' in page
    assert re.search(r'class="chip on" href="[^"]+" aria-current="true">Kelly&#39;s<', page)
    renamed = bo.post(f"{VIEWS}/{view}", {"name": "KELLY'S", "query": "q=kelly&sort=-credit"})
    assert (renamed.status_code, renamed.headers["location"]) == (303, address)
    late = save(bo, "Late")
    assert shown(bo) == {"KELLY'S": address, "Late": f"{CARDS}?{LATE}"}
    removed = bo.post(f"{VIEWS}/{view}/remove")
    assert (removed.status_code, removed.headers["location"]) == (303, CARDS)
    assert shown(bo) == {"Late": f"{CARDS}?{LATE}"}
    assert bo.post(f"{VIEWS}/{view}/remove").status_code == 303  # twice is once
    gone = bo.post(f"{VIEWS}/{view}", {"name": "Kelly"})
    assert gone.status_code == 400
    assert "Is for a view that was removed meanwhile." in gone.text
    assert bo.post(f"{VIEWS}/{late}", {"name": "late"}).status_code == 303  # its own name


def test_what_can_not_be_a_name_is_refused_at_its_field(api: ApiFixture, bo: Browser) -> None:
    other = save(bo, "Other", "show=off")
    save(bo, "Lâte")
    bo.get(f"{CARDS}?q=kelly")
    for name, why in (
        ("LÂTE", "Is another view&#39;s already."),
        ("", "Is required."),
        *((name, "Must have 1 to 40 printable characters, and something to see.")
          for name in ("x" * 41, "a\u202eb", "\u200b")),
    ):  # fmt: skip
        for path in (VIEWS, f"{VIEWS}/{other}"):
            refused = bo.post(path, {"name": name, "query": "q=kelly"})
            assert refused.status_code == 400, name
            assert f'id="name-problem">{why}' in refused.text, name
            assert '<input type="hidden" name="query" value="q=kelly">' in refused.text
            assert re.search(r'name="q" type="search" value="kelly"', refused.text)
            assert re.search(rf'<a href="{CARDS}"[^>]* aria-current="page"', refused.text)
    for query in (
        "show=lost",
        "given_from=soon",
        "&".join(["a=b"] * (MAX_PARAMETERS + 1)),
        "q=\N{SNOWMAN}",
    ):
        assert bo.post(VIEWS, {"name": "New", "query": query}).status_code == 400, query[:20]
    assert list(shown(bo)) == ["Other", "Lâte"]


@one_engine
def test_there_are_only_so_many(bo: Browser) -> None:
    for number in range(MAX_VIEWS):
        save(bo, f"View {number}", f"least={number + 1}")
    refused = bo.post(VIEWS, {"name": "One more", "query": "least=99"})
    assert refused.status_code == 400
    assert f"there are {MAX_VIEWS} views already" in refused.text
    assert len(shown(bo)) == MAX_VIEWS


def test_a_view_is_ones_own_at_one_store(api: ApiFixture, people: People, bo: Browser) -> None:
    view = save(bo, "Late")
    aria = people.signed_in("Aria")
    aria.get(CARDS)
    assert shown(aria) == {}
    assert aria.post(f"{VIEWS}/{view}", {"name": "Mine"}).status_code == 400
    assert aria.post(f"{VIEWS}/{view}/remove").status_code == 303
    assert aria.post(f"{VIEWS}/nothing/remove").status_code == 303
    assert list(shown(bo)) == ["Late"]
    other = api.add_store("Elsewhere", JO)
    people.add("Bo", "clerk", other)
    bo.get(CARDS)
    assert bo.post("/dashboard/store", {"store": other.id}).status_code == 303
    assert shown(bo) == {}
    assert bo.post(f"{VIEWS}/{view}/remove").status_code == 303
    assert api.sql("SELECT name, query FROM saved_views") == [("Late", LATE)]


def test_views_go_with_the_person(api: ApiFixture, people: People, bo: Browser) -> None:
    save(bo, "Late")
    aria = people.signed_in("Aria")
    save(aria, "Mine")
    (bos_id,) = [one.id for one in api.read(operators.team, api.store.id) if one.name == "Bo"]
    aria.get("/dashboard/team")
    assert aria.press(f"/dashboard/team/{bos_id}/dismiss").status_code == 303
    assert api.sql("SELECT name FROM saved_views") == [("Mine",)]
    api.write(operators.remove, operator(api.store.id), "Aria")
    assert api.sql("SELECT name FROM saved_views") == []


def test_views_that_name_an_erased_resident_are_removed(api: ApiFixture, bo: Browser) -> None:
    api.grant(JO.username)
    for name, query in {
        "Jo": f"q={JO.username}",
        "With a space": f"q={quote_plus('Jo Winter')}",
        "jo.winter's": "show=off",
        "Joanna": "q=joanna.winters",
        "Kelly": f"q={KELLY.username}&sort=credit",
    }.items():
        save(bo, name, query)
    names = api.read(erasing.names_of, Identifier(uuid=JO.uuid))
    api.write(erasing.erase, names, lambda answer: answer, Mark())
    assert list(shown(bo)) == ["Joanna", "Kelly"]


@one_engine
def test_a_views_name_is_text(bo: Browser) -> None:
    save(bo, HOSTILE[:40])
    page = bo.get(CARDS).text
    assert "<script>alert" not in page
    assert HOSTILE[:40] in shown(bo)
