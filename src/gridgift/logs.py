"""Logs: one structured line an event on standard error, JSON or, in a terminal, for people.

A line that can't be written (a full disk, a pipe whose reader has gone) is lost, and nothing else:
whoever tells something goes on.
"""

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

import msgspec

_ADDED_BY_STRUCTLOG: Final = {"event", "timestamp", "level"}
_NOT_WRITTEN: Final = (OSError, ValueError, MemoryError)  # ValueError: the stream was closed
_encode_lines: Final = msgspec.json.Encoder().encode_lines


# What is told of a request; never a key, a token, a body, or a path with names in it.
RequestLine = Mapping[str, Any]


class RequestLog:
    """Writes a line a request, as JSON or for people.

    JSON lines are encoded straight, and those of one turn of the event loop leave together.
    """

    def __init__(self, log_format: str) -> None:
        self._tell = _tell_people if is_for_people(log_format) else _write_json
        self._waiting: list[RequestLine] = []

    def write(self, line: RequestLine) -> None:
        """Have a line written in this turn of the running event loop, or in the next."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(line)

    def _flush(self) -> None:
        lines, self._waiting = self._waiting, []
        with suppress(*_NOT_WRITTEN):
            self._tell(lines)


def is_for_people(log_format: str) -> bool:
    """Tell whether a format is the pretty one: ``auto`` is so only in a terminal."""
    return log_format == "console" or (log_format == "auto" and sys.stderr.isatty())


def configure_logs(log_format: str) -> None:
    """Have lines written as ``json``, ``console``, or ``auto`` (console only in a terminal).

    What libraries say through ``logging``, from a warning on, becomes lines as well.
    """
    Log.wanted = log_format
    logging.basicConfig(handlers=[_LibraryLines()], level=logging.WARNING, force=True)


def reason(error: BaseException) -> str:
    """Return what an exception says, in one line; its type's name if it says nothing."""
    if isinstance(error, TimeoutError) and not error.strerror:
        return "there was no answer in time"
    return " ".join(str(error).split()) or type(error).__name__


class Log:
    """A log of structlog's, which is imported with its first line: most servers never write one."""

    wanted: ClassVar[str | None] = None  # a format that structlog is still to be set up with

    def __init__(self, name: str) -> None:
        self._name = name

    def info(self, event: str, **values: Any) -> None:
        """Tell what happened."""
        self._tell("info", event, values)

    def warning(self, event: str, **values: Any) -> None:
        """Tell what someone should look at."""
        self._tell("warning", event, values)

    def error(self, event: str, **values: Any) -> None:
        """Tell what failed; ``exc_info`` is the exception, if its trace is to be told."""
        self._tell("error", event, values)

    def _tell(self, level: str, event: str, values: Mapping[str, Any]) -> None:
        with suppress(*_NOT_WRITTEN):
            getattr(self._logger(), level)(event, **values)

    def _logger(self) -> Any:
        import structlog

        if Log.wanted is not None:
            structlog.configure(
                processors=[
                    structlog.processors.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                    *(_for_people() if is_for_people(Log.wanted) else _for_programs()),
                ],
                logger_factory=structlog.PrintLoggerFactory(sys.stderr)
                if is_for_people(Log.wanted)
                else structlog.BytesLoggerFactory(sys.stderr.buffer),
            )
            Log.wanted = None
        return structlog.get_logger(self._name)


class _LibraryLines(logging.Handler):
    """Writes what libraries, asyncio among them, have to say; a trace is told of defects only."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        error = record.exc_info[1] if record.exc_info else None
        values: dict[str, Any] = {"logger": record.name}
        if error is not None and record.levelno >= logging.ERROR and not isinstance(error, OSError):
            values["exc_info"] = error
        elif error is not None:
            values["why"] = reason(error)
        tell = (
            Log(record.name).error if record.levelno >= logging.ERROR else Log(record.name).warning
        )
        tell(" ".join(record.getMessage().split()), **values)


def _for_people() -> list[Any]:
    """Plain tracebacks: the pretty ones show local variables, the server's secret among them."""
    from structlog.dev import ConsoleRenderer, plain_traceback

    return [ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain_traceback)]


def _for_programs() -> list[Any]:
    from structlog.processors import JSONRenderer, format_exc_info

    return [format_exc_info, JSONRenderer(serializer=_to_json)]


def _write_json(lines: Sequence[RequestLine]) -> None:
    stream = sys.stderr.buffer
    stream.write(_encode_lines(lines))
    stream.flush()


def _tell_people(lines: Sequence[RequestLine]) -> None:
    log = Log("gridgift.http")
    for line in lines:
        fields = {name: value for name, value in line.items() if name not in _ADDED_BY_STRUCTLOG}
        log.info(line["event"], **fields)


def _to_json(event: Any, default: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=default)
