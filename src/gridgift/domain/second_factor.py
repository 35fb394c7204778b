"""The second factor of a sign-in: a code of an app (TOTP, RFC 6238), or a recovery code.

The secret that an app has is nowhere: it follows from the server's secret and from a seed. Of
recovery codes there are only hashes. A code counts once: the time step of the newest one that was
taken is kept, and no code of that step or an earlier one is taken again.
"""

import base64
import hmac
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from gridgift.domain import codes, operators
from gridgift.domain.actions import About, Who
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.model import Caller
from gridgift.domain.operators import NewLink, Operator
from gridgift.storage.database import Tx

CODES: Final = 10  # recovery codes
CODE_BYTES: Final = 10  # of each, of which 75 bits are used
STEP: Final = 30_000  # milliseconds for which an app shows a code
DRIFT: Final = 1  # steps that an app's clock may be ahead or behind
MOST_WRONG: Final = 10  # wrong codes in a row; after them one is looked at
PAUSE: Final = 15 * 60_000  # milliseconds after the last of them, so that none is found by trying

_GROUPS: Final = 3
_SECRET_BYTES: Final = 20  # RFC 4226, section 4: 160 bits

Means = Literal["a code", "a recovery code", "the password"]


class AppSecrets(Struct, frozen=True):
    """Makes the secrets that operators' apps have out of the server's own."""

    secret: bytes

    def of(self, operator_id: str, seed: str) -> str:
        """Return the secret of an operator's app: 20 bytes in Base32."""
        name = f"gridgift second factor {operator_id} {seed}"
        digest = hmac.digest(self.secret, name.encode(), "sha256")
        return base64.b32encode(digest[:_SECRET_BYTES]).decode()

    def step_of(self, code: str, operator_id: str, seed: str, now: int, after: int) -> int | None:
        """Return the time step that a code is of, if that is near now and later than ``after``."""
        from pyotp import TOTP

        app, middle = TOTP(self.of(operator_id, seed)), now // STEP
        typed = "".join(code.split()).encode()
        near = range(max(after + 1, middle - DRIFT), middle + DRIFT + 1)
        right = (
            step for step in near if hmac.compare_digest(app.generate_otp(step).encode(), typed)
        )
        return next(right, None)


class SecondFactor(Struct, frozen=True):
    """An operator's second factor, on ``since`` an instant."""

    operator_id: str
    seed: str
    since: int
    last_step: int
    wrong: int
    wrong_at: int

    def pauses(self, now: int) -> bool:
        """Tell whether so many codes were wrong that none is looked at now.

        A clock that was set back does not make it longer.
        """
        return self.wrong >= MOST_WRONG and abs(now - self.wrong_at) < PAUSE


class Proof(Struct, frozen=True):
    """What an operator shows to be who they are: one of these.

    ``password`` is what argon2id wrote of the one that was just found to be right.
    """

    code: str = ""
    recovery_code: str = ""
    password: str | None = None


async def find(tx: Tx, operator_id: str) -> SecondFactor | None:
    """Return an operator's second factor, if it is on."""
    row = await tx.one("second_factor_of", operator_id=operator_id)
    return None if row is None else SecondFactor(*row)


async def codes_left(tx: Tx, operator_id: str) -> int:
    """Return how many recovery codes an operator has not used."""
    row = await tx.one("recovery_codes_left", operator_id=operator_id)
    assert row is not None
    left: int = row[0]
    return left


def write_codes(random: Sequence[bytes]) -> list[str]:
    """Write recovery codes; each of ``random`` is ``CODE_BYTES`` from the system's generator."""
    return [codes.write(each, _GROUPS) for each in random]


async def set_up(
    tx: Tx,
    caller: Caller,
    who: Who,
    operator_id: str,
    apps: AppSecrets,
    seed: str,
    code: str,
    *,
    spare: Sequence[str],
) -> None:
    """Ask an operator for a code from now on; ``code`` shows that the app has the secret.

    ``spare`` are the recovery codes. Raises ``ValidationFailed``.
    """
    before = await operators.lock_changing(tx, operator_id)
    if await find(tx, operator_id) is not None:
        raise ValidationFailed({"code": ["your second factor is on already"]})
    step = apps.step_of(code, operator_id, seed, tx.now(), after=0)
    if step is None:
        raise ValidationFailed({"code": ["is not the one that your app shows now"]})
    await tx.run(
        "second_factor_add", operator_id=operator_id, seed=seed, now=tx.now(), last_step=step
    )
    await _put_codes(tx, operator_id, spare)
    await operators.note(tx, operator_id, who, "second_factor_set_up", About())
    await operators.note_change(tx, caller, operator_id, before)


async def prove(tx: Tx, operator_id: str, apps: AppSecrets, proof: Proof) -> Means | None:
    """Return what an operator has shown to be who they are; None, and noted: it is wrong.

    A code or recovery code is used up by that. Raises ``ValidationFailed`` after too many.
    """
    await tx.run("operator_lock", operator_id=operator_id)  # one code, two at once: one is first
    if proof.password is not None:
        found = await tx.one("operator_by_id", operator_id=operator_id)
        return "the password" if found and Operator(*found).password == proof.password else None
    if proof.recovery_code:
        digest = codes.digest(proof.recovery_code)
        used = await tx.run("recovery_code_use", operator_id=operator_id, hash=digest)
        return "a recovery code" if used else None
    factor = await find(tx, operator_id)
    return "a code" if factor and await _takes(tx, factor, apps, proof.code) else None


async def renew_codes(
    tx: Tx, who: Who, operator_id: str, apps: AppSecrets, proof: Proof, spare: Sequence[str]
) -> bool:
    """Put new recovery codes in the place of all from before; False: the proof is wrong.

    Raises ``ValidationFailed``.
    """
    means = await prove(tx, operator_id, apps, proof)
    if means is None:
        return False
    if await find(tx, operator_id) is None:
        raise ValidationFailed({"code": ["your second factor is off"]})
    await _put_codes(tx, operator_id, spare)
    await operators.note(tx, operator_id, who, "recovery_codes_made", About(text=means))
    return True


async def switch_off(
    tx: Tx, caller: Caller, who: Who, operator_id: str, apps: AppSecrets, proof: Proof
) -> bool:
    """Ask an operator for no code any more; False: the proof is wrong.

    Raises ``ValidationFailed``.
    """
    means = await prove(tx, operator_id, apps, proof)
    if means is None:
        return False
    if await _drop(tx, caller, operator_id):
        await operators.note(tx, operator_id, who, "second_factor_ended", About(text=means))
    return True


async def link_without(tx: Tx, caller: Caller, who: Who, name: str, token: str) -> NewLink:
    """Make a link for an operator who has lost app and recovery codes, whose second factor ends.

    The caller may be of any store, and so may ``who``, which is the same one for the records.
    Raises ``OperatorNotFound``.
    """
    made = await operators.link(tx, name, token)
    if await _drop(tx, caller, made.operator.id):
        about = About(made.operator.id, made.operator.name)
        await operators.note(tx, made.operator.id, who, "second_factor_taken_off", about)
    return made


async def _takes(tx: Tx, factor: SecondFactor, apps: AppSecrets, code: str) -> bool:
    now = tx.now()
    if factor.pauses(now):
        raise ValidationFailed(
            {"code": ["was wrong too often: wait 15 minutes, or take a recovery code"]}
        )
    step = apps.step_of(code, factor.operator_id, factor.seed, now, factor.last_step)
    if step is None:
        await tx.run("second_factor_wrong", operator_id=factor.operator_id, now=now)
        return False
    await tx.run("second_factor_right", operator_id=factor.operator_id, last_step=step)
    return True


async def _put_codes(tx: Tx, operator_id: str, spare: Sequence[str]) -> None:
    await tx.run("recovery_codes_drop", operator_id=operator_id)
    rows = [(operator_id, codes.digest(code)) for code in spare]
    await tx.many("recovery_code_add", rows)


async def _drop(tx: Tx, caller: Caller, operator_id: str) -> bool:
    """End a second factor; False: there is none."""
    before = await operators.lock_changing(tx, operator_id)
    await tx.run("recovery_codes_drop", operator_id=operator_id)
    dropped = await tx.run("second_factor_drop", operator_id=operator_id) > 0
    await operators.note_change(tx, caller, operator_id, before)
    return dropped
