"""Interrupting long work where it is safe: between two rows, never inside a transaction.

Use: `with between_rows() as look:` and call `look()` often; after SIGINT or SIGTERM it raises KeyboardInterrupt.
A second signal acts at once, as it would have without this.
Fails: never; outside of the main thread signals stay as they are.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def between_rows() -> Iterator[Callable[[], None]]:
    """While this lasts, the first signal to end waits until `look` is called."""
    asked = threading.Event()

    def look() -> None:
        if asked.is_set():
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield look
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()
        restore()

    for number in before:
        signal.signal(number, ask)
    try:
        yield look
    finally:
        restore()
