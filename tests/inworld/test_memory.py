"""No script needs more memory than Mono gives it, however many residents come at once."""

import re
from typing import Final

import pytest

from gridgift.inworld import SCRIPTS, script
from tests.cli.commands import REPOSITORY
from tests.inworld.memory import BASE, INTEGER, KEY, LIMIT, Reckoning, text

URL: Final = "https://gifts.example.com/" + "x" * 40
ROOM: Final = 4_096  # bytes that stay free, for what is not reckoned well
ANSWER: Final = text(1024) + text(512)  # while it is read: all of it, and its sentence
NAME: Final = 63  # characters, at most, of a resident or a friend
BODY: Final = 260  # characters: of a purchase, with two such names

MEASURED: Final = [  # bytes, of one copy in a script that has none yet (decision 56)
    ("foo_0(){llDie();}", 368),
    ("foo_0(){llDie();llDie();}", 396),
    ("foo_0(){llDie();llDie();llDie();}", 428),
    ('foo_0(){llSay(0,"hello");}', 392),
    ("f00_000(integer i){llDie();}", 416),
]


@pytest.mark.parametrize(("source", "measured"), MEASURED)
def test_what_is_reckoned_is_not_below_what_was_measured(source: str, measured: int) -> None:
    assert measured <= Reckoning(source).code - BASE <= 1.05 * measured


def constant(source: str, name: str) -> int:
    """Return a number that a script has a name for."""
    found = re.search(rf"^integer {name} = (\d+);", source, re.MULTILINE)
    assert found is not None, name
    return int(found[1])


def crowded(name: str, source: str) -> int:
    """Return what a script keeps of residents, sales and questions when it has the most."""
    if name == "languages":
        return 0
    job = text(36) + text(8) + KEY + text(BODY) + KEY + 2 * INTEGER
    jobs = constant(source, "AT_ONCE") * job
    if name == "delivery_unit":
        births = constant(source, "MOST_BIRTHS") * (2 * KEY + INTEGER)
        return jobs + births + constant(source, "MOST_WAITING") * (KEY + INTEGER)
    if name == "terminal":
        menu = KEY + text(10) + text(9 * len("019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a|2147483647,"))
        return constant(source, "MOST_AT_ONCE") * max(job, menu + INTEGER)
    if name == "vendor":
        return jobs + constant(source, "MOST_FRIENDS") * (KEY + text(NAME) + INTEGER)
    if name == "casper_bridge":
        return jobs + constant(source, "REMEMBERED") * text(36)
    assert name == "directory"
    return job + 10 * (KEY + text(36) + text(36 + 36 + NAME))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_fits(name: str) -> None:
    source = script(name, URL)
    reckoned = Reckoning(source)
    kept = crowded(name, source)
    assert reckoned.code + reckoned.values + kept + ANSWER <= LIMIT - ROOM
    row = f"| `{name}` | {reckoned.code:,} | {reckoned.values + kept + ANSWER:,} |"
    decision = REPOSITORY / "docs" / "decisions" / "0056-memory-of-scripts.md"
    assert row in decision.read_text(encoding="utf-8"), row
