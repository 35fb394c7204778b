"""From failure to HTTP: the one table of statuses and titles, and problem details (RFC 9457)."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain import (
    bulk_change_failures,
    failures,
    import_failures,
    sending_failures,
    webhook_failures,
)
from gridgift.domain.failures import Failure, RowsRefused
from gridgift.http.edge import refusals
from gridgift.http.edge.accept import admits_problem
from gridgift.http.edge.problem import Problem, data
from gridgift.http.edge.refusals import MethodNotAllowed, Unauthenticated
from gridgift.http.edge.reply import NO_STORE, Header, Reply, encode_json
from gridgift.http.edge.unit_problems import UNIT_PROBLEMS
from gridgift.views import REFUSED_ROW_EXAMPLE, RowResult, named_as_json

RETRY_UNAVAILABLE: Final = 2  # seconds


class ProblemResponse(Struct, frozen=True, rename="camel"):
    """Problem details (RFC 9457; contract section 3)."""

    type: Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]
    title: str
    status: int
    detail: str
    code: str
    instance: str
    request_id: str
    errors: dict[str, list[str]] | UnsetType = UNSET
    retry_after: Annotated[int, Meta(description="Seconds.")] | UnsetType = UNSET
    available: Annotated[int, Meta(description="What can be taken, in L$.")] | UnsetType = UNSET
    held: Annotated[int, Meta(description="What the hold reserves, in L$.")] | UnsetType = UNSET
    refundable: (
        Annotated[int, Meta(description="What is left of the spend, in L$.")] | UnsetType
    ) = UNSET
    results: Annotated[list[RowResult], Meta(description="Rows that are refused.")] | UnsetType = (
        UNSET
    )


def _rows(failure: RowsRefused) -> list[RowResult]:
    return [RowResult.of(number, why) for number, why in failure.rows]


PROBLEMS: Final[dict[type[Failure], Problem]] = {
    failures.ValidationFailed: Problem(
        400,
        "Some values are not acceptable",
        "Correct the fields named in 'errors'.",
        members={"errors": data("errors")},
        examples={"errors": {"credit": ["must be an integer from 0 to 2147483647"]}},
    ),
    failures.IdentifierMalformed: Problem(
        400,
        "Not a username or avatar UUID",
        "Write the username as in 'first.last' or 'first', or send the avatar's UUID.",
    ),
    failures.CursorInvalid: Problem(
        400,
        "The cursor is not valid",
        "Send back nextCursor or previousCursor unchanged, to the list that answered with it.",
    ),
    refusals.BodyMalformed: Problem(
        400, "The body is not a JSON object", "Send one JSON object, in UTF-8, no member twice."
    ),
    refusals.BodyUnexpected: Problem(
        400,
        "No body is taken here",
        "Send no body, or an empty object. What you want may have an endpoint: see /docs.",
    ),
    failures.GiftCardRedeemed: Problem(
        400,
        "The gift card was redeemed",
        "Its credit is the resident's store credit now. Grant a new card instead.",
        conflict=True,
    ),
    failures.GiftCardExpired: Problem(
        400, "The gift card has expired", "Ask the store; it may extend the date.", conflict=True
    ),
    failures.GiftCardInactive: Problem(
        400, "The gift card is not active", "The store can activate it again.", conflict=True
    ),
    failures.ReferenceTaken: Problem(
        400,
        "The reference is another gift card's",
        "Repeat a grant with the same request, or choose another reference for another card.",
        conflict=True,
    ),
    failures.ReferenceFixed: Problem(
        409,
        "The gift card has a reference",
        "It stays, so that what it was granted for is never granted again.",
    ),
    failures.GiftCardVoid: Problem(409, "The gift card has no credit", "Grant a new card instead."),
    failures.GiftCardNotTransferable: Problem(
        400, "The gift card can't be passed on", "The store can allow it.", conflict=True
    ),
    failures.GiftCardHeld: Problem(
        400,
        "Part of the gift card is held",
        "Capture or void the hold, or wait until its time is over.",
        conflict=True,
    ),
    failures.ReceiverNotFound: Problem(
        400, "No such receiver", "Check the spelling of the receiver's username.", conflict=True
    ),
    failures.ReceiverIsOwner: Problem(
        400, "The receiver is the owner", "Name another resident.", conflict=True
    ),
    failures.CreditLimitExceeded: Problem(
        400, "The balance would be too large", "Spend some of the credit first.", conflict=True
    ),
    failures.InsufficientCredit: Problem(
        409,
        "Not enough credit",
        "Take no more than 'available'.",
        members={"available": data("available")},
        examples={"available": 400},
    ),
    failures.HoldClosed: Problem(
        409, "The hold is closed", "It was captured, voided, or its time is over. Place a new one."
    ),
    failures.LotClosed: Problem(
        409, "The lot is closed", "Nothing is left of it, or its time is over. Deposit a new one."
    ),
    failures.CaptureExceedsHold: Problem(
        409,
        "More than is held",
        "Capture no more than 'held'; the rest of a hold can't be raised.",
        members={"held": data("held")},
        examples={"held": 100},
    ),
    failures.RefundExceedsSpend: Problem(
        409,
        "More than was spent",
        "Refund no more than 'refundable'.",
        members={"refundable": data("refundable")},
        examples={"refundable": 500},
    ),
    webhook_failures.WebhookNotFound: Problem(
        404, "No such webhook", "GET /ext/v1/webhooks lists those of the store."
    ),
    webhook_failures.WebhookInactive: Problem(
        409, "The webhook is switched off", "Set its 'active' to true first."
    ),
    webhook_failures.TooManyWebhooks: Problem(
        409, "The store has too many webhooks", "Delete one that nobody needs any more."
    ),
    webhook_failures.DeliveryNotFound: Problem(
        404, "No such delivery", "They are kept for 30 days. The feed of events goes back 90."
    ),
    refusals.ProductNotFound: Problem(
        400, "No such product", "Ask the store: products are not delivered from here."
    ),
    refusals.NewsItemNotAvailable: Problem(
        400, "No item to hand out", "Ask the store: it publishes no news here."
    ),
    refusals.ApiKeyMissing: Problem(
        401, "No API key", "Send exactly one X-API-Key header with your key."
    ),
    refusals.ApiKeyInvalid: Problem(
        401, "The API key is not valid", "Check that the whole key was copied, and to this server."
    ),
    refusals.ApiKeyRevoked: Problem(
        401, "The API key was revoked", "Ask the store's owner for a new key."
    ),
    refusals.ApiKeyExpired: Problem(
        401, "The API key has expired", "Ask the store's owner for a new key."
    ),
    refusals.CustomerTokenInvalid: Problem(
        401, "The link is no longer valid", "Ask the store for a new link to your page."
    ),
    refusals.MetricsTokenInvalid: Problem(
        401, "The metrics need a token", "Send Authorization: Bearer with the operator's token."
    ),
    refusals.SignInNeeded: Problem(
        401, "You are not signed in", "Sign in at /dashboard, or ask for a link that signs you in."
    ),
    refusals.SignInRefused: Problem(
        401,
        "That did not work",
        "Try again, or ask an owner of the store for a link.",
    ),
    refusals.SignInLinkInvalid: Problem(
        401, "The link does not work any more", "Ask for a new one, where you got it."
    ),
    refusals.OwnersOnly: Problem(
        403, "Only for owners", "Ask an owner of the store to do it, or to make you one."
    ),
    refusals.FormOutdated: Problem(
        403, "The page was too old", "Open the page again, and send the form from there."
    ),
    refusals.CrossSite: Problem(
        403,
        "The form came from elsewhere",
        "Open the dashboard by the address that GRIDGIFT_PUBLIC_URL names, and begin again.",
    ),
    refusals.ScopeMissing: Problem(
        403, "The API key lacks a scope", "Ask the store's owner to add the scope to your key."
    ),
    refusals.PathNotFound: Problem(
        404, "Nothing at this path", "Compare the path with the reference at /docs."
    ),
    failures.HoldNotFound: Problem(404, "No such hold", "Check the hold's id and the card's."),
    failures.LotNotFound: Problem(
        404, "No such lot", "Name the id of one of this customer's lots, as their credit shows it."
    ),
    failures.SpendNotFound: Problem(
        404, "No such spend", "Name the id that the spend answered with, for the same customer."
    ),
    failures.GiftCardNotFound: Problem(
        404, "No such gift card", "Check the id; a card is seen with its own store's keys only."
    ),
    failures.ResidentNotFound: Problem(
        404,
        "No such resident",
        "Check the spelling. A server without a resolver knows only residents that were added: "
        "POST /ext/v1/residents adds one, and so does a grant to a UUID with its username.",
    ),
    failures.CustomerNotFound: Problem(
        404, "No such customer", "A resident is a store's customer from the first card or credit."
    ),
    failures.StoreNotFound: Problem(404, "No such store", "Check the store's id."),
    failures.OperatorNotFound: Problem(
        404, "No such operator", "Check the name; 'gridgift operator list' shows all."
    ),
    failures.KeyNotFound: Problem(404, "No such API key", "Check the key's id and the store's."),
    failures.RowsRefused: Problem(
        400,
        "Some rows can't be granted",
        "Correct the rows named in 'results', or send them without atomic=true.",
        members={"results": _rows},
        examples={"results": [REFUSED_ROW_EXAMPLE]},
    ),
    import_failures.ImportFinished: Problem(
        409, "The file was granted before", "To grant all of it once more, say --again."
    ),
    import_failures.ImportNotFound: Problem(
        404, "No such import", "'gridgift import list' shows the imports and their ids."
    ),
    import_failures.ImportTaken: Problem(
        409, "Another run of the file is going on", "Wait for its end, then begin again."
    ),
    sending_failures.SendingNotFound: Problem(
        404, "No such sending", "It was deleted after a week; its cards are in the list of cards."
    ),
    bulk_change_failures.BulkChangeNotFound: Problem(
        404, "No such change", "It was deleted after a week; each card's history tells of it."
    ),
    refusals.MethodNotAllowed: Problem(
        405, "The method is not possible here", "Use one of the methods in the Allow header."
    ),
    refusals.BodyTooSlow: Problem(
        408, "The body came too slowly", "Send the request again, whole and at once."
    ),
    refusals.SelectionDiffers: Problem(
        409,
        "Other gift cards than the dry run showed",
        "Make the dry run again, and send the selection that it answers with.",
    ),
    refusals.TooManyGiftCards: Problem(
        409,
        "The filter finds too many gift cards",
        "Narrow the filter, for example by createdFrom and createdTo, and go on in parts.",
    ),
    bulk_change_failures.NotUndoable: Problem(
        409, "It can't be undone", "The card was changed since; change it by itself."
    ),
    failures.NoLongerMatching: Problem(
        409,
        "The gift card does not match any more",
        "It was changed in between. Make the dry run again to see what it is now.",
    ),
    failures.UsernameTaken: Problem(
        400,
        "The username belongs to another resident",
        "Check the UUID. If the earlier note was wrong, the operator can correct it.",
        conflict=True,
    ),
    failures.KeyNameTaken: Problem(
        409, "The key's name is taken", "Choose another name, or revoke the other key."
    ),
    failures.KeyNotUsable: Problem(409, "The key was revoked or has expired", "Create a new key."),
    failures.PreconditionFailed: Problem(
        412,
        "It has changed since it was read",
        "Read it again and decide anew; send its present ETag in If-Match.",
    ),
    refusals.BodyTooLarge: Problem(
        413,
        "The body is too large",
        "Send at most 64 KiB, or 4 MiB of rows where the endpoint takes many.",
    ),
    refusals.MediaTypeUnsupported: Problem(
        415,
        "The body's media type is not taken",
        "Send JSON with Content-Type: application/json, or what the endpoint's reference says.",
    ),
    failures.IdempotencyKeyReused: Problem(
        422,
        "The idempotency key was used before",
        "Send a new Idempotency-Key with a new request; an old one only with the same request.",
    ),
    refusals.RateLimited: Problem(
        429,
        "Too many requests",
        "Wait as long as Retry-After says, then go on.",
        members={"retryAfter": data("retry_after")},
        examples={"retryAfter": 2},
    ),
    failures.TooManyLookUps: Problem(
        429,
        "Too many unknown usernames",
        "Wait as long as Retry-After says. Known residents, and UUIDs, need no look-up.",
        members={"retryAfter": data("retry_after")},
        examples={"retryAfter": 10},
    ),
    refusals.InternalError: Problem(
        500, "A defect of this server", "Tell the operator the requestId; retry with the same key."
    ),
    refusals.DatabaseOutOfReach: Problem(
        503,
        "The database is out of reach",
        "Try again after Retry-After; a write with the same Idempotency-Key is done once.",
        members={"retryAfter": lambda failure: RETRY_UNAVAILABLE},
        examples={"retryAfter": RETRY_UNAVAILABLE},
    ),
}

PROBLEMS.update(UNIT_PROBLEMS)

BY_CODE: Final = {failure.code: problem for failure, problem in PROBLEMS.items()}


def problem_reply(
    failure: Failure, public_url: str, instance: str, request_id: str, accept: bytes | None
) -> Reply[Any]:
    """Answer with problem details (contract section 3)."""
    failure, problem = named_as_json(failure), PROBLEMS[type(failure)]
    status = problem.status_at(instance)
    body: dict[str, Any] = {
        "type": f"{public_url}/errors/{failure.code}",
        "title": problem.title,
        "status": status,
        "detail": failure.detail,
        "code": failure.code,
        "instance": instance,
        "requestId": request_id,
    }
    for name, value in problem.members.items():
        body[name] = value(failure)
    media_type = b"application/problem+json" if admits_problem(accept) else b"application/json"
    headers = (
        (b"content-type", media_type),
        NO_STORE,
        *headers_of(failure, body.get("retryAfter")),
    )
    return Reply(status, headers, encode_json(body))


def headers_of(failure: Failure, retry_after: int | None) -> Sequence[Header]:
    """Return what a refusal says in headers; ``retry_after`` is in seconds."""
    headers: list[Header] = []
    if isinstance(failure, Unauthenticated):
        headers.append((b"www-authenticate", f'{failure.challenge} realm="gridgift"'.encode()))
    if isinstance(failure, MethodNotAllowed):
        headers.append((b"allow", failure.allow.encode()))
    if retry_after is not None:
        headers.append((b"retry-after", b"%d" % retry_after))
    return headers
