"""An operator's second factor: setting it up, recovery codes, switching it off.

Nothing is stored before a code has shown that the app has its secret: until then the form carries
the seed from which, and from the server's secret, the app's follows.
"""

import secrets
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from gridgift.dashboard import passwords, qr
from gridgift.dashboard.acting import who_of
from gridgift.dashboard.forms import EMPTY, Draft, Password
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.account import ACCOUNT_PAGE
from gridgift.dashboard.pages.sign_in import account_bucket
from gridgift.dashboard.render import Flash, base_address, redirect, render
from gridgift.domain import second_factor
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.second_factor import CODE_BYTES, CODES, Proof
from gridgift.http.edge.answers import write
from gridgift.http.edge.limits import count
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session

FACTOR: Final = f"{ACCOUNT_PAGE}/second-factor"
SEED_BYTES: Final = 16

Seed = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}$", extra={"says": "is not of this page"})]


class NewFactor(Struct, frozen=True):
    """The form: the seed of the secret that the app was given, and what the app shows."""

    seed: Seed
    code: Password


class Shown(Struct, frozen=True):
    """The form: one of the three."""

    code: Password = ""
    recovery_code: Password = ""
    password: Password = ""


async def show_factor(
    request: OperatorRequest[None, object], draft: Draft = EMPTY, spare: list[str] | None = None
) -> Reply[None]:
    """Show the second factor; ``spare`` are recovery codes just made, to be shown this once."""
    operator = request.principal.signed_in.operator
    factor = await request.operations.read(second_factor.find, operator.id)
    if factor is None:
        return _show_new(request, draft)
    left = await request.operations.read(second_factor.codes_left, operator.id)
    return render(request, "second_factor.html", draft=draft, factor=factor, left=left, spare=spare)


async def set_up(request: OperatorRequest[None, NewFactor]) -> Reply[None]:
    """Switch the second factor on, and show recovery codes."""
    form, spare = request.body, _new_codes()
    operator, apps = request.principal.signed_in.operator, request.services.app_secrets
    await write(
        request, second_factor.set_up, request.caller, who_of(request), operator.id, apps,
        form.seed, form.code, spare=spare,
    )  # fmt: skip
    return await show_factor(request, spare=spare)


async def renew_codes(request: OperatorRequest[None, Shown]) -> Reply[None]:
    """Make new recovery codes, and show them."""
    proof, spare = await _proof_of(request), _new_codes()
    operator, apps = request.principal.signed_in.operator, request.services.app_secrets
    who = who_of(request)
    if not await write(request, second_factor.renew_codes, who, operator.id, apps, proof, spare):
        raise refused(proof)
    return await show_factor(request, spare=spare)


async def switch_off(request: OperatorRequest[None, Shown]) -> Reply[None]:
    """Switch the second factor off."""
    proof = await _proof_of(request)
    operator, apps = request.principal.signed_in.operator, request.services.app_secrets
    caller, who = request.caller, who_of(request)
    if not await write(request, second_factor.switch_off, caller, who, operator.id, apps, proof):
        raise refused(proof)
    said = Flash("Your second factor is off. The password alone signs you in.")
    return redirect(request, ACCOUNT_PAGE, flash=said)


def read_proof(code: str, recovery_code: str) -> Proof:
    """Return what was typed. Raises ``ValidationFailed`` if nothing was."""
    if not code.strip() and not recovery_code.strip():
        raise ValidationFailed({"code": ["is required"]})
    return Proof(code, recovery_code.strip() and recovery_code)


def refused(proof: Proof) -> ValidationFailed:
    """Return what is said of a code that is wrong."""
    name = "recovery_code" if proof.recovery_code else "code"
    return ValidationFailed({name: ["is not right, or was used before"]})


def _show_new(request: OperatorRequest[None, object], draft: Draft) -> Reply[None]:
    """Show what the app is to be given."""
    from pyotp import TOTP

    operator = request.principal.signed_in.operator
    seed = draft.value("seed") or secrets.token_urlsafe(SEED_BYTES)
    secret = request.services.app_secrets.of(operator.id, seed)
    name = f"{operator.name} ({urlsplit(base_address(request)).hostname})"
    address = TOTP(secret).provisioning_uri(name=name, issuer_name="Gridgift")
    return render(
        request, "second_factor_new.html",
        draft=draft, seed=seed, secret=secret, address=address, qr=qr.draw(address),
    )  # fmt: skip


def _new_codes() -> list[str]:
    return second_factor.write_codes([secrets.token_bytes(CODE_BYTES) for _ in range(CODES)])


async def _proof_of(request: OperatorRequest[None, Shown]) -> Proof:
    """Return what was typed; all are counted as at a sign-in.

    Raises ``RateLimited``, ``ValidationFailed``.
    """
    form, operator = request.body, request.principal.signed_in.operator
    await count(request, account_bucket(operator.name), [])
    if form.code or form.recovery_code or not form.password:
        return read_proof(form.code, form.recovery_code)
    if not await passwords.is_right(form.password, operator.password):
        raise ValidationFailed({"password": ["is not your present one"]})
    return Proof(password=operator.password)


_CLERK: Final = Session("clerk")

PAGES: Final = (
    Page("GET", FACTOR, _CLERK, show_factor),
    Page("POST", FACTOR, _CLERK, set_up, body=NewFactor, again=show_factor),
    Page("POST", f"{FACTOR}/codes", _CLERK, renew_codes, body=Shown, again=show_factor),
    Page("POST", f"{FACTOR}/off", _CLERK, switch_off, body=Shown, again=show_factor),
)
