"""Where a server listens: checked before any worker starts, so that errors are reported well."""

import socket
import ssl
from pathlib import Path

from msgspec import Struct

from gridgift.cli.options import UsageError


class Listener(Struct, frozen=True):
    """An address that is free, and the TLS files if there are any."""

    address: str
    port: int
    certificate: Path | None = None
    key: Path | None = None

    @property
    def url(self) -> str:
        """The address for a client on this machine."""
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.address, self.address)  # noqa: S104
        host = f"[{reachable}]" if ":" in reachable else reachable
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"

    def answers(self) -> bool:
        """Tell whether something accepts connections there."""
        host = self.url.partition("://")[2].rpartition(":")[0].strip("[]")
        try:
            socket.create_connection((host, self.port), timeout=1).close()
        except OSError:
            return False
        return True


def find_listener(
    host: str, port: int, certificate: Path | None = None, key: Path | None = None
) -> Listener:
    """Check where to listen; port 0 becomes a free one. Raises ``UsageError``."""
    if (certificate is None) != (key is None):
        raise UsageError("TLS needs both --tls-certificate and --tls-key.")
    if certificate is not None and key is not None:
        _check_tls(certificate, key)
    return Listener(*_free(host, port), certificate, key)


def _free(host: str, port: int) -> tuple[str, int]:
    """Bind the address for a moment: a server's own socket would share a port silently."""
    try:
        family, kind, protocol, _, name = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(name)
            address, free = probe.getsockname()[:2]
    except (OSError, UnicodeError) as error:
        reason = str(getattr(error, "strerror", None) or error).lower()
        raise UsageError(
            f"Can't listen on {host} port {port} ({reason}): choose another with --host and --port."
        ) from error
    return address, free


def _check_tls(certificate: Path, key: Path) -> None:
    for option, path in (("--tls-certificate", certificate), ("--tls-key", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise UsageError(f"{option} {path} can't be read ({error.strerror}).") from error
    try:
        # An empty password keeps a protected key from asking for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise UsageError(
            f"{certificate} and {key} are not a certificate and its key, in PEM form and without "
            "a password."
        ) from error
