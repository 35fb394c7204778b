"""Operators: the people of a store who use the dashboard, each with a role at each of their stores.

A clerk handles cards, residents and redemptions; an owner everything. A name is one person's on the
whole server, without regard to case; it stands in the ledger beside what that person did.

Each change of somebody of a team is an event at the store, or at each of their stores if it is
about the person: a change begins with ``lock_changing`` and ends with ``note_change``.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from msgspec import Struct, structs

from gridgift.domain import actions, events, saved_views, texts
from gridgift.domain.actions import About, Deed, Who
from gridgift.domain.failures import OperatorNotFound, StoreNotFound, ValidationFailed
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.keys import digest
from gridgift.domain.model import Caller
from gridgift.storage.database import Row, Tx

Role = Literal["clerk", "owner"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
LINK_LIFETIME: Final = 15 * 60_000  # milliseconds

_NAME_LENGTHS: Final = (2, 64)  # characters
_SPACES: Final = re.compile(r"\s\s|^\s|\s$")


class Operator(Struct, frozen=True):
    """A person; ``password`` is what argon2id wrote of it (None: not chosen yet)."""

    id: str
    name: str
    password: str | None
    created_at: int


class Membership(Struct, frozen=True):
    """A store that an operator works at, and as what."""

    store_id: str
    store_name: str
    time_zone: str
    role: Role


class Member(Struct, frozen=True):
    """An operator as the team of one store sees them."""

    id: str
    name: str
    role: Role
    has_password: bool
    has_second_factor: bool
    added_at: int


class NewLink(Struct, frozen=True):
    """A link that signs an operator in once, and when it ends; ``token`` is shown once."""

    operator: Operator
    token: str
    expires_at: int


async def add(tx: Tx, caller: Caller, name: str, role: str, new_id: str) -> Member:
    """Let a person work at the caller's store; whoever does already gets the role.

    ``new_id`` is for somebody whom the server does not know. Raises ``ValidationFailed``,
    ``StoreNotFound``.
    """
    _check(name, role)
    if await tx.one("store_by_id", store_id=caller.store_id) is None:
        raise StoreNotFound(caller.store_id)
    await tx.run("operator_add", id=new_id, login=login_of(name), name=name, now=tx.now())
    operator = await find(tx, name)
    return await _put(tx, caller, operator.id, role)


async def remove(
    tx: Tx, caller: Caller, name: str, store_id: str | None = None
) -> list[Membership]:
    """End a person's work at a store, or (None) at all; return where it ended.

    The caller may be of any store. Every session of theirs ends. Raises ``OperatorNotFound``.
    """
    operator = await find(tx, name)
    before = await lock_changing(tx, operator.id)
    ended = [
        membership
        for membership in await memberships(tx, operator.id)
        if store_id in {None, membership.store_id}
    ]
    if not ended:
        raise OperatorNotFound(name)
    for membership in ended:
        await _leave(tx, membership.store_id, operator.id)
    await lock_out(tx, operator.id)
    await note_change(tx, caller, operator.id, before)
    return ended


async def find(tx: Tx, name: str) -> Operator:
    """Return the operator with a name. Raises ``OperatorNotFound``."""
    operator = await find_any(tx, name)
    if operator is None:
        raise OperatorNotFound(name)
    return operator


async def find_any(tx: Tx, name: str) -> Operator | None:
    """Return the operator with a name, or None: nobody's name has what can't be kept."""
    if not texts.is_printable(name):
        return None
    row = await tx.one("operator_by_login", login=login_of(name))
    return None if row is None else Operator(*row)


async def team(tx: Tx, store_id: str) -> list[Member]:
    """Return who works at a store, by name."""
    return [_shown(row) for row in await tx.all("members_of_store", store=store_id)]


async def member_of(tx: Tx, store_id: str, operator_id: str) -> Member:
    """Return somebody of a store's team. Raises ``OperatorNotFound``."""
    for member in await team(tx, store_id):
        if member.id == operator_id:
            return member
    raise OperatorNotFound(operator_id)


async def lock_member(tx: Tx, store_id: str, operator_id: str) -> Member:
    """Return somebody of a team, whom nobody else changes until the transaction's end.

    Raises ``OperatorNotFound``.
    """
    await tx.run("operator_lock", operator_id=operator_id)
    await tx.run("keys_lock", store_id=store_id)
    return await member_of(tx, store_id, operator_id)


async def memberships(tx: Tx, operator_id: str) -> list[Membership]:
    """Return the stores of an operator, by the stores' names."""
    rows = await tx.all("stores_of_operator", operator_id=operator_id)
    return [Membership(*row) for row in rows]


async def hire(tx: Tx, caller: Caller, name: str, role: Role, new_id: str, token: str) -> NewLink:
    """Add a person as the caller, the store's owner, does: nobody of another store, nobody twice.

    Return the link by which they sign in for the first time; ``token`` is chosen at random. Whoever
    had the name and works nowhere any more may be somebody else: neither that one's password nor
    second factor opens anything. Raises ``ValidationFailed``, which tells of no store but this.
    """
    _check(name, role)
    known = await find_any(tx, name)
    stores = {} if known is None else await lock_changing(tx, known.id)
    if caller.store_id in stores:
        raise ValidationFailed({"name": ["is in your team already"]})
    if stores:
        raise ValidationFailed(
            {"name": ["is not free: take another one, or have whoever runs this server add them"]}
        )
    if known is not None:
        await _begin_anew(tx, known.id)
    added = await add(tx, caller, name, role, new_id)
    return await link_for_member(tx, caller.store_id, added.id, token)


async def change_role(tx: Tx, caller: Caller, operator_id: str, role: Role) -> Member:
    """Give somebody of the team a role. Raises ``OperatorNotFound``, ``ValidationFailed``."""
    member = await lock_member(tx, caller.store_id, operator_id)
    _check(member.name, role)
    if role != "owner":
        await _require_another_owner(tx, caller.store_id, member)
    return await _put(tx, caller, operator_id, role)


async def dismiss(tx: Tx, caller: Caller, operator_id: str) -> Member:
    """Take somebody out of the team, and end their sessions.

    Raises ``OperatorNotFound``, ``ValidationFailed``.
    """
    store_id, before = caller.store_id, await lock_changing(tx, operator_id)
    member = await lock_member(tx, store_id, operator_id)
    await _require_another_owner(tx, store_id, member)
    await _leave(tx, store_id, operator_id)
    await lock_out(tx, operator_id)
    await note_change(tx, caller, operator_id, before)
    return member


async def link(tx: Tx, name: str, token: str) -> NewLink:
    """Make the link that signs a person in once, in place of an earlier one.

    Raises ``OperatorNotFound``.
    """
    operator = await find(tx, name)
    if not await memberships(tx, operator.id):
        raise OperatorNotFound(name)
    return await _link(tx, operator, token)


async def link_for_member(tx: Tx, store_id: str, operator_id: str, token: str) -> NewLink:
    """Make a link for somebody of the team, as the store's owner does.

    Whoever works at another store too is refused: the link opens that store as well. Raises
    ``OperatorNotFound``, ``ValidationFailed``.
    """
    member = await member_of(tx, store_id, operator_id)
    if len(await memberships(tx, operator_id)) > 1:
        name = texts.isolated(member.name)
        raise ValidationFailed(
            {"link": [f"for {name} only whoever runs this server can make a link"]}
        )
    return await _link(tx, await find(tx, member.name), token)


async def link_holder(tx: Tx, token: str) -> Operator | None:
    """Return whom a link would sign in, if it still works; it stays as it is."""
    row = await tx.one("link_holder", hash=digest(token), now=tx.now())
    return None if row is None else Operator(*row)


async def lock_out(tx: Tx, operator_id: str) -> None:
    """End an operator's sessions, link and sign-ins that wait for a code, wherever they are."""
    await tx.run("operator_lock", operator_id=operator_id)
    await tx.run("link_drop", operator_id=operator_id)
    await tx.run("sign_ins_drop", operator_id=operator_id)
    await tx.run("sessions_end", operator_id=operator_id, kept=NIL_UUID)


async def lock_changing(tx: Tx, operator_id: str) -> dict[str, Member]:
    """Return what an operator is at each store, by its id, before a change.

    Nobody else changes that until the transaction's end. It is the first lock that a transaction
    takes: so an operator's events come in the order of the changes.
    """
    await tx.run("operator_lock", operator_id=operator_id)
    return await _everywhere(tx, operator_id)


async def note_change(
    tx: Tx, caller: Caller, operator_id: str, before: Mapping[str, Member]
) -> None:
    """Note an event at each store where an operator is not what they were before, and at no other.

    The caller, who may be of any store, changed it.
    """
    after = await _everywhere(tx, operator_id)
    for store_id in sorted(before.keys() | after.keys()):
        was, now = _told(before.get(store_id)), _told(after.get(store_id))
        if was != now:
            at_store = structs.replace(caller, store_id=store_id)
            await events.note(
                tx, at_store, events.OPERATOR_CHANGED, "operator", operator_id, was, now
            )


async def note(tx: Tx, operator_id: str, who: Who, deed: Deed, about: About) -> None:
    """Record what concerns an operator at each of their stores, for each store's owners."""
    for one in await memberships(tx, operator_id):
        await actions.note(tx, structs.replace(who, store_id=one.store_id), deed, about)


def page_address(public_url: str, token: str) -> str:
    """Return the URL that signs an operator in once."""
    return f"{public_url}/dashboard/link/{token}"


async def _link(tx: Tx, operator: Operator, token: str) -> NewLink:
    expires_at = tx.now() + LINK_LIFETIME
    await tx.run("link_put", operator_id=operator.id, hash=digest(token), expires_at=expires_at)
    return NewLink(operator, token, expires_at)


async def _begin_anew(tx: Tx, operator_id: str) -> None:
    await lock_out(tx, operator_id)
    await tx.run("operator_password", operator_id=operator_id, password=None)
    await tx.run("recovery_codes_drop", operator_id=operator_id)
    await tx.run("second_factor_drop", operator_id=operator_id)


async def _leave(tx: Tx, store_id: str, operator_id: str) -> None:
    await tx.run("member_drop", store=store_id, operator_id=operator_id)
    await saved_views.forget(tx, store_id, operator_id)


async def _put(tx: Tx, caller: Caller, operator_id: str, role: str) -> Member:
    store_id, before = caller.store_id, await lock_changing(tx, operator_id)
    await tx.run("member_put", store=store_id, operator_id=operator_id, role=role, now=tx.now())
    await note_change(tx, caller, operator_id, before)
    return await member_of(tx, store_id, operator_id)


async def _everywhere(tx: Tx, operator_id: str) -> dict[str, Member]:
    rows = await tx.all("member_everywhere", operator_id=operator_id)
    return {row[-1]: _shown(row[:-1]) for row in rows}


def _told(member: Member | None) -> dict[str, Any] | None:
    """Say what somebody of a team is, for its event: what the page of the team shows."""
    if member is None:
        return None
    return {
        "name": member.name,
        "role": member.role,
        "hasPassword": member.has_password,
        "hasSecondFactor": member.has_second_factor,
    }


async def _require_another_owner(tx: Tx, store_id: str, member: Member) -> None:
    """Raise ``ValidationFailed`` if somebody is a store's only owner."""
    owners = {one.id for one in await team(tx, store_id) if one.role == "owner"}
    if owners == {member.id}:
        name = texts.isolated(member.name)
        raise ValidationFailed(
            {"team": [f"{name} is the store's only owner: make somebody else one first"]}
        )


def _shown(row: Row) -> Member:
    member_id, name, role, has_password, has_second_factor, added_at = row
    return Member(member_id, name, role, bool(has_password), bool(has_second_factor), added_at)


def login_of(name: str) -> str:
    """Return what tells names apart."""
    return name.casefold()


def _check(name: str, role: str) -> None:
    errors = {}
    if not texts.fits_name(name, *_NAME_LENGTHS) or _SPACES.search(name):
        errors["name"] = [f"{texts.wanted(*_NAME_LENGTHS)}, and no spaces around it"]
    if role not in ROLES:
        errors["role"] = [f"must be {' or '.join(ROLES)}"]
    if errors:
        raise ValidationFailed(errors)
