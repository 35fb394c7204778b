"""The menu: pages in their order. Lines of one group stand together."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from gridgift.domain.operators import Role


class Line(Struct, frozen=True):
    """A page in the menu: who may open it at least, and its shape in ``icons.html``."""

    path: str
    label: str
    icon: str
    group: int
    role: Role


MENU: Final = (
    Line("/dashboard", "Overview", "home", 1, "clerk"),
    Line("/dashboard/cards", "Gift cards", "card", 1, "clerk"),
    Line("/dashboard/send", "Send", "send", 1, "clerk"),
    Line("/dashboard/residents", "Residents", "people", 1, "clerk"),
    Line("/dashboard/redemptions", "Redemptions", "redeem", 1, "clerk"),
    Line("/dashboard/units", "Units", "unit", 2, "owner"),
    Line("/dashboard/webhooks", "Webhooks", "hook", 2, "owner"),
    Line("/dashboard/keys", "Keys", "key", 2, "owner"),
    Line("/dashboard/team", "Team", "people", 3, "owner"),
    Line("/dashboard/settings", "Settings", "gear", 3, "owner"),
    Line("/dashboard/audit", "Audit", "audit", 3, "owner"),
)


def menu_for(role: Role) -> Sequence[Line]:
    """Return the lines that somebody with a role may open."""
    return [line for line in MENU if role == "owner" or line.role == "clerk"]
