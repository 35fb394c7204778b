"""Logs: one structured line an event on standard error, JSON or, in a terminal, for people."""

import logging
import sys
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from msgspec import Struct

_encode: Final = msgspec.json.Encoder().encode


class RequestLine(Struct, frozen=True, omit_defaults=True, tag_field="event", tag="request"):
    """What is told of a request; never a key, a token, a body, or a path with names in it."""

    request_id: str
    method: str
    route: str
    status: int
    ms: float
    timestamp: str
    level: str
    store: str | None = None
    key: str | None = None
    resident: str | None = None


class RequestLog:
    """Writes a line a request. JSON lines are encoded straight: there is one for every answer."""

    def __init__(self, log_format: str) -> None:
        self.write: Callable[[RequestLine], None] = (
            _tell if is_for_people(log_format) else _write_json
        )


def is_for_people(log_format: str) -> bool:
    """Tell whether a format is the pretty one: ``auto`` is so only in a terminal."""
    return log_format == "console" or (log_format == "auto" and sys.stderr.isatty())


def configure_logs(log_format: str) -> None:
    """Set structlog up: ``json``, ``console``, or ``auto`` (console only in a terminal)."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if is_for_people(log_format):
        structlog.configure(
            processors=[*shared, _console()],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
        return
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def _write_json(line: RequestLine) -> None:
    """Write a line at once and whole, so that a crash takes none back."""
    stream = sys.stderr.buffer
    stream.write(_encode(line) + b"\n")
    stream.flush()


def _tell(line: RequestLine) -> None:
    told = {
        name: value for name, value in msgspec.structs.asdict(line).items() if value is not None
    }
    del told["timestamp"]
    structlog.get_logger("gridgift.http").info("request", **told)


def _to_json(event: Any, default: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=default)


def _console() -> structlog.dev.ConsoleRenderer:
    """Plain tracebacks: the pretty ones show local variables, the server's secret among them."""
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
