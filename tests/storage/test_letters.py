"""Texts without the case of their letters."""

import sys
from itertools import groupby

from gridgift.storage.letters import OTHER_FORMS, forms_of, without_case

EVERY = "".join(chr(n) for n in range(sys.maxunicode + 1) if not 0xD800 <= n < 0xE000)
CASED = sorted({*OTHER_FORMS, *(each for each in EVERY if each.lower() != each.upper())})


def test_a_text_keeps_its_length_and_changes_once() -> None:
    """No letter depends on those beside it."""
    changed = without_case(EVERY)
    assert len(changed) == len(EVERY)
    assert without_case(changed) == changed
    assert without_case("".join(CASED)) == "".join(map(without_case, CASED))


def test_the_cases_of_a_letter_are_one() -> None:
    for letter in CASED:
        for case in (letter.lower(), letter.upper(), letter.title()):
            if len(case) == 1:
                assert without_case(case) == without_case(letter), letter


def test_the_other_forms_of_a_letter_are_known() -> None:
    """All that there are, so that PostgreSQL, which is told them, finds the same."""
    for letter, group in groupby(sorted(CASED, key=without_case), without_case):
        others = {each for each in group if each != letter}
        forms, letters = forms_of(letter)
        assert (set(forms), letters) == (others, letter * len(others)), letter


def test_forms_of_a_text() -> None:
    forms, letters = forms_of("Straße ΟΔΟΣ, İ")
    assert dict(zip(forms, letters, strict=True)) == {
        "S": "s", "ſ": "s", "T": "t", "R": "r", "A": "a", "ẞ": "ß", "E": "e", "Ο": "ο", "Δ": "δ",
        "Σ": "σ", "ς": "σ", "I": "i", "İ": "i", "ı": "i",
    }  # fmt: skip
    assert without_case("ΟΔΟΣ") == without_case("οδος") == "οδοσ"
