"""64 clients at once, over real HTTP, on one and on several server processes."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.api import JO, KELLY
from tests.live.books import audit, kinds
from tests.live.crowd import CLIENTS, at_once
from tests.serving import Server

GRANT = "/v1/customers/{}/actions/grant-gift-card"
ROUNDS = 10


@pytest.fixture(params=[1, 2], ids=["1-worker", "2-workers"])
def server(
    request: pytest.FixtureRequest, engine: str, shared_server: Callable[..., Server]
) -> Server:
    """A store on a live server of one process, and of two, on each engine."""
    return shared_server(engine, "--workers", str(request.param)).with_new_store()


def test_every_answered_grant_is_there(server: Server) -> None:
    async def grant(client: httpx2.AsyncClient, number: int) -> list[Any]:
        owner = (KELLY, JO)[number % 2].username
        answers = []
        for lap in range(ROUNDS):
            response = await client.post(
                GRANT.format(owner), json={"credit": number * 100 + lap + 1}
            )
            assert response.status_code == 200, response.text
            answers.append(response.json())
        return answers

    answers = [card for cards in at_once(server, grant) for card in cards]
    accounts = audit(server)
    assert len(accounts) == len(answers) == CLIENTS * ROUNDS
    assert sum(len(account.entries) for account in accounts.values()) == len(answers)
    for answer in answers:
        card = accounts[answer["id"]].card
        assert (card.credit, card.owner_uuid) == (answer["credit"], answer["ownerUuid"])


def test_one_idempotency_key_makes_one_card(server: Server) -> None:
    async def grant(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
        headers = {"Idempotency-Key": "the only one"}
        return await client.post(GRANT.format("kelly"), json={"credit": 5}, headers=headers)

    responses = at_once(server, grant)
    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1
    replayed = Counter(response.headers.get("idempotent-replayed") for response in responses)
    assert replayed == {"true": CLIENTS - 1, None: 1}
    assert len(audit(server)) == 1


def test_one_of_many_conditional_updates_wins(server: Server) -> None:
    with server.client() as client:
        granted = client.post(GRANT.format("kelly"), json={"credit": 5})
    path = f"/v1/giftcards/{granted.json()['id']}"
    for lap in range(3):
        with server.client() as client:
            etag = client.get(path).headers["etag"]

        async def put(
            client: httpx2.AsyncClient, number: int, etag: str = etag, lap: int = lap
        ) -> httpx2.Response:
            body = {"credit": 1000 * (lap + 1) + number, "active": True}
            return await client.put(path, json=body, headers={"If-Match": etag})

        responses = at_once(server, put)
        statuses = Counter(response.status_code for response in responses)
        assert statuses == {200: 1, 412: CLIENTS - 1}
        (winner,) = [response for response in responses if response.status_code == 200]
        (account,) = audit(server).values()
        assert account.card.credit == winner.json()["credit"]
        assert len(account.entries) == lap + 2


@pytest.mark.parametrize("server", [1], ids=["1-worker"], indirect=True)
def test_a_card_is_disabled_once(server: Server) -> None:
    with server.client() as client:
        granted = [client.post(GRANT.format("jo.winter"), json={"credit": 5}) for _ in "ab"]
    ids = [response.json()["id"] for response in granted]

    async def disable(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
        return await client.post(f"/v1/giftcards/{ids[number % 2]}/actions/disable")

    responses = at_once(server, disable)
    assert {response.status_code for response in responses} == {200}
    assert not any(response.json()["active"] for response in responses)
    accounts = audit(server).values()
    assert [kinds(account) for account in accounts] == [["granted", "disabled"]] * 2


def test_all_sorts_of_requests_on_the_same_cards(server: Server) -> None:
    with server.client() as client:
        granted = [client.post(GRANT.format("kelly"), json={"credit": 5}) for _ in range(4)]
    paths = [f"/v1/giftcards/{response.json()['id']}" for response in granted]

    async def mix(client: httpx2.AsyncClient, number: int) -> list[httpx2.Response]:
        path = paths[number % len(paths)]
        return [
            await client.put(path, json={"credit": number, "active": True}),
            await client.post(f"{path}/actions/disable"),
            await client.get(path),
            await client.post(GRANT.format("jo.winter"), json={"credit": number + 1}),
            await client.get("/v1/customers/kelly/giftcards", params={"limit": 2}),
        ]

    responses = [response for some in at_once(server, mix) for response in some]
    assert {response.status_code for response in responses} == {200}
    accounts = audit(server)
    assert len(accounts) == len(paths) + CLIENTS
    for path in paths:
        assert kinds(accounts[path.rpartition("/")[2]])[0] == "granted"
