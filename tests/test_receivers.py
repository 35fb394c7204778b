"""The receivers of docs/receivers, run as printed: they take what is genuine, once, and no more."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from standardwebhooks import Webhook

from gridgift.domain.webhooks import Secrets
from tests.serving import PATIENCE, free_port

FOLDER = Path(__file__).parent.parent / "docs" / "receivers"
SECRETS = Secrets(b"a server's secret")
ID = "01234567-89ab-7def-8123-456789abcdef"
NEW, OLD = SECRETS.of(ID, 2), SECRETS.of(ID, 1)
BODY = '{"type":"gift_card.redeemed","data":{"reason":"für Zoë"}}'
SCRIPTS = {"python": "receiver.py", "javascript": "receiver.mjs", "php": "receiver.php"}


class Running:
    """A receiver that runs, and the file that has what it printed."""

    def __init__(self, url: str, out: Path) -> None:
        self.url = url
        self.out = out

    def post(self, message_id: str, *secrets: str, age: int = 0, body: str = BODY) -> int:
        """Post ``BODY``, signed as ``body`` with each secret, so many seconds ago."""
        at = datetime.now(UTC) - timedelta(seconds=age)
        signatures = [Webhook(secret).sign(message_id, at, body) for secret in secrets]
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        sent = httpx2.post(self.url, content=BODY.encode(), headers=headers, timeout=PATIENCE)
        return sent.status_code

    def printed(self) -> list[str]:
        """Return the events that it has printed."""
        return [line for line in self.out.read_text("utf-8").splitlines() if line.startswith("{")]


def command(language: str, port: int) -> list[str]:
    """Return the command that starts a receiver; skip the test if it can't run here."""
    script = str(FOLDER / SCRIPTS[language])
    if language == "python":
        return [sys.executable, script, str(port)]
    needed = {"javascript": "node", "php": "php"}[language]
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed")
    php = [needed, "-S", f"127.0.0.1:{port}", script]
    return php if language == "php" else [needed, script, str(port)]


def wait_for(url: str) -> None:
    """Wait until somebody answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            httpx2.get(url, timeout=2)
            return
        except httpx2.TransportError:
            assert time.monotonic() < deadline, "nobody answers"
            time.sleep(0.05)


@contextmanager
def started(language: str, folder: Path) -> Iterator[Running]:
    """Run a receiver that has the newest secret."""
    port, out = free_port(), folder / "out"
    environ = os.environ | {"WEBHOOK_SECRET": NEW, "TMPDIR": str(folder)}
    with out.open("wb") as file, subprocess.Popen(
        command(language, port), env=environ, cwd=folder, stdout=file, stderr=subprocess.DEVNULL
    ) as process:  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/")
            yield Running(f"http://127.0.0.1:{port}/hooks", out)
        finally:
            process.terminate()


@pytest.mark.parametrize("language", SCRIPTS)
def test_a_receiver_takes_what_is_genuine(language: str, tmp_path: Path) -> None:
    with started(language, tmp_path) as receiver:
        assert receiver.post("a", NEW) == 204
        assert receiver.post("a", NEW) == 204, "heard before, and taken all the same"
        assert receiver.post("b", OLD, NEW, age=200) == 204, "the secret was changed"
        for refused in (
            receiver.post("c", OLD),
            receiver.post("c"),
            receiver.post("c", NEW, body=BODY.replace("Zoë", "Joe")),
            receiver.post("c", NEW, age=400),
            receiver.post("c", NEW, age=-400),
            httpx2.post(receiver.url, content=BODY.encode()).status_code,
            httpx2.post(receiver.url, headers={"webhook-timestamp": "soon"}).status_code,
        ):
            assert refused == 401
        sent = run("send.sh", receiver.url)
        assert (sent.returncode, sent.stdout, sent.stderr) == (0, "204\n", "")
        assert receiver.printed()[:2] == [BODY, BODY]
        assert len(receiver.printed()) == 3


def run(script: str, *arguments: str, body: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a script with the newest secret."""
    for needed in ("openssl", "curl"):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed")
    return subprocess.run(
        ["sh", FOLDER / script, *arguments],
        input=body, env=os.environ | {"WEBHOOK_SECRET": NEW}, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip


def test_a_request_is_checked_by_hand() -> None:
    at = datetime.now(UTC)
    signature = Webhook(NEW).sign("a", at, BODY)
    given = ("a", str(int(at.timestamp())))
    for signatures in (signature, f"{Webhook(OLD).sign('a', at, BODY)} {signature}"):
        assert run("verify.sh", *given, signatures, body=BODY).stdout == "genuine\n"
    forged = run("verify.sh", *given, signature, body=f"{BODY} ")
    assert (forged.returncode, forged.stdout) == (1, "forged\n")
    assert run("verify.sh", *given, "", body=BODY).returncode == 1


def test_the_library_takes_what_the_page_says() -> None:
    page = (FOLDER.parent / "webhooks.md").read_text("utf-8")
    (shown,) = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    at = datetime.now(UTC)
    headers = {
        "webhook-id": "a",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(NEW).sign("a", at, BODY),
    }
    taken = {"secret": NEW, "body": BODY, "headers": headers}
    exec(shown, taken)
    assert taken["message"] == json.loads(BODY) and "status" not in taken
    refused = taken | {"body": f"{BODY} "}
    exec(shown, refused)
    assert refused["status"] == 401
