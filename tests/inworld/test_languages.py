"""``languages.lsl``: objects say in the resident's language what they say by themselves."""

import re
from typing import Final

import pytest

from gridgift.inworld import SCRIPTS, script
from gridgift.messages import LANGUAGES, catalogue, say
from tests.inworld.clock import play
from tests.inworld.world import Thing, World

URL: Final = "http://127.0.0.1:9"  # nobody is asked
NOT_PAIRED: Final = "unit_not_paired"


def test_each_resident_is_answered_in_their_language() -> None:
    async def scenario() -> None:
        async with World.begun() as world:
            box = Thing(world, world.avatar("ada.store"))
            box.put(script("delivery_unit", URL))
            guests = {tag: world.avatar(f"guest.{tag}", language=tag) for tag in LANGUAGES}
            guests["ko"] = world.avatar("guest.ko", language="ko")
            for guest in guests.values():
                guest.touch(box)
            await world.wait(5)
            assert all(guest.heard == [say(NOT_PAIRED, "en")] for guest in guests.values())
            box.put(script("languages", URL))
            await world.wait(5)
            assert "can be deleted" in box.owner.heard[-1]
            box.scripts.pop().stop()
            box.replace(box.scripts[0])  # which remembers it after a reset
            for guest in guests.values():
                guest.heard.clear()
                guest.touch(box)
            await world.wait(5)
            for tag, guest in guests.items():
                assert guest.heard == [say(NOT_PAIRED, tag if tag in LANGUAGES else "en")]

    play(scenario())


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "languages"])
def test_every_sentence_is_in_every_language(name: str) -> None:
    written = re.findall(
        r'llLinksetDataWrite\("(\w\w)\.(\w+)", "([^"]+)"\);', script("languages", URL)
    )
    english = dict(re.findall(r'if \(name == "(\w+)"\) return "([^"]+)";', script(name, URL)))
    assert len(english) >= 3
    for key, sentence in english.items():
        known = {tag: text for tag, other, text in written if other == key}
        assert known | {"en": sentence} == {tag: catalogue(tag)[key] for tag in LANGUAGES}
