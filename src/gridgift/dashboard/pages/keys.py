"""API keys: for which programs there are some, what each may do, and their ends."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from gridgift.dashboard import filters
from gridgift.dashboard.acting import act
from gridgift.dashboard.forms import EMPTY, Draft, Errors
from gridgift.dashboard.page import Page, forms_about
from gridgift.dashboard.render import Flash, redirect, render
from gridgift.dashboard.seen import Seen, SeenForm
from gridgift.domain import keys
from gridgift.domain.actions import About
from gridgift.domain.days import end_of, parse_day
from gridgift.domain.failures import KeyNotFound
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.keys import RANDOM_BYTES, IssuedKey, NewCredential, Signer
from gridgift.domain.model import Key
from gridgift.domain.scopes import NONE_NAMED, SCOPES
from gridgift.domain.texts import isolated
from gridgift.http.edge.api_key import API_KEY
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session

KEYS: Final = "/dashboard/keys"

KEY: Final = id_parameter("id", "A key's id.", "019aad40-1111-7222-8333-444455556666", KeyNotFound)

SOON: Final = 30 * DAY  # before its end a key is marked

# How long a key that was replaced still works.
OVERLAPS: Final = {"0": 0, "1h": HOUR, "1d": DAY, "7d": 7 * DAY}


class NewKey(Struct, frozen=True):
    """The form for a key; ``last_day`` is the last one on which it works, none: for good."""

    name: str
    scopes: list[str] = []
    last_day: (
        Annotated[str, Meta(extra={"says": "must be a date like 2027-01-31", "parse": parse_day})]
        | None
    ) = None

    @classmethod
    def complaints(cls, typed: Mapping[str, str]) -> Errors:
        """Say what no key can be called, and that it must be for something."""
        called = keys.name_complaints(typed["name"]) if "name" in typed else {}
        return called if "scopes" in typed else {**called, "scopes": [NONE_NAMED]}


class Rotation(SeenForm, frozen=True, kw_only=True):
    """The form that replaces a key."""

    overlap: Literal["0", "1h", "1d", "7d"] = "1d"


async def show_keys(
    request: OperatorRequest[None, object], draft: Draft = EMPTY, issued: IssuedKey | None = None
) -> Reply[None]:
    """Show the store's keys; ``issued`` is one that was just made, to be shown this once."""
    now = request.received_at
    found = await request.operations.read(keys.list_of, request.store_id)
    about = KEY.of(request) if request.path else ""
    one = next((key for key in found if key.id == about), None)
    draft, changed = _SEEN.compared(draft, one, request.principal.zone)
    return render(
        request, "keys.html",
        working=[key for key in found if key.works(now)],
        ended=[key for key in found if not key.works(now)],
        scopes=SCOPES, soon=SOON, draft=draft, issued=issued,
        changed=changed, seen=_SEEN,
    )  # fmt: skip


async def create_key(request: OperatorRequest[None, NewKey]) -> Reply[None]:
    """Make a key, and show it this once."""
    form = request.body
    day = None if form.last_day is None else parse_day(form.last_day)
    ends = None if day is None else end_of(day, request.principal.zone)
    issued = await act(
        request, "key_made", _which,
        keys.create, request.caller, _signer(request), form.name, form.scopes, _new(),
        expires_at=ends,
    )  # fmt: skip
    return await show_keys(request, issued=issued)


async def rotate_key(request: OperatorRequest[None, Rotation]) -> Reply[None]:
    """Put a new key in a key's place, and show it this once."""
    key_id, overlap = KEY.of(request), OVERLAPS[request.body.overlap]
    issued = await act(
        request, "key_replaced", _which, _SEEN.only(request, key_id, keys.rotate),
        request.caller, _signer(request), key_id, overlap, _new(),
    )  # fmt: skip
    return await show_keys(request, issued=issued)


async def revoke_key(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """End a key for good."""
    key_id = KEY.of(request)
    key = await act(
        request, "key_revoked", lambda key: About(key.id, key.name),
        _SEEN.only(request, key_id, keys.revoke), request.caller, key_id,
    )  # fmt: skip
    name = isolated(key.name)
    said = f"The key “{name}” is revoked: within 5 seconds no server takes it any more."
    return redirect(request, KEYS, flash=Flash(said))


def _which(issued: IssuedKey) -> About:
    return About(issued.stored.id, issued.stored.name)


def _signer(request: OperatorRequest[None, Any]) -> Signer:
    return request.services.credentials.of(API_KEY).signer


def _new() -> NewCredential:
    return NewCredential(new_id(), secrets.token_bytes(RANDOM_BYTES))


def _values(key: Key, zone: str) -> dict[str, object]:
    """Return what the page shows of a key, but for when it was used."""
    return {
        "name": key.name, "scopes": key.scopes, "revoked": key.revoked_at is not None,
        "works_until": key.expires_at and filters.date_time(key.expires_at, zone),
    }  # fmt: skip


_SEEN: Final = Seen(keys.lock, lambda key: key.name, _values)
_OWNER: Final = Session("owner")
_ABOUT_ONE: Final[tuple[tuple[str, Any, Any], ...]] = (
    ("rotate", rotate_key, Rotation),
    ("revoke", revoke_key, SeenForm),
)

PAGES: Final = (
    Page("GET", KEYS, _OWNER, show_keys),
    Page("POST", KEYS, _OWNER, create_key, body=NewKey, again=show_keys),
    *forms_about(f"{KEYS}/{{id}}", KEY, _OWNER, show_keys, _ABOUT_ONE),
)
