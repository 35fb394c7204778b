"""The address of a PostgreSQL server: what libpq's parameters mean for asyncpg, which knows fewer.

A parameter that neither of them knows is a setting of the server's, which refuses it by name.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import Struct

from gridgift.storage.database import DatabaseRefused

CONNECT_TIMEOUT: Final = 5.0  # seconds; ``connect_timeout`` changes it

# The driver has no such thing; what it does instead is what these values ask for.
_ONLY: Final = {
    "channel_binding": ("disable", "prefer"),
    "client_encoding": ("utf8", "utf-8", "auto"),
    "gssencmode": ("disable", "prefer"),
    "load_balance_hosts": ("disable",),
    "sslcompression": ("0",),
    "sslsni": ("1",),
}
_REMEDY: Final = {
    "channel_binding": "leave it out, and let sslmode=verify-full prove who the server is",
}
# A connection that died silently is found by the time-outs of connecting and of statements.
_WITHOUT_EFFECT: Final = frozenset(
    {
        "fallback_application_name",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "tcp_user_timeout",
    }
)
_FILES: Final = ("sslcert", "sslcrl", "sslkey", "sslrootcert")


class PostgresAddress(Struct, frozen=True):
    """What ``asyncpg.connect`` is given. ``timeout`` is in seconds."""

    dsn: str
    timeout: float
    application_name: str | None
    ssl: ssl.SSLContext | None
    target_session_attrs: str | None  # None: the ``dsn`` says which

    @property
    def options(self) -> dict[str, Any]:
        """The arguments that are the same for every connection; None is asyncpg's default."""
        return {
            "dsn": self.dsn,
            "timeout": self.timeout,
            "ssl": self.ssl,
            "target_session_attrs": self.target_session_attrs,
        }


def read_address(url: str) -> PostgresAddress:
    """Read an address (PostgreSQL's manual, 34.1.2). Raises ``DatabaseRefused``.

    Unless it says otherwise, only a server that takes writes is connected to.
    """
    parts = urlsplit(url)
    try:
        values = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        values = {}
        if parts.query:
            raise DatabaseRefused(
                "The database's address has parameters that can't be read: write them as "
                "?name=value&name=value, percent-encoded."
            ) from None
    for name, known in _ONLY.items():
        if values.pop(name, known[0]).lower() not in known:
            remedy = _REMEDY.get(name, f"it can be {' or '.join(known)}")
            raise _refused(name, f"the driver has no such thing: {remedy}")
    system_roots = values.get("sslrootcert") == "system"
    if system_roots:  # which implies verify-full, as in libpq
        del values["sslrootcert"]
        values.pop("sslmode", None)
    _check_files(values)
    return PostgresAddress(
        timeout=_timeout(values.pop("connect_timeout", "0")),
        application_name=values.pop("application_name", None),
        ssl=ssl.create_default_context() if system_roots else None,
        target_session_attrs=None if "target_session_attrs" in values else "read-write",
        dsn=parts._replace(
            query=urlencode({n: v for n, v in values.items() if n not in _WITHOUT_EFFECT})
        ).geturl(),
    )


def _timeout(text: str) -> float:
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise _refused("connect_timeout", "it is a whole number of seconds")
    return float(text) or CONNECT_TIMEOUT


def _check_files(values: Mapping[str, str]) -> None:
    for name in _FILES:
        if values.get(name) and not Path(values[name]).is_file():
            raise _refused(name, "there is no such file")


def _refused(name: str, why: str) -> DatabaseRefused:
    return DatabaseRefused(f"The database's address can't be used as its {name} is: {why}.")
