"""How much may be done in a time: a window that slides over slots as long as itself (KY-5).

Of the slot before, as much still counts as the window still covers; so nobody can do twice the limit around the
border of two slots, and two numbers are all that has to be remembered. Pure: the counting is done by others.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from filters import replies
from filters.verdict import Because, Defer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """Where in time a count belongs."""

    slot: int  # the number of the present slot
    weight: float  # how much of the slot before is still inside the window, 0 to 1


def window(per: timedelta, now: datetime) -> Window:
    """The window of length `per` that ends `now`."""
    slot, gone = divmod(now - _EPOCH, per)
    return Window(slot, 1.0 - gone / per)


def within(limit: int, counted: int, before: int, weight: float) -> bool:
    """Whether `counted` in this slot, after `before` in the one before, is within the limit."""
    return counted + before * weight <= limit


def exceeded() -> Defer:
    """450 4.7.1: later it may be taken, and a sound client tries again."""
    return Defer(Because.RATE_LIMIT, replies.RATE_LIMIT)
