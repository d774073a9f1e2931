"""Which lanes may be worked on: none beyond its share at once, and none whose next hop is away.

A lane whose hop cannot be reached rests: nothing is claimed for it, however much waits there. When its pause is over
one delivery probes it; if that fails the pause doubles. Pure: instants are seconds of a monotonic clock, handed in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class _Lane:
    active: int = 0
    failures: int = 0  # how often the hop was found away in a row; 0 means it is open
    rests_until: float = 0.0
    why: str = ""


class Lanes:
    """The state of every lane at work or at rest; `share` tells how many attempts a lane may have at once."""

    def __init__(self, *, share: Callable[[str], int], first_pause: float, longest_pause: float) -> None:
        self._share = share
        self._first = first_pause
        self._longest = longest_pause
        self._lanes: dict[str, _Lane] = {}

    def room(self, lane: str, now: float) -> int:
        """How many more attempts may begin: none at rest, one to probe, else what is left of its share."""
        state = self._lanes.get(lane)
        if state is None:
            return self._share(lane)
        if not state.failures:
            return max(self._share(lane) - state.active, 0)
        return 1 if now >= state.rests_until and not state.active else 0

    def resting(self, lane: str) -> bool:
        """Whether its next hop was away when last tried."""
        state = self._lanes.get(lane)
        return state is not None and state.failures > 0

    def why(self, lane: str) -> str:
        """What was heard when the hop was found away; empty for an open lane."""
        return self._lanes[lane].why if self.resting(lane) else ""

    def begin(self, lane: str) -> None:
        """An attempt begins."""
        self._lanes.setdefault(lane, _Lane()).active += 1

    def end(self, lane: str) -> None:
        """An attempt has ended, however; what there is to know of an idle, open lane is nothing."""
        self._lanes[lane].active -= 1
        self._forget(lane)

    def away(self, lane: str, now: float, why: str) -> bool:
        """The hop is away: rest. True where this is news.

        Attempts that began together and fail together lengthen the pause once.
        """
        state = self._lanes.setdefault(lane, _Lane())
        news = state.failures == 0
        if now >= state.rests_until:
            pause = min(self._first * 2 ** min(state.failures, 30), self._longest)
            state.rests_until = now + pause
            state.failures += 1
        state.why = why
        return news

    def back(self, lane: str) -> bool:
        """The hop has answered: open the lane. True where it rested."""
        state = self._lanes.setdefault(lane, _Lane())
        rested = state.failures > 0
        state.failures, state.rests_until, state.why = 0, 0.0, ""
        self._forget(lane)
        return rested

    def active(self, lane: str) -> int:
        """How many attempts run."""
        return self._lanes[lane].active if lane in self._lanes else 0

    def known(self) -> Iterable[str]:
        """Every lane at work or at rest."""
        return tuple(self._lanes)

    def _forget(self, lane: str) -> None:
        state = self._lanes[lane]
        if not state.active and not state.failures:
            del self._lanes[lane]

    def closed(self, now: float) -> frozenset[str]:
        """The lanes in which no attempt may begin now."""
        return frozenset(lane for lane in self._lanes if not self.room(lane, now))

    def to_probe(self, now: float) -> tuple[str, ...]:
        """The lanes whose pause is over and which nobody probes yet."""
        return tuple(lane for lane in self._lanes if self.resting(lane) and self.room(lane, now))

    def next_probe(self) -> float | None:
        """When the next pause ends, on the monotonic clock; None while no lane rests."""
        ends = [state.rests_until for state in self._lanes.values() if state.failures and not state.active]
        return min(ends, default=None)
