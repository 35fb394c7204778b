"""What the tests of this folder share: looks behind the API, and bodies that no endpoint takes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pytest

from gridgift.domain import ledger, verify
from gridgift.domain.instants import format_instant
from gridgift.domain.model import Entry
from tests.shop import OWNER, Shop

TABLES: Final = (
    "gift_cards", "entries", "customers", "idempotency_keys", "holds", "credit_lots",
    "credit_spends", "credit_spend_lots", "customer_tokens",
)  # fmt: skip
TEXTURE: Final = "5748decc-f629-461c-9a36-a35a221fe21f"

# For what the edge alone decides: the engine behind it plays no part.
one_engine: Final = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def everything(shop: Shop) -> list[Any]:
    """Return all rows that a write could touch."""
    return [sorted(shop.sql(f"SELECT * FROM {table}"), key=repr) for table in TABLES]


@contextmanager
def unchanged(shop: Shop) -> Iterator[None]:
    """Assert that the block leaves no trace in the database."""
    before = everything(shop)
    yield
    assert everything(shop) == before


def check_chain(entries: Sequence[Entry]) -> None:
    """Assert that entries are numbered, add up, and hash each its predecessor."""
    balance, previous = 0, ledger.NO_HASH
    for number, entry in enumerate(entries, 1):
        balance += entry.delta
        assert (entry.seq, entry.balance_after) == (number, balance)
        assert (entry.previous_hash, entry.hash) == (previous, ledger.entry_hash(entry))
        previous = entry.hash


def other_stores_key(shop: Shop, *scopes: str) -> str:
    """Make another store and a key of it."""
    return shop.add_key(*scopes, store=shop.add_store("Elsewhere", OWNER)).key


def ext(shop: Shop, card_id: str, action: str, body: Any = None, **options: Any) -> Any:
    """Do something with a card under /ext/v1: an action, or what follows its path."""
    path = action if "/" in action or action == "holds" else f"actions/{action}"
    return shop.call("POST", f"/ext/v1/giftcards/{card_id}/{path}", json=body, **options)


def credit_of(shop: Shop, resident: str = "kelly") -> Any:
    """Read a resident's store credit."""
    response = shop.call("GET", f"/ext/v1/customers/{resident}/credit")
    assert response.status_code == 200, response.text
    return response.json()


def change_credit(shop: Shop, action: str, amount: Any, **more: Any) -> Any:
    """Deposit, spend or refund for Kelly."""
    options = {name: more.pop(name) for name in ("headers", "key") if name in more}
    body = {"amount": amount, "reason": "why", "reference": "order 7"} | more
    path = f"/ext/v1/customers/kelly/credit/actions/{action}"
    return shop.call("POST", path, json=body, **options)


class Page:
    """The resident's own page: calls with a token."""

    def __init__(self, shop: Shop, resident: str = "kelly", **options: Any) -> None:
        self.shop = shop
        minted = shop.call(
            "POST", "/v1/customer-tokens", json={"customerIdentifier": resident}, **options
        )
        assert minted.status_code == 200, minted.text
        self.minted = minted.json()
        self.token = self.minted["token"]

    def call(self, method: str, path: str, /, **options: Any) -> Any:
        """Send a request with the token (or with ``token=…``)."""
        token = options.pop("token", self.token)
        headers = {"X-Customer-Token": token} if token is not None else {}
        headers |= options.pop("headers", {})
        return self.shop.call(method, f"/v1/customer/{path}", key=None, headers=headers, **options)

    def redeem(self, card_id: str, **options: Any) -> Any:
        """Redeem a card."""
        return self.call("POST", f"giftcards/{card_id}/redeem", **options)

    def transfer(self, card_id: str, to: Any = "jo.winter", **options: Any) -> Any:
        """Pass a card on."""
        body = {"receiverIdentifier": to}
        return self.call("POST", f"giftcards/{card_id}/transfer", json=body, **options)


def at(shop: Shop, seconds: float) -> str:
    """Write the instant so many seconds from now."""
    return format_instant(shop.clock.now() + round(seconds * 1000))


def clean(shop: Shop) -> None:
    """Assert that verify finds nothing."""
    found: list[verify.Fault] = []
    shop.read(verify.verify, shop.clock.now(), found.append, lambda seen: None)
    assert found == []


def altered(text: str, index: int) -> str:
    """Return the text with another base64url character at an index."""
    index %= len(text)
    other = "A" if text[index] != "A" else "B"
    return text[:index] + other + text[index + 1 :]


# JSON texts that are no amount of L$
NO_AMOUNTS: Final = {
    "negative": "-1",
    "33 bits": "2147483648",
    "64 bits": "9223372036854775808",
    "10^400": "1" + "0" * 400,
    "fraction": "1.5",
    "float": "1.0",
    "exponent": "1e2",
    "huge exponent": "1e400",
    "string": '"5"',
    "boolean": "true",
    "null": "null",
    "array": "[5]",
    "object": "{}",
    "lone surrogate": '"\\ud800"',
}

# bodies that are no JSON object, or not one in UTF-8 without doubt about its meaning
MALFORMED_BODIES: Final = {
    "empty": b"",
    "null": b"null",
    "array": b"[]",
    "number": b"5",
    "string": b'"credit"',
    "cut off": b'{"credit": 5',
    "two objects": b'{"credit": 5}{"credit": 5}',
    "single quotes": b"{'credit': 5}",
    "trailing comma": b'{"credit": 5,}',
    "bare brackets": b"[" * 10_000,
    "deep nesting": b'{"credit": 5, "x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "duplicate member": b'{"credit": 5, "credit": 6}',
    "duplicate by escape": b'{"credit": 5, "cr\\u0065dit": 6}',
    "duplicate inside": b'{"credit": 5, "x": {"y": 1, "y": 2}}',
    "invalid UTF-8": b'{"credit": 5, "x": "\xff"}',
    "surrogate in UTF-8": b'{"credit": 5, "x": "\xed\xa0\x80"}',
    "UTF-16": '{"credit": 5}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"credit": 5}',
    "NaN": b'{"credit": NaN}',
    "Infinity": b'{"credit": Infinity}',
    "-Infinity": b'{"credit": 5, "x": -Infinity}',
    "5000 digits": b'{"credit": ' + b"1" * 5000 + b"}",
    "NUL": b'{"credit": 5}\0',
    "bare control character": b'{"credit": 5, "x": "\n"}',
}

NO_TEXTURES: Final = {
    "text": '"abc"',
    "empty": '""',
    "no hyphens": f'"{TEXTURE.replace("-", "")}"',
    "braces": f'"{{{TEXTURE}}}"',
    "newline": f'"{TEXTURE}\\n"',
    "NUL": f'"{TEXTURE}\\u0000"',
    "lone surrogate": '"\\ud800"',
    "number": "5",
    "boolean": "false",
    "array": "[]",
}


def each(cases: dict[str, Any]) -> list[Any]:
    """Turn named cases into parameters."""
    return [pytest.param(case, id=name) for name, case in cases.items()]
