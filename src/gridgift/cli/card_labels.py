"""What a store says of a card, as options: its reference, tags, metadata and a note."""

from typing import Annotated

import typer

from gridgift.cli.card_filters import read_tag
from gridgift.cli.options import StoreOptions, read_note, read_text
from gridgift.domain import labels
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.model import Labels


def read_member(text: str) -> str:
    """Read a name and a text of metadata, with ``=`` between them."""
    if "=" not in text or labels.checked_metadata(dict([_member(text)])) is None:
        raise typer.BadParameter(
            f"must be a name, = and a text, like order=2207: at most {labels.MAX_NAME} and "
            f"{labels.MAX_VALUE} printable characters."
        )
    return text


ReferenceOption = Annotated[
    str | None,
    typer.Option(
        "--reference",
        parser=read_text,
        metavar="TEXT",
        help="Such as an order's number: under it the store grants one card, ever.",
    ),
]
MetadataOption = Annotated[
    list[str] | None,
    typer.Option(
        "--metadata", parser=read_member, metavar="NAME=TEXT", help="Kept for you; repeat it."
    ),
]


class LabelOptions(StoreOptions, frozen=True, kw_only=True):
    """What is said of a card."""

    reference: ReferenceOption = None
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", parser=read_tag, metavar="TAG", help="A tag; repeat it."),
    ] = None
    metadata: MetadataOption = None
    note: Annotated[
        str | None,
        typer.Option("--note", parser=read_note, metavar="TEXT", help="What to note on it."),
    ] = None

    def labels(self) -> Labels:
        """Return them. Raises ``ValidationFailed`` for too many of them."""
        tags = self.tag or ()
        if labels.checked_tags(tags) is None:
            raise ValidationFailed({"tag": [labels.TAGS_WANTED]})
        return Labels.of(self.reference, tags, read_metadata(self.metadata))


def read_metadata(members: list[str] | None) -> dict[str, str]:
    """Return metadata; the last of a name counts. Raises ``ValidationFailed`` for too much."""
    found = labels.checked_metadata(dict(map(_member, members or ())))
    if found is None:
        raise ValidationFailed({"metadata": [labels.METADATA_WANTED]})
    return found


def _member(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
