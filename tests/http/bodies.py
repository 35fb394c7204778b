"""Values that no endpoint takes, by name, and texts that are nearly right."""

from typing import Any, Final

import pytest

from tests.http.requests import TEXTURE

# JSON texts that are no amount of L$
NO_AMOUNTS: Final = {
    "negative": "-1",
    "33 bits": "2147483648",
    "64 bits": "9223372036854775808",
    "10^400": "1" + "0" * 400,
    "fraction": "1.5",
    "small fraction": "1.00000000000000000000001",
    "negative exponent": "1e-1",
    "beyond the range": "2147483648.0",
    "huge exponent": "1e400",
    "string": '"5"',
    "boolean": "true",
    "null": "null",
    "array": "[5]",
    "object": "{}",
    "lone surrogate": '"\\ud800"',
}

# bodies that are no JSON object, or not one in UTF-8 without doubt about its meaning
MALFORMED_BODIES: Final = {
    "empty": b"",
    "null": b"null",
    "array": b"[]",
    "number": b"5",
    "string": b'"credit"',
    "cut off": b'{"credit": 5',
    "two objects": b'{"credit": 5}{"credit": 5}',
    "single quotes": b"{'credit': 5}",
    "trailing comma": b'{"credit": 5,}',
    "bare brackets": b"[" * 10_000,
    "deep nesting": b'{"credit": 5, "x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "duplicate member": b'{"credit": 5, "credit": 6}',
    "duplicate by escape": b'{"credit": 5, "cr\\u0065dit": 6}',
    "duplicate inside": b'{"credit": 5, "x": {"y": 1, "y": 2}}',
    "invalid UTF-8": b'{"credit": 5, "x": "\xff"}',
    "surrogate in UTF-8": b'{"credit": 5, "x": "\xed\xa0\x80"}',
    "UTF-16": '{"credit": 5}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"credit": 5}',
    "NaN": b'{"credit": NaN}',
    "Infinity": b'{"credit": Infinity}',
    "-Infinity": b'{"credit": 5, "x": -Infinity}',
    "5000 digits": b'{"credit": ' + b"1" * 5000 + b"}",
    "NUL": b'{"credit": 5}\0',
    "bare control character": b'{"credit": 5, "x": "\n"}',
}

NO_TEXTURES: Final = {
    "text": '"abc"',
    "empty": '""',
    "no hyphens": f'"{TEXTURE.replace("-", "")}"',
    "braces": f'"{{{TEXTURE}}}"',
    "newline": f'"{TEXTURE}\\n"',
    "NUL": f'"{TEXTURE}\\u0000"',
    "lone surrogate": '"\\ud800"',
    "number": "5",
    "boolean": "false",
    "array": "[]",
}


def each(cases: dict[str, Any]) -> list[Any]:
    """Turn named cases into parameters."""
    return [pytest.param(case, id=name) for name, case in cases.items()]


def altered(text: str, index: int) -> str:
    """Return the text with another base64url character at an index."""
    index %= len(text)
    other = "A" if text[index] != "A" else "B"
    return text[:index] + other + text[index + 1 :]
