"""The named SQL: one text for both engines, read and checked once at import.

A file in ``queries/`` holds fragments and statements::

    -- fragment: card
    c.store_id, c.id, ...
    -- name: card_by_id
    SELECT {card} FROM gift_cards c WHERE c.store_id = :store_id AND c.id = :id

Every statement names its store, unless its table belongs to no store (``-- any store``).

``/* INDEXED BY name */`` is a comment for PostgreSQL, which knows its tables by statistics. SQLite
has none, takes a walk through the primary key for cheap, and is told.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from msgspec import Struct

_HEADING = re.compile(r"^-- (name|fragment): (\w+)( \(any store\))?$", re.MULTILINE)
_ANY = re.compile(r"= ANY\((:[a-z_]+)\)")
_IN_SQLITE: Final = {"json_agg(": "json_group_array(", "json_build_array(": "json_array("}
_NUMBER = re.compile(r"\?(\d+)")
_LOCKING = re.compile(r" FOR UPDATE(?: SKIP LOCKED)?")
_ROW = re.compile(r"(?<=\bVALUES )\([^()]*\)")
_PLACEHOLDER = re.compile(r"(?<![:\w]):([a-z_]+)")
_INDEX = re.compile(r"/\* (INDEXED BY \w+) \*/")


class Query(Struct, frozen=True):
    """One statement in both dialects: ``:name`` for SQLite, ``$1`` for PostgreSQL.

    ``numbered`` is SQLite's again, with ``?1``, for rows of values without names.
    """

    name: str
    sqlite: str
    postgres: str
    parameters: tuple[str, ...]
    numbered: str = ""

    @classmethod
    def parse(cls, name: str, text: str) -> "Query":
        """Compile a statement's text; a placeholder may occur several times."""
        parameters = tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))
        numbers = {parameter: index for index, parameter in enumerate(parameters, 1)}
        postgres = _PLACEHOLDER.sub(lambda match: f"${numbers[match[1]]}", text)
        # SQLite's one writer holds every row already, and its arrays are JSON
        sqlite = _ANY.sub(r"IN (SELECT value FROM json_each(\1))", _LOCKING.sub("", text))
        sqlite = _INDEX.sub(r"\1", sqlite)
        for ours, theirs in _IN_SQLITE.items():
            sqlite = sqlite.replace(ours, theirs)
        numbered = _PLACEHOLDER.sub(lambda match: f"?{numbers[match[1]]}", sqlite)
        return cls(name, sqlite, postgres, parameters, numbered)

    def for_rows(self, count: int) -> str | None:
        """Write an INSERT for SQLite that takes ``count`` rows' values in one; None: it is none."""
        row = _ROW.search(self.numbered)
        if row is None or "?" in self.numbered[row.end() :]:
            return None
        rows = [_shifted(row[0], n * len(self.parameters)) for n in range(count)]
        return self.numbered[: row.start()] + ", ".join(rows) + self.numbered[row.end() :]


def _shifted(row: str, by: int) -> str:
    return _NUMBER.sub(lambda match: f"?{int(match[1]) + by}", row)


def _sections(text: str) -> Iterator[tuple[str, str, bool, str]]:
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        body = re.sub(r"^--.*\n?", "", text[heading.end() : end], flags=re.MULTILINE)
        yield heading[1], heading[2], heading[3] is not None, body.strip().rstrip(";")


def load(texts: list[str]) -> dict[str, Query]:
    """Parse query files. Raises ``ValueError`` for a statement that forgets its store."""
    sections = [section for text in texts for section in _sections(text)]
    fragments = {name: body for sort, name, _, body in sections if sort == "fragment"}
    queries: dict[str, Query] = {}
    for sort, name, any_store, body in sections:
        if sort == "fragment":
            continue
        query = Query.parse(name, body.format(**fragments).format(**fragments))
        if name in queries:
            raise ValueError(f"query {name} is there twice")
        if ("store_id" in query.parameters) == any_store:
            raise ValueError(f"query {name} must either name its store or say that it has none")
        queries[name] = query
    return queries


def _texts() -> list[str]:
    folder = files("gridgift.storage") / "queries"
    return [
        path.read_text(encoding="utf-8")
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name.endswith(".sql")
    ]


QUERIES: Final = load(_texts())


def named(query: str | Query) -> Query:
    """Return the statement of a name; one that was made elsewhere is what it is."""
    return QUERIES[query] if isinstance(query, str) else query
