"""What people type into forms, and what they are told of it."""

import re

import pytest

from gridgift.dashboard.forms import Draft, decode_fields
from gridgift.dashboard.page import AnyPage
from gridgift.dashboard.pages.sign_in import LABELS
from gridgift.dashboard.table import PAGES
from gridgift.domain.failures import ValidationFailed
from gridgift.http.edge.decode import numbers_of
from tests.dashboard.people import FORMS, TYPED, Browser, fields_of, name_of
from tests.http.checks import one_engine


def test_a_number_may_be_written_as_pages_write_it() -> None:
    fields = [(page, name) for page in PAGES if page.body for name in numbers_of(page.body)]
    assert {name for _, name in fields} >= {"credit", "delta", "amount", "max_credit"}
    for page, name in fields:
        typed = [(each, text) for each, text in fields_of(page).items() if each != name]
        plain = decode_fields([*typed, (name, "1250")], page.body)
        for text in ("1,250", "L$ 1,250", "L$\N{NO-BREAK SPACE}1250", "+1,250", " 1250 "):
            assert decode_fields([*typed, (name, text)], page.body) == plain, (page.path, text)
        for text in ("1,25", "12,50", "1.250", "1 250", "L$", "1,250,", "--5"):
            with pytest.raises(ValidationFailed):
                decode_fields([*typed, (name, text)], page.body)


@pytest.mark.parametrize(
    ("complaint", "told"),
    [
        ("must be an integer from 1 to 99999", "must be a whole number from 1 to 99,999"),
        ("must be a date like 2027-01-31", "must be a date like 2027-01-31"),
        ("must be a UUID like 01234567-89ab-cdef-0123-456789012345",) * 2,
        ("1000 of 20000.", "1,000 of 20,000."),
    ],
)  # fmt: skip
def test_complaints_about_numbers_are_for_people(complaint: str, told: str) -> None:
    assert Draft.refused(b"", ValidationFailed({"credit": [complaint]})).errors == {
        "credit": [told]
    }


# What people do not type: it is the pages' own, or a password, or nothing to lose.
NOT_TYPED = {
    "again", "back", "code", "cursor", "ends_by", "ends_from", "etag", "every", "file",
    "given_from", "given_to", "ids", "kept", "least", "new_password", "next", "noted", "password",
    "password_again", "q", "query", "recovery_code", "seed", "seen", "sent", "show", "sort",
    "source", "store", "theme",
}  # fmt: skip


def test_what_is_about_to_be_sent_after_a_sign_in_is_named_as_its_form_does() -> None:
    names = {name for page in PAGES if page.body for name in page.body.__struct_fields__}
    assert names - LABELS.keys() == NOT_TYPED


# What is wrong in any field that people type into; the others are chosen, or not typed.
WRONG = {
    "amount": "0", "card_lifetime": "0", "contact": "a\u202eb", "credit": "-1",
    "customer_origin": "x", "delta": "0", "expires_at": "soon", "first_day": "2027-02-30",
    "label": "a;b", "last_day": "x", "location_slurl": "x", "logo": "x", "max_cards": "0",
    "max_cards_a_day": "x", "max_credit": "0", "min_account_days": "0", "name": "a\u202eb",
    "reason": "x" * 201, "receiver": "!", "reference": "a\u202eb", "tags": "a;b",
    "text": "a\u202eb", "texture": "x", "time_zone": "Mars/Base", "usernames": "!",
}  # fmt: skip
CHOSEN = {
    "active", "file_name", "format", "group_only", "kind", "overlap", "role", "scopes", "to",
    "transfer", "transferable", "types", "url", "what",
}  # fmt: skip


def test_what_can_be_wrong_is_tried() -> None:
    names = {name for page in PAGES if page.body for name in page.body.__struct_fields__}
    assert names - NOT_TYPED - CHOSEN == WRONG.keys() and names >= CHOSEN


@pytest.mark.parametrize("page", FORMS, ids=name_of)
def test_all_that_is_wrong_is_told_at_once(page: AnyPage) -> None:
    wrong = {name: WRONG[name] for name in page.body.__struct_fields__ if name in WRONG}
    if len(wrong) < 2:  # of one field a failure of the operation tells as well
        return
    with pytest.raises(ValidationFailed) as refused:
        decode_fields([*(fields_of(page) | wrong).items()], page.body)
    told = [name for name in refused.value.errors if name in wrong]
    assert told == [*wrong], "all of them, in the form's order"


PASSWORDS = ["new_password", "password_again"]


def test_what_is_missing_is_told_with_what_is_wrong() -> None:
    for page, typed, fields in (
        ("/dashboard/send", {"texture": "x"}, ["to", "credit", "texture"]),
        ("/dashboard/keys", {"name": "x", "last_day": "x"}, ["name", "scopes", "last_day"]),
        ("/dashboard/cards/many", {"what": "tag", "reason": "x" * 201}, ["label", "reason"]),
        (
            "/dashboard/account/password",
            {"password_again": "x"},
            ["new_password", "password_again"],
        ),
        ("/dashboard/units", {"credit": "0"}, ["name", "credit"]),
        ("/dashboard/settings", {"logo": "x"}, ["name", "time_zone", "logo"]),
    ):
        form = next(each for each in FORMS if each.path == page)
        with pytest.raises(ValidationFailed) as refused:
            decode_fields([*typed.items()], form.body)
        assert [*refused.value.errors] == fields, page


def test_what_a_kind_of_unit_has_not_is_passed_over() -> None:
    form = next(each for each in FORMS if each.path == "/dashboard/units")
    typed = [("name", "Counter"), ("kind", "terminal"), ("credit", "0"), ("usernames", "!")]
    assert decode_fields(typed, form.body).kind == "terminal"


def test_too_many_tags_are_counted() -> None:
    form = next(each for each in FORMS if each.path == "/dashboard/cards/{id}/labels")
    with pytest.raises(ValidationFailed) as refused:
        decode_fields([("tags", ", ".join(f"tag {n}" for n in range(23)))], form.body)
    assert refused.value.errors == {"tags": ["must be at most 20 tags, and these are 23"]}


@one_engine
def test_settings_tell_all_that_is_wrong_at_its_field(aria: Browser) -> None:
    wrong = {"name": "a\u202eb", "logo": "x", "location_slurl": "x", "time_zone": "UTC"}
    refused = aria.press("/dashboard/settings", wrong)
    assert refused.status_code == 400
    told = re.findall(r'id="(\w+)-problem"', refused.text)
    assert sorted(told) == ["location_slurl", "logo", "name"]


@pytest.mark.parametrize(
    "page", [page for page in FORMS if page.again and "{" not in page.path], ids=name_of
)
@one_engine
def test_a_browser_is_led_to_the_first_field_that_is_wrong(aria: Browser, page: AnyPage) -> None:
    """A form may stand far below what is shown before it."""
    aria.get("/dashboard")
    refused = aria.post(page.path, {"seed": TYPED["seed"]}).text  # which no person types
    wrong = re.findall(r"<(?:input|select|textarea)[^>]* aria-invalid[^>]*>", refused)
    boxes = re.findall(r'<input type="(?:checkbox|radio)"[^>]* autofocus[^>]*>', refused)
    if wrong or boxes:
        assert refused.count(" autofocus") == 1, refused
        assert boxes or " autofocus" in wrong[0]
