"""How much memory a script takes under Mono at most, reckoned from its source.

The bytes are measurements that others have published, rounded up: docs/decisions/0056 names them.
"""

import re
from typing import Final

LIMIT: Final = 65_536

BASE: Final = 4_000  # a script without anything, and once for each type that functions return
FUNCTION: Final = 310  # or event handler, that calls anything; and a byte a letter of its name
PARAMETER: Final = 46
VARIABLE: Final = 40
CALL: Final = 30
VALUE: Final = 11  # more, of a call whose value is used
LIBRARY: Final = 20  # for each function of LSL, once; and a byte a letter
GLOBAL: Final = 12  # and a byte a letter
LITERAL: Final = 3  # for each text, once; and two bytes a character
ITEM: Final = 10  # of a list that is written down
NUMBER, FIELD, LOCAL, OPERATOR, BRANCH = 5, 6, 2, 6, 10

KEY, INTEGER, GLOBAL_LIST, GLOBAL_TEXT = 102, 16, 44, 22  # as values

_TYPES: Final = {"integer", "string", "key", "list", "float", "vector", "rotation"}
_WORDS: Final = {"if", "else", "for", "while", "do", "return", "default", "state"}
_OPERATORS: Final = set("+-*/%&|<>~!") | {
    "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "++", "--"
}  # fmt: skip
_TOKEN: Final = re.compile(
    r'"(?:[^"\\]|\\.)*"|//[^\n]*|[A-Za-z_]\w*|\d[\w.]*|[-+*/%&|^~!<>=]=|&&|\|\||\+\+|--|\S'
)


def text(characters: int) -> int:
    """Return what a text takes in a list."""
    return 18 + 2 * characters


class Reckoning:
    """The memory of a script: ``code``, and ``values`` of its global variables at the start."""

    def __init__(self, source: str) -> None:
        found = [token for token in _TOKEN.findall(source) if not token.startswith("//")]
        self._tokens = ["", *found, "", ""]
        self._locals: set[str] = set()
        self._names: set[str] = set()
        self._level = 0  # of braces
        self._handlers_from = 0  # the level at which functions begin: 1 inside a state
        self._brackets = 0
        self.code, self.values = BASE, 0
        for at in range(1, len(found) + 1):
            self.code += self._cost(*self._tokens[at - 1 : at + 3])
        literals = {token for token in found if token.startswith('"')}
        self.code += sum(LITERAL + 2 * (len(token) - 2) for token in literals)

    def _cost(self, before: str, token: str, after: str, then: str) -> int:
        self._follow(token)
        if token in _TYPES:
            return self._declared(before, token, after, then)
        if before in _TYPES and self._is_name(token) and after != "(":
            return 0  # it was counted with its type
        if self._is_name(token) and after == "(":
            return self._called(before, token)
        if self._is_name(token):
            return LOCAL if token in self._locals else FIELD
        if token in {"if", "while", "for", "else", "return"}:
            return BRANCH
        if token in _OPERATORS:
            return OPERATOR
        if token == "[" or (token == "," and self._brackets):
            return ITEM
        return NUMBER if token[0].isdigit() or token[0] == '"' else 0

    def _follow(self, token: str) -> None:
        self._level += (token == "{") - (token == "}")
        self._brackets += (token == "[") - (token == "]")
        if token == "default":
            self._handlers_from = 1

    def _declared(self, before: str, kind: str, name: str, then: str) -> int:
        if not self._is_name(name) or then == "(":
            return NUMBER if name == ")" else 0  # a cast, or what a function returns
        if before in {"(", ","}:
            self._locals.add(name)
            return PARAMETER
        if self._level > self._handlers_from:
            self._locals.add(name)
            return VARIABLE
        self.values += {"list": GLOBAL_LIST, "string": GLOBAL_TEXT}.get(kind, 8)
        return GLOBAL + len(name)

    def _called(self, before: str, name: str) -> int:
        if self._level <= self._handlers_from:
            self._locals = set()
            return FUNCTION + len(name)
        first = name.startswith("ll") and name not in self._names
        self._names.add(name)
        is_statement = before in {";", "{", "}", ")", "else"}
        return CALL + (not is_statement) * VALUE + first * (LIBRARY + len(name))

    @staticmethod
    def _is_name(token: str) -> bool:
        return token.isidentifier() and token not in _TYPES and token not in _WORDS
