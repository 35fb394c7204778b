"""Texts for tests: such as people write, and such as can't be kept."""

from typing import Any, Final

from hypothesis import strategies as st

# Accepted by every edge, and kept as they are.
KEPT: Final = {
    "no-break space": "10\u00a0000 for the caf\u00e9",
    "joined emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f4\U000e0067\U000e007f",
    "right to left": "\u200f\u05e4\u05e8\u05e1 \u200e2027",
    "newer than this Unicode": "\U0001fae9 \U0001faff",
    "private use": "\uf8ff",
    "formula": "=1+2,'\"\\;{}",
    "200 emoji": "\U0001f381" * 200,
}

# Refused by every edge: each of these characters, wherever it stands in a text.
UNPRINTABLE: Final = st.one_of(
    st.characters(categories=["Cs"]),
    st.characters(categories=["Cc"]),
    st.sampled_from("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
)
PRINTABLE: Final = st.characters(
    exclude_categories=["Cs", "Cc", "Zl", "Zp"],
    exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
)


@st.composite
def hostile(draw: st.DrawFn, unprintable: Any = UNPRINTABLE) -> str:
    """Make a text with one character that can't be kept."""
    before, after = (draw(st.text(PRINTABLE, max_size=20)) for _ in range(2))
    return before + str(draw(unprintable)) + after
