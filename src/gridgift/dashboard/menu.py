"""The menu: pages in their order, and what can be done there. Lines of one group stand together."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from gridgift.domain.operators import Role


class Line(Struct, frozen=True):
    """A page in the menu: who may open it at least, its shape in ``icons.html``, and its key.

    The key opens it after a ``g``; "" is none.
    """

    path: str
    label: str
    icon: str
    group: int
    role: Role
    key: str = ""


MENU: Final = (
    Line("/dashboard", "Overview", "home", 1, "clerk", "o"),
    Line("/dashboard/cards", "Gift cards", "card", 1, "clerk", "c"),
    Line("/dashboard/send", "Send", "send", 1, "clerk", "s"),
    Line("/dashboard/residents", "Residents", "people", 1, "clerk", "r"),
    Line("/dashboard/redemptions", "Redemptions", "redeem", 1, "clerk", "d"),
    Line("/dashboard/units", "Units", "unit", 2, "owner", "u"),
    Line("/dashboard/webhooks", "Webhooks", "hook", 2, "owner", "w"),
    Line("/dashboard/keys", "Keys", "key", 2, "owner", "k"),
    Line("/dashboard/team", "Team", "team", 3, "owner", "t"),
    Line("/dashboard/settings", "Settings", "gear", 3, "owner", "e"),
    Line("/dashboard/export", "Export", "export", 3, "owner", "x"),
    Line("/dashboard/audit", "Audit", "audit", 3, "owner", "a"),
)
# What is found by its name besides: pages that are not in the menu, and what can be done.
ACTIONS: Final = (
    Line("/dashboard/account", "Your account", "person", 0, "clerk"),
    Line("/dashboard/account/password", "Change your password", "person", 0, "clerk"),
    Line("/dashboard/send", "Send a card", "send", 0, "clerk"),
    Line("/dashboard/cards/export.csv", "Take all cards along as CSV", "card", 0, "owner"),
    Line("/dashboard/units#new", "Make a unit", "unit", 0, "owner"),
    Line("/dashboard/webhooks#new", "Make a webhook", "hook", 0, "owner"),
    Line("/dashboard/keys#new", "Make a key", "key", 0, "owner"),
    Line("/dashboard/team#new", "Add somebody to the team", "team", 0, "owner"),
    Line("/dashboard/settings", "Change the store's name or time zone", "gear", 0, "owner"),
)


def menu_for(role: Role) -> Sequence[Line]:
    """Return the lines of the menu that somebody with a role may open."""
    return _open_to(role, MENU)


def lines_named(role: Role, typed: str) -> Sequence[Line]:
    """Return what somebody with a role may open, if a word of its name begins with each typed."""
    typed_words = typed.casefold().split()
    return [
        line
        for line in _open_to(role, (*MENU, *ACTIONS))
        if all(
            any(word.startswith(each) for word in line.label.casefold().split())
            for each in typed_words
        )
    ]


def _open_to(role: Role, lines: Iterable[Line]) -> Sequence[Line]:
    return [line for line in lines if role == "owner" or line.role == "clerk"]
