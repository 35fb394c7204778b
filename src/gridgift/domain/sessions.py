"""Sessions of the dashboard: rows that name a browser in which an operator has signed in.

A session is held by a random token in a cookie; stored is only its SHA-256. It ends by itself 12
hours after it was last used, and 7 days after it began.

Whoever has a second factor gets none for a password or a link alone: the browser's new cookie then
holds a sign-in that waits for a code, and stored of that cookie is only its SHA-256, too.
"""

import base64
import hmac
from typing import Final, Literal

import msgspec
from msgspec import Struct

from gridgift.domain import clock, operators, second_factor, texts
from gridgift.domain.actions import MAX_BROWSER, About, Deed, Who
from gridgift.domain.ids import NIL_UUID
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.keys import digest
from gridgift.domain.model import Caller
from gridgift.domain.operators import Member, Membership, Operator, Role
from gridgift.domain.second_factor import AppSecrets, Proof
from gridgift.storage.database import Row, Tx

LIFETIME: Final = 7 * DAY
IDLE: Final = 12 * HOUR
MINUTE: Final = 60_000
CODE_WITHIN: Final = 10 * MINUTE  # of the password
RANDOM_BYTES: Final = 24  # of a token, and a mark of 8

Outcome = Literal["signed_in", "code_wanted", "refused", "too_late"]


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
        """Tell whether it has not ended by itself (milliseconds).

        One that began long after now began while the clock was ahead: nobody knows how old it is.
        """
        return now - LIFETIME < self.created_at < now + IDLE and self.seen_at > now - IDLE

    @property
    def ends_at(self) -> int:
        """When it ends at the latest."""
        return min(self.created_at + LIFETIME, self.seen_at + IDLE)


class NewSession(Struct, frozen=True):
    """What a session begins with: its id and token, and where the operator is.

    Without ``trusts_age`` none is forgotten for its age: the clock may be wrong.
    """

    id: str
    token: str
    address: str
    browser: str
    trusts_age: bool = True


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


def write_token(server_secret: bytes, random: bytes) -> str:
    """Write a session's token: ``random``, of ``RANDOM_BYTES``, and a mark that the server knows.

    By the mark one that was made up is told from one that was given out, without a look-up.
    """
    mark = hmac.digest(server_secret, b"gridgift session " + random, "sha256")[:8]
    return base64.urlsafe_b64encode(random + mark).rstrip(b"=").decode()


def is_marked(server_secret: bytes, token: str) -> bool:
    """Tell whether a token, which has 43 characters of Base64, was written by ``write_token``."""
    random = base64.urlsafe_b64decode(token + "=")[:RANDOM_BYTES]
    return hmac.compare_digest(write_token(server_secret, random), token)


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


async def begin(tx: Tx, checked: Operator, new: NewSession) -> Outcome:
    """Let an operator in whose password was just found to be right, or wait for a code.

    ``refused``: meanwhile the operator has another password, or no store.
    """
    await tx.run("operator_lock", operator_id=checked.id)
    found = await operators.find_any(tx, checked.name)
    stores = await operators.memberships(tx, checked.id)
    if found is None or found.password != checked.password or not stores:
        return "refused"
    return await _enter(tx, checked.id, new, by_link=False)


async def begin_by_link(tx: Tx, link_token: str, new: NewSession) -> Outcome:
    """Let an operator in with a link, which is used up by that, or wait for a code.

    ``refused``: it does not work any more.
    """
    used = await tx.one("link_use", hash=digest(link_token), now=tx.now())
    return "refused" if used is None else await _enter(tx, used[0], new, by_link=True)


async def awaited(tx: Tx, token: str) -> Operator | None:
    """Return whose code a browser is to send, by the token of its cookie."""
    row = await tx.one("sign_in_holder", hash=digest(token), now=tx.now())
    return None if row is None else Operator(*row)


async def finish(tx: Tx, token: str, apps: AppSecrets, proof: Proof, new: NewSession) -> Outcome:
    """Begin the session that waited for a code, in the browser whose cookie has a token.

    Raises ``ValidationFailed``.
    """
    operator = await awaited(tx, token)
    if operator is None:
        return "too_late"
    means = await second_factor.prove(tx, operator.id, apps, proof)
    if means is None:
        return "refused"
    used = await tx.one("sign_in_use", hash=digest(token), now=tx.now())
    if used is None:  # meanwhile it was used, or the password is another
        return "too_late"
    by_link = bool(used[0])
    deed: Deed = "signed_in_by_link" if by_link else "signed_in"
    if means == "a recovery code":
        deed = "signed_in_by_recovery_code"
    await _add(tx, operator.id, new, deed, by_link=by_link)
    return "signed_in"


async def set_password(
    tx: Tx, caller: Caller, operator: Operator, password: str, new: NewSession
) -> bool:
    """Give an operator, the caller, another password: every session ends, and a new one begins.

    ``password`` is what argon2id wrote of it. False, and nothing changed: somebody else has changed
    it since ``operator`` was read.
    """
    before = await operators.lock_changing(tx, operator.id)
    found = await operators.find_any(tx, operator.name)
    if found is None or found.password != operator.password:
        return False
    await operators.lock_out(tx, operator.id)
    await tx.run("operator_password", operator_id=operator.id, password=password)
    await operators.note_change(tx, caller, operator.id, before)
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


async def _enter(tx: Tx, operator_id: str, new: NewSession, *, by_link: bool) -> Outcome:
    """Begin a session, or have its token hold a sign-in that waits for the second factor."""
    if await second_factor.find(tx, operator_id) is None:
        deed: Deed = "signed_in_by_link" if by_link else "signed_in"
        await _add(tx, operator_id, new, deed, by_link=by_link)
        return "signed_in"
    now = tx.now()
    if await _trusts_age(tx, new):
        await tx.run("sign_ins_forget", operator_id=operator_id, now=now)
    await tx.run(
        "sign_in_add", hash=digest(new.token), operator_id=operator_id, by_link=by_link,
        expires_at=now + CODE_WITHIN,
    )  # fmt: skip
    return "code_wanted"


async def _add(
    tx: Tx, operator_id: str, new: NewSession, deed: Deed, *, by_link: bool = False
) -> None:
    """Begin a session, and record by what it does at each store that it opens."""
    now = tx.now()
    if await _trusts_age(tx, new):
        begun_by, idle_since = now - LIFETIME, now - IDLE
        await tx.run(
            "sessions_forget", operator_id=operator_id, begun_by=begun_by, idle_since=idle_since
        )
    browser = texts.kept(new.browser, MAX_BROWSER)
    await tx.run(
        "session_add",
        id=new.id,
        hash=digest(new.token),
        operator_id=operator_id,
        address=new.address,
        browser=browser,
        by_link=by_link,
        now=now,
    )
    _, name, *_ = await tx.one("operator_by_id", operator_id=operator_id) or ("", "")
    who = Who(NIL_UUID, new.id, name, new.address, browser)
    await operators.note(tx, operator_id, who, deed, About())


async def _trusts_age(tx: Tx, new: NewSession) -> bool:
    return new.trusts_age and not await clock.is_doubtful(tx)


def _session(row: Row) -> Session:
    return msgspec.structs.replace(Session(*row), by_link=bool(row[-1]))
