"""Whole numbers, however JSON or a table writes them; no float is ever made of one."""

import re
from typing import Final

MAX_DIGITS: Final = 19  # as many as a 64-bit integer has

_NUMBER: Final = re.compile(
    r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,9}))?", re.ASCII
)


def whole(text: str) -> int | None:
    """Return the integer that a JSON number (RFC 8259, 6) is: ``500``, ``500.0`` and ``5e2``.

    None for a fraction, for a number of more than 19 digits, and for any other text.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, integer, fraction, exponent = found.groups(default="")
    digits = (integer + fraction).lstrip("0")
    significant = digits.rstrip("0")
    zeros = len(digits) - len(significant) - len(fraction) + int(exponent or "0")
    if not significant:
        return 0
    if zeros < 0 or len(significant) + zeros > MAX_DIGITS:
        return None
    return int(sign + significant + "0" * zeros)
