"""Signing in, with a password or with a link that works once, and signing out."""

import re
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from gridgift.dashboard import passwords
from gridgift.dashboard.acting import act, agent_of, nothing_more
from gridgift.dashboard.forms import (
    EMPTY,
    Draft,
    NoFields,
    Password,
    shown_again,
    tokens_of,
)
from gridgift.dashboard.page import Page
from gridgift.dashboard.render import redirect, render
from gridgift.domain import operators, sessions
from gridgift.domain.failures import Failure
from gridgift.domain.ids import new_id
from gridgift.domain.operators import Operator
from gridgift.domain.sessions import NewSession
from gridgift.http.edge.decode import MAX_BODY
from gridgift.http.edge.limits import ACCOUNT, DOOR, address_of, count
from gridgift.http.edge.path import PathParameter
from gridgift.http.edge.problems import PROBLEMS
from gridgift.http.edge.refusals import RateLimited, SignInLinkInvalid, SignInRefused
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.request import Request
from gridgift.http.edge.session import (
    OperatorRequest,
    Session,
    Visit,
    VisitorRequest,
    cookie_header,
    form_token,
    new_token,
)
from gridgift.limits import Bucket

HOME: Final = "/dashboard"
SIGN_IN: Final = "/dashboard/sign-in"
NEXT_PAGE: Final = "/dashboard/account/password"

# Somewhere in the dashboard, and nowhere else.
_OURS: Final = re.compile(r"/dashboard(?:[/?][\w./?&=%+:;,~@-]*)?", re.ASCII)
LINK: Final = PathParameter("token", "What the link has.", {"type": "string"}, "x", str)


class Next(Struct, frozen=True):
    """Where to go after signing in."""

    next: str = HOME


class SignIn(Struct, frozen=True):
    """The form; ``kept`` is another form, that was sent when its session had ended."""

    name: str
    password: Password
    next: str = HOME
    kept: str = ""


async def show_sign_in(request: VisitorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Ask for name and password."""
    asked = Next() if request.query is None else request.query
    return render(
        request,
        "sign_in.html",
        draft=draft,
        next=draft.value("next", asked.next),
        kept=draft.value("kept"),
        ended=bool(draft.value("kept")),
    )


async def sign_in(request: VisitorRequest[None, SignIn]) -> Reply[None]:
    """Begin a session; what fails is the same whether or not there is such an operator."""
    form = request.body
    new = new_session(request)
    try:
        # before the password is looked at, so that many at once are not all looked at
        await count(request, Bucket(DOOR, address_of(request)), [])
        await count(request, account_bucket(form.name), [])
        if not await _began(request, form, new):
            raise SignInRefused
    except (SignInRefused, RateLimited) as failure:
        return await _refused(request, failure)
    return await _entered(request, form, new)


async def sign_out(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """End this session."""
    session = request.principal.signed_in.session
    await act(request, "signed_out", nothing_more, sessions.end, session.operator_id, session.id)
    return redirect(request, SIGN_IN)


async def show_link(request: VisitorRequest[None, None], draft: Draft = EMPTY) -> Reply[None]:
    """Show a button: looking at a link, as previews of messages do, does not use it up."""
    token = LINK.of(request)
    holder = await request.operations.read(operators.link_holder, token)
    if holder is None:
        raise SignInLinkInvalid
    return render(request, "link.html", holder=holder, token=token, draft=draft)


async def use_link(request: VisitorRequest[None, NoFields]) -> Reply[None]:
    """Begin a session with the link; whoever has no password yet is asked for one next."""
    new, token = new_session(request), LINK.of(request)
    holder = await request.operations.read(operators.link_holder, token)
    if holder is None or not await request.operations.write(sessions.begin_by_link, token, new):
        raise SignInLinkInvalid
    headers = (cookie_header(request, new.token),)
    return redirect(request, NEXT_PAGE, headers=headers)


def account_bucket(name: str) -> Bucket:
    """Return where passwords for a name are counted, whether or not it is an operator's."""
    return Bucket(ACCOUNT, operators.login_of(name)[:64])


def new_session(request: Request[Any, Any, Any]) -> NewSession:
    """Return what a session of this browser begins with."""
    return NewSession(new_id(), new_token(), address_of(request), agent_of(request))


async def _began(request: VisitorRequest[None, SignIn], form: SignIn, new: NewSession) -> bool:
    operator = await request.operations.read(operators.find_any, form.name)
    right = await passwords.is_right(form.password, _password_of(operator))
    if operator is None or not right:
        return False
    return await request.operations.write(sessions.begin, operator, new)


def _password_of(operator: Operator | None) -> str | None:
    return None if operator is None else operator.password


async def _refused(request: VisitorRequest[None, SignIn], failure: Failure) -> Reply[None]:
    draft = Draft.refused(request.raw_body, failure)
    reply = await show_sign_in(request, draft)
    return replace(reply, status=PROBLEMS[type(failure)].status)


async def _entered(
    request: VisitorRequest[None, SignIn], form: SignIn, new: NewSession
) -> Reply[None]:
    """Lead to where the operator wanted to go, or show what was about to be sent."""
    headers = (cookie_header(request, new.token),)
    to = form.next if _OURS.fullmatch(form.next) else HOME
    found = await request.operations.read(sessions.find, new.token)
    if not form.kept or found is None:
        return redirect(request, to, headers=headers)
    raw, cookie = form.kept.encode(), request.principal.cookie
    tokens = tokens_of(raw)
    stores = [one for one in found.stores if form_token(cookie, one.store_id) in tokens]
    if not stores:  # the form was not shown to this browser, or of no store of this operator
        return redirect(request, to, headers=headers)
    store = stores[0]
    await request.operations.write(sessions.choose, found.session.id, store.store_id)
    return render(
        request,
        "resume.html",
        headers=headers,
        me=found,
        to=to,
        fields=shown_again(raw),
        store=store,
        form_token=form_token(new.token, store.store_id),
    )


PAGES: Final = (
    Page("GET", SIGN_IN, Visit(), show_sign_in, query=Next),
    Page(
        "POST", SIGN_IN, Visit(), sign_in, body=SignIn, body_limit=4 * MAX_BODY, again=show_sign_in
    ),
    Page("POST", "/dashboard/sign-out", Session("clerk"), sign_out, body=NoFields),
    Page("GET", "/dashboard/link/{token}", Visit(), show_link, path_parameters=(LINK,)),
    Page(
        "POST",
        "/dashboard/link/{token}",
        Visit(),
        use_link,
        body=NoFields,
        path_parameters=(LINK,),
        again=show_link,
    ),
)
