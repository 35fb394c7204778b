"""Signing in, with a password or with a link that works once, and signing out.

Whoever has a second factor is led on to ``sign_in_code.py``, with a cookie that opens nothing yet.
"""

from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from gridgift.dashboard import editing, passwords, seen
from gridgift.dashboard.acting import act, agent_of, nothing_more
from gridgift.dashboard.forms import (
    EMPTY,
    Draft,
    NoFields,
    Password,
    kept,
    shown_again,
    tokens_of,
)
from gridgift.dashboard.page import Page
from gridgift.dashboard.render import own_page, redirect, render
from gridgift.domain import operators, sessions
from gridgift.domain.failures import Failure
from gridgift.domain.ids import new_id
from gridgift.domain.operators import Membership, Operator
from gridgift.domain.sessions import NewSession, Outcome
from gridgift.domain.texts import counted
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
CODE: Final = "/dashboard/sign-in/code"
NEXT_PAGE: Final = "/dashboard/account/password"

MOST_SHOWN: Final = 200  # characters of what was typed, when it is about to be sent
# What the fields of forms are called that people fill in; the others are the pages' own.
LABELS: Final = (
    seen.LABELS
    | editing.LABELS
    | {
        "amount": "How much of it",
        "delta": "How much",
        "file_name": "File",
        "kind": "What it is",
        "label": "Tag",
        "last_day": "Last day",
        "overlap": "How long the old one still works",
        "reason": "Why",
        "receiver": "Who is to have it",
        "role": "Role",
        "text": "Note",
        "to": "To",
        "what": "What to do",
    }
)
LINK: Final = PathParameter("token", "What the link has.", {"type": "string"}, "x", str)


class Next(Struct, frozen=True):
    """Where to go after signing in."""

    next: str = HOME


class Resumed(Next, frozen=True):
    """What is to come after signing in, by a form.

    ``kept`` is another form, that was sent when its session had ended.
    """

    kept: str = ""


class SignIn(Resumed, frozen=True, kw_only=True):
    """The form."""

    name: str
    password: Password


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
        outcome = await _began(request, form, new)
    except (SignInRefused, RateLimited) as failure:
        return await _refused(request, failure)
    if outcome == "code_wanted":
        return await _wait_for_code(request, form, new)
    return await entered(request, form, new)


async def sign_out(request: OperatorRequest[None, NoFields]) -> Reply[None]:
    """End this session.

    The browser gets another cookie: by that it drops the pages that it has kept for Back.
    """
    session = request.principal.signed_in.session
    await act(request, "signed_out", nothing_more, sessions.end, session.operator_id, session.id)
    return redirect(request, SIGN_IN, headers=(cookie_header(request, new_token()),))


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
    if await request.operations.read(operators.link_holder, token) is None:
        raise SignInLinkInvalid
    outcome = await request.operations.write(sessions.begin_by_link, token, new)
    if outcome == "refused":
        raise SignInLinkInvalid
    headers = (cookie_header(request, new.token),)
    if outcome == "code_wanted":
        return redirect(request, CODE, headers=headers, next=NEXT_PAGE)
    return redirect(request, NEXT_PAGE, headers=headers)


def account_bucket(name: str) -> Bucket:
    """Return where passwords for a name are counted, whether or not it is an operator's."""
    return Bucket(ACCOUNT, operators.login_of(name)[:64])


def new_session(request: Request[Any, Any, Any]) -> NewSession:
    """Return what a session of this browser begins with."""
    token = request.services.credentials.new_session_token()
    return NewSession(new_id(), token, address_of(request), agent_of(request), request.trusts_age())


async def entered(
    request: VisitorRequest[None, Any], form: Resumed, new: NewSession
) -> Reply[None]:
    """Lead to where the operator wanted to go, or show what was about to be sent."""
    headers = (cookie_header(request, new.token),)
    to = own_page(form.next, HOME)
    found = await request.operations.read(sessions.find, new.token)
    store = None if found is None else _store_of(form.kept, request, found.stores)
    if found is None or store is None:
        return redirect(request, to, headers=headers)
    await request.operations.write(sessions.choose, found.session.id, store.store_id)
    return render(
        request,
        "resume.html",
        headers=headers,
        me=found,
        to=to,
        fields=shown_again(form.kept.encode()),
        typed=_typed(form.kept),
        store=store,
        form_token=form_token(new.token, store.store_id),
    )


async def _began(request: VisitorRequest[None, SignIn], form: SignIn, new: NewSession) -> Outcome:
    """Let the operator in, or wait for their code. Raises ``SignInRefused``, ``RateLimited``."""
    operator = await request.operations.read(operators.find_any, form.name)
    right = await passwords.is_right(form.password, _password_of(operator))
    if operator is None or not right:
        raise SignInRefused
    outcome = await request.operations.write(sessions.begin, operator, new)
    if outcome == "refused":
        raise SignInRefused
    return outcome


def _typed(sent: str) -> list[tuple[str, str]]:
    """Return what people typed of a form, with the fields' labels; what they did not see is out."""
    return [
        (LABELS[name], {"true": "yes", "": "–"}.get(text, " ".join(text.split())[:MOST_SHOWN]))
        for name, text in shown_again(sent.encode())
        if name in LABELS
    ]


def _password_of(operator: Operator | None) -> str | None:
    return None if operator is None else operator.password


def too_often(failure: Failure) -> str:
    """Say that there were too many tries, if that is the failure."""
    if not isinstance(failure, RateLimited):
        return ""
    return f"Too many tries. Wait {counted(failure.retry_after, 'second')}, then try again."


async def _refused(request: VisitorRequest[None, SignIn], failure: Failure) -> Reply[None]:
    draft = Draft.refused(request.raw_body, failure, too_often(failure))
    reply = await show_sign_in(request, draft)
    return replace(reply, status=PROBLEMS[type(failure)].status)


async def _wait_for_code(
    request: VisitorRequest[None, SignIn], form: SignIn, new: NewSession
) -> Reply[None]:
    """Lead to the page that asks for the code, or show it with what was about to be sent."""
    headers = (cookie_header(request, new.token),)
    operator = await request.operations.read(operators.find, form.name)
    stores = await request.operations.read(operators.memberships, operator.id)
    store = _store_of(form.kept, request, stores)
    if store is None:
        return redirect(request, CODE, headers=headers, next=form.next)
    token = form_token(new.token, store.store_id)  # of the cookie that the browser has next
    return render(
        request,
        "sign_in_code.html",
        headers=headers,
        next=form.next,
        kept=kept(form.kept.encode(), token),
        form_token=form_token(new.token, ""),
    )


def _store_of(
    sent: str, request: VisitorRequest[None, Any], stores: list[Membership]
) -> Membership | None:
    """Return the store that a form was shown of to this browser, if it is among these."""
    tokens, cookie = tokens_of(sent.encode()), request.principal.cookie
    return next((one for one in stores if form_token(cookie, one.store_id) in tokens), None)


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
