"""What each worker process runs: the application, and a watch over its parent.

A parent that was killed outright can't stop its workers; they would keep the port and an old
program. So each leaves when its parent has gone.
"""

import gc
import multiprocessing
import os
import signal
import threading
import time
from typing import Final

from starlette.types import ASGIApp

from gridgift.app import from_environment

LEAVE_WITHIN: Final = 8  # seconds that running requests get after a signal


def application() -> ASGIApp:
    """Compose the server from the environment, in a worker process."""
    threading.Thread(target=_leave_with_parent, name="parent", daemon=True).start()
    app = from_environment()
    # What is there now stays: only what requests leave behind is ever looked through, and seldom,
    # for they leave no cycles unless something fails.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    return app


def forget_signal_handlers() -> None:
    """Let signals end a worker that is still starting: its parent's handlers are not for it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LEAVE_WITHIN)
        os._exit(1)
