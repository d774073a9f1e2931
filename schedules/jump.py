"""Clock jumps: whether the wall clock can be believed, as pure values.

    guard = JumpGuard.start(wall, monotonic, mark=mark, pending=pending, longest_outage=timedelta(days=7))
    guard = guard.tick(wall, monotonic)             # every few seconds; every call gives the next guard
    match guard.state: case Suspect(): ...

A jump is: the wall and the monotonic clock of one running process part by more than PARTING; or a start before the
high-water mark, or more than `longest_outage` after it. While Suspect, the mark stands still, and `trusted` tells
what time it would be without the jump. Doubt ends by itself when the wall clock comes back to within PARTING of that,
or by `acknowledge`. Suspect survives restarts: keep it by `to_json`, hand it to `start` as `pending`.
`wall` is the machine's own clock, before any clock file's offset: an offset is never a jump.
Fails with BadState for a pending state that cannot be read, ValueError for datetimes without a zone.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

PARTING = timedelta(seconds=60)
LONGEST_OUTAGE = timedelta(days=7)
_FORMAT = 1
_INSTANTS = ("trusted_now", "wall_now", "since")


class BadState(ValueError):
    """A kept state that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Trusting:
    """The wall clock is believed."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """The wall clock is not believed."""

    trusted_now: datetime  # what time it would be without the jump, at the last tick
    wall_now: datetime  # what the wall clock showed at the last tick
    since: datetime  # trusted time at which the jump was noticed
    why: str

    @property
    def jumped_by(self) -> timedelta:
        """How far the wall clock is ahead of the trusted time; negative where it is behind."""
        return self.wall_now - self.trusted_now

    def to_json(self) -> str:
        """The state as one line of JSON with sorted keys."""
        instants = {"trusted_now": self.trusted_now, "wall_now": self.wall_now, "since": self.since}
        tree = {key: at.astimezone(UTC).isoformat() for key, at in instants.items()}
        return json.dumps({"format": _FORMAT, "why": self.why, **tree}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Suspect":
        """The state that `to_json` wrote. Raises BadState for any other text."""
        try:
            tree = json.loads(text)
            trusted, wall, since = (_aware(datetime.fromisoformat(tree[key])) for key in _INSTANTS)
            known = tree["format"] == _FORMAT and isinstance(tree["why"], str)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise BadState(f"this is not the state of a clock jump: {error}") from error
        if not known:
            raise BadState(f"this is not the state of a clock jump in format {_FORMAT}")
        return cls(trusted, wall, since, tree["why"])


@dataclass(frozen=True, slots=True)
class JumpGuard:
    """What is believed of the wall clock, and the anchor by which the monotonic clock measures it."""

    state: Trusting | Suspect
    mark: datetime  # the latest wall time that was believed; persist it, and hand it to `start`
    anchor_time: datetime  # trusted time ...
    anchor_monotonic: float  # ... at this reading of the monotonic clock, in seconds

    @classmethod
    def start(
        cls,
        wall: datetime,
        monotonic: float,
        *,
        mark: datetime | None = None,
        pending: Suspect | None = None,
        longest_outage: timedelta = LONGEST_OUTAGE,
    ) -> "JumpGuard":
        """Judge the wall clock at the start of a process, by what the last one left behind."""
        wall = _aware(wall)
        believed = pending.trusted_now if pending is not None else mark or wall
        kept = _aware(mark or believed)
        carried = _carried_on(wall, pending, longest_outage) if pending is not None else None
        found = carried or _started(wall, _aware(believed), longest_outage)
        if isinstance(found, Suspect):
            return cls(found, kept, found.trusted_now, monotonic)
        return cls(found, max(kept, wall), wall, monotonic)

    def trusted(self, monotonic: float) -> datetime:
        """What time it is by the anchor and the monotonic clock, whatever the wall clock shows."""
        return self.anchor_time + timedelta(seconds=monotonic - self.anchor_monotonic)

    def tick(self, wall: datetime, monotonic: float) -> "JumpGuard":
        """The guard after one more look at both clocks."""
        wall, trusted = _aware(wall), self.trusted(monotonic)
        near = abs(wall - trusted) <= PARTING
        match self.state:
            case Trusting() if near:
                # Asked at every recipient, so not by `replace`, which takes three times as long.
                return JumpGuard(self.state, max(self.mark, wall), self.anchor_time, self.anchor_monotonic)
            case Trusting():
                why = f"the wall clock went {_told(wall - trusted)} while this process ran"
                return replace(self, state=Suspect(trusted, wall, trusted, why))
            case Suspect() if near:
                return JumpGuard(Trusting(), max(self.mark, wall), wall, monotonic)
            case Suspect():
                return replace(self, state=replace(self.state, trusted_now=trusted, wall_now=wall))

    def acknowledge(self, wall: datetime, monotonic: float) -> "JumpGuard":
        """Somebody says that the wall clock is right: it is believed, and the mark goes to it, even back."""
        wall = _aware(wall)
        return JumpGuard(Trusting(), wall, wall, monotonic)


def _started(wall: datetime, last: datetime, longest_outage: timedelta) -> Trusting | Suspect:
    if wall < last - PARTING:
        why = f"this start is {_told(wall - last)} of the last time that was believed"
        return Suspect(last, wall, last, why)
    if wall > last + longest_outage:
        why = f"this start is {_told(wall - last)} of the last time that was believed"
        return Suspect(last, wall, last, f"{why}, more than the longest outage")
    return Trusting()


def _carried_on(wall: datetime, pending: Suspect, longest_outage: timedelta) -> Suspect | None:
    """The doubt of the last process, where the wall clock goes on from what it showed then.

    None where it does not: it has been set since, and is judged anew. A clock that had gone back is believed again
    once it shows the time trusted then, since no start could tell it from one that was set right.
    """
    away = wall - pending.wall_now
    behind = pending.wall_now < pending.trusted_now
    if not -PARTING <= away <= longest_outage or (behind and wall >= pending.trusted_now - PARTING):
        return None
    return replace(pending, trusted_now=pending.trusted_now + max(away, timedelta()), wall_now=wall)


def _told(difference: timedelta) -> str:
    seconds = abs(difference) // timedelta(seconds=1)
    length = f"{timedelta(seconds=seconds)}"
    return f"{length} ahead" if difference > timedelta() else f"{length} back"


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} names no zone")
    return at.astimezone(UTC)
