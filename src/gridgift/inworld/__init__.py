"""The scripts for objects in Second Life, in LSL, as they are pasted there (contract section 9).

LSL can include nothing, so a script's parts are put together here: what all of them have in common,
and the sentences that they say without the server, from the catalogues of ``messages``.
"""

import re
from importlib.resources import files
from typing import Final

from gridgift.messages import LANGUAGES, catalogue

SCRIPTS: Final = ("delivery_unit", "terminal", "vendor", "casper_bridge", "directory")

_INCLUDE: Final = re.compile(r'^#include "(\w+\.lsl)"\n', re.MULTILINE)
_PHRASE: Final = re.compile(r'\b(?:phrase|asked)\("(\w+)"')


def is_quotable(url: str) -> bool:
    """Say whether an address can stand in a script, between quotation marks."""
    return url.isascii() and url.isprintable() and not set(url) & set('"\\{} ')


def script(name: str, url: str) -> str:
    """Return one of ``SCRIPTS``, which asks the server at ``url`` (without a slash at its end).

    The address must be quotable.
    """
    source = _INCLUDE.sub(lambda found: _read(found[1]), _read(f"{name}.lsl"))
    keys = sorted(set(_PHRASE.findall(source)))
    return source.replace("{server}", url).replace("{texts}", _table(keys))


def _read(file: str) -> str:
    return (files(__name__) / file).read_text(encoding="utf-8")


def _table(keys: list[str]) -> str:
    """Write sentences as lists of LSL: each key, and then its sentence in each language."""
    rows = [
        ",\n".join([f'    "{key}"', *(f'        "{catalogue(tag)[key]}"' for tag in LANGUAGES)])
        for key in keys
    ]
    languages = ", ".join(f'"{tag}"' for tag in LANGUAGES)
    return f"list LANGUAGES = [{languages}];\nlist TEXTS = [\n" + ",\n".join(rows) + "\n];"
