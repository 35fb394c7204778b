"""Sending cards: to one, to many, or to all in a file; checked first, then sent."""

import asyncio
import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from gridgift.dashboard.acting import act
from gridgift.dashboard.forms import EMPTY, Draft, Errors, NoFields
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.cards import CardsQuery
from gridgift.dashboard.render import Flash, redirect, render
from gridgift.domain import naming, residents, sendings
from gridgift.domain.actions import About
from gridgift.domain.days import parse_day
from gridgift.domain.failures import ResidentNotFound, TooManyLookUps
from gridgift.domain.ids import new_id
from gridgift.domain.import_failures import ImportFinished, ImportTaken
from gridgift.domain.imports import Import
from gridgift.domain.paging import Position
from gridgift.domain.residents import Identifier, parse_prefix
from gridgift.domain.sending_failures import SendingNotFound
from gridgift.domain.sendings import Sending
from gridgift.domain.texts import isolated, legible, unmarked
from gridgift.domain.unit_failures import DirectoryPending
from gridgift.fields import GrantedCredit, Text, Uuid
from gridgift.grant_csv import Line
from gridgift.http.edge.answers import write
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.sending import (
    ROWS_AT_ONCE,
    CheckedRow,
    check,
    go_on,
    granted_of,
    read_lines,
    refusals_of,
    refused_csv,
    refused_of,
    skipped_of,
    unknown_of,
)
from gridgift.views import CARD_EXAMPLE

SEND: Final = "/dashboard/send"
MAX_FORM: Final = 1024 * 1024  # bytes
SHOWN: Final = 100  # rows of each sort; all are checked
FOUND: Final = 8  # names that are proposed
LATELY: Final = 10  # sendings
LOOK_UPS: Final = 4.0  # seconds for names that nobody knows here; a resolver takes 2 a second
ASKED_AT_ONCE: Final = 8  # names

SENDING: Final = id_parameter("id", "A sending.", CARD_EXAMPLE["id"], SendingNotFound)

Day = Annotated[
    str, Meta(extra={"says": "must be a date like 2027-01-31", "parse": lambda text: (
        text if parse_day(text) else None
    )}),
]  # fmt: skip


class SendQuery(Struct, frozen=True):
    """Whom the form begins with, and the beginning of a name that is looked for."""

    to: str = ""
    find: str = ""


class NewSending(Struct, frozen=True):
    """The form: names, or a file; and the terms, of which the file may have its own."""

    to: str = ""
    file: str = ""
    file_name: str = ""
    credit: GrantedCredit | None = None
    transfer: bool = False
    texture: Uuid | None = None
    expires_at: Day | None = None
    reason: Text | None = None

    def terms(self) -> str:
        """Return what rows leave open, as the cells of CSV columns in JSON."""
        cells = {
            "credit": "" if self.credit is None else str(self.credit),
            "transfer": "true" if self.transfer else "",
            "texture": self.texture,
            "expires_at": self.expires_at,
            "reason": self.reason,
        }
        return msgspec.json.encode({name: text for name, text in cells.items() if text}).decode()

    @classmethod
    def complaints(cls, typed: Mapping[str, str]) -> Errors:
        """Say what is wrong with names and a file, which stand for each other."""
        to, file = typed.get("to", ""), typed.get("file", "")
        if "\N{REPLACEMENT CHARACTER}" in file or "\0" in file + to:
            return {"file": ["is not text in UTF-8: save it as CSV in UTF-8"]}
        if file:
            both = ["must be empty if you choose a file: one or the other"]
            return {"to": both} if to else {}
        nobody = {} if _names(to) else {"to": ["must have a name, unless you choose a file"]}
        return nobody if "credit" in typed else {**nobody, "credit": ["is required"]}

    def text(self) -> str:
        """Return the CSV text of what is sent."""
        if self.file:
            return self.file
        written = io.StringIO()
        csv.writer(written).writerows([["identifier"], *([name] for name in _names(self.to))])
        return written.getvalue()


def _names(typed: str) -> list[str]:
    """Read names, one a line or with commas."""
    return [name for part in re.split(r"[,;\t\r\n]+", typed) if (name := part.strip())]


class SendIt(Struct, frozen=True):
    """The form that sends; ``again``: although the same file was sent before."""

    again: bool = False


async def show_form(request: OperatorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Show the form, whose names were found, and what was sent lately."""
    asked: SendQuery = request.query or SendQuery()
    prefix = parse_prefix(asked.find.strip()) if asked.find.strip() else None
    found = [] if prefix is None else await _find(request, prefix)
    lately = await request.operations.read(sendings.list_of, request.store_id, LATELY)
    return render(
        request,
        "send.html",
        draft=draft,
        asked=asked,
        found=found,
        lately=lately,
        said_of=said_of,
    )


async def prepare(request: OperatorRequest[None, NewSending]) -> Reply[None]:
    """Keep what is to be sent, and show what would come of it."""
    form, sending_id = request.body, new_id()
    text, terms = form.text(), form.terms()
    lines = await read_lines(text, terms, request.principal.zone)
    identity = text if form.file else f"{sending_id}\n{terms}\n{text}"
    sending = Sending(
        request.store_id, sending_id, hashlib.sha256(identity.encode()).digest(),
        legible(form.file_name or "file.csv")[:200] if form.file else "", text, terms, len(lines),
        request.caller.actor_id,
    )  # fmt: skip
    await write(request, sendings.add, sending)
    await _look_up(request, await _checked(request, sending))
    return redirect(request, f"{SEND}/{sending_id}")


async def show_sending(request: OperatorRequest[None, object], draft: Draft = EMPTY) -> Reply[None]:
    """Show what would come of a sending, how far it is, or what came of it."""
    sending, came = await _read(request)
    if sending.sent_at is not None:
        return await _show_sent(request, sending, came)
    checked = await _checked(request, sending)
    granted, refused = granted_of(checked), refused_of(checked)
    names = Counter(str(each.identifier) for each in granted)
    return render(
        request, "sending.html",
        draft=draft, sending=sending, came=came, rows=granted[:SHOWN], count=len(granted),
        credit=sum(each.terms.credit for each in granted),
        refused=_lines([each.line for each in checked], refused), refusals=len(refused),
        skipped=skipped_of(checked),
        twice=[name for name, times in names.items() if times > 1][:SHOWN],
        lookable=bool(unknown_of(checked)) and bool(request.services.settings.resolver_url),
        shown=SHOWN,
    )  # fmt: skip


def said_of(sending: Sending) -> str:
    """Say what its rows are, as it follows their number: the names typed, or the rows of a file."""
    several = "" if sending.row_count == 1 else "s"
    return f"row{several} of {isolated(sending.file)}" if sending.file else f"name{several}"


async def look_up(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """Look up more of the names that nobody knows here."""
    sending, _ = await _read(request)
    await _look_up(request, await _checked(request, sending))
    return redirect(request, f"{SEND}/{sending.id}")


async def send(request: OperatorRequest[None, SendIt]) -> Reply[None]:
    """Send: a few rows at once, more of them beside requests."""
    sending_id = SENDING.of(request)
    try:
        sending = await act(
            request, "cards_sent", _how_many,
            sendings.send, request.store_id, sending_id, again=request.body.again,
        )  # fmt: skip
    except (ImportFinished, ImportTaken):
        said = Flash("Nothing was sent: look at what it says about this file.", "trouble")
        return redirect(request, f"{SEND}/{sending_id}", flash=said)
    if sending.row_count <= ROWS_AT_ONCE:
        await go_on(request.services.operations, request.store_id, sending_id)
    return redirect(request, f"{SEND}/{sending_id}")


def _how_many(sending: Sending) -> About | None:
    """Say what is sent, by no name; a sending that is sent already was recorded then."""
    text = unmarked(f"{sending.row_count:,} {said_of(sending)}")
    return About(sending.id, text) if sending.sent_at is None else None


async def show_refused(request: OperatorRequest[None, None]) -> Reply[None]:
    """Answer with the refused rows as a CSV file, each with its line and why."""
    sending, _ = await _read(request)
    zone = request.principal.zone
    if sending.sent_at is None:
        problems = refused_of(await _checked(request, sending))
    else:
        problems = await refusals_of(request.operations, sending)
    text = await asyncio.to_thread(refused_csv, sending, zone, problems)
    headers = (
        (b"content-type", b"text/csv; charset=utf-8"),
        (b"content-disposition", b'attachment; filename="refused.csv"'),
        (b"cache-control", b"no-store"),
    )
    return Reply(200, headers, text.encode())


async def _show_sent(
    request: OperatorRequest[None, object], sending: Sending, came: Import | None
) -> Reply[None]:
    assert came is not None, "it began when it was sent"
    refused: list[tuple[int, str, str]] = []
    if sending.done_at is not None and came.refused:
        lines = await read_lines(sending.text, sending.terms, request.principal.zone)
        refused = _lines(lines, await refusals_of(request.operations, sending))
    return render(
        request, "sent.html",
        sending=sending, came=came, refused=refused, shown=SHOWN,
        cards=CardsQuery(sent=sending.digest.hex()),
    )  # fmt: skip


async def _read(request: OperatorRequest[Any, Any]) -> tuple[Sending, Import | None]:
    return await request.operations.read(sendings.find, request.store_id, SENDING.of(request))


async def _checked(request: OperatorRequest[Any, Any], sending: Sending) -> list[CheckedRow]:
    zone = request.principal.zone
    return await check(request.operations, sending, zone)


async def _find(request: OperatorRequest[Any, Any], prefix: str) -> list[str]:
    """Return names of residents whom the store knows."""
    page = await request.operations.read(
        naming.list_of, request.store_id, prefix, Position(), FOUND
    )
    return [resident.username for resident in page.rows]


async def _look_up(request: OperatorRequest[Any, Any], checked: list[CheckedRow]) -> None:
    """Look the names up that nobody knows here, for some seconds."""
    if not request.services.settings.resolver_url:
        return
    places = asyncio.Semaphore(ASKED_AT_ONCE)

    async def ask(name: str) -> None:
        async with places:
            with suppress(ResidentNotFound, TooManyLookUps, DirectoryPending):
                wanted = Identifier(username=name)
                await request.operations.read(residents.find, request.store_id, wanted)

    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_UPS):
            await asyncio.gather(*map(ask, unknown_of(checked)))


def _lines(lines: list[Line], refused: dict[int, str]) -> list[tuple[int, str, str]]:
    """Return the first refused rows: their lines, what they say, and why they are refused."""
    return [
        (lines[number - 1].number, ", ".join(lines[number - 1].cells)[:80], why)
        for number, why in [*refused.items()][:SHOWN]
    ]


_CLERK: Final = Session("clerk")

PAGES: Final = (
    Page("GET", SEND, _CLERK, show_form, query=SendQuery),
    Page(
        "POST", SEND, _CLERK, prepare, body=NewSending, body_limit=MAX_FORM, again=show_form
    ),
    Page("GET", f"{SEND}/{{id}}", _CLERK, show_sending, path_parameters=(SENDING,)),
    Page(
        "GET", f"{SEND}/{{id}}/refused", _CLERK, show_refused, path_parameters=(SENDING,),
        media_type="text/csv",
    ),
    Page(
        "POST", f"{SEND}/{{id}}", _CLERK, send, body=SendIt, path_parameters=(SENDING,),
        again=show_sending,
    ),
    Page(
        "POST", f"{SEND}/{{id}}/look-up", _CLERK, look_up, body=NoFields,
        path_parameters=(SENDING,), again=show_sending,
    ),
)  # fmt: skip
