"""Sessions of the dashboard: rows that name a browser in which an operator has signed in.

A session is held by a random token in a cookie; stored is only its SHA-256. It ends by itself 12
hours after it was last used, and 7 days after it began.
"""

from typing import Final

import msgspec
from msgspec import Struct

from gridgift.domain import actions, operators, texts
from gridgift.domain.actions import MAX_BROWSER, About, Deed, Who
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.keys import digest
from gridgift.domain.operators import Member, Membership, Operator, Role
from gridgift.storage.database import Row, Tx

LIFETIME: Final = 7 * DAY
IDLE: Final = 12 * HOUR
MINUTE: Final = 60_000


class Session(Struct, frozen=True):
    """A session as stored; ``by_link``: it began with a link, not with a password."""

    id: str
    operator_id: str
    chosen_store: str | None
    created_at: int
    seen_at: int
    address: str
    browser: str
    by_link: bool

    def works(self, now: int) -> bool:
        """Tell whether it has not ended by itself (milliseconds)."""
        return self.created_at > now - LIFETIME and self.seen_at > now - IDLE

    @property
    def ends_at(self) -> int:
        """When it ends at the latest."""
        return min(self.created_at + LIFETIME, self.seen_at + IDLE)


class NewSession(Struct, frozen=True):
    """What a session begins with: its id and token, and where the operator is."""

    id: str
    token: str
    address: str
    browser: str


class SignedIn(Struct, frozen=True):
    """An operator with a session that works, at the store that was chosen."""

    session: Session
    operator: Operator
    stores: list[Membership]

    @property
    def here(self) -> Membership:
        """The store that was chosen, or the first one."""
        chosen = self.session.chosen_store
        return next((one for one in self.stores if one.store_id == chosen), self.stores[0])

    @property
    def role(self) -> Role:
        """What the operator is at this store."""
        return self.here.role


async def find(tx: Tx, token: str) -> SignedIn | None:
    """Return who holds a session's token; None if it has ended, or opens no store any more."""
    row = await tx.one("session_by_hash", hash=digest(token))
    session = None if row is None else _session(row)
    if session is None or not session.works(tx.now()):
        return None
    stores = await operators.memberships(tx, session.operator_id)
    found = await tx.one("operator_by_id", operator_id=session.operator_id)
    return SignedIn(session, Operator(*found), stores) if found is not None and stores else None


async def note_use(tx: Tx, session_id: str) -> None:
    """Note that a session is in use now."""
    await tx.run("session_seen", id=session_id, now=tx.now())


async def begin(tx: Tx, checked: Operator, new: NewSession) -> bool:
    """Begin a session of an operator whose password was just found to be right.

    False: meanwhile the operator has another password, or no store.
    """
    await tx.run("operator_lock", operator_id=checked.id)
    found = await operators.find_any(tx, checked.name)
    stores = await operators.memberships(tx, checked.id)
    if found is None or found.password != checked.password or not stores:
        return False
    await _add(tx, checked.id, new, "signed_in")
    return True


async def begin_by_link(tx: Tx, link_token: str, new: NewSession) -> bool:
    """Begin a session with a link, which is used up by that; False: it does not work any more."""
    used = await tx.one("link_use", hash=digest(link_token), now=tx.now())
    if used is None:
        return False
    await _add(tx, used[0], new, "signed_in_by_link")
    return True


async def set_password(tx: Tx, operator: Operator, password: str, new: NewSession) -> bool:
    """Give an operator another password: every session ends, and a new one begins.

    ``password`` is what argon2id wrote of it. False, and nothing changed: somebody else has changed
    it since ``operator`` was read.
    """
    await tx.run("operator_lock", operator_id=operator.id)
    found = await operators.find_any(tx, operator.name)
    if found is None or found.password != operator.password:
        return False
    await operators.lock_out(tx, operator.id)
    await tx.run("operator_password", operator_id=operator.id, password=password)
    await _add(tx, operator.id, new, "password_set")
    return True


async def list_of(tx: Tx, operator_id: str) -> list[Session]:
    """Return an operator's sessions that work, the one used last first."""
    found = [_session(row) for row in await tx.all("sessions_of_operator", operator_id=operator_id)]
    return [session for session in found if session.works(tx.now())]


async def of_team(tx: Tx, store_id: str) -> list[tuple[Member, list[Session]]]:
    """Return who works at a store, each with the sessions that work."""
    team = await operators.team(tx, store_id)
    return [(member, await list_of(tx, member.id)) for member in team]


async def end_of_member(tx: Tx, store_id: str, operator_id: str) -> Member:
    """End every session of somebody of a store's team. Raises ``OperatorNotFound``."""
    member = await operators.member_of(tx, store_id, operator_id)
    await end_others(tx, member.id)
    return member


async def choose(tx: Tx, session_id: str, store_id: str) -> None:
    """Show another store in a session; whoever asks has found that it is the operator's."""
    await tx.run("session_choose", id=session_id, chosen_store=store_id)


async def end(tx: Tx, operator_id: str, session_id: str) -> bool:
    """End one session of an operator's; False: there is none with this id."""
    return await tx.run("session_end", id=session_id, operator_id=operator_id) > 0


async def end_others(tx: Tx, operator_id: str, kept: str = NIL_UUID) -> int:
    """End an operator's sessions but one, or all; return how many."""
    await tx.run("operator_lock", operator_id=operator_id)
    return await tx.run("sessions_end", operator_id=operator_id, kept=kept)


async def _add(tx: Tx, operator_id: str, new: NewSession, deed: Deed) -> None:
    """Begin a session, and record by what it does at each store that it opens."""
    now = tx.now()
    await tx.run(
        "sessions_forget", operator_id=operator_id, begun_by=now - LIFETIME, idle_since=now - IDLE
    )
    browser = texts.kept(new.browser, MAX_BROWSER)
    await tx.run(
        "session_add",
        id=new.id,
        hash=digest(new.token),
        operator_id=operator_id,
        address=new.address,
        browser=browser,
        by_link=deed == "signed_in_by_link",
        now=now,
    )
    _, name, *_ = await tx.one("operator_by_id", operator_id=operator_id) or ("", "")
    for one in await operators.memberships(tx, operator_id):
        await actions.note(tx, Who(one.store_id, new.id, name, new.address, browser), deed, About())


def _session(row: Row) -> Session:
    return msgspec.structs.replace(Session(*row), by_link=bool(row[-1]))
