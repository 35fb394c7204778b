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
    "given_from", "given_to", "ids", "kept", "least", "new_password", "next", "password",
    "password_again", "q", "query", "recovery_code", "seed", "seen", "sent", "show", "sort",
    "source", "store", "theme",
}  # fmt: skip


def test_what_is_about_to_be_sent_after_a_sign_in_is_named_as_its_form_does() -> None:
    names = {name for page in PAGES if page.body for name in page.body.__struct_fields__}
    assert names - LABELS.keys() == NOT_TYPED


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
