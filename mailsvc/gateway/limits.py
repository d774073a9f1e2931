"""How many sessions at once, how many from one client, how many new ones a second.

`Admission.enter(ip)` answers None and counts the session, or the 421 for the banner; whoever entered must `leave`.
Memory is bounded by the sessions there are and by the clients of one second.
"""

from collections import Counter
from collections.abc import Callable

from filters.replies import TOO_MANY_CONNECTIONS, Reply


class Admission:
    """Counts the sessions of a whole gateway; `monotonic` in seconds."""

    def __init__(self, *, sessions: int, per_client: int, per_second: int, monotonic: Callable[[], float]) -> None:
        self._sessions_limit = sessions
        self._per_client = per_client
        self._per_second = per_second
        self._monotonic = monotonic
        self._inside: Counter[str] = Counter()
        self._second = -1
        self._arrived: Counter[str] = Counter()
        self.sessions = 0

    def enter(self, ip: str) -> Reply | None:
        """Count one more session of `ip`, or say 421 4.7.0 (RFC 5321 3.8) and count only the attempt."""
        too_fast = self._arrivals(ip) > self._per_second
        too_many = self.sessions >= self._sessions_limit or self._inside[ip] >= self._per_client
        if too_fast or too_many:
            if not self._inside[ip]:
                del self._inside[ip]
            return TOO_MANY_CONNECTIONS
        self.sessions += 1
        self._inside[ip] += 1
        return None

    def leave(self, ip: str) -> None:
        """One session of `ip` is over."""
        self.sessions -= 1
        self._inside[ip] -= 1
        if not self._inside[ip]:
            del self._inside[ip]

    def _arrivals(self, ip: str) -> int:
        second = int(self._monotonic())
        if second != self._second:
            self._second = second
            self._arrived.clear()
        self._arrived[ip] += 1
        return self._arrived[ip]
