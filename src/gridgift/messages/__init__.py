"""What objects and the resident's own page say to a resident, in the resident's language.

A catalogue for each language has a sentence for each code that an object may be answered with; a
code without one is "failed". No sentence has a bracket, a brace or a quotation mark, at which
scripts' JSON functions stumble. Its table ``page`` has the texts of the page (decision 52), its
table ``home`` those of the page at the bare address.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

FAILED: Final = "failed"  # the key of the sentence for everything that a resident can't do about
LANGUAGES: Final = ("en", "de", "fr", "es", "pt", "it", "ja")
MAX_BYTES: Final = 500  # of a sentence with its values; a dialog shows less than 512

_RANGE: Final = re.compile(
    r"([a-z]{2})(?:-[a-z0-9-]*)?(?:\s*;\s*q=([01](?:\.[0-9]{0,3})?))?", re.ASCII | re.IGNORECASE
)
_UNSAFE: Final = re.compile(r'[\[\]{}"\\\x00-\x1f]')


def say(key: str, language: str, **values: object) -> str:
    """Return a sentence with its values; ``language`` is a tag like ``de`` or ``en-us`` (BCP 47).

    One that there is no catalogue of is answered in English.
    """
    tag = language[:2].lower()
    sentences = catalogue(tag if tag in LANGUAGES else "en")
    safe = {name: _UNSAFE.sub("", str(value)) for name, value in values.items()}
    return sentences.get(key, sentences[FAILED]).format_map(safe)


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return an object's sentences in one of the languages, by their keys."""
    return {key: text for key, text in _read(language).items() if isinstance(text, str)}


def page_texts(language: str) -> dict[str, Any]:
    """Return the texts of the resident's own page in one of the languages, by their keys.

    A text that depends on a number has a form for each kind of number (CLDR's plural categories).
    """
    texts: dict[str, Any] = _read(language)["page"]
    return texts


def home_texts(language: str) -> dict[str, str]:
    """Return the texts of the page at the bare address in one of the languages, by their keys."""
    texts: dict[str, str] = _read(language)["home"]
    return texts


def language_of(accepted: str) -> str:
    """Return which of the languages a browser would have (Accept-Language: RFC 9110, 12.5.4).

    The one with the greatest weight, of several the first; English if none is wanted.
    """
    best, most = "en", 0.0
    for part in accepted.split(","):
        found = _RANGE.fullmatch(part.strip())
        if found is None:
            continue
        tag, weight = found[1].lower(), float(found[2] or 1)
        if tag in LANGUAGES and weight > most:
            best, most = tag, weight
    return best


@cache
def _read(language: str) -> dict[str, Any]:
    return tomllib.loads((files(__name__) / f"{language}.toml").read_text(encoding="utf-8"))
