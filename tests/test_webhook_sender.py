"""One attempt: what is posted and how it is signed, to which addresses, and what counts of it."""

import asyncio
import base64
import datetime
import ipaddress
import itertools
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from gridgift import webhook_sender
from gridgift.webhook_messages import Message, Outcome
from gridgift.webhook_sender import (
    ERROR_KEPT,
    RESPONSE_KEPT,
    Address,
    Sender,
    asked_to_wait,
    look_up,
    signed,
)
from tests.receiver import Receiver, says
from tests.serving import free_port

SECRETS = ("whsec_" + base64.b64encode(bytes(range(32))).decode(),
           "whsec_" + base64.b64encode(bytes(32)).decode())  # fmt: skip
LOOPBACK = ipaddress.ip_address("127.0.0.1")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who listens on this machine."""
    with Receiver.started() as started:
        yield started


def post(url: str, *bodies: bytes, allow_private: bool = True, **options: Any) -> list[Outcome]:
    """Post messages one after the other, by one sender."""

    async def run() -> list[Outcome]:
        sender = Sender(allow_private=allow_private, **options)
        try:
            return [await sender.post(Message("m1", url, body, SECRETS)) for body in bodies]
        finally:
            await sender.close()

    return asyncio.run(run())


@pytest.mark.contract("10.118")
def test_what_is_posted(receiver: Receiver) -> None:
    (outcome,) = post(receiver.url, b'{"a": 1}')
    assert outcome.delivered
    assert (outcome.status, outcome.response, outcome.error) == (200, "ok", "")
    (got,) = receiver.received
    assert (got.target, got.body) == ("/hook", b'{"a": 1}')
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    for secret in SECRETS:  # by the library of the specification
        assert Webhook(secret).verify(got.body, got.headers) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRETS[0]).verify(got.body + b" ", got.headers)


@given(st.text(), st.uuids(), st.binary(min_size=24, max_size=64))
def test_signatures_are_those_of_the_specification(text: str, id_: Any, key: bytes) -> None:
    secret, body = "whsec_" + base64.b64encode(key).decode(), text.encode("utf-8", "replace")
    headers: Any = signed(Message(str(id_), "", body, (secret,)), int(time.time()))
    Webhook(secret).verify(body, headers, json_parse=False)


def test_each_attempt_is_signed_with_its_own_time(receiver: Receiver) -> None:
    times = itertools.count(1_790_000_000)
    post(receiver.url, b"{}", b"{}", clock=lambda: next(times) + 0.9)
    stamps = [int(got.headers["webhook-timestamp"]) for got in receiver.received]
    assert stamps == [1_790_000_000, 1_790_000_001]
    assert len({got.headers["webhook-signature"] for got in receiver.received}) == 2


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    async def run() -> None:
        sender = Sender(allow_private=True)
        await sender.post(Message("m1", receiver.url, b"{}"))
        await sender.close()

    asyncio.run(run())
    assert not [name for name in receiver.received[0].headers if name.startswith("webhook-")]


@pytest.mark.contract("10.119")
@pytest.mark.parametrize("status", [199, 300, 301, 302, 307, 308, 400, 404, 410, 429, 500, 503])
def test_only_a_2xx_counts_and_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda _: says(status, headers={"location": receiver.url})
    if status == 199:
        receiver.answer = lambda _: says(206)
    (outcome,) = post(receiver.url, b"{}")
    assert outcome.delivered == (status == 199)
    assert len(receiver.received) == 1


def test_no_cookie_is_kept_and_no_proxy_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    receiver.answer = lambda _: says(200, headers={"set-cookie": "a=b"})
    assert [outcome.status for outcome in post(receiver.url, b"{}", b"{}")] == [200, 200]
    assert not any("cookie" in got.headers for got in receiver.received)
    assert receiver.connections == 1


def test_the_beginning_of_an_answer_is_kept(receiver: Receiver) -> None:
    """Also if it has no end, or is no text."""
    endless = b"HTTP/1.1 500 No\r\ncontent-length: 99999999\r\n\r\n" + b"x\x00\xff" * 5_000
    receiver.answer = lambda _: endless
    (outcome,) = post(receiver.url, b"{}")
    assert (outcome.status, len(outcome.response)) == (500, RESPONSE_KEPT)
    assert set(outcome.response) == {"x", "\ufffd"}


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 2", b"no HTTP at all\r\n\r\n", b"\x00\xff" * 20_000 + b"\r\n\r\n"],
    ids=len,
)
def test_what_is_no_answer(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(webhook_sender, "TIMEOUT", 0.3)
    receiver.answer = lambda _: answer
    (outcome,) = post(receiver.url, b"{}")
    assert (outcome.status, outcome.delivered) == (None, False)
    assert 0 < len(outcome.error) <= ERROR_KEPT
    assert outcome.error.isprintable()


@pytest.mark.contract("10.119")
def test_the_time_is_that_of_the_whole_attempt(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that says a little every moment does not keep it going."""
    monkeypatch.setattr(webhook_sender, "TIMEOUT", 0.3)
    drops = iter([b"HTTP/1.1 200 OK\r\n", *[b"x: y\r\n"] * 1_000])

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for drop in drops:
            writer.write(drop)
            await asyncio.sleep(0.05)

    async def run() -> Outcome:
        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        sender = Sender(allow_private=True)
        outcome = await sender.post(Message("m1", url, b"{}"))
        await sender.close()
        server.close()
        return outcome

    outcome = asyncio.run(run())
    assert (outcome.status, outcome.error) == (None, "there was no answer in time")
    assert outcome.milliseconds < 20_000  # of 50 seconds


def test_an_answer_counts_whose_rest_does_not_come(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_sender, "TIMEOUT", 0.3)
    receiver.answer = lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nwell"
    (outcome,) = post(receiver.url, b"{}")
    assert (outcome.delivered, outcome.response, outcome.error) == (True, "well", "")


@pytest.mark.contract("10.124")
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0", "[::1]",
     "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254"],
)  # fmt: skip
def test_private_addresses_get_nothing(receiver: Receiver, host: str) -> None:
    """However they are written."""
    (outcome,) = post(f"http://{host}:{receiver.port}/", b"{}", allow_private=False)
    assert outcome.status is None
    assert "not public" in outcome.error
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "url",
    ["http://no.such.name.invalid/", f"http://{'a' * 70}.example/", "http://127.0.0.1:1/",
     "http://..../", "ftp://127.0.0.1/"],
)  # fmt: skip
def test_what_leads_nowhere_is_an_outcome(url: str) -> None:
    (outcome,) = post(url, b"{}")
    assert (outcome.status, outcome.delivered) == (None, False)
    assert outcome.error


def test_one_private_address_among_others_is_enough(receiver: Receiver) -> None:
    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [ipaddress.ip_address(text) for text in ("93.184.216.34", "10.0.0.1")]

    (outcome,) = post("http://shop.example/", b"{}", allow_private=False, resolve=resolve)
    assert "not public" in outcome.error


@pytest.mark.contract("10.124")
def test_a_name_that_leads_elsewhere_a_moment_later(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address that was checked: the system is asked once, no more.

    127.0.0.1 stands for a public address, and 127.0.0.2 for a private one.
    """
    answers = itertools.chain(["127.0.0.1"], itertools.repeat("127.0.0.2"))
    asked: list[str] = []

    def changing(host: str, port: int, *_: Any, **__: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    with Receiver.started("127.0.0.2", receiver.port) as private:
        monkeypatch.setattr(socket, "getaddrinfo", changing)
        receiver.answer = lambda _: says(200, headers={"connection": "close"})
        url = f"http://rebound.example:{receiver.port}/"
        first, second = post(
            url, b"1", b"2", allow_private=False, allowed=lambda address: address == LOOPBACK
        )
        assert (first.status, second.status) == (200, None)
        assert asked == ["rebound.example"] * 2
        assert [got.headers["host"] for got in receiver.received] == [
            f"rebound.example:{receiver.port}"
        ]
        assert private.connections == 0


def test_the_next_address_is_tried(receiver: Receiver) -> None:
    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [ipaddress.ip_address(text) for text in ("127.0.0.3", "127.0.0.1")]

    (outcome,) = post(f"http://two.example:{receiver.port}/", b"{}", resolve=resolve)
    assert outcome.status == 200


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """Make a certificate for a name, by itself; return what a server of it needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, kept = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, kept, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_tls_is_that_of_the_name(tmp_path: Path) -> None:
    """Although the connection was made to an address."""
    named: list[str | None] = []
    tls = certificate(tmp_path, "shop.example")
    tls.sni_callback = lambda _, name, __: named.append(name)
    trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))

    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [LOOPBACK]

    with Receiver.started(tls=tls) as receiver:
        for host, status in (("shop.example", 200), ("other.example", None)):
            url = f"https://{host}:{receiver.port}/"
            (outcome,) = post(url, b"{}", resolve=resolve, trust=trust)
            assert outcome.status == status
        assert named == ["shop.example", "other.example"]
        (untrusted,) = post(f"https://shop.example:{receiver.port}/", b"{}", resolve=resolve)
        assert "certificate" in untrusted.error.lower()


def test_a_name_server_that_does_not_answer_holds_nobody(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither other look-ups, however many hang, nor the threads of other work."""
    real, go_on = socket.getaddrinfo, threading.Event()

    def ask(host: str, *args: Any, **options: Any) -> Any:
        if host.startswith("dead"):
            go_on.wait(60)
        return real("127.0.0.1" if host == "well.example" else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    monkeypatch.setattr(webhook_sender, "TIMEOUT", 2)

    async def run() -> Outcome:
        sender = Sender(allow_private=True)
        url = "http://dead{}.example/"
        dead = [
            asyncio.create_task(sender.post(Message("m", url.format(number), b"")))
            for number in range((os.cpu_count() or 1) + 30)
        ]
        await asyncio.sleep(0.1)
        monkeypatch.setattr(webhook_sender, "TIMEOUT", 60)  # it is not what ends those that began
        outcome = await sender.post(Message("m", f"http://well.example:{receiver.port}/", b"{}"))
        await asyncio.to_thread(time.monotonic)
        assert {each.status for each in await asyncio.gather(*dead)} == {None}
        go_on.set()  # until now all of these look-ups hung
        await sender.close()
        return outcome

    assert asyncio.run(run()).status == 200


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0), ({"Retry-After": "7"}, 7), ({"retry-after": " 0.25 "}, 0.25),
        ({"Retry-After": "99999999"}, 86_400), ({"Retry-After": "-1"}, 0),
        ({"Retry-After": "nan"}, 0), ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "1.5"}, 1.5),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "1.5"}, 0),
    ],
)  # fmt: skip
def test_a_receiver_may_ask_to_be_left_alone(headers: dict[str, str], seconds: float) -> None:
    raw = [(name.encode(), text.encode()) for name, text in headers.items()]
    assert asked_to_wait(raw) == seconds


def test_addresses_are_asked_of_nobody() -> None:
    found = asyncio.run(look_up("[2606:4700::1111]", 443))
    assert list(found) == [ipaddress.ip_address("2606:4700::1111")]
