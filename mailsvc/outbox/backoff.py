"""How long to wait before the next attempt. Pure but for the dice, which are an argument.

`Backoff(first, longest).after(attempts, random)`: the first wait, doubled with each failure up to the longest, with a
tenth taken off by chance so that mail deferred together does not come back together.
"""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

_DOUBLINGS = 40  # 2**40 seconds are over 30,000 years: enough, and no overflow


@dataclass(frozen=True, slots=True)
class Backoff:
    """The waits between attempts; RFC 5321 4.5.4.1 asks for growing ones and lets the site choose."""

    first: timedelta
    longest: timedelta

    def after(self, attempts: int, random: Random) -> timedelta:
        """The wait after so many failed attempts (at least one)."""
        doublings = min(max(attempts, 1) - 1, _DOUBLINGS)
        seconds = min(self.first.total_seconds() * 2**doublings, self.longest.total_seconds())
        return timedelta(seconds=seconds * (1 - random.random() / 10))
