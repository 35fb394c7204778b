"""Settings: what the store is called and shows, how long its cards are good for, its time zone."""

from collections.abc import Mapping
from typing import Annotated, Final

from msgspec import Meta

from gridgift.dashboard.acting import act
from gridgift.dashboard.forms import EMPTY, Draft, Errors
from gridgift.dashboard.page import Page
from gridgift.dashboard.render import Flash, redirect, render
from gridgift.dashboard.seen import Seen, SeenForm
from gridgift.domain import stores
from gridgift.domain.actions import About
from gridgift.domain.days import zones
from gridgift.domain.ids import texture_of
from gridgift.domain.model import Store
from gridgift.domain.stores import (
    MAX_CONTACT,
    MAX_LIFETIME,
    MAX_MAP_LINK,
    MAX_ORIGIN,
    StoreChanges,
)
from gridgift.fields import Uuid
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session
from gridgift.storage.database import Tx

SETTINGS: Final = "/dashboard/settings"


class StoreForm(SeenForm, frozen=True, kw_only=True):
    """The form: all of it is set; what is left empty the store has none of."""

    name: str
    time_zone: str
    logo: Uuid | None = None
    location_slurl: str = ""
    contact: str = ""
    customer_origin: str | None = None
    card_lifetime: (
        Annotated[
            int,
            Meta(ge=1, le=MAX_LIFETIME, extra={"says": f"must be from 1 to {MAX_LIFETIME} days"}),
        ]
        | None
    ) = None

    @classmethod
    def complaints(cls, typed: Mapping[str, str]) -> Errors:
        """Say what a store can't have; how long its cards are good for, the field's type does."""
        return stores.complaints({**typed, "card_lifetime": None})

    @property
    def changes(self) -> StoreChanges:
        """What is to be set."""
        return StoreChanges(
            name=self.name,
            logo=texture_of(self.logo),
            location_slurl=self.location_slurl,
            contact=self.contact,
            card_lifetime=self.card_lifetime,
            customer_origin=self.customer_origin,
            time_zone=self.time_zone,
        )


async def show_settings(
    request: OperatorRequest[None, object], draft: Draft = EMPTY
) -> Reply[None]:
    """Show the store's settings."""
    store = await request.operations.read(stores.read, request.store_id)
    draft, changed = _SEEN.compared(draft, store, request.principal.zone)
    return render(
        request, "settings.html", store=store, zones=sorted(zones()), draft=draft,
        changed=changed, seen=_SEEN,
        page=store.customer_origin or f"{request.services.settings.public_url}/me",
        longest={
            "location_slurl": MAX_MAP_LINK, "customer_origin": MAX_ORIGIN, "contact": MAX_CONTACT,
        },
    )  # fmt: skip


async def change_settings(request: OperatorRequest[None, StoreForm]) -> Reply[None]:
    """Set them."""
    store_id = request.store_id
    await act(
        request, "settings_changed", lambda names: About(text=", ".join(names)) if names else None,
        _SEEN.only(request, store_id, _change), store_id, request.body.changes,
    )  # fmt: skip
    return redirect(request, SETTINGS, flash=Flash("The settings are changed."))


async def _change(tx: Tx, store_id: str, changes: StoreChanges) -> list[str]:
    """Set them, and return which were others before."""
    before = await stores.read(tx, store_id)
    after = await stores.update(tx, store_id, changes)
    return stores.differing(before, after)


async def _lock(tx: Tx, store_id: str, _: str) -> Store:
    return await stores.lock(tx, store_id)


def _values(store: Store, _: str) -> dict[str, object]:
    """Return what the page shows of a store."""
    shown = StoreForm.__struct_fields__
    return {name: getattr(store, name) for name in shown if name != "seen"}


_SEEN: Final = Seen(_lock, lambda store: store.name, _values)
_OWNER: Final = Session("owner")

PAGES: Final = (
    Page("GET", SETTINGS, _OWNER, show_settings),
    Page("POST", SETTINGS, _OWNER, change_settings, body=StoreForm, again=show_settings),
)
