"""Questions to a running service at an instant of its own clock, which goes on while they are asked.

    at_instant(us.move_to, at, lambda: us.rcpt(address))           # within the second that begins at `at`
    at_instant(us.move_to, at - SOON, ask, lasting=SOON)           # before `at`

A machine that is busy may need longer for the question than the instant lasts: then it is asked again.
"""

import smtplib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from tests.support.deadline import PATIENCE

T = TypeVar("T")
SECOND = timedelta(seconds=1)


def at_instant(
    move_to: Callable[[datetime], None], at: datetime, ask: Callable[[], T], lasting: timedelta = SECOND
) -> T:
    """What `ask` finds while the clock that `move_to` moves stands between `at` and the end of `lasting`.

    `ask` may be called several times. A refusal that it raises counts only if it came in time.
    """
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        began = datetime.now(UTC)
        move_to(at)
        try:
            answer = ask()
        except smtplib.SMTPException:
            if datetime.now(UTC) - began < lasting:
                raise
            continue
        if datetime.now(UTC) - began < lasting:
            return answer
    raise AssertionError(f"this machine is too slow to ask within {lasting}")
