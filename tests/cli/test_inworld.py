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
    alone = name == "languages"  # asks no server
    assert (f'string SERVER = "{URL}";' in shown.out) == (not alone)
    assert "#include" not in shown.out
    filled_in = {"credit", "friend", "amount"}  # by the script
    assert set(re.findall(r"\{([a-z_]\w*)\}", shown.out)) <= filled_in
    sentences = re.compile(r"    +(llLinksetDataWrite|if \(name == )")
    assert all(len(line) <= 100 or sentences.match(line) for line in shown.out.splitlines())
    for language in LANGUAGES:
        said = catalogue(language)["database_unavailable"] in shown.out
        assert said == (alone if language != "en" else not alone)
    found = cli.json("inworld", "script", name, "--url", URL)
    assert found == {"name": name, "url": URL, "script": shown.out}


def test_the_address_is_the_servers(cli: CommandRunner) -> None:
    cli("inworld", "script", SCRIPTS[0]).misused("--url", "GRIDGIFT_PUBLIC_URL")
    assert cli("inworld", "script", "languages").code == 0  # has no address
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
    assert len(said) >= 1
    for beginning in said:
        assert beginning.strip(" (")[:40] in explained
