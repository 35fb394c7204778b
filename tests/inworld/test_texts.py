"""What scripts say and show fits where Second Life shows it, in every language."""

import re
from typing import Final

import pytest

from gridgift.inworld import SCRIPTS, script
from gridgift.messages import LANGUAGES, catalogue, say
from tests.http.test_in_world import VALUES
from tests.inworld.functions import LONGEST_BUTTON, LONGEST_DIALOG
from tests.inworld.lsl import compiled

NAMED: Final = VALUES | {"friend": "ü" * 63, "identifier": "ü" * 63}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_button_and_every_question_is_short_enough(language: str) -> None:
    sentences = catalogue(language)
    buttons = [key for key in sentences if key.startswith("button_")]
    assert len(buttons) >= 5
    assert len({sentences[key] for key in buttons}) == len(buttons)
    for key in buttons:
        assert 0 < len(sentences[key].encode()) <= LONGEST_BUTTON, sentences[key]
        assert not re.match(r"\d+:", sentences[key])  # as a card's button is
    for key in sentences:
        assert len(say(key, language, **NAMED).encode()) <= LONGEST_DIALOG, key
    shown = f"{say('wallet', language, **NAMED)} {say('more_cards', language)}"
    assert len(shown.encode()) <= LONGEST_DIALOG


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_compiles_and_what_it_has_of_its_own_is_short(name: str) -> None:
    source = script(name, "https://gifts.example.com")
    compiled(source)
    assert len(source.encode()) < 65_536  # what Second Life's editor takes
    for buttons in re.findall(r"^list \w+_MENU = \[(.*)\];", source, re.MULTILINE):
        for button in re.findall(r'"([^"]*)"', buttons):
            assert 0 < len(button.encode()) <= LONGEST_BUTTON
