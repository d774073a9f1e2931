"""How eagerly the outbox works."""

from dataclasses import dataclass
from datetime import timedelta

from mailsvc.outbox.routes import is_one_domain


@dataclass(frozen=True, slots=True)
class Pace:
    """Shares of lanes, and pauses in seconds of real time."""

    lease: timedelta
    share: int = 10  # attempts on one lane at once
    per_destination: int = 4  # and on a lane to one domain of others
    poll: float = 1.0  # look for what is due at least this often
    gap: float = 0.02  # and at most this often
    first_rest: float = 1.0  # pauses of a lane whose hop is away
    longest_rest: float = 60.0
    farewell: float = 5.0  # what running attempts get when the service ends, and their settlements then
    count: float = 5.0  # between two counts of the queue for the metrics
    expire: float = 60.0  # between two looks for what has expired behind hops that are away

    def of(self, lane: str) -> int:
        """How many attempts this lane may have at once."""
        return self.per_destination if is_one_domain(lane) else self.share
