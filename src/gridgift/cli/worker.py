"""What each worker process runs: the application, and a watch over its parent.

A parent that was killed outright can't stop its workers; they would keep the port and an old
program. So each leaves when its parent has gone.
"""

import multiprocessing
import os
import signal
import threading

from starlette.types import ASGIApp

from gridgift.app import from_environment


def application() -> ASGIApp:
    """Compose the server from the environment, in a worker process."""
    threading.Thread(target=_leave_with_parent, name="parent", daemon=True).start()
    return from_environment()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
