"""What an object says to a resident, in the resident's language.

A catalogue for each language has a sentence for each code that an object may be answered with; a
code without one is "failed". No sentence has a bracket, a brace or a quotation mark, at which
scripts' JSON functions stumble.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

FAILED: Final = "failed"  # the key of the sentence for everything that a resident can't do about
LANGUAGES: Final = ("en", "de", "fr", "es", "pt", "it", "ja")
MAX_BYTES: Final = 500  # of a sentence with its values; a dialog shows less than 512

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
    """Return the sentences in one of the languages, by their keys."""
    return tomllib.loads((files(__name__) / f"{language}.toml").read_text(encoding="utf-8"))
