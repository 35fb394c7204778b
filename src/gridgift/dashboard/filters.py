"""How amounts and times are written on a page."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from gridgift.domain.days import SECOND_LIFE, day_of, local
from gridgift.domain.giftcards import etag
from gridgift.domain.instants import DAY, HOUR, format_instant
from gridgift.domain.texts import counted, isolated

if TYPE_CHECKING:
    from markupsafe import Markup  # imported with the first page

MINUTE: Final = 60_000
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


def money(amount: int) -> str:
    """Write an amount: L$ 1,250, with a space that does not break."""
    return f"L$\N{NO-BREAK SPACE}{amount:,}"


def whole(number: int) -> str:
    """Write a number with its thousands apart."""
    return f"{number:,}"


@lru_cache(maxsize=1_024)  # a list names the same instant several times
def date(instant: int, zone: str) -> str:
    """Write the day of an instant (milliseconds) in a time zone: 3 May 2027."""
    at = local(instant, zone)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def day(instant: int, zone: str) -> str:
    """Write the day of an instant (milliseconds) in a time zone as forms have it: 2027-05-03."""
    return day_of(instant, zone).isoformat()


def last_day(end: int, zone: str) -> str:
    """Write the last day of what ends at an instant, and the time if that is within the day."""
    return date(end - 1, zone) if day(end - 1, zone) != day(end, zone) else date_time(end, zone)


@lru_cache(maxsize=1_024)
def date_time(instant: int, zone: str) -> str:
    """Write an instant to the minute in a time zone: 3 May 2027, 18:40."""
    at = local(instant, zone)
    return f"{date(instant, zone)}, {at.hour:02}:{at.minute:02}"


def ago(instant: int, now: int) -> str:
    """Say how long ago an instant was, roughly, or in how long it will be."""
    span = abs(now - instant)
    if span < MINUTE:
        return "just now" if instant <= now else "in a moment"
    said = _span(span)
    return f"{said} ago" if instant <= now else f"in {said}"


def lasting(instant: int, now: int) -> str:
    """Say for how long something has been so, roughly."""
    return f"for {_span(max(now - instant, MINUTE))}"


def _span(span: int) -> str:
    """Say how long it is, of at least a minute."""
    units = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))
    return next(counted(span // unit, name) for unit, name in units if span >= unit)


def browser(agent: str) -> str:
    """Say which browser it is, from what it calls itself: Firefox on Windows."""
    name = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    if name and system:
        return f"{name} on {system}"
    return name or system or agent[:60] or "Unknown browser"


def zone_time(zone: str) -> str:
    """Name the time of a zone: Second Life time, or Europe/Berlin time."""
    return f"{'Second Life' if zone == SECOND_LIFE else zone} time"


def host(address: str) -> str:
    """Return the host of an address, whose rest may be a secret."""
    return urlsplit(address).hostname or address


def shared_hosts(addresses: Iterable[str]) -> frozenset[str]:
    """Return the hosts that several of some addresses have."""
    return frozenset(name for name, times in Counter(map(host, addresses)).items() if times > 1)


def address_end(address: str, shown: int = 24) -> str:
    """Return what tells an address from others of its host, at most so long: /orders, …d41d8c."""
    host_and_rest = address.partition("://")[2]
    rest = host_and_rest[host_and_rest.find("/") :] if "/" in host_and_rest else "/"
    return rest if len(rest) <= shown else f"…{rest[-shown:]}"


def typed(value: object) -> "Markup":
    """Return what stands in a field as it is: of what a page shows, marks may be added to it."""
    from markupsafe import Markup, escape

    return Markup(escape(value))  # noqa: S704 - it is escaped


# In this order: browsers name their ancestors too.
_BROWSERS: Final = (
    ("SecondLife/", "Second Life viewer"), ("Edg", "Edge"), ("OPR/", "Opera"),
    ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "money": money,
    "whole": whole,
    "date": date,
    "day": day,
    "date_time": date_time,
    "last_day": last_day,
    "ago": ago,
    "lasting": lasting,
    "browser": browser,
    "zone_time": zone_time,
    "typed": typed,
    "isolated": isolated,
    "host": host,
    "shared_hosts": shared_hosts,
    "address_end": address_end,
    "etag": etag,
    "iso": format_instant,
}
