"""The documentation's examples, run as printed: only host, key and ids are replaced."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gridgift.http.route import PUBLIC
from gridgift.http.routes import ROUTES
from tests.serving import Server
from tests.shop import KELLY

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
LANGUAGES = {
    "curl": (".sh", "sh", "curl"),
    "python": (".py", sys.executable, sys.executable),
    "javascript": (".mjs", "node", "node"),
    "php": (".php", "php", "php"),
}
HOST = "https://gifts.example.com"
KEY = "allo_live_YOUR_KEY"
CARD = "019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a"
CUSTOMER = "kelly.moonwall"
API = [route for route in ROUTES if route.scope != PUBLIC]
CARDS_ON_TWO_PAGES = 101


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Each language; skipped if this machine can't run it."""
    name = str(request.param)
    needed = LANGUAGES[name][2]
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed, so the examples in {name} can't run")
    if name == "php":
        loaded = subprocess.run([needed, "-m"], capture_output=True, text=True, check=True).stdout
        if "curl" not in loaded.split():
            pytest.skip("PHP's curl extension is not installed, so the examples in PHP can't run")
    return name


class Examples:
    """Runs one language's files against a server."""

    def __init__(self, server: Server, language: str, folder: Path) -> None:
        self.server = server
        self.language = language
        self.folder = folder

    def run(self, name: str, card: str = CARD, key: str | None = None) -> Any:
        """Run an example as printed and return the finished process."""
        suffix, interpreter, _ = LANGUAGES[self.language]
        text = (EXAMPLES / self.language / f"{name}{suffix}").read_text(encoding="utf-8")
        assert HOST in text
        replaced = (
            text.replace(HOST, self.server.url)
            .replace(KEY, key or self.server.key)
            .replace(CARD, card)
            .replace(CUSTOMER, KELLY.username)
        )
        program = self.folder / f"{name}{suffix}"
        program.write_text(replaced, encoding="utf-8")
        return subprocess.run(
            [interpreter, program], capture_output=True, text=True, timeout=60, check=False
        )

    def output(self, name: str, card: str = CARD) -> list[Any]:
        """Run an example that must succeed and return the JSON values it printed, one a line."""
        done = self.run(name, card)
        assert done.returncode == 0, f"{self.language}/{name}: {done.stdout}{done.stderr}"
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def examples(live_server: Server, language: str, tmp_path: Path) -> Examples:
    """One language's examples, ready to run."""
    return Examples(live_server, language, tmp_path)


def test_the_examples_do_what_they_say(examples: Examples):
    with examples.server.client() as client:

        def card_now() -> Any:
            return client.get(f"/v1/giftcards/{granted['id']}").json()

        assert examples.output("get_store") == [client.get("/v1/store").json()]

        (granted,) = examples.output("grant_gift_card")
        assert granted["ownerUuid"] == KELLY.uuid
        assert (granted["credit"], granted["transfer"]) == (500, True)
        assert card_now() == granted
        assert examples.output("grant_gift_card") == [granted], "the same order grants once"
        cards = client.get(f"/v1/customers/{KELLY.uuid}/giftcards").json()["data"]
        assert cards == [granted]

        assert examples.output("get_gift_card", granted["id"]) == [granted]

        (updated,) = examples.output("update_gift_card", granted["id"])
        assert updated == granted | {"credit": 250} == card_now()

        (disabled,) = examples.output("disable_gift_card", granted["id"])
        assert disabled == updated | {"active": False} == card_now()


def test_the_list_example_walks_all_pages(examples: Examples):
    with examples.server.client() as client:

        def grant() -> Any:
            path = f"/v1/customers/{KELLY.uuid}/actions/grant-gift-card"
            return client.post(path, json={"credit": 1}).json()

        client.post(f"/v1/giftcards/{grant()['id']}/actions/disable")
        active = [grant() for _ in range(CARDS_ON_TWO_PAGES)]
    printed = examples.output("list_gift_cards")
    if examples.language == "curl":  # prints pages
        assert len(printed) == 2
        printed = [card for page in printed for card in page["data"]]
    assert printed == active


def test_the_examples_tell_the_problem(examples: Examples):
    for route in API:
        done = examples.run(route.name, key="allo_live_no.key")
        assert done.returncode != 0, route.name
        assert "api_key_invalid" in done.stdout + done.stderr, route.name
        assert "Traceback" not in done.stderr, route.name


def test_the_health_examples(live_server: Server, tmp_path: Path):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed, so its examples can't run")
    curl = Examples(live_server, "curl", tmp_path)
    assert curl.output("get_health") == [{"status": "alive"}]
    assert curl.output("get_readiness") == [{"status": "ready"}]


@pytest.mark.parametrize("folder", LANGUAGES)
@pytest.mark.parametrize("route", API, ids=lambda route: route.name)
def test_every_endpoint_has_an_example(folder: str, route: Any):
    file = EXAMPLES / folder / f"{route.name}{LANGUAGES[folder][0]}"
    assert file.is_file(), f"{route.method} {route.path} has no example in {folder}"
    text = file.read_text(encoding="utf-8")
    assert f"{route.method} {route.path}" in text, "the file says what it shows"
    assert route.scope in text, "the file says which scope it needs"


def test_the_index_names_every_example():
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    files = [path for path in EXAMPLES.glob("*/*") if path.suffix != ".pyc" and path.is_file()]
    missing = [path.name for path in files if f"({path.relative_to(EXAMPLES)})" not in index]
    assert len(files) == 4 * len(API) + 2
    assert not missing
