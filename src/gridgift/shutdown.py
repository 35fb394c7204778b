"""What is called at a signal to end, beside the server's own handler.

A server lets running requests end before it stops the application; those that only wait for an
event need not be waited for.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_signal(call: Callable[[], object]) -> Iterator[None]:
    """Call ``call`` in the running event loop at a signal to end, until the block ends.

    What was to happen at the signal happens too. Only the main thread hears signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def hear(number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(call)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in before.items():
        if callable(handler):  # the default ends the process at once
            signal.signal(number, hear)
            signal.siginterrupt(number, False)  # as event loops have it
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is hear:
                signal.signal(number, handler)
