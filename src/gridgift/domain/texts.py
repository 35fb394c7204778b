"""Texts that people write and Gridgift keeps: one rule for all of them, whichever way they come in.

Lengths are counted in characters, which are Unicode code points, as PostgreSQL and JSON Schema
count them: an emoji joined of three others has five. Decision 22 says what is refused, and why.
"""

import re
from typing import Final

MAX_NOTE: Final = 200  # characters of a reason or a reference

# Control characters (NUL among them), the separators of lines and of paragraphs, and the characters
# that turn the direction of what follows them. ``\u`` is read by all engines of JSON Schema.
UNPRINTABLE: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
PATTERN: Final = f"^[^{UNPRINTABLE}]*$"  # for schemas; JSON that is UTF-8 has no lone surrogates

# What shows nothing by itself: spaces, fillers, and what Unicode calls ignorable, such as joiners.
INVISIBLE: Final = (
    r"\x20\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202f"
    r"\u205f-\u2064\u206a-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
NAME_PATTERN: Final = f"^[^{UNPRINTABLE}]*[^{UNPRINTABLE}{INVISIBLE}][^{UNPRINTABLE}]*$"
_PRINTABLE: Final = re.compile(rf"[^{UNPRINTABLE}\ud800-\udfff]*")
_VISIBLE: Final = re.compile(f"[^{INVISIBLE}]")

# Between these a text has a direction of its own (Unicode's annex 9); nobody's text has them.
APART: Final = ("\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}")
_FROM_RIGHT_TO_LEFT: Final = re.compile(
    "[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_IS_APART: Final = re.compile("{0}[^{0}{1}]*{1}".format(*APART))


def isolated(text: str) -> str:
    """Return a text to be set into a sentence, whose order of words it leaves as it is.

    One that is written from right to left stands apart from the words around it; one of which all
    that is does so already stays as it is, and so does any other.
    """
    if text.isascii() or not _FROM_RIGHT_TO_LEFT.search(_IS_APART.sub("", text)):
        return text
    return text.join(APART)


def shown(value: object) -> object:
    """Return what a template shows of a value: texts are isolated, and markup stays."""
    return isolated(value) if type(value) is str else value


def unmarked(text: str) -> str:
    """Take out what ``isolated`` has added: whoever copies a name from a page has it too."""
    return text if text.isascii() else text.replace(APART[0], "").replace(APART[1], "")


def is_printable(text: str) -> bool:
    """Tell whether a text has only characters that can be stored, and shown in one line."""
    return _PRINTABLE.fullmatch(text) is not None


def fits(text: str, least: int, most: int) -> bool:
    """Tell whether a text is printable and has so many characters."""
    return least <= len(text) <= most and is_printable(text)


def fits_name(text: str, least: int, most: int) -> bool:
    """Tell whether a text fits, and has something to see: what is chosen by its name needs one."""
    return fits(text, least, most) and _VISIBLE.search(text) is not None


def legible(text: str) -> str:
    """Return a text to be told to people: with U+FFFD for each character that can't be shown."""
    if is_printable(text):
        return text
    return "".join(sign if is_printable(sign) else "\N{REPLACEMENT CHARACTER}" for sign in text)


def kept(text: str, most: int) -> str:
    """Return what can be stored of a text from outside: at most so many characters."""
    return "".join(sign for sign in text if is_printable(sign))[:most]


def counted(number: int, one: str, several: str = "") -> str:
    """Say how many there are of something; without ``several``, an s is put behind ``one``."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"


def wanted(least: int, most: int) -> str:
    """Say what ``fits`` asks for, to be said of a text that does not."""
    return f"must have {f'{least} to' if least else 'at most'} {most} printable characters"


def wanted_name(least: int, most: int) -> str:
    """Say what ``fits_name`` asks for, to be said of a text that does not."""
    return f"{wanted(least, most)}, and something to see"
