"""The texts of the resident's own page, in every language."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgift import messages
from gridgift.domain.resident_history import KINDS
from gridgift.http.reference.openapi import refusals_of
from gridgift.http.table import ROUTES

PLACES: Final = re.compile(r"\{(\w+)\}")
FORMS: Final = {  # of numbers that the page counts: cards, days, seconds (CLDR)
    language: {"other"} if language == "ja" else {"one", "other"} for language in messages.LANGUAGES
}
HTTP: Final = files("gridgift.http")
SCRIPT: Final = (HTTP / "static/me.js").read_text(encoding="utf-8")
TEMPLATES: Final = [
    (HTTP / f"templates/{name}.html").read_text(encoding="utf-8")
    for name in ("me", "missing", "residents_base")
]
HOME_TEMPLATES: Final = [
    (HTTP / f"templates/{name}.html").read_text(encoding="utf-8") for name in ("home", "sheet")
]
CALLED: Final = (
    "/v1/customer/profile",
    "/v1/customer/account",
    "/v1/customer/giftcards",
    "/ext/v1/customer/",
)
# what the page tells by itself: the whole page's states, a wait, and that nobody knows the outcome
TOLD_OTHERWISE: Final = {
    "customer_token_invalid", "rate_limited", "database_unavailable", "internal_error",
}  # fmt: skip
# what only a program that is not the page can be told
ABOUT_PROGRAMS: Final = {
    "body_malformed", "body_too_large", "body_too_slow", "body_unexpected", "cursor_invalid",
    "idempotency_key_reused", "media_type_unsupported", "precondition_failed",
}  # fmt: skip


def texts_of(texts: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each text, or the forms of one, under its path."""
    for key, text in texts.items():
        if isinstance(text, dict) and "other" not in text:
            yield from texts_of(text, f"{path}{key}.")
        else:
            yield path + key, text


def every_text(language: str) -> dict[str, Any]:
    """Return the texts of both pages, each under its path."""
    return dict(texts_of(messages.page_texts(language) | {"home": messages.home_texts(language)}))


def forms_of(text: Any) -> dict[str, str]:
    return text if isinstance(text, dict) else {"": text}


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_text_is_missing_and_none_lacks_a_value(language: str) -> None:
    english, here = every_text("en"), every_text(language)
    assert here.keys() == english.keys()
    for path, text in here.items():
        forms = forms_of(text)
        assert isinstance(text, dict) == isinstance(english[path], dict), path
        assert forms.keys() == (FORMS[language] if isinstance(text, dict) else {""}), path
        places = sorted(PLACES.findall(forms_of(english[path]).get("other", english[path])))
        for kind, form in forms.items():
            left_out = {"count"} - {*PLACES.findall(form)} if kind == "one" else set()
            assert sorted([*PLACES.findall(form), *left_out]) == places, path
            assert form == form.strip() != "", path


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_what_is_read_aloud_has_the_buttons_words(language: str) -> None:
    """Whoever speaks to the computer says what is seen (WCAG 2.5.3)."""
    texts = messages.page_texts(language)
    for seen, read in (("redeem", "redeem_card"), ("transfer", "transfer_card"),
                       ("close", "close_message")):  # fmt: skip
        assert texts[seen] in texts[read]


def test_every_refusal_has_words_of_its_own() -> None:
    codes = {
        refusal.code
        for route in ROUTES
        if route.path.startswith(CALLED)
        for refusal in refusals_of(route)
    }
    failures = messages.page_texts("en")["failures"]
    assert failures.keys() == codes - TOLD_OTHERWISE - ABOUT_PROGRAMS | {"failed"}


def test_whatever_happens_has_a_sentence() -> None:
    assert messages.page_texts("en")["history"].keys() == set(KINDS)


def test_every_text_is_in_the_catalogue_and_none_is_left_over() -> None:
    keys = messages.page_texts("en").keys() - {"failures", "history"}
    quoted = set(re.findall(r'"([a-z][a-z_]+)"', SCRIPT))
    shown = set(re.findall(r"texts\.(\w+)", "".join(TEMPLATES)))
    assert shown <= keys
    assert keys <= shown | quoted
    for said in re.findall(r'(?:say|parts)\("(\w+)"', SCRIPT):
        assert said in keys


def test_every_text_of_the_bare_address_is_shown() -> None:
    texts = messages.home_texts("en")
    written = {"title", "one", "several", "none", "ask", "ask_store"}  # by Python, with values
    written |= {"trouble_title", "trouble"}
    assert set(re.findall(r"texts\.(\w+)", "".join(HOME_TEMPLATES))) == texts.keys() - written
    assert PLACES.findall(texts["one"]) == PLACES.findall(texts["ask"]) == ["store"]


@pytest.mark.parametrize(
    "template", TEMPLATES + HOME_TEMPLATES, ids=["me", "missing", "base", "home", "sheet"]
)
def test_no_words_stand_in_a_page_itself(template: str) -> None:
    """Of a template's texts none is a word."""
    texts = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|<[^>]*>", "", template)
    assert re.findall(r"[A-Za-z]{2,}", texts) == []
    for attribute in ("aria-label", "title", "placeholder", "alt"):
        for value in re.findall(rf'\s{attribute}="([^"]*)"', template):
            assert re.fullmatch(r"(\{\{ texts\.\w+ \}\})?", value)


def test_no_sentence_stands_in_the_script() -> None:
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", SCRIPT, flags=re.DOTALL)
    for text in re.findall(r'"([^"\n]*)"', code):
        assert not re.search(r"[A-Za-z]{2,} [a-z]{2,}.*[.?!…]$|^[A-Z][a-z]+ [a-z]+", text), text


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"), ("*", "en"), ("de", "de"), ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("nl,fr;q=0.5,de;q=0.7", "de"), ("PT-br", "pt"), ("ja;q=0,it;q=0.001", "it"),
        ("zh-Hant-TW", "en"), ("es ; q=1.0, en", "es"), ("deu", "en"), ("de;q=x,it", "it"),
    ],
)  # fmt: skip
def test_the_language_is_that_which_the_browser_asks_for(accepted: str, language: str) -> None:
    assert messages.language_of(accepted) == language


@given(st.text(alphabet="deafrq=;,.-*019 \t\xff", max_size=60))
def test_whatever_is_asked_for_there_is_a_language(accepted: str) -> None:
    assert messages.language_of(accepted) in messages.LANGUAGES


def test_no_line_of_french_begins_with_a_mark() -> None:
    """The space before such a mark does not break."""
    broken = [
        text
        for forms in every_text("fr").values()
        for text in forms_of(forms).values()
        if re.search(" [:;!?»]|« ", text)
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("language", "other_address"),
    [("fr", r"\b(vous|votre|vos)\b|\w[^hn]ez\b"), ("pt", r"\b(tu|te|ti|contigo|teus?|tuas?)\b")],
)
def test_objects_and_the_page_speak_to_residents_in_one_way(
    language: str, other_address: str
) -> None:
    """A terminal and the page show the same resident the same card."""
    file = Path(messages.__file__).with_name(f"{language}.toml")
    texts = [
        (path, text)
        for path, forms in texts_of(tomllib.loads(file.read_text()))
        for text in forms_of(forms).values()
    ]
    assert len(texts) > 150
    assert [each for each in texts if re.search(other_address, each[1], re.IGNORECASE)] == []
