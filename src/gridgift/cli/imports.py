"""``gridgift import``: files of grants that were imported, and undoing them."""

import re
from collections import Counter
from typing import Annotated, Final, Self

import typer
from msgspec import Struct

from gridgift.cli.option_structs import Commands
from gridgift.cli.options import StoreOptions
from gridgift.cli.output import print_json, print_note
from gridgift.cli.session import find_store, look, operator, read_settings, run
from gridgift.cli.tables import print_table
from gridgift.domain import texts, undoing
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.imports import Import
from gridgift.domain.undoing import ID_DIGITS, LEAST_DIGITS, Undone, import_id
from gridgift.fields import written
from gridgift.operations import Operations
from gridgift.views import shown

_ID: Final = re.compile(rf"[0-9a-f]{{{LEAST_DIGITS},64}}")

app = Commands(help="Imported files of grants.", no_args_is_help=True)


def read_id(text: str) -> str:
    """Read an import's id, or the beginning of one."""
    if not _ID.fullmatch(text.lower()):
        raise typer.BadParameter(
            f"{text!r} is no import's id: {ID_DIGITS} digits and letters from a to f, of which the "
            f"first {LEAST_DIGITS} are enough."
        )
    return text.lower()


class ImportView(Struct, frozen=True, rename="camel"):
    """An import; ``rows_done`` of the file's rows are done."""

    id: str
    file: str
    rows_done: int
    granted: int
    skipped: int
    refused: int
    started_at: str | None
    finished_at: str | None
    undone_at: str | None

    @classmethod
    def of(cls, which: Import) -> Self:
        """Show an import."""
        return shown(cls, which, id=import_id(which))


class KeptView(Struct, frozen=True, rename="camel"):
    """A card that was left as it is: ``because`` its newest entry is of this kind."""

    id: str
    because: str


class UndoView(Struct, frozen=True, rename="camel"):
    """What became of an import's cards; ``disabled_before`` by an earlier run of the command."""

    id: str
    dry_run: bool
    disabled: int
    disabled_before: int
    kept: list[KeptView]

    @classmethod
    def of(cls, which: Import, undone: list[Undone], *, dry_run: bool) -> Self:
        """Show what became of the cards."""
        fates = Counter(each.fate for each in undone)
        kept = [KeptView(each.card_id, each.newest) for each in undone if each.fate == "kept"]
        return cls(import_id(which), dry_run, fates["disabled"], fates["disabled_before"], kept)


@app.command("list")
def list_of(options: StoreOptions) -> None:
    """List the files that were imported, the newest first."""
    found = look(options, undoing.list_of)
    if options.json:
        print_json([ImportView.of(each) for each in found])
        return
    print_table(
        ("ID", "FILE", "ROWS", "GRANTED", "REFUSED", "STARTED", "FINISHED", "UNDONE"),
        [
            (
                import_id(each),
                each.file,
                each.rows_done,
                each.granted,
                each.refused,
                written(each.started_at),
                written(each.finished_at),
                written(each.undone_at),
            )
            for each in found
        ],
    )


@app.command("undo")
def undo(
    beginning: Annotated[
        str, typer.Argument(parser=read_id, metavar="ID", help="The import's id, or its beginning.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")
    ] = False,
    *,
    options: StoreOptions,
) -> None:
    """Disable the cards of an import that are untouched. The others are listed.

    Cards that were used, held, passed on, or changed in any way are kept as they are. A run of the
    import that is going on stops. Afterwards the file can be granted again. Give the command again
    if it breaks off.
    """

    async def work(operations: Operations) -> UndoView:
        store_id = await find_store(operations, options.store)
        which = await operations.read(undoing.find, store_id, beginning)
        if not dry_run:
            await operations.write(undoing.begin, which)
        return UndoView.of(which, await _undo(operations, which, dry_run), dry_run=dry_run)

    done = run(read_settings(options.database), work, update=not dry_run)
    if options.json:
        print_json(done)
        return
    if done.kept:
        print_table(("KEPT", "BECAUSE IT IS"), [(each.id, each.because) for each in done.kept])
    would = "would be disabled" if dry_run else "disabled"
    before = f", {done.disabled_before} before" if done.disabled_before else ""
    print_note(
        f"{texts.counted(done.disabled, 'gift card')} {would}{before}; {len(done.kept)} kept."
    )


async def _undo(operations: Operations, which: Import, dry_run: bool) -> list[Undone]:
    caller, act = operator(which.store_id), operations.read if dry_run else operations.write
    undone: list[Undone] = []
    while True:
        after = undone[-1].card_id if undone else NIL_UUID
        page = await act(undoing.undo, caller, which, after, dry=dry_run)
        if not page:
            return undone
        undone += page
