"""The named SQL: one text for both engines, read and checked once at import.

A file in ``queries/`` holds sections, each with a heading::

    -- fragment: card
    c.store_id, c.id, ...
    -- name: card_by_id
    SELECT {card} FROM gift_cards c WHERE c.store_id = :store_id AND c.id = :id {lock}
    -- listing: ...
    -- filter: ...

``{card}`` is a fragment, the same text on both engines. ``{lock}`` is a macro: ``MACROS`` defines
what it is on each engine. Nothing else in the text differs between the engines but the form of the
placeholders. Every statement names its store, unless its table belongs to no store
(``-- name: ... (any store)``). What listings and filters are made into, ``listing.py`` says.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import Final

from msgspec import Struct

_HEADING = re.compile(r"^-- (name|fragment|listing|filter): (\w+)( \(any store\))?$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)
_FRAGMENT = re.compile(r"\{(\w+)\}")
_MACRO = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
_ROW = re.compile(r"\{row:((?:[^{}]|\{[^{}]*\})*)\}")
_PLACEHOLDER = re.compile(r"(?<![:\w]):([a-z_]+)")
_NUMBER = re.compile(r"\?(\d+)")
_DEEPEST: Final = 5  # fragments within fragments


class Macro(Struct, frozen=True):
    """What a macro stands for on each engine; ``{}`` is where its argument goes, if it has one."""

    postgres: str
    sqlite: str

    @property
    def takes_argument(self) -> bool:
        """Tell whether ``{name:argument}`` is the macro's form, and not ``{name}``."""
        return "{}" in self.postgres + self.sqlite


# Numbers of PostgreSQL's transactions, without wrap-around; the base goes on from another server's.
_BASE: Final = "(SELECT COALESCE(MAX(base), 0) FROM feed)"
_OWN_NUMBER: Final = "pg_current_xact_id()::text::bigint"
_NEXT_NUMBER: Final = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
# The numbers are the whole server's. Only a transaction that is seen at work in another database is
# left out: one whose lock is not found may have begun, or ended, a moment ago.
_OLDEST_RUNNING: Final = """(
    SELECT COALESCE(MIN(running), pg_snapshot_xmax(pg_current_snapshot()))::text::bigint
    FROM pg_snapshot_xip(pg_current_snapshot()) running
    WHERE NOT EXISTS (
        SELECT FROM pg_locks own JOIN pg_stat_activity backend USING (pid)
        WHERE own.locktype = 'transactionid' AND own.mode = 'ExclusiveLock'
            AND own.transactionid = running::xid AND backend.datname <> current_database()))"""

# SQLite has no arrays: a list is bound as JSON. It locks no rows: its one writer has them all.
# It keeps no statistics unless somebody runs ANALYZE, so where it guesses wrong a statement names
# the index.
MACROS: Final = {
    # id {any:ids}: is one of a list
    "any": Macro("= ANY(:{})", "IN (SELECT value FROM json_each(:{}))"),
    # locks the rows until the transaction's end, and waits for those that another one has locked
    "lock": Macro("FOR NO KEY UPDATE", ""),
    # locks the rows, and passes over those that another transaction has locked
    "claim": Macro("FOR UPDATE SKIP LOCKED", ""),
    # FROM {in_turn:idempotency_keys}: once no other transaction is at work under one of the keys
    "in_turn": Macro("answers_in_turn(:store_id, :keys)", "{}"),
    # the position of a new event, which SQLite's one writer counts: not below the number of its own
    # transaction, nor of any that had ended when the statement began
    "position": Macro(f"{_BASE} + GREATEST({_OWN_NUMBER}, {_NEXT_NUMBER} - 1)", "{}"),
    # events below the database's oldest running transaction: none can be added there any more.
    # SQLite's writes come one after the other
    "settled": Macro(f"AND position < {_BASE} + {_OLDEST_RUNNING}", ""),
    # SELECT {at_work:NULL WHERE FALSE}: transactions that have a key's turn (in_turn); SQLite's
    # come one after the other
    "at_work": Macro(
        "virtualtransaction FROM pg_locks WHERE locktype = 'advisory' AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())",
        "{}",
    ),
    # {has_text:reason}: has :text, whatever the case of letters; :forms and :letters are the two of
    # letters.forms_of, and SQLite is taught letters.without_case
    "has_text": Macro(
        "strpos(translate({}, :forms, :letters), :text) > 0", "instr(without_case({}), :text) > 0"
    ),
    # FROM holds {index:holds_open}
    "index": Macro("", "INDEXED BY {}"),
    # FROM (...) few {then_join} gift_cards USING (id): SQLite is told which comes first
    "then_join": Macro("JOIN", "CROSS JOIN"),
    # {unindexed:n.username} >= :prefix: a text that PostgreSQL looks for by no index
    "unindexed": Macro("({} || '')", "{}"),
    # FROM (... ORDER BY id LIMIT 9) few WHERE ... {as_sorted:id}: in the order of a subquery, which
    # SQLite keeps by itself; told to, it would read all of the subquery and sort it again
    "as_sorted": Macro("ORDER BY {}", ""),
    # all rows as one JSON array of arrays; without rows null on PostgreSQL, [] on SQLite
    "json_rows": Macro(
        "json_agg(json_build_array({}))",
        "json_group_array(json_array({}))",
    ),
    # {json:state} ->> 'active': a text as JSON, to look into; what is found is a text on PostgreSQL
    "json": Macro("({})::jsonb", "{}"),
    # FROM {json_each:{json:state} -> 'lots'} moved: the elements of an array, each a moved.value
    "json_each": Macro("jsonb_array_elements({})", "json_each({})"),
    # FROM {json_members:{json:state} -> 'terms'} stated: the members of an object, each with
    # stated.key and stated.value
    "json_members": Macro("jsonb_each({})", "json_each({})"),
    # FROM {json_texts:l.metadata} m: those of an object of texts, each with m.key and m.value
    "json_texts": Macro("jsonb_each_text(({})::jsonb)", "json_each({})"),
    # id = {uuid:moved.value ->> 0}: a text as what the columns of ids have
    "uuid": Macro("({})::uuid", "{}"),
    # the bytes of a column as lower-case text
    "hex": Macro("encode({}, 'hex')", "lower(hex({}))"),
    # VALUES {row:(:id, :name)}: what Tx.many may repeat, to insert several rows at once
    "row": Macro("{}", "{}"),
}


class Query(Struct, frozen=True):
    """One statement for both engines: ``sqlite`` has ``:name``, ``postgres`` has ``$1``.

    ``numbered`` is SQLite's again, with ``?1``, for rows of values without names. ``row`` is where
    in ``numbered`` the values of one row stand (start, end); None: there is no ``{row:...}``.
    """

    name: str
    sqlite: str
    postgres: str
    parameters: tuple[str, ...]
    numbered: str = ""
    row: tuple[int, int] | None = None

    @classmethod
    def parse(cls, name: str, text: str, fragments: Mapping[str, str] | None = None) -> "Query":
        """Compile a statement's text; a placeholder may occur several times.

        Raises ``ValueError``, which names the statement, for a macro or fragment that is unknown,
        or a ``{row:...}`` that can't be repeated.
        """
        whole = _with_fragments(name, text, fragments or {})
        postgres = _expanded(name, whole, lambda macro: macro.postgres)
        parameters = tuple(dict.fromkeys(_PLACEHOLDER.findall(postgres)))
        numbers = {parameter: index for index, parameter in enumerate(parameters, 1)}
        parts = [
            _expanded(name, part, lambda macro: macro.sqlite) for part in _around_row(name, whole)
        ]
        before, row, after = (_numbered(part, "?", numbers) for part in parts)
        return cls(
            name,
            "".join(parts).rstrip(),
            _numbered(postgres, "$", numbers).rstrip(),
            parameters,
            (before + row + after).rstrip(),
            (len(before), len(before) + len(row)) if row else None,
        )

    def for_rows(self, count: int) -> str | None:
        """Write an INSERT for SQLite that takes the values of ``count`` rows, one after another.

        None: the statement has no ``{row:...}``.
        """
        if self.row is None:
            return None
        start, end = self.row
        row = self.numbered[start:end]
        rows = [_shifted(row, number * len(self.parameters)) for number in range(count)]
        return self.numbered[:start] + ", ".join(rows) + self.numbered[end:]


def _with_fragments(name: str, text: str, fragments: Mapping[str, str]) -> str:
    """Put fragments in, and the fragments within them; macros stay."""
    for _ in range(_DEEPEST):
        replaced = _FRAGMENT.sub(lambda found: fragments.get(found[1], found[0]), text)
        if replaced == text:
            return text
        text = replaced
    raise ValueError(f"query {name} has fragments that contain each other")


def _expanded(name: str, text: str, chosen: Callable[[Macro], str]) -> str:
    """Replace all macros by what they are on one engine, the innermost first."""

    def replaced(found: re.Match[str]) -> str:
        macro = MACROS.get(found[1])
        if macro is None:
            raise ValueError(f"query {name} uses {found[0]}: no macro or fragment has that name")
        if macro.takes_argument != (found[2] is not None):
            needs = "an" if macro.takes_argument else "no"
            raise ValueError(f"query {name} uses {found[0]}: that macro takes {needs} argument")
        return chosen(macro).replace("{}", found[2] or "")

    while _MACRO.search(text):
        text = _MACRO.sub(replaced, text)
    if "{" in text or "}" in text:
        raise ValueError(f"query {name} has a brace that belongs to no macro or fragment")
    return text


def _around_row(name: str, text: str) -> tuple[str, str, str]:
    """Split a statement at its ``{row:...}``: what is before, the row, what is behind."""
    before, *rest = _ROW.split(text)
    if not rest:
        return before, "", ""
    row, after, *more = rest
    if more or _PLACEHOLDER.search(before) or _PLACEHOLDER.search(after):
        raise ValueError(f"query {name}: all placeholders must stand in one {{row:...}}")
    return before, row, after


def _numbered(text: str, mark: str, numbers: Mapping[str, int]) -> str:
    """Write placeholders as numbers."""
    return _PLACEHOLDER.sub(lambda found: f"{mark}{numbers[found[1]]}", text)


def _shifted(row: str, by: int) -> str:
    return _NUMBER.sub(lambda match: f"?{int(match[1]) + by}", row)


def _sections(text: str) -> Iterator[tuple[str, str, bool, str]]:
    """Yield each section's kind, name, whether it is of any store, and its text."""
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        body = _COMMENT.sub("", text[heading.end() : end])
        yield heading[1], heading[2], heading[3] is not None, body.strip().rstrip(";")


class Library(Struct, frozen=True):
    """What query files hold, by name: statements compiled, everything else as text."""

    queries: dict[str, Query]
    fragments: dict[str, str]
    listings: dict[str, str]
    filters: dict[str, str]


def load(texts: list[str]) -> Library:
    """Parse query files.

    Raises ``ValueError`` for a statement that forgets its store or uses an unknown macro or
    fragment, and for a name that is there twice or that a macro has.
    """
    sections = [section for text in texts for section in _sections(text)]
    fragments = _texts_of("fragment", sections)
    if taken := fragments.keys() & MACROS.keys():
        raise ValueError(f"fragment {min(taken)} has the name of a macro")
    queries = {
        name: Query.parse(name, text, fragments)
        for name, text in _texts_of("name", sections).items()
    }
    for kind, name, any_store, _ in sections:
        if kind == "name" and ("store_id" in queries[name].parameters) == any_store:
            raise ValueError(f"query {name} must either name its store or say that it has none")
    listings, filters = _texts_of("listing", sections), _texts_of("filter", sections)
    return Library(queries, fragments, listings, filters)


def _texts_of(kind: str, sections: list[tuple[str, str, bool, str]]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for found, name, _, body in sections:
        if found == kind and name in texts:
            raise ValueError(f"{'query' if kind == 'name' else kind} {name} is there twice")
        if found == kind:
            texts[name] = body
    return texts


def _texts() -> list[str]:
    folder = files("gridgift.storage") / "queries"
    return [
        path.read_text(encoding="utf-8")
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name.endswith(".sql")
    ]


LIBRARY: Final = load(_texts())
QUERIES: Final = LIBRARY.queries


def named(query: str | Query) -> Query:
    """Return the statement that has a name; a ``Query`` is returned as it is."""
    return QUERIES[query] if isinstance(query, str) else query
