"""Logs: one structured line an event on standard error, JSON or, in a terminal, for people."""

import logging
import sys
from typing import Any

import msgspec
import structlog


def configure_logs(log_format: str) -> None:
    """Set structlog up: ``json``, ``console``, or ``auto`` (console only in a terminal)."""
    pretty = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if pretty:
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


def _to_json(event: Any, default: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=default)


def _console() -> structlog.dev.ConsoleRenderer:
    """Plain tracebacks: the pretty ones show local variables, the server's secret among them."""
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
