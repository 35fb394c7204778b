"""``gridgift inworld``: scripts to paste."""

import re
from typing import Final

import pytest

from gridgift.inworld import SCRIPTS, script
from gridgift.messages import LANGUAGES, catalogue
from tests.cli.commands import REPOSITORY, CommandRunner

URL = "https://gifts.example.com"
TOLD: Final = re.compile(r'\b(?:llOwnerSay|warn_owner|tell_owed)\([^"]*"([^"]+)"')


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_whole(cli: CommandRunner, name: str) -> None:
    shown = cli("inworld", "script", name, "--url", f"{URL}/")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("// ")
    assert f'string SERVER = "{URL}";' in shown.out
    assert "#include" not in shown.out and "{texts}" not in shown.out
    assert all(len(line) <= 100 or line.startswith("        ") for line in shown.out.splitlines())
    for language in LANGUAGES:
        assert catalogue(language)["database_unavailable"] in shown.out
    found = cli.json("inworld", "script", name, "--url", URL)
    assert found == {"name": name, "url": URL, "script": shown.out}


def test_the_address_is_the_servers(cli: CommandRunner) -> None:
    cli("inworld", "script", SCRIPTS[0]).misused("--url", "GRIDGIFT_PUBLIC_URL")
    cli.environ["GRIDGIFT_PUBLIC_URL"] = URL
    assert f'"{URL}"' in cli("inworld", "script", SCRIPTS[0]).out
    assert list(cli.folder.iterdir()) == []


def test_what_is_refused(cli: CommandRunner) -> None:
    cli("inworld", "script", "common").misused("'common' is not one of", *SCRIPTS)
    for url in ("gifts", f'{URL}/"', f"{URL}/\\", URL + "/{texts}", f"{URL}/ü", f"{URL}/?a=b"):
        cli("inworld", "script", SCRIPTS[0], "--url", url).misused("--url")
    cli.environ["GRIDGIFT_PUBLIC_URL"] = f'{URL}/";llDie();"'
    cli("inworld", "script", SCRIPTS[0]).misused("GRIDGIFT_PUBLIC_URL")


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_an_object_says_to_its_owner_is_explained(name: str) -> None:
    page = (REPOSITORY / "docs" / "inworld.md").read_text(encoding="utf-8")
    explained = page.partition("### What the object says to you")[2].partition("\n## ")[0]
    said = TOLD.findall(script(name, URL))
    assert len(said) > 3
    for beginning in said:
        assert beginning.strip(" (")[:40] in explained
