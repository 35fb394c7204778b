"""Tasks that live as long as the server: only who ends them may end them."""

import asyncio


def is_ending() -> bool:
    """Tell whether the running task itself was cancelled.

    If not, a ``CancelledError`` is trouble like any other: what the task awaited was cancelled by
    another one, as drivers do it.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
