"""The scripts for objects in Second Life, in LSL, as they are pasted there (contract section 9).

LSL can include nothing, so a script's parts are put together here: what all of them have in common,
and the sentences that they say without the server, from the catalogues of ``messages``. Those that
are not English are in a script of their own: a script has 64 KB (decision 56).
"""

import re
from importlib.resources import files
from typing import Final

from gridgift.messages import LANGUAGES, catalogue

LANGUAGES_SCRIPT: Final = "languages"  # goes beside one of the others
SCRIPTS: Final = (
    "delivery_unit", "terminal", "vendor", "casper_bridge", "directory", LANGUAGES_SCRIPT,
)  # fmt: skip

_INCLUDE: Final = re.compile(r'^#include "(\w+\.lsl)"\n', re.MULTILINE)
_PART: Final = re.compile(r"\{(server|english|sentences|languages)\}")
_PHRASE: Final = re.compile(r'\b(?:phrase|asked)\("(\w+)"')


def is_quotable(url: str) -> bool:
    """Say whether an address can stand in a script, between quotation marks."""
    return url.isascii() and url.isprintable() and not set(url) & set('"\\{} ')


def script(name: str, url: str) -> str:
    """Return one of ``SCRIPTS``, which asks the server at ``url`` (without a slash at its end).

    The address must be quotable.
    """
    source = _source(name)
    parts = {
        "server": url,
        "english": _english(_keys(source)),
        "sentences": _sentences(),
        "languages": ", ".join(LANGUAGES[1:]),
    }
    return _PART.sub(lambda found: parts[found[1]], source)


def _source(name: str) -> str:
    return _INCLUDE.sub(lambda found: _read(found[1]), _read(f"{name}.lsl"))


def _keys(source: str) -> list[str]:
    return sorted(set(_PHRASE.findall(source)))


def _read(file: str) -> str:
    return (files(__name__) / file).read_text(encoding="utf-8")


def _english(keys: list[str]) -> str:
    """Write what a script says in English, for a function of LSL."""
    sentences = catalogue(LANGUAGES[0])
    return "\n".join(f'    if (name == "{key}") return "{sentences[key]}";' for key in keys)


def _sentences() -> str:
    """Write what all scripts say in other languages, each sentence under the name by which a
    script looks for it.
    """
    keys = sorted({key for name in SCRIPTS for key in _keys(_source(name))})
    return "\n".join(
        f'        llLinksetDataWrite("{tag}.{key}", "{catalogue(tag)[key]}");'
        for tag in LANGUAGES[1:]
        for key in keys
    )
