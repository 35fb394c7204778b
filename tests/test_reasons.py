"""Why something was refused, as the people of a store are told it."""

import re

import pytest

from gridgift.dashboard.endpoint import WORDS
from gridgift.dashboard.table import PAGES
from gridgift.domain import failures, labels, scopes, unit_failures, webhook_failures
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.reasons import people_told, reason

CARD = "01a219e8-4725-72af-92e7-ccd00190194f"
MONEY = "L$\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    "failure",
    [
        failures.GiftCardNotFound(CARD), failures.GiftCardRedeemed(CARD),
        failures.GiftCardExpired(CARD), failures.GiftCardInactive(CARD),
        failures.GiftCardVoid(CARD), failures.GiftCardHeld(CARD),
        failures.GiftCardNotTransferable(CARD), failures.NoLongerMatching(CARD),
    ],
    ids=lambda failure: type(failure).__name__,
)  # fmt: skip
def test_a_card_is_not_called_by_its_id(failure: Failure) -> None:
    said = reason(failure)
    assert CARD not in said and CARD in failure.detail
    assert said.endswith(".") and "gift card" not in said.lower()


def test_nothing_is_called_by_its_id() -> None:
    """Of all that pages are about, and of what was done to it meanwhile."""
    of_addresses = {
        refusal for page in PAGES for parameter in page.path_parameters
        for refusal in parameter.refusals if refusal not in WORDS
    }  # fmt: skip
    assert len(of_addresses) > 6
    told = [refusal(CARD) for refusal in of_addresses]
    told += [
        failures.KeyNotUsable(CARD), unit_failures.RefundAlreadyPaid(CARD),
        unit_failures.RefundUnderWay(CARD, 1), webhook_failures.WebhookInactive(CARD),
    ]  # fmt: skip
    for failure in told:
        assert CARD not in reason(failure) and CARD in failure.detail
        assert reason(failure).endswith(".")


def test_an_amount_is_written_as_pages_write_it() -> None:
    assert reason(failures.InsufficientCredit(1_500)) == f"Only {MONEY}1,500 is available."
    assert reason(failures.CreditLimitExceeded(limit=100_000_000)) == (
        f"The balance would be over {MONEY}100,000,000."
    )
    assert reason(failures.CaptureExceedsHold(2_000)) == f"Only {MONEY}2,000 is reserved."
    taken = failures.ReferenceTaken("12345", CARD)
    assert reason(taken) == "The order 12345 has a card already.", "its number is no amount"
    other = failures.ReferenceTaken("A-1", CARD, ["credit", "expires_at"])
    assert reason(other).endswith("already, which was given with another credit, expires at.")


def test_an_unknown_name_says_what_to_do() -> None:
    assert reason(failures.ResidentNotFound("no.body")) == (
        "Nobody known here is called no.body. Check how it is spelled."
    )
    later = failures.ResidentNotFound("no.body", directory_failed=True)
    assert "try again later" in reason(later)


def test_complaints_have_no_words_of_programs() -> None:
    """Of what people type: tags, and in a file of cards metadata."""
    for complaint in (labels.TAGS_WANTED, labels.METADATA_WANTED, scopes.NONE_NAMED):
        assert not re.search("texts|object|JSON|bytes|scope", people_told(complaint))
    assert people_told(labels.TAGS_WANTED).startswith("must be at most 20 tags, each of")


def test_fields_are_named() -> None:
    wrong = ValidationFailed({"expires_at": ["must be a date"], "credit": ["must be an integer"]})
    assert reason(wrong) == "expires at: must be a date. credit: must be a whole number."
    assert people_told("1000 of 20000") == "1,000 of 20,000"
