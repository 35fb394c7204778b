"""Scopes: a closed list (contract section 2)."""

import pytest

from gridgift.domain.failures import ValidationFailed
from gridgift.domain.scopes import SCOPES, check_scopes


@pytest.mark.contract("2.20")
def test_the_scopes_of_the_contract() -> None:
    assert set(SCOPES) == {
        "store:read", "customers:read", "customers:write", "credits:read", "credits:write",
        "giftcards:read", "giftcards:write", "events:read", "reports:read", "units:read",
        "units:write", "webhooks:read", "webhooks:write", "customertokens:mint",
        "store:write",
    }  # fmt: skip
    assert all(sentence.endswith(".") for sentence in SCOPES.values())


def test_known_ones_become_a_set() -> None:
    twice = ["giftcards:read", "store:read", "giftcards:read"]
    assert check_scopes(twice) == {"giftcards:read", "store:read"}


@pytest.mark.parametrize(
    "scopes", [[], ["giftcards"], ["giftcards:read", "all"], ["GIFTCARDS:READ"], [""], ["*"]]
)
def test_none_and_unknown_ones_are_refused(scopes: list[str]) -> None:
    with pytest.raises(ValidationFailed) as refused:
        check_scopes(scopes)
    assert list(refused.value.errors) == ["scopes"]


def test_the_refusal_names_the_unknown_and_the_known() -> None:
    with pytest.raises(ValidationFailed) as refused:
        check_scopes(["giftcards:reed"])
    (message,) = refused.value.errors["scopes"]
    assert "giftcards:reed" in message
    assert all(scope in message for scope in SCOPES)
