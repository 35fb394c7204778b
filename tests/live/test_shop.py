"""A shop's own program, as an integrator would write it: plain HTTP, and books of its own.

It sells gift cards while answers get lost, hears of each redemption by webhook, was away for a
while and reads on in the feed, and in the end its books and the server's are the same.
"""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx2
from standardwebhooks import Webhook as Verifier

from tests.api import JO, KELLY
from tests.receiver import OK, Received, Receiver, says
from tests.serving import Server, free_port

PATIENCE: Final = 120.0  # seconds until something must have been heard
BUYERS: Final = (KELLY.username, JO.username)
EVENTS: Final = "/ext/v1/events"
NOTE: Final = {"reason": "a dress", "reference": "order 77"}


class Losing(httpx2.BaseTransport):
    """Sends everything, and loses the answer to each second request."""

    def __init__(self) -> None:
        self._http = httpx2.HTTPTransport()
        self._sent = 0
        self.lost = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._http.handle_request(request)
        self._sent += 1
        if self._sent % 2:
            answer.read()
            self.lost += 1
            raise httpx2.ReadError("the answer was lost", request=request)
        return answer


class Shop:
    """The shop's program. ``credit`` is its books: L$ by card, and by customer."""

    def __init__(self, server: Server) -> None:
        self.line = Losing()
        self.http = httpx2.Client(
            base_url=server.url, headers=server.headers, timeout=PATIENCE, transport=self.line
        )
        self.cards: dict[str, str] = {}  # by the number of the order that was paid
        self.credit: dict[str, int] = {}
        self.seq: dict[str, int] = {}  # of the newest change that is in the books
        self.handled: Counter[str] = Counter()  # events, by their ids
        self.redeemed: list[str] = []
        self.cursor: str | None = None
        self.verifier: Verifier | None = None
        self.hook = ""
        self._one_at_a_time = threading.Lock()  # webhooks come in another thread

    def send(self, method: str, path: str, body: Any = None, key: str = "", **query: Any) -> Any:
        """Send a request until it is answered, a write under a key."""
        headers = {"Idempotency-Key": key} if key else {}
        while True:
            try:
                answer = self.http.request(method, path, json=body, params=query, headers=headers)
            except httpx2.TransportError:
                continue
            return answer.raise_for_status().json()

    def listen_at(self, url: str) -> None:
        """Have webhooks posted to an address; a lost answer makes no second one."""
        made = self.send("POST", "/ext/v1/webhooks", {"url": url}, key="our webhook")
        self.hook, self.verifier = made["id"], Verifier(made["secret"])
        assert len(self.send("GET", "/ext/v1/webhooks")["data"]) == 1

    def is_behind(self) -> bool:
        """Tell whether something is still to be delivered."""
        path = f"/ext/v1/webhooks/{self.hook}/deliveries"
        return bool(self.send("GET", path, state="pending")["data"])

    def redeemed_orders(self) -> list[str]:
        """Return which orders' cards were redeemed, each as often as it was heard."""
        orders = {card: order for order, card in self.cards.items()}
        return sorted(orders[card] for card in self.redeemed)

    def sell(self, order: str, buyer: str, credit: int) -> None:
        """Grant the card that an order paid for; its number is all that makes it one card."""
        path = f"/v1/customers/{buyer}/actions/grant-gift-card"
        granted = self.send("POST", path, {"credit": credit, "reference": order})
        self.cards[order] = granted["id"]

    def on_webhook(self, message: Received) -> bytes:
        """Receive a webhook: trust its signature, and handle each event once."""
        assert self.verifier is not None, "it has no address yet"
        told = self.verifier.verify(message.body, message.headers)
        assert told["data"]["id"] == message.id
        is_new = message.id not in self.handled
        self.handle(told["data"])
        return says(500) if is_new and len(self.handled) % 3 == 0 else OK  # it stumbles afterwards

    def read_on(self) -> None:
        """Read in the feed what happened since the shop read there last."""
        while True:
            page = self.send("GET", EVENTS, cursor=self.cursor or "", limit=7)
            self.cursor = page["pagination"]["nextCursor"]
            for event in page["data"]:
                self.handle(event)
            if not page["data"]:
                return

    def handle(self, event: Any) -> None:
        """Write an event into the books, once."""
        with self._one_at_a_time:
            if event["id"] not in self.handled:
                self._book(event)

    def _book(self, event: Any) -> None:
        self.handled[event["id"]] += 1
        about, after = event["about"], event["after"]
        if after is not None and "credit" in after:
            usable = after.get("active", True)
            account = about.get("giftCardId") or about["customerUuid"]
            if event["seq"] > self.seq.get(account, 0):  # a webhook may come late
                self.seq[account] = event["seq"]
                self.credit[account] = after["credit"] if usable else 0
        if event["type"] == "gift_card.redeemed":
            self.redeemed.append(about["giftCardId"])


class Customer:
    """A resident at the store's page."""

    def __init__(self, server: Server, username: str) -> None:
        self.http = server.client()
        minted = self.http.post("/v1/customer-tokens", json={"customerIdentifier": username})
        self.http.headers["X-Customer-Token"] = minted.json()["token"]

    def redeem(self, card_id: str) -> None:
        self.http.post(f"/v1/customer/giftcards/{card_id}/redeem").raise_for_status()


@contextmanager
def open_for_business(shop: Shop, port: int) -> Iterator[Receiver]:
    """Listen for webhooks."""
    with Receiver.started(port=port) as receiver:
        receiver.answer = shop.on_webhook
        yield receiver


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it was not heard of"
        time.sleep(0.05)


def read_until(shop: Shop, happened: Callable[[], bool]) -> None:
    """Read on in the feed: on PostgreSQL, an older transaction may be in an event's way."""

    def read() -> bool:
        shop.read_on()
        return happened()

    until(read)


def run(server: Server, *words: str) -> Any:
    """Run a command on the server's database, and return what it says."""
    command = [sys.executable, "-m", "gridgift", *words, "--json"]
    return json.loads(subprocess.check_output(command, env=server.environ))


def change(staff: httpx2.Client, path: str, **body: Any) -> None:
    staff.post(f"/ext/v1/{path}", json=body).raise_for_status()


def test_a_shop(make_server: Callable[..., Server]) -> None:
    server = make_server(GRIDGIFT_WEBHOOK_ALLOW_PRIVATE="1")
    shop, port = Shop(server), free_port()
    shop.listen_at(f"http://127.0.0.1:{port}/hook")
    customers = [Customer(server, buyer) for buyer in BUYERS]

    def redeem(orders: range) -> None:
        for order in orders:
            customers[order % 2].redeem(shop.cards[f"order {order}"])

    with open_for_business(shop, port) as receiver:
        for order in range(12):
            shop.sell(f"order {order}", BUYERS[order % 2], 100 + order)
        assert shop.line.lost >= len(shop.cards) == len(set(shop.cards.values()))
        assert {card["id"] for card in shop.send("GET", "/ext/v1/giftcards")["data"]} == {
            *shop.cards.values()
        }
        redeem(range(5))
        until(lambda: len(shop.redeemed) == 5 and not shop.is_behind())
        assert shop.redeemed_orders() == [f"order {order}" for order in range(5)]
        assert len(receiver.received) > len(shop.handled)  # some came twice, after a 500

    redeem(range(5, 8))  # while nobody listens
    with server.client() as staff:
        change(staff, f"giftcards/{shop.cards['order 8']}/actions/adjust", delta=-8, reason="rent")
        change(staff, f"giftcards/{shop.cards['order 9']}/actions/reissue", reason="lost")
        change(staff, f"customers/{KELLY.uuid}/credit/actions/spend", amount=50, **NOTE)
        change(staff, f"giftcards/{shop.cards['order 10']}/holds", amount=11, expiresIn=600)
        staff.post(f"/v1/giftcards/{shop.cards['order 11']}/actions/disable").raise_for_status()
    server.kill()
    server.restart()

    with open_for_business(shop, port):
        read_until(shop, lambda: len(shop.redeemed) >= 8)
        assert shop.redeemed_orders() == [f"order {order}" for order in range(8)]
        shop.sell("order 12", KELLY.username, 7)
        until(lambda: shop.cards["order 12"] in shop.credit)
        owed = run(server, "report", "owed", "--store", server.store_id)
        read_until(shop, lambda: owed["owed"] == sum(shop.credit.values()))
    assert set(shop.handled.values()) == {1}
    assert owed["owed"] == sum(shop.credit.values()) > 0
    assert owed["giftCards"]["open"]["amount"] == sum(
        credit for account, credit in shop.credit.items() if account not in {KELLY.uuid, JO.uuid}
    )
    assert run(server, "verify")["faults"] == 0
