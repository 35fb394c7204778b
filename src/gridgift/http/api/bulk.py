"""Many grants in one request: JSON lines or CSV, one answer (contract section 10)."""

import asyncio
import io
import re
import sys
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Annotated, Any, Final, Self

import msgspec
from msgspec import Meta, Struct

from gridgift.csv_rows import CsvError
from gridgift.domain import bulk, failures, stores
from gridgift.domain.bulk import MAX_ROWS, GrantRow, Outcome, Row
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.idempotency import Answered, IdempotencyKey, Once, Run, key_of_part
from gridgift.domain.ids import new_id
from gridgift.domain.imports import count
from gridgift.domain.residents import parse_identifier
from gridgift.fields import Identifier, Text
from gridgift.grant_csv import GrantCsv
from gridgift.http.api.giftcards import EXTENSION_TAG, WRITE
from gridgift.http.api.grants import GrantGiftCardRequest, accepts
from gridgift.http.edge.answers import joined, sent
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.decode import decode_object, is_coded
from gridgift.http.edge.refusals import MediaTypeUnsupported
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.storage.database import Tx
from gridgift.views import CARD_EXAMPLE, REFUSED_ROW_EXAMPLE, RowResult

SWITCH_WITHIN: Final = 0.0005  # seconds that a thread may compute while another one waits
ROWS_AT_ONCE: Final = 100  # in one transaction: single writes go between
MAX_BULK_BODY: Final = 4 * 1024 * 1024  # bytes
JSON_LINES: Final = ("application/jsonl", "application/x-ndjson")
CSV: Final = "text/csv"

_WANTED: Final = f"JSON lines or CSV, with Content-Type: {JSON_LINES[0]} or {CSV}"
_UTF_8: Final = re.compile(r'charset\s*=\s*"?utf-?8"?|header\s*=\s*"?present"?', re.IGNORECASE)

LINES_EXAMPLE: Final = (
    '{"identifier": "kelly.moonwall", "credit": 500, "transfer": true}\n'
    '{"identifier": "c7d8e9f0-1a2b-4c3d-9e4f-5a6b7c8d9e0f", "credit": 250}\n'
)
CSV_EXAMPLE: Final = (
    "identifier,credit,reason\nkelly.moonwall,500,hunt 2026\nnobody.known,250,hunt 2026\n"
)
_EXAMPLE: Final[dict[str, Any]] = {
    "granted": 1,
    "skipped": 0,
    "refused": 1,
    "results": [{"row": 1, "id": CARD_EXAMPLE["id"]}, REFUSED_ROW_EXAMPLE],
}


class BulkGrantQuery(Struct, frozen=True):
    """Whether good rows are granted beside bad ones."""

    atomic: Annotated[bool, Meta(description="All rows are granted, or none.")] = False


class BulkGrantResponse(Struct, frozen=True):
    """How many rows were granted, asked for no card, or were refused; and each, in order."""

    granted: int
    skipped: int
    refused: int
    results: list[RowResult]


class _Body(Struct, frozen=True):
    """The answer, each result as it is in JSON."""

    granted: int
    skipped: int
    refused: int
    results: list[msgspec.Raw]


class _PartBody(_Body, frozen=True):
    """The answer to some of the rows, as it is stored under a key.

    ``run`` is an id of the first part's own: the rest of an answer may be written anew, when a
    resident is erased. ``amount`` is how much was granted, in L$.
    """

    run: str = ""
    amount: int = 0

    @classmethod
    def of(cls, rows: Sequence[Row], outcomes: Sequence[Outcome], first: int, run: str) -> Self:
        """Write what came of rows, of which the first has this number."""
        results = [
            msgspec.Raw(msgspec.json.encode(RowResult.of(number, outcome)))
            for number, outcome in enumerate(outcomes, first)
        ]
        amount = bulk.amount_of(rows, outcomes)
        return cls(**count(outcomes), results=results, run=run, amount=amount)


class _Part(Struct, frozen=True):
    """Some of the rows, answered: as it was stored, and decoded."""

    answered: Answered
    body: _PartBody

    @classmethod
    def of(cls, answered: Answered) -> Self:
        """Read an answer."""
        return cls(answered, msgspec.json.decode(sent(answered).body, type=_PartBody))

    @property
    def begun(self) -> bytes:
        """What tells a first part from others under its key; the answers of before had no id."""
        return self.body.run.encode() or self.answered.answer


class GrantLine(GrantGiftCardRequest, frozen=True, rename="camel", kw_only=True):
    """A line: the body of a single grant, to whom, and a reason for the ledger."""

    identifier: Identifier
    reason: Text | None = None

    def row(self) -> GrantRow:
        """Return what to grant. Raises ``IdentifierMalformed``."""
        identifier = parse_identifier(self.identifier)
        return GrantRow(identifier, self.terms(self.reason or ""), self.known_as)


async def grant_gift_cards(request: KeyRequest[BulkGrantQuery, None]) -> Reply[BulkGrantResponse]:
    """Give many residents a new card each."""
    store = await request.services.operations.read(stores.read, request.store_id)
    # some hundred milliseconds of work: in a thread, so that others are answered meanwhile, and in
    # turn, because each thread that computes keeps the others from the interpreter's lock
    async with request.services.bulk_turn:
        with handing_over_soon():
            rows = await asyncio.to_thread(
                read_rows, request.raw_body, request.headers, store.time_zone
            )
    request.rows = rows
    key = request.idempotency_key()
    size = len(rows) if request.query.atomic else ROWS_AT_ONCE
    parts: list[_Part] = []
    done = 0
    while done < len(rows):
        part_key = key_of_part(key, parts[0].begun if parts else None, done)
        parts.append(await _grant(request, part_key, rows, parts, size))
        done += len(parts[-1].body.results)
    return _joined(parts)


async def _grant(
    request: KeyRequest[BulkGrantQuery, None],
    key: IdempotencyKey | None,
    rows: Sequence[Row],
    before: Sequence[_Part],
    size: int,
) -> _Part:
    """Grant the rows behind those of the parts before, in one transaction and in their turn."""
    first = sum(len(part.body.results) for part in before)
    some = rows[first : first + size]
    begun = "" if first else new_id()

    async def run(tx: Tx) -> list[Outcome]:
        ids = [new_id() for _ in some]
        outcomes = await bulk.grant(
            tx, request.caller, some, ids, atomic=request.query.atomic, accept=accepts(request)
        )
        if first + len(some) == len(rows):
            amount = sum(part.body.amount for part in before) + bulk.amount_of(some, outcomes)
            counts = _counts(before, outcomes)
            await bulk.finish(tx, request.caller, new_id(), counts, amount)
        return outcomes

    def show(outcomes: list[Outcome]) -> bytes:
        return Reply.json(_PartBody.of(some, outcomes, first + 1, begun)).pack()

    wanted: Once[Run[list[Outcome]], list[Outcome]] = Once(run, key, show, request.check)
    async with request.services.bulk_turn:
        return _Part.of(await request.operations.once(request.store_id, wanted))


def _counts(before: Sequence[_Part], outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Count the outcomes of all parts, of which these are the last one's."""
    return {
        name: number + sum(getattr(part.body, name) for part in before)
        for name, number in count(outcomes).items()
    }


def _joined(parts: Sequence[_Part]) -> Reply[BulkGrantResponse]:
    """Make one answer of those of all parts."""
    bodies = [part.body for part in parts]
    return joined(
        [part.answered for part in parts],
        _Body(
            granted=sum(body.granted for body in bodies),
            skipped=sum(body.skipped for body in bodies),
            refused=sum(body.refused for body in bodies),
            results=[result for body in bodies for result in body.results],
        ),
    )


@contextmanager
def handing_over_soon() -> Iterator[None]:
    """Let threads that compute hand the interpreter's lock over sooner, until the block ends.

    The event loop and SQLite's writer wait for it at each statement, by default for 5 ms. Always
    so, a server answers a tenth fewer requests. One block at a time.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_WITHIN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def read_rows(raw: bytes, headers: dict[bytes, bytes], zone: str) -> list[Row]:
    """Read a body's rows; one that can't be read is the failure of its row.

    ``zone`` is the store's time zone: a date in CSV is a day there.
    Raises ``MediaTypeUnsupported``, and ``ValidationFailed`` for too few or too many rows and for
    a CSV whose first line does not name the columns.
    """
    media_type, *parameters = headers.get(b"content-type", b"").decode("latin-1").split(";")
    known = all(_UTF_8.fullmatch(parameter.strip()) for parameter in parameters if parameter)
    media_type = media_type.strip().lower()
    if media_type not in {*JSON_LINES, CSV} or not known or is_coded(headers):
        raise MediaTypeUnsupported(_WANTED)
    found = _from_csv(raw, zone) if media_type == CSV else _from_lines(raw)
    rows = list(islice(found, MAX_ROWS + 1))
    if not 1 <= len(rows) <= MAX_ROWS:
        raise ValidationFailed({"body": [f"must have from 1 to {MAX_ROWS} rows"]})
    return rows


def _from_lines(raw: bytes) -> Iterable[Row]:
    lines = raw.removeprefix(BOM_UTF8).split(b"\n")  # programs on Windows write one before a file
    return (_from_line(line) for line in lines if line.strip())


def _from_line(line: bytes) -> Row:
    try:
        return decode_object(line, GrantLine).row()
    except Failure as failure:
        return failure


def _from_csv(raw: bytes, zone: str) -> Iterable[Row]:
    text = io.TextIOWrapper(
        io.BytesIO(raw), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    try:
        return (line.row for line in GrantCsv(text, zone))
    except CsvError as error:
        raise ValidationFailed({"body": [str(error)]}) from None


ROUTES: Final = (
    Route(
        "POST",
        "/ext/v1/giftcards/bulk",
        WRITE,
        grant_gift_cards,
        tag=EXTENSION_TAG,
        summary="Grant many gift cards",
        description="Up to 10 000 rows and 4 MiB, as JSON lines (the body of a single grant with "
        "identifier and, if wanted, reason) or as CSV whose first line names the columns. Each "
        "row is answered in order. A resident whom nobody knows is not looked up. A row of CSV "
        "without gift card credits asks for no card: its result has only its number. A date "
        "without a time is that whole day in the store's time zone.",
        query=BulkGrantQuery,
        rows=dict.fromkeys(JSON_LINES, LINES_EXAMPLE) | {CSV: CSV_EXAMPLE},
        body_limit=MAX_BULK_BODY,
        answer=BulkGrantResponse,
        example=_EXAMPLE,
        refusals=(failures.RowsRefused,),
    ),
)
