"""How many sessions at once, how many from one client, how many new ones a second; how long a message may take.

`Admission.enter(ip)` answers None and counts the session, or the 421 for the banner; whoever entered must `leave`.
MTAs of ours are held to the sessions of the whole gateway only: a proxy in front of us makes a connection a message.
Memory is bounded by the sessions there are and by the clients of one second.
`Allowance` is the time a client has for the content of a message. Nothing here fails.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from filters.replies import TOO_MANY_CONNECTIONS, Reply

# Octets a second below which a client wears its allowance out. A message of 150 MB at this pace takes 21 h, less than
# the day after which a body without a message is swept.
SLOWEST: Final = 2_000


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

    def enter(self, ip: str, *, ours: bool = False) -> Reply | None:
        """Count one more session of `ip`, or say 421 4.7.0 (RFC 5321 3.8) and count only the attempt."""
        too_fast = not ours and self._arrivals(ip) > self._per_second
        too_many = self.sessions >= self._sessions_limit or (not ours and self._inside[ip] >= self._per_client)
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


class Allowance:
    """How long a client may still be waited for while its content comes, in seconds.

    Waiting spends it and octets earn it back, up to the whole: a pause is allowed (RFC 5321 4.5.3.2.5), a message that
    comes octet by octet is not. What we take ourselves costs the client nothing.
    """

    def __init__(self, whole: float) -> None:
        self._whole = whole
        self.begin(0.0, 0)

    def begin(self, waited: float, arrived: int) -> None:
        """Content follows; `waited` seconds and `arrived` octets are the connection's until now."""
        self.left = self._whole
        self._waited, self._arrived = waited, arrived

    def look(self, waited: float, arrived: int) -> None:
        """Reckon with what has been waited and what has come since the last look."""
        spent, earned = waited - self._waited, (arrived - self._arrived) / SLOWEST
        self._waited, self._arrived = waited, arrived
        self.left = min(self._whole, max(0.0, self.left - spent) + earned)
