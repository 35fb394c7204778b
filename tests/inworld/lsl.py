"""The compiler of LSL, and what it does not know.

lummao 0.5.2 lacks some functions: they are declared here, and done in ``functions.py``.
"""

from typing import Any, Final

import pytest

lummao: Final = pytest.importorskip(
    "lummao", reason="lummao, which runs scripts, has no wheel for this machine and Python"
)
Key: Final[Any] = lummao.Key
Vector: Final[Any] = lummao.Vector

STUBS: Final = """\
string llHMAC(string secret, string message, string algorithm) { return ""; }
string llReplaceSubString(string text, string old, string new, integer count) { return ""; }
integer llLinksetDataCountFound(string pattern) { return 0; }
list llLinksetDataDeleteFound(string pattern, string password) { return []; }
"""


def compiled(source: str) -> Any:
    """Compile a script. Raises ``lummao.CompileError``, which names lines and columns."""
    return lummao.compile_script(STUBS + source)
