"""Request ids: kept if they are safe to repeat, else made (contract section 3)."""

import re

import pytest

from tests.http.scene import one_engine
from tests.shop import Shop, problem

pytestmark = one_engine


@pytest.mark.contract("3.7")
@pytest.mark.parametrize(
    "given", ["a", "A-z_0.9:x", "x" * 64, "5f0c2b7e-9d3a-41c8-b6e0-f1a25f0c2b7e"]
)
def test_a_safe_id_is_kept(shop: Shop, given: str) -> None:
    headers = {"X-Request-Id": given}
    assert shop.call("GET", "/v1/store", headers=headers).headers["x-request-id"] == given
    response = shop.call("GET", "/v1/giftcards/x", headers=headers)
    assert problem(response, 404, "gift_card_not_found")["requestId"] == given


@pytest.mark.contract("3.7")
@pytest.mark.parametrize(
    "given",
    [b"", b"x" * 65, b"a b", b"a,b", b"<script>", b'"', b"a\tb", b"caf\xe9", b"%0d%0a", b"{}"],
    ids=repr,
)
def test_another_is_replaced(shop: Shop, given: bytes) -> None:
    headers = [(b"X-API-Key", shop.key.encode()), (b"X-Request-Id", given)]
    response = shop.client.get("/v1/giftcards/x", headers=headers)
    made = problem(response, 404, "gift_card_not_found")["requestId"]
    assert re.fullmatch(r"[0-9a-f]{24}", made)


@pytest.mark.contract("3.6", "3.7")
def test_two_ids_are_none(shop: Shop) -> None:
    headers = [("X-API-Key", shop.key), ("X-Request-Id", "one"), ("X-Request-Id", "two")]
    made = shop.client.get("/v1/store", headers=headers).headers["x-request-id"]
    assert made not in {"one", "two"}


@pytest.mark.contract("3.6")
def test_every_answer_has_one_of_its_own(shop: Shop) -> None:
    paths = [
        "/v1/store",
        "/v1/store",
        "/healthz",
        "/docs",
        "/openapi.json",
        "/nothing",
        "/errors/x",
    ]
    ids = [shop.call("GET", path).headers["x-request-id"] for path in paths]
    assert len(set(ids)) == len(ids)
