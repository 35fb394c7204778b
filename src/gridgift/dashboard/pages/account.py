"""An operator's own account: password, sessions, colours, and the store that is shown."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from gridgift.dashboard import passwords
from gridgift.dashboard.acting import act
from gridgift.dashboard.forms import EMPTY, Draft, Errors, NoFields, Password
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.sign_in import account_bucket, new_session
from gridgift.dashboard.render import NOTHING_SAID, Flash, own_page, redirect, render, theme_header
from gridgift.domain import second_factor, sessions
from gridgift.domain.actions import About
from gridgift.domain.failures import ValidationFailed
from gridgift.domain.texts import counted
from gridgift.http.edge.limits import count
from gridgift.http.edge.path import UUID_SCHEMA, PathParameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session

HOME: Final = "/dashboard"
ACCOUNT_PAGE: Final = "/dashboard/account"
CHANGE_PAGE: Final = "/dashboard/account/password"

SESSION_ID: Final = PathParameter("id", "A session's id.", UUID_SCHEMA, "x", str)


class NewPassword(Struct, frozen=True):
    """The form; whoever signed in by a link need not know the old password."""

    new_password: Password
    password_again: Password
    password: Password = ""

    @classmethod
    def complaints(cls, typed: Mapping[str, str]) -> Errors:
        """Say that the two are not the same."""
        new, again = typed.get("new_password"), typed.get("password_again")
        return {"password_again": ["is not the same"]} if again and new != again else {}


class Theme(Struct, frozen=True):
    """Which colours: the system's, or light or dark ones."""

    theme: Annotated[
        Literal["system", "light", "dark"], Meta(extra={"says": "is one of the three"})
    ]


class Choice(Struct, frozen=True):
    """The store to be shown."""

    store: str


class Dismissal(Struct, frozen=True):
    """The page on which somebody has seen what was said."""

    back: str = HOME


async def show_account(request: OperatorRequest[None, None], draft: Draft = EMPTY) -> Reply[None]:
    """Show who is signed in, and where else."""
    operator = request.principal.signed_in.operator
    found = await request.operations.read(sessions.list_of, operator.id)
    factor = await request.operations.read(second_factor.find, operator.id)
    return render(request, "account.html", sessions=found, factor=factor, draft=draft)


async def show_password(request: OperatorRequest[None, None], draft: Draft = EMPTY) -> Reply[None]:
    """Ask for another password."""
    return render(request, "password.html", draft=draft, needs_old=_needs_old(request))


async def change_password(request: OperatorRequest[None, NewPassword]) -> Reply[None]:
    """Set another password: every session ends, and this browser gets a new one."""
    form, me = request.body, request.principal.signed_in
    if _needs_old(request):
        await _check_old(request, form.password)
    own_words = ["gridgift", me.operator.name, *(one.store_name for one in me.stores)]
    encoded = await passwords.encode(form.new_password, own_words)
    new = new_session(request)
    changed = await request.operations.write(
        sessions.set_password, request.caller, me.operator, encoded, new
    )
    if not changed:
        raise ValidationFailed({"new_password": ["was changed elsewhere meanwhile"]})
    said = Flash("Your password is set. You are signed out everywhere else.")
    return redirect(request, ACCOUNT_PAGE, flash=said, cookie=new.token)


async def end_session(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """End one of the operator's own sessions."""
    operator = request.principal.signed_in.operator
    await act(
        request, "browser_signed_out", lambda ended: About() if ended else None,
        sessions.end, operator.id, SESSION_ID.of(request),
    )  # fmt: skip
    return redirect(request, ACCOUNT_PAGE, flash=Flash("That browser is signed out."))


async def end_others(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """End all of the operator's sessions but this one."""
    me = request.principal.signed_in
    ended = await act(
        request, "signed_out_elsewhere", lambda ended: About(text=counted(ended, "browser")),
        sessions.end_others, me.operator.id, kept=me.session.id,
    )  # fmt: skip
    said = Flash(f"You are signed out of {counted(ended, 'other browser')}.")
    return redirect(request, ACCOUNT_PAGE, flash=said)


async def set_theme(request: OperatorRequest[None, Theme]) -> Reply[None]:
    """Keep the choice of colours in this browser."""
    return redirect(request, ACCOUNT_PAGE, headers=(theme_header(request.body.theme),))


async def choose_store(request: OperatorRequest[None, Choice]) -> Reply[None]:
    """Show another store of the operator's."""
    me = request.principal.signed_in
    for membership in me.stores:
        if membership.store_id == request.body.store:
            await request.operations.write(sessions.choose, me.session.id, membership.store_id)
            return redirect(request, HOME, headers=(NOTHING_SAID,))
    raise ValidationFailed({"store": ["is none of yours"]})


async def dismiss(request: OperatorRequest[None, Dismissal]) -> Reply[None]:
    """Have pages no longer say what was done, nor offer to undo it."""
    return redirect(request, own_page(request.body.back, HOME), headers=(NOTHING_SAID,))


def _needs_old(request: OperatorRequest[None, object]) -> bool:
    me = request.principal.signed_in
    return me.operator.password is not None and not me.session.by_link


async def _check_old(request: OperatorRequest[None, NewPassword], password: str) -> None:
    """Raise ``ValidationFailed`` for a wrong password; all are counted as at a sign-in."""
    operator = request.principal.signed_in.operator
    await count(request, account_bucket(operator.name), [])
    if not await passwords.is_right(password, operator.password):
        raise ValidationFailed({"password": ["is not your present one"]})


_CLERK: Final = Session("clerk")

PAGES: Final = (
    Page("GET", ACCOUNT_PAGE, _CLERK, show_account),
    Page("GET", CHANGE_PAGE, _CLERK, show_password),
    Page("POST", CHANGE_PAGE, _CLERK, change_password, body=NewPassword, again=show_password),
    Page(
        "POST",
        "/dashboard/account/sessions/{id}/end",
        _CLERK,
        end_session,
        body=NoFields,
        path_parameters=(SESSION_ID,),
    ),
    Page("POST", "/dashboard/account/sessions/end", _CLERK, end_others, body=NoFields),
    Page("POST", "/dashboard/account/theme", _CLERK, set_theme, body=Theme, again=show_account),
    Page("POST", "/dashboard/store", _CLERK, choose_store, body=Choice, again=show_account),
    Page("POST", "/dashboard/said/dismiss", _CLERK, dismiss, body=Dismissal),
)
