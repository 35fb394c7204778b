"""Settings: one frozen struct, read once from the environment.

An unknown ``GRIDGIFT_…`` name or a bad value raises ``SettingsError`` with a sentence.
"""

import ipaddress
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from gridgift.domain import texts
from gridgift.storage.database import DatabaseUnavailable
from gridgift.whole_files import Draft, drafted, may_pass

DEFAULT_DATABASE_URL: Final = "sqlite:///gridgift.db"
PREFIX: Final = "GRIDGIFT_"
MINIMUM_SECRET: Final = 32  # characters
IN_WORLD: Final = "in-world"  # the resolver that is an object of each store's
QUOTES: Final = frozenset("\"'`“”‘’«»")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """A setting is unknown or has a bad value; the message is one sentence for people."""


class Settings(Struct, frozen=True):
    """How it runs. ``rate_limit`` is requests a minute a key; 0: no limit but of sign-ins."""

    database_url: str = DEFAULT_DATABASE_URL
    database_connections: int = 10
    secret: str = ""
    public_url: str = ""
    rate_limit: int = 1200
    key_prefix: str = "allo_live"
    token_hours: int = 24
    token_rate_limit: int = 120
    redis_url: str = ""
    resolver_url: str = ""
    resolver_key: str = ""
    backup_passphrase: str = ""
    log_format: str = "auto"
    metrics_token: str = ""
    trusted_proxies: tuple[Network, ...] = ()
    unknown_uuids: str = "refuse"
    webhook_allow_private: bool = False

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings. Raises ``SettingsError`` for an unknown name or a bad value."""
        values: dict[str, Any] = {}
        for variable, text in environ.items():
            if not variable.startswith(PREFIX):
                continue
            if variable not in VARIABLES:
                known = ", ".join(VARIABLES)
                raise SettingsError(f"{variable} is no setting of Gridgift; there are: {known}.")
            field = VARIABLES[variable]
            if not texts.is_printable(text):
                raise SettingsError(f"{variable} must be printable text in UTF-8.")
            try:
                values[field.name] = field.parse(text)
            except ValueError as error:
                raise SettingsError(f"{variable} {error}.") from None
        return cls(**values)

    @property
    def sqlite_path(self) -> Path | None:
        """The file of a SQLite database, or None on PostgreSQL."""
        scheme, _, path = self.database_url.partition(":///")
        return Path(path) if scheme == "sqlite" else None

    def masked(self) -> dict[str, str]:
        """Return every setting by its variable's name, fit to be shown: secrets are masked."""
        return {
            variable: field.show(getattr(self, field.name)) for variable, field in VARIABLES.items()
        }


class Variable(Struct, frozen=True):
    """One environment variable: its field, how it is read, how it is shown, what it does."""

    name: str
    help: str
    parse: Callable[[str], Any]
    show: Callable[[Any], str] = str


# Hosts with their ports, separated by commas. What else stands there may be a piece of a password
# whose signs were not percent-encoded, which the driver would repeat in its complaint.
_HOST: Final = r"(?:\[[0-9A-Fa-f:.%]+\]|[^\[\]:@,/]*)(?::[0-9]{1,5})?"
_HOSTS: Final = re.compile(rf"(?:[^@]*@)?{_HOST}(?:,{_HOST})*")
_DATABASE: Final = re.compile(r"/[^/@]+")  # a name, without a rest of such a password


def _database_url(text: str) -> str:
    with suppress(ValueError):  # brackets that don't close
        parts = urlsplit(text)
        if (
            parts.scheme in {"postgresql", "postgres"}
            and _DATABASE.fullmatch(parts.path)
            and not parts.fragment
            and _HOSTS.fullmatch(parts.netloc)
        ):
            return text
    file = re.fullmatch(r"sqlite:///(?!:memory:)(.+)", text)
    if file is not None and Path(file[1]).name not in {"", ".."}:
        return text
    raise ValueError(
        "must be sqlite:///FILE (sqlite:////FILE from the root) or "
        "postgresql://USER:PASSWORD@HOST/DATABASE, with what is no letter or digit in a password "
        "percent-encoded"
    )


def _address(text: str, schemes: Set[str]) -> SplitResult | None:
    """Return the parts of an address that has one of the schemes and a host; None for another."""
    with suppress(ValueError):  # brackets that don't close, a port that is no number
        parts = urlsplit(text)
        if parts.scheme in schemes and parts.hostname and parts.port != 0:
            return parts
    return None


def _url(text: str) -> str:
    parts = _address(text, {"http", "https"})
    if parts is None or parts.query:
        raise ValueError("must be an http:// or https:// address")
    return text.rstrip("/")


def _resolver(text: str) -> str:
    return text if text == IN_WORLD else _url(text)


def _redis_url(text: str) -> str:
    if _address(text, {"redis", "rediss"}) is None:
        raise ValueError("must be redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS")
    return text


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _secret(text: str) -> str:
    quoted = text != "" and text[0] in QUOTES and text[-1] in QUOTES
    if quoted or text != text.strip():
        raise ValueError("must not have spaces, line ends or quotes around it")
    if len(text) < MINIMUM_SECRET:
        raise ValueError(f"must have at least {MINIMUM_SECRET} characters")
    return text


def _token(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]{16,512}=*", text):  # RFC 6750, 2.1
        raise ValueError("must be 16 to 512 letters, digits or -._~+/")
    return text


def _prefix(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]{1,32}", text):
        raise ValueError("must be 1 to 32 letters, digits or underscores")
    return text


def _header(text: str) -> str:
    if not text.isascii():  # as httpx2 sends headers
        raise ValueError("must be printable ASCII characters")
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return text

    return parse


def _switch(text: str) -> bool:
    return _one_of("0", "1")(text) == "1"


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("must be addresses or networks, separated by commas") from None


def _mask(text: str) -> str:
    return "***" if text else ""


def mask_url(url: str) -> str:
    """Hide the passwords of an address, wherever they stand."""
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", _PARAMETER.sub(_masked_parameter, url))


# Its value ends where another one begins, and not at an ampersand that should have been encoded.
_PARAMETER: Final = re.compile(r"([?&][^?&=]*=)(?:(?!&[\w%]+=).)*", re.DOTALL)


def _masked_parameter(parameter: re.Match[str]) -> str:
    return f"{parameter[1]}***" if "password" in unquote(parameter[1]).lower() else parameter[0]


VARIABLES: Final = {
    "GRIDGIFT_DATABASE_URL": Variable(
        "database_url", "where the data is: sqlite:///FILE or postgresql://…", _database_url,
        mask_url,
    ),
    "GRIDGIFT_DATABASE_CONNECTIONS": Variable(
        "database_connections", "PostgreSQL connections a worker", _whole(1, 1000)
    ),
    "GRIDGIFT_SECRET": Variable(
        "secret", "signs API keys; made beside a SQLite file if not set", _secret, _mask
    ),
    "GRIDGIFT_PUBLIC_URL": Variable("public_url", "the address that clients use", _url, mask_url),
    "GRIDGIFT_RATE_LIMIT": Variable(
        "rate_limit", "requests a minute a key; 0: none but of sign-ins", _whole(0, 10_000_000)
    ),
    "GRIDGIFT_TOKEN_HOURS": Variable(
        "token_hours", "hours that a resident's link is good for", _whole(1, 8760)
    ),
    "GRIDGIFT_TOKEN_RATE_LIMIT": Variable(
        "token_rate_limit", "requests a minute a link; 0: no limit", _whole(0, 10_000_000)
    ),
    "GRIDGIFT_REDIS_URL": Variable(
        "redis_url", "a Redis in which all servers count requests together", _redis_url, mask_url
    ),
    "GRIDGIFT_KEY_PREFIX": Variable("key_prefix", "what API keys begin with", _prefix),
    "GRIDGIFT_RESOLVER_URL": Variable(
        "resolver_url", "where unknown usernames are looked up, or in-world", _resolver, mask_url
    ),
    "GRIDGIFT_RESOLVER_KEY": Variable("resolver_key", "the resolver's api-key", _header, _mask),
    "GRIDGIFT_UNKNOWN_UUIDS": Variable(
        "unknown_uuids", "accept or refuse grants to avatars nobody has named",
        _one_of("accept", "refuse"),
    ),
    "GRIDGIFT_BACKUP_PASSPHRASE": Variable(
        "backup_passphrase", "encrypts the secret in backups", str, _mask
    ),
    "GRIDGIFT_LOG_FORMAT": Variable(
        "log_format", "auto, json or console", _one_of("auto", "json", "console")
    ),
    "GRIDGIFT_METRICS_TOKEN": Variable(
        "metrics_token", "the bearer token that opens /metrics; without it there is none", _token,
        _mask,
    ),
    "GRIDGIFT_TRUSTED_PROXIES": Variable(
        "trusted_proxies", "proxies whose X-Forwarded-For is believed", _networks,
        lambda networks: ", ".join(map(str, networks)),
    ),
    "GRIDGIFT_WEBHOOK_ALLOW_PRIVATE": Variable(
        "webhook_allow_private", "1: webhooks may go to private addresses, by http too", _switch,
        lambda allowed: str(int(allowed)),
    ),
}  # fmt: skip


def secret_file(database: Path) -> Path:
    """Name the file beside a SQLite database that holds the server's secret."""
    return database.with_name(database.name + ".secret")


def secret_name(settings: Settings) -> str:
    """Say in a few words, to begin a sentence with, where the secret comes from."""
    if settings.secret or settings.sqlite_path is None:
        return "GRIDGIFT_SECRET"
    return f"The file {secret_file(settings.sqlite_path)}"


def server_secret(settings: Settings) -> bytes:
    """Return the server's secret: the setting, or the file beside the SQLite database.

    Around a secret in a file, spaces and line ends do not count. Raises ``SettingsError``.
    """
    if settings.secret:
        return settings.secret.encode()
    if settings.sqlite_path is None:
        raise SettingsError(
            "GRIDGIFT_SECRET is not set: on PostgreSQL every server needs the same one, "
            f"at least {MINIMUM_SECRET} characters (for example from 'openssl rand -hex 32')."
        )
    path = secret_file(settings.sqlite_path)
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SettingsError(f"Others may read the secret {path}: run 'chmod 600 {path}'.")
        return _secret(path.read_text(encoding="ascii").strip()).encode()
    except FileNotFoundError as error:
        raise SettingsError(
            f"The secret {path} can't be used ({error.strerror}): put it back from a backup, or "
            "set GRIDGIFT_SECRET; 'gridgift secret replace' makes another one and ends all keys."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise SettingsError(f"The secret {path} can't be used ({reason}).") from error
    except ValueError as error:
        raise SettingsError(
            f"The secret {path} {error}: restore it, or set GRIDGIFT_SECRET."
        ) from error


def make_secret(path: Path) -> None:
    """Write a new secret whole or not at all; one that is there, or comes meanwhile, stays.

    Raises ``SettingsError``, and ``DatabaseUnavailable`` for what may pass.
    """
    if os.path.lexists(path):
        return
    with _explained(path), suppress(FileExistsError), drafted(path) as draft:
        draft.file.write(_line(secrets.token_hex(32)))
        draft.publish(path)


def check_kept_secret(path: Path, secret: str) -> None:
    """Raise ``SettingsError`` if a file holds another secret than this one."""
    try:
        kept = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return
    except OSError as error:
        raise SettingsError(f"The secret {path} can't be read ({error.strerror}).") from error
    if kept != secret:
        raise SettingsError(f"There is another secret in {path}: move it away first.")


def keep_secret(path: Path, secret: str) -> None:
    """Write a known secret; one that is there must be the same.

    Raises ``SettingsError``, and ``DatabaseUnavailable`` for what may pass.
    """
    check_kept_secret(path, secret)
    with _explained(path), drafted(path) as draft:
        draft.file.write(_line(secret))
        draft.replace(path)


@contextmanager
def new_secret(settings: Settings) -> Iterator[bytes]:
    """Yield another secret than before, and put it in the old one's place if the block ends well.

    ``GRIDGIFT_SECRET`` is the operator's to set: it is yielded as it is. What the block commits is
    never without its secret on disk. Raises ``SettingsError``, and ``DatabaseUnavailable`` for what
    may pass.
    """
    if settings.secret or settings.sqlite_path is None:
        yield server_secret(settings)
        return
    path, secret = secret_file(settings.sqlite_path), secrets.token_hex(32)
    with _explained(path):
        draft = Draft(path)
    try:
        with _explained(path):
            draft.file.write(_line(secret))
            draft.finish()
        yield secret.encode()
    except BaseException:
        draft.discard()
        raise
    try:
        draft.replace(path)
    except OSError as error:  # the block's changes are committed: the draft may be the only copy
        raise SettingsError(
            f"The secret that counts from now on can't be put in its place ({error.strerror}): "
            f"move {draft.path} to {path}, unless it is there already."
        ) from error


def _line(secret: str) -> bytes:
    return f"{secret}\n".encode()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of writing the secret into what commands and ``serve`` know."""
    try:
        yield
    except OSError as error:
        why = f"secret {path} can't be written ({error.strerror})"
        if may_pass(error):
            raise DatabaseUnavailable(f"its {why}") from error
        raise SettingsError(f"The {why}: check the folder.") from error
