"""The code that whoever has a second factor is asked for, after the right password or a link."""

from typing import Any, Final

from msgspec.structs import replace

from gridgift.dashboard.forms import EMPTY, Draft, Password
from gridgift.dashboard.page import Page
from gridgift.dashboard.pages.second_factor import read_proof, refused
from gridgift.dashboard.pages.sign_in import (
    CODE,
    Next,
    Resumed,
    account_bucket,
    entered,
    new_session,
    show_sign_in,
    too_often,
)
from gridgift.dashboard.render import render
from gridgift.domain import sessions
from gridgift.domain.sessions import NewSession, Outcome
from gridgift.http.edge.decode import MAX_BODY
from gridgift.http.edge.limits import DOOR, address_of, count
from gridgift.http.edge.refusals import RateLimited
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import Visit, VisitorRequest
from gridgift.limits import Bucket

TOO_LATE: Final = "The 10 minutes for the code are over. Begin with your password again."


class Code(Resumed, frozen=True):
    """The form: one of the two."""

    code: Password = ""
    recovery_code: Password = ""


async def show_code(request: VisitorRequest[Any, object], draft: Draft = EMPTY) -> Reply[None]:
    """Ask for the code; that this page is shown says nothing of anyone."""
    asked = Next() if request.query is None else request.query
    return render(
        request,
        "sign_in_code.html",
        draft=draft,
        next=draft.value("next", asked.next),
        kept=draft.value("kept"),
    )


async def send_code(request: VisitorRequest[None, Code]) -> Reply[None]:
    """Begin the session that waited for the code."""
    new = new_session(request)
    try:
        await count(request, Bucket(DOOR, address_of(request)), [])
        outcome = await _finished(request, new)
    except RateLimited as failure:
        draft = Draft.refused(request.raw_body, failure, too_often(failure))
        return replace(await show_code(request, draft), status=429)
    if outcome == "too_late":
        return await _begin_again(request)
    return await entered(request, request.body, new)


async def _finished(request: VisitorRequest[None, Code], new: NewSession) -> Outcome:
    """Begin the session, or say why not. Raises ``RateLimited``, ``ValidationFailed``."""
    form, cookie = request.body, request.principal.cookie
    operator = await request.operations.read(sessions.awaited, cookie)
    if operator is None:
        return "too_late"
    await count(request, account_bucket(operator.name), [])
    proof, apps = read_proof(form.code, form.recovery_code), request.services.app_secrets
    outcome = await request.operations.write(sessions.finish, cookie, apps, proof, new)
    if outcome == "refused":
        raise refused(proof)
    return outcome


async def _begin_again(request: VisitorRequest[None, Code]) -> Reply[None]:
    """Ask for the password; what was about to be sent is kept."""
    form = request.body
    draft = Draft({"next": [form.next], "kept": [form.kept]}, message=TOO_LATE)
    return replace(await show_sign_in(request, draft), status=401)


PAGES: Final = (
    Page("GET", CODE, Visit(), show_code, query=Next),
    Page("POST", CODE, Visit(), send_code, body=Code, body_limit=4 * MAX_BODY, again=show_code),
)
