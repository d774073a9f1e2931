"""Identifiers that sort by time: 26 characters, Crockford's base 32, never I, L, O or U.

Ten characters of milliseconds since 1970, sixteen of randomness, as a ULID has them. Two made in the same
millisecond are in no order; with 80 random bits they do not meet. Fails with ValueError after the year 10889.
"""

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Protocol

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Two digits at a time: an identifier is made for every message.
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
_RANDOM_BITS = 80
_TIME_BITS = 48
_SHIFTS = range(120, -1, -10)


class TellsTime(Protocol):
    """What an identifier needs of a clock; `schedules.clock.Clock` has it."""

    def now(self) -> datetime:
        """The instant it is, aware."""


def new_id(clock: TellsTime, random: Random) -> str:
    """A new identifier; `random` is a `random.SystemRandom` unless a test wants to foresee it."""
    milliseconds = int(clock.now().timestamp() * 1000)
    if not 0 <= milliseconds < 1 << _TIME_BITS:
        raise ValueError("the clock is outside of what an identifier can hold")
    number = milliseconds << _RANDOM_BITS | random.getrandbits(_RANDOM_BITS)
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def id_maker(clock: TellsTime, random: Random) -> Callable[[], str]:
    """`new_id` with its clock and randomness given once."""
    return lambda: new_id(clock, random)
