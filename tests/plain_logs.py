"""How tests log that do not set logs up as a server does."""

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback


def log_plainly() -> None:
    """Tell of exceptions as Python does: structlog by itself shows all variables of all frames.

    That takes seconds where one of them is an application.
    """
    structlog.reset_defaults()  # a test may have left a file that is closed now
    renderer = ConsoleRenderer(colors=False, exception_formatter=plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])
