"""Many grants in one request: JSON lines or CSV, one answer (contract section 10)."""

import asyncio
import io
import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

from gridgift.domain import bulk
from gridgift.domain.bulk import MAX_ROWS, GrantRow, Outcome, Row
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.giftcards import Terms
from gridgift.domain.idempotency import Answer
from gridgift.domain.ids import new_id
from gridgift.domain.residents import parse_identifier
from gridgift.grant_csv import CsvError, GrantCsv
from gridgift.http.bulk_schemas import BulkGrantQuery, BulkGrantResponse
from gridgift.http.call import Call
from gridgift.http.decode import decode_object
from gridgift.http.extension_schemas import Text
from gridgift.http.refusals import MediaTypeUnsupported
from gridgift.http.reply import Reply, encode_json
from gridgift.http.schemas import GrantGiftCardRequest, Identifier

MAX_BULK_BODY: Final = 4 * 1024 * 1024  # bytes
JSON_LINES: Final = ("application/jsonl", "application/x-ndjson")
CSV: Final = "text/csv"

_WANTED: Final = f"JSON lines or CSV, with Content-Type: {JSON_LINES[0]} or {CSV}"
_UTF_8: Final = re.compile(r'charset\s*=\s*"?utf-?8"?|header\s*=\s*"?present"?', re.IGNORECASE)


class GrantLine(GrantGiftCardRequest, frozen=True, rename="camel", kw_only=True):
    """A line: the body of a single grant, to whom, and a reason for the ledger."""

    identifier: Identifier
    reason: Text | None = None

    def row(self) -> GrantRow:
        """Return what to grant. Raises ``IdentifierMalformed``."""
        single = self.terms()
        terms = Terms(
            single.credit, single.transfer, single.texture, single.expires_at, self.reason or ""
        )
        return GrantRow(parse_identifier(self.identifier), terms)


async def grant_gift_cards(call: Call) -> Reply:
    """Give many residents a new card each."""
    query: BulkGrantQuery = call.query
    # some hundred milliseconds of work: in a thread, so that others are answered meanwhile
    rows = await asyncio.to_thread(read_rows, call.raw_body, call.headers)
    return await call.write(
        bulk.grant,
        _answer,
        call.caller,
        rows,
        [new_id() for _ in rows],
        atomic=query.atomic,
    )


def read_rows(raw: bytes, headers: dict[bytes, bytes]) -> list[Row]:
    """Read a body's rows; one that can't be read is the failure of its row.

    Raises ``MediaTypeUnsupported``, and ``ValidationFailed`` for too few or too many rows and for
    a CSV whose first line does not name the columns.
    """
    media_type, *parameters = headers.get(b"content-type", b"").decode("latin-1").split(";")
    known = all(_UTF_8.fullmatch(parameter.strip()) for parameter in parameters if parameter)
    media_type = media_type.strip().lower()
    if media_type not in {*JSON_LINES, CSV} or not known or b"content-encoding" in headers:
        raise MediaTypeUnsupported(_WANTED)
    found = _from_csv(raw) if media_type == CSV else _from_lines(raw)
    rows = list(islice(found, MAX_ROWS + 1))
    if not 1 <= len(rows) <= MAX_ROWS:
        raise ValidationFailed({"body": [f"must have from 1 to {MAX_ROWS} rows"]})
    return rows


def _from_lines(raw: bytes) -> Iterable[Row]:
    return (_from_line(line) for line in raw.split(b"\n") if line.strip())


def _from_line(line: bytes) -> Row:
    try:
        return decode_object(line, GrantLine).row()
    except Failure as failure:
        return failure


def _from_csv(raw: bytes) -> Iterable[Row]:
    text = io.TextIOWrapper(
        io.BytesIO(raw), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    try:
        return (line.row for line in GrantCsv(text))
    except CsvError as error:
        raise ValidationFailed({"body": [str(error)]}) from None


def _answer(outcomes: list[Outcome]) -> Answer:
    return Answer(200, encode_json(BulkGrantResponse.of(outcomes)))
