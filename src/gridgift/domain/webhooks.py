"""Webhooks: addresses to which a store's events are posted (contract section 10).

A webhook's secret is derived from the server's and from how often it was rotated, so that none is
in the database or in a backup, and an answer that was lost can be given again.
"""

import base64
import hmac
from collections.abc import Sequence
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gridgift.domain import events
from gridgift.domain.addresses import may_be_public
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.instants import DAY
from gridgift.domain.model import Caller
from gridgift.domain.paging import Page, Position, read_page
from gridgift.domain.webhook_failures import TooManyWebhooks, WebhookInactive, WebhookNotFound
from gridgift.storage.database import Row, Tx
from gridgift.storage.listing import WEBHOOKS_OF_STORE

MAX_WEBHOOKS: Final = 50  # of a store
MAX_URL: Final = 2_000  # characters
OVERLAP: Final = DAY  # for which a secret that was replaced still counts
SECRET_PREFIX: Final = "whsec_"  # noqa: S105
DISCORD: Final = (
    "https://discord.com/api/webhooks/",
    "https://ptb.discord.com/api/webhooks/",  # which its test programs copy, as the next one
    "https://canary.discord.com/api/webhooks/",
    "https://discordapp.com/api/webhooks/",
)

KEY_TYPES: Final = WEBHOOKS_OF_STORE.types()

Format = Literal["standard", "discord"]
DisabledReason = Literal["switched_off", "gone", "failing"]


class Webhook(Struct, frozen=True):
    """A webhook as stored; without ``types`` it gets events of all types.

    ``previous_until`` is until when the secret before counts too, ``failing_since`` when the first
    of the attempts was made since which none has succeeded (instants, in milliseconds).
    """

    store_id: str
    id: str
    url: str
    types: tuple[str, ...]
    format: Format
    secret_version: int
    previous_until: int | None
    active: bool
    disabled_reason: DisabledReason | None
    failing_since: int | None
    created_at: int
    updated_at: int

    @classmethod
    def from_row(cls, row: Row) -> "Webhook":
        """Build a webhook from the columns of the SQL fragment ``webhook``."""
        store_id, webhook_id, url, types, kind, version, until, active, *rest = row
        return cls(
            store_id, webhook_id, url, tuple(msgspec.json.decode(types, type=list[str])), kind,
            version, until, bool(active), *rest,
        )  # fmt: skip


class Wanted(Struct, frozen=True):
    """What a webhook shall be; what is UNSET is left as it is."""

    url: str | UnsetType = UNSET
    types: tuple[str, ...] | UnsetType = UNSET
    format: Format | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class Secrets(Struct, frozen=True):
    """Makes the secrets of webhooks out of the server's own."""

    secret: bytes

    def of(self, webhook_id: str, version: int) -> str:
        """Return a webhook's secret as Standard Webhooks writes it: 32 bytes in Base64."""
        named = f"gridgift webhook {webhook_id} {version}".encode()
        key = hmac.digest(self.secret, named, "sha256")
        return SECRET_PREFIX + base64.b64encode(key).decode()

    def counting(self, webhook: Webhook, now: int) -> tuple[str, ...]:
        """Return those that count at an instant: the newest, and for a day the one before it."""
        versions = [webhook.secret_version]
        if webhook.previous_until is not None and now < webhook.previous_until:
            versions.append(webhook.secret_version - 1)
        return tuple(self.of(webhook.id, version) for version in versions)


async def create(
    tx: Tx, caller: Caller, webhook_id: str, wanted: Wanted, *, allow_private: bool = False
) -> Webhook:
    """Make a webhook; it gets what happens from now on.

    ``allow_private`` lets it be at an address that is not public, and without TLS. Raises
    ``ValidationFailed``, ``TooManyWebhooks``.
    """
    assert not isinstance(wanted.url, UnsetType), "a webhook has an address"
    now, store_id = tx.now(), caller.store_id
    types = () if isinstance(wanted.types, UnsetType) else _each_once(wanted.types)
    kind: Format = "standard" if isinstance(wanted.format, UnsetType) else wanted.format
    webhook = Webhook(
        store_id, webhook_id, wanted.url, types, kind, 1, None, True, None, None, now, now
    )
    _check(webhook, allow_private=allow_private)
    await tx.run("keys_lock", store_id=store_id)  # one after the other: they are counted
    if len(await tx.all("webhooks_first", store_id=store_id, rows=MAX_WEBHOOKS)) >= MAX_WEBHOOKS:
        raise TooManyWebhooks(MAX_WEBHOOKS)
    newest = await events.newest(tx, [store_id])
    position, account_kind, account_id, seq = events.behind(newest[store_id]).keys
    await tx.run(
        "webhook_add",
        store_id=store_id, id=webhook_id, url=webhook.url, types=_encoded(types), format=kind,
        now=now, position=position, account_kind=account_kind, account_id=account_id, seq=seq,
    )  # fmt: skip
    await _note(tx, caller, None, webhook)
    return webhook


async def read(tx: Tx, store_id: str, webhook_id: str) -> Webhook:
    """Return a webhook of the store. Raises ``WebhookNotFound``."""
    return _found(await tx.one("webhook_by_id", store_id=store_id, id=webhook_id), webhook_id)


async def lock(tx: Tx, store_id: str, webhook_id: str) -> Webhook:
    """Return one webhook, which nobody else changes until the transaction's end.

    Raises ``WebhookNotFound``.
    """
    return _found(await tx.one("webhook_lock", store_id=store_id, id=webhook_id), webhook_id)


async def list_of(tx: Tx, store_id: str, position: Position, limit: int) -> Page[Webhook]:
    """Return a page of at most ``limit`` webhooks of the store, oldest first."""
    return await read_page(
        tx, WEBHOOKS_OF_STORE, position, limit,
        lambda *row: Webhook.from_row(row), lambda webhook: (webhook.id,),
        store_id=store_id,
    )  # fmt: skip


async def update(
    tx: Tx, caller: Caller, webhook_id: str, wanted: Wanted, *, allow_private: bool = False
) -> Webhook:
    """Change a webhook; one that is switched on again gets what it has missed.

    Another address begins anew: it has not failed yet. Raises ``WebhookNotFound``,
    ``ValidationFailed``.
    """
    before = await lock(tx, caller.store_id, webhook_id)
    given = {name: value for name in wanted.__struct_fields__
             if not isinstance(value := getattr(wanted, name), UnsetType)}  # fmt: skip
    if "types" in given:
        given["types"] = _each_once(given["types"])
    if given.get("active", before.active) != before.active:
        reason = None if given["active"] else "switched_off"
        given |= {"disabled_reason": reason, "failing_since": None}
    if given.get("url", before.url) != before.url:
        given["failing_since"] = None
    after = msgspec.structs.replace(before, **given)
    if given.keys() & {"url", "types", "format"}:
        _check(after, allow_private=allow_private)
    return await _write(tx, caller, before, after)


async def rotate(tx: Tx, caller: Caller, webhook_id: str) -> Webhook:
    """Give a webhook another secret; the one before counts for a day.

    Raises ``WebhookNotFound``.
    """
    before = await lock(tx, caller.store_id, webhook_id)
    version, until = before.secret_version + 1, tx.now() + OVERLAP
    after = msgspec.structs.replace(before, secret_version=version, previous_until=until)
    return await _write(tx, caller, before, after)


async def disable(
    tx: Tx, caller: Caller, webhook_id: str, reason: Literal["gone", "failing"]
) -> Webhook:
    """Switch a webhook off because of what its receiver answers. Raises ``WebhookNotFound``."""
    before = await lock(tx, caller.store_id, webhook_id)
    if not before.active:
        return before
    after = msgspec.structs.replace(before, active=False, disabled_reason=reason)
    return await _write(tx, caller, before, after)


async def delete(tx: Tx, caller: Caller, webhook_id: str) -> Webhook:
    """Delete a webhook: nothing more is delivered to it. Raises ``WebhookNotFound``.

    Its row stays, unseen, until its deliveries are forgotten.
    """
    webhook = await lock(tx, caller.store_id, webhook_id)
    await tx.run("webhook_delete", store_id=caller.store_id, id=webhook_id, now=tx.now())
    await _note(tx, caller, webhook, None)
    return webhook


async def ping(tx: Tx, caller: Caller, webhook_id: str) -> Webhook:
    """Have an event ``ping`` delivered to a webhook, and to no other one.

    Raises ``WebhookNotFound``, ``WebhookInactive``.
    """
    webhook = await lock(tx, caller.store_id, webhook_id)
    if not webhook.active:
        raise WebhookInactive(webhook_id)
    await events.note(tx, caller, events.PING, "webhook", webhook_id, None, None)
    return webhook


def _found(row: Row | None, webhook_id: str) -> Webhook:
    if row is None:
        raise WebhookNotFound(webhook_id)
    return Webhook.from_row(row)


async def _write(tx: Tx, caller: Caller, before: Webhook, after: Webhook) -> Webhook:
    """Write a locked webhook and its event; what changes nothing writes nothing."""
    if after == before:
        return before
    after = msgspec.structs.replace(after, updated_at=tx.now())
    await tx.run(
        "webhook_update",
        store_id=after.store_id, id=after.id, url=after.url, types=_encoded(after.types),
        format=after.format, active=after.active, disabled_reason=after.disabled_reason,
        failing_since=after.failing_since, secret_version=after.secret_version,
        previous_until=after.previous_until, now=after.updated_at,
    )  # fmt: skip
    await _note(tx, caller, before, after)
    return after


async def _note(tx: Tx, caller: Caller, before: Webhook | None, after: Webhook | None) -> None:
    webhook = before or after
    assert webhook is not None, "it was, or is"
    shown = (_shown(before), _shown(after))
    await events.note(tx, caller, events.WEBHOOK_CHANGED, "webhook", webhook.id, *shown)


def _shown(webhook: Webhook | None) -> dict[str, Any] | None:
    """Say what a webhook is, for its event; its address may be a secret of the receiver's."""
    if webhook is None:
        return None
    return {
        "host": urlsplit(webhook.url).hostname,
        "types": list(webhook.types),
        "format": webhook.format,
        "active": webhook.active,
        "disabledReason": webhook.disabled_reason,
        "secretVersion": webhook.secret_version,
    }


def _check(webhook: Webhook, *, allow_private: bool) -> None:
    """Raise ``ValidationFailed`` unless a webhook's address and types are acceptable."""
    errors: dict[str, Sequence[str]] = {}
    if complaint := complain_of(webhook.url, webhook.format, allow_private=allow_private):
        errors["url"] = [complaint]
    try:
        events.check_types(webhook.types)
    except ValidationFailed as failure:
        errors |= failure.errors
    if errors:
        raise ValidationFailed(errors)


def complain_of(url: str, kind: Format, *, allow_private: bool) -> str | None:
    """Say why nothing can be posted to an address, or None.

    What its name leads to is looked at when something is posted.
    """
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        return f"must be an address of at most {MAX_URL} printable ASCII characters"
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError:
        return "is not an address"
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        return "must begin with https://"
    if not parts.hostname or port == 0:
        return "must name a host"
    if "@" in parts.netloc or "#" in url or "\\" in url:
        return "must have no user name, no password and no fragment"
    if allow_private:
        return None
    if kind == "discord" and not url.startswith(DISCORD):
        return f"must begin with {DISCORD[0]} for this format"
    return None if may_be_public(parts.hostname) else "must not be in a private network"


def _each_once(types: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(types))


def _encoded(types: Sequence[str]) -> str:
    return msgspec.json.encode(list(types)).decode()
