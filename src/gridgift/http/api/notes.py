"""Notes on a gift card, and its labels (contract section 10)."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType

from gridgift.domain import failures, giftcards, notes
from gridgift.domain.model import CardChange
from gridgift.domain.notes import Labelled, Labelling, noting
from gridgift.fields import Metadata, Note, Reference, Tags
from gridgift.http.api.giftcards import CARD_PATH, READ, WRITE, change
from gridgift.http.edge.answers import ListResponse, PageQuery, conditional, list_reply, once
from gridgift.http.edge.api_key import KeyRequest
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag
from gridgift.http.parameters import GIFT_CARD_ID
from gridgift.views import LABELS_EXAMPLE, NOTE_EXAMPLE, LabelsResponse, NoteResponse

TAG: Final = Tag(
    "Notes and labels",
    "What a store writes on its gift cards: notes, a reference, tags and metadata. It changes "
    "neither what a card is worth nor what it may do, and a redeemed card takes it too.",
)


class NoteRequest(Struct, frozen=True):
    """What to note."""

    text: Note


class LabelRequest(Struct, frozen=True):
    """What is omitted is left as it is; tags and metadata are replaced whole."""

    reference: Reference | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET

    def labelling(self) -> Labelling:
        """Return what to change."""
        tags = self.tags if isinstance(self.tags, UnsetType) else tuple(sorted(set(self.tags)))
        return Labelling(self.reference, tags, self.metadata)


async def list_notes(request: KeyRequest[PageQuery, None]) -> Reply[ListResponse[NoteResponse]]:
    """Page through the notes on a card, oldest first."""
    query, store_id, card_id = request.query, request.store_id, GIFT_CARD_ID.of(request)
    cursors = request.services.cursors.of(f"notes {store_id} {card_id}", notes.KEY_TYPES)
    position = cursors.read(query.cursor)
    page = await request.operations.read(notes.list_of, store_id, card_id, position, query.limit)
    return list_reply(cursors, page.map(NoteResponse.of), query.limit)


async def add_note(request: KeyRequest[None, NoteRequest]) -> Reply[NoteResponse]:
    """Write a note on a card."""
    return await change(request, _show_note, GIFT_CARD_ID.of(request), noting(request.body.text))


async def get_labels(request: KeyRequest[None, None]) -> Reply[LabelsResponse]:
    """Read a card's reference, tags and metadata."""
    labelled = await request.operations.read(
        notes.read_labels, request.store_id, GIFT_CARD_ID.of(request)
    )
    return conditional(request, _show_labels(labelled))


async def label_gift_card(request: KeyRequest[None, LabelRequest]) -> Reply[LabelsResponse]:
    """Give a card a reference, other tags or other metadata."""
    card_id, wanted = GIFT_CARD_ID.of(request), request.body.labelling()
    return await once(
        request, _show_labels, notes.label, request.caller, card_id, wanted, request.if_match()
    )


def _show_note(change: CardChange) -> Reply[NoteResponse]:
    assert change.entry is not None, "a note is an entry"
    return Reply.json(NoteResponse.of(change.entry), 201)


def _show_labels(labelled: Labelled) -> Reply[LabelsResponse]:
    etag = giftcards.etag(labelled.card)
    return Reply.json(LabelsResponse.of(labelled.labels), etag=etag)


ROUTES: Final = (
    Route(
        "GET",
        f"{CARD_PATH}/notes",
        READ,
        list_notes,
        tag=TAG,
        summary="Page through the notes on a gift card",
        description="Oldest first. A note is an entry of the card's ledger, and stays.",
        path_parameters=(GIFT_CARD_ID,),
        query=PageQuery,
        answer=ListResponse[NoteResponse],
        example=ListResponse.example(NOTE_EXAMPLE),
    ),
    Route(
        "POST",
        f"{CARD_PATH}/notes",
        WRITE,
        add_note,
        tag=TAG,
        summary="Write a note on a gift card",
        description="It can be neither changed nor deleted.",
        path_parameters=(GIFT_CARD_ID,),
        body=NoteRequest,
        body_example={"text": NOTE_EXAMPLE["text"]},
        answer=NoteResponse,
        example=NOTE_EXAMPLE,
        status=201,
        refusals=(failures.PreconditionFailed,),
    ),
    Route(
        "GET",
        f"{CARD_PATH}/labels",
        READ,
        get_labels,
        tag=TAG,
        summary="Read a gift card's reference, tags and metadata",
        description="With If-None-Match and the card's present ETag the answer is 304.",
        path_parameters=(GIFT_CARD_ID,),
        answer=LabelsResponse,
        example=LABELS_EXAMPLE,
        etag=True,
    ),
    Route(
        "POST",
        f"{CARD_PATH}/actions/label",
        WRITE,
        label_gift_card,
        tag=TAG,
        summary="Set a gift card's reference, tags or metadata",
        description="What is omitted is left; tags and metadata are replaced whole. A reference "
        "that a card has stays, so that what it was granted for is granted once. With If-Match the "
        "card must still have that ETag.",
        path_parameters=(GIFT_CARD_ID,),
        body=LabelRequest,
        body_example={"tags": LABELS_EXAMPLE["tags"], "metadata": LABELS_EXAMPLE["metadata"]},
        answer=LabelsResponse,
        example=LABELS_EXAMPLE,
        etag=True,
        refusals=(failures.PreconditionFailed, failures.ReferenceFixed, failures.ReferenceTaken),
    ),
)
