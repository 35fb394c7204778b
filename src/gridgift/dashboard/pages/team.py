"""The team of a store: who works there, as what, and where they are signed in."""

from typing import Any, Final

from msgspec import Struct

from gridgift.dashboard.acting import act
from gridgift.dashboard.forms import EMPTY, Draft
from gridgift.dashboard.page import Page, forms_about
from gridgift.dashboard.render import Flash, base_address, redirect, render
from gridgift.dashboard.seen import Seen, SeenForm
from gridgift.domain import operators, sessions
from gridgift.domain.actions import About
from gridgift.domain.failures import OperatorNotFound
from gridgift.domain.ids import new_id
from gridgift.domain.operators import Member, NewLink, Role
from gridgift.domain.texts import isolated
from gridgift.http.edge.limits import ACCOUNT, count
from gridgift.http.edge.path import id_parameter
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.session import OperatorRequest, Session, new_token
from gridgift.limits import Bucket

TEAM: Final = "/dashboard/team"

MEMBER: Final = id_parameter("id", "Somebody of the team.", "x", OperatorNotFound)


class NewMember(Struct, frozen=True):
    """The form for somebody new."""

    name: str
    role: Role = "clerk"


class NewRole(SeenForm, frozen=True, kw_only=True):
    """The form for another role."""

    role: Role


async def show_team(
    request: OperatorRequest[None, object], draft: Draft = EMPTY, link: NewLink | None = None
) -> Reply[None]:
    """Show who works here; ``link`` is one that was just made, to be shown this once."""
    team = await request.operations.read(sessions.of_team, request.store_id)
    address = operators.page_address(base_address(request), link.token) if link else ""
    about = MEMBER.of(request) if request.path else ""
    one = next((member for member, _ in team if member.id == about), None)
    draft, changed = _SEEN.compared(draft, one, request.principal.zone)
    return render(
        request, "team.html",
        team=team, draft=draft, link=link, address=address, changed=changed, seen=_SEEN,
    )  # fmt: skip


async def add_member(request: OperatorRequest[None, NewMember]) -> Reply[None]:
    """Let somebody work here, and show the link by which they sign in for the first time.

    Names are counted with passwords: which of them are free on this server is not to be tried out.
    """
    form, token = request.body, new_token()
    me = request.principal.signed_in.operator
    await count(request, Bucket(ACCOUNT, f"Added by {me.id}"), [])
    link = await act(
        request,
        "member_added",
        _whose,
        operators.hire,
        request.caller,
        form.name,
        form.role,
        new_id(),
        token,
    )
    return await show_team(request, link=link)


async def make_link(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """Show a link that signs somebody of the team in, who has lost the password."""
    member_id = MEMBER.of(request)
    link = await act(
        request, "member_link_made", _whose,
        _SEEN.only(request, member_id, operators.link_for_member),
        request.store_id, member_id, new_token(),
    )  # fmt: skip
    return await show_team(request, link=link)


async def change_role(request: OperatorRequest[None, NewRole]) -> Reply[None]:
    """Make a clerk an owner, or an owner a clerk."""
    member_id, role = MEMBER.of(request), request.body.role
    member = await act(
        request, "member_made_owner" if role == "owner" else "member_made_clerk", _whom,
        _SEEN.only(request, member_id, operators.change_role), request.caller, member_id, role,
    )  # fmt: skip
    article = "an" if member.role == "owner" else "a"
    said = Flash(f"{isolated(member.name)} is {article} {member.role} now.")
    return redirect(request, TEAM, flash=said)


async def dismiss(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """Take somebody out of the team."""
    member_id = MEMBER.of(request)
    member = await act(
        request, "member_dismissed", _whom,
        _SEEN.only(request, member_id, operators.dismiss), request.caller, member_id,
    )  # fmt: skip
    name = isolated(member.name)
    said = Flash(f"{name} is not in your team any more, and is signed out everywhere.")
    return redirect(request, TEAM, flash=said)


async def end_sessions(request: OperatorRequest[None, SeenForm]) -> Reply[None]:
    """Sign somebody of the team out everywhere."""
    member_id = MEMBER.of(request)
    await act(
        request, "member_signed_out", _whom,
        _SEEN.only(request, member_id, sessions.end_of_member), request.store_id, member_id,
    )  # fmt: skip
    return redirect(request, TEAM, flash=Flash("Signed out everywhere."))


def _whose(link: NewLink) -> About:
    return About(link.operator.id, link.operator.name)


def _whom(member: Member) -> About:
    return About(member.id, member.name)


def _values(member: Member, _: str) -> dict[str, object]:
    """Return what the page shows of somebody, but for their browsers."""
    return {"works_as": member.role, "has_second_factor": member.has_second_factor}


_SEEN: Final = Seen(operators.lock_member, lambda member: member.name, _values)
_OWNER: Final = Session("owner")
_ABOUT_ONE: Final[tuple[tuple[str, Any, Any], ...]] = (
    ("link", make_link, SeenForm),
    ("role", change_role, NewRole),
    ("dismiss", dismiss, SeenForm),
    ("sign-out", end_sessions, SeenForm),
)

PAGES: Final = (
    Page("GET", TEAM, _OWNER, show_team),
    Page("POST", TEAM, _OWNER, add_member, body=NewMember, again=show_team),
    *forms_about(f"{TEAM}/{{id}}", MEMBER, _OWNER, show_team, _ABOUT_ONE),
)
