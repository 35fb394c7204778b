"""Request ids: kept if they are safe to repeat, else made (contract section 3)."""

import re

import pytest

from tests.api import ApiFixture, problem
from tests.http.checks import one_engine

pytestmark = one_engine


@pytest.mark.contract("3.7")
@pytest.mark.parametrize(
    "given", ["a", "A-z_0.9:x", "x" * 64, "5f0c2b7e-9d3a-41c8-b6e0-f1a25f0c2b7e"]
)
def test_a_safe_id_is_kept(api: ApiFixture, given: str) -> None:
    headers = {"X-Request-Id": given}
    assert api.call("GET", "/v1/store", headers=headers).headers["x-request-id"] == given
    response = api.call("GET", "/v1/giftcards/x", headers=headers)
    assert problem(response, 404, "gift_card_not_found")["requestId"] == given


@pytest.mark.contract("3.7")
@pytest.mark.parametrize(
    "given",
    [b"", b"x" * 65, b"a b", b"a,b", b"<script>", b'"', b"a\tb", b"caf\xe9", b"%0d%0a", b"{}"],
    ids=repr,
)
def test_another_is_replaced(api: ApiFixture, given: bytes) -> None:
    headers = [(b"X-API-Key", api.key.encode()), (b"X-Request-Id", given)]
    response = api.client.get("/v1/giftcards/x", headers=headers)
    made = problem(response, 404, "gift_card_not_found")["requestId"]
    assert re.fullmatch(r"[0-9a-f]{24}", made)


@pytest.mark.contract("3.6", "3.7")
def test_two_ids_are_none(api: ApiFixture) -> None:
    headers = [("X-API-Key", api.key), ("X-Request-Id", "one"), ("X-Request-Id", "two")]
    made = api.client.get("/v1/store", headers=headers).headers["x-request-id"]
    assert made not in {"one", "two"}


@pytest.mark.contract("3.6")
def test_every_answer_has_one_of_its_own(api: ApiFixture) -> None:
    paths = [
        "/v1/store",
        "/v1/store",
        "/healthz",
        "/docs",
        "/openapi.json",
        "/nothing",
        "/errors/x",
    ]
    ids = [api.call("GET", path).headers["x-request-id"] for path in paths]
    assert len(set(ids)) == len(ids)
