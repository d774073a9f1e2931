"""The dates of a world as pauses and the answers of gates leave them: the oracle's own reckoning, by the wall clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from schedules.words import Stage

DAY = timedelta(days=1)
Hold = TypeVar("Hold")


def days_later(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of the clock so many days later; the day's beginning stays the day's beginning."""
    there = at.astimezone(zone)
    beginning = datetime.combine(there.date(), time(), zone).astimezone(UTC)
    clock = time() if at == beginning else there.timetz().replace(tzinfo=None)
    if not days:
        return at
    return datetime.combine(there.date() + days * DAY, clock.replace(fold=0), zone).astimezone(UTC)


@dataclass
class Dates(Generic[Hold]):
    """What has a date, and what keeps it from coming; `pause` and `resume` move it."""

    zone: ZoneInfo
    stages: dict[Stage, datetime]
    exceptions: list[tuple[str, dict[Stage, datetime]]]
    holds: list[tuple[Hold, datetime]]
    brown_outs: list[tuple[datetime, datetime]]
    gates: dict[Stage, bool]
    before: dict[Stage, list[str]]  # what must have come before what cannot be taken back
    answers: dict[Stage, tuple[bool, datetime]] = field(default_factory=dict)
    resting: tuple[datetime, datetime] | None = None  # a pause without an end: when it was made, from when it counts
    rested_until: datetime | None = None

    def comes(self, stage: Stage, released: datetime) -> datetime | None:
        asked = [one for one in (stage, *map(Stage, self.before[stage])) if one in self.gates and one in self.stages]
        if any(not self.answers[one][0] if one in self.answers else self.gates[one] for one in asked):
            return None
        at = max([released, *(self.answers[one][1] for one in asked if one in self.answers)])
        return None if self.resting is not None and at > self.resting[0] else at

    def rehearsed(self) -> Iterable[tuple[datetime, datetime]]:
        return [one for one in self.brown_outs if self.resting is None or one[0] <= self.resting[0]]

    def pause(self, made_at: datetime, until: datetime | None) -> None:
        since = max([made_at, *([self.rested_until] if self.rested_until else [])])
        if until is None:
            self.resting = (made_at, since)
        else:
            self.move(made_at, self.days(since, until))
            self.rested_until = until

    def resume(self, made_at: datetime) -> None:
        assert self.resting is not None
        begun, since = self.resting
        self.move(begun, self.days(since, made_at))
        self.resting, self.rested_until = None, max(made_at, since)

    def days(self, since: datetime, until: datetime) -> int:
        """As many as it takes to come to the end from the beginning."""
        return next(days for days in range(100) if days_later(since, days, self.zone) >= until)

    def move(self, made_at: datetime, days: int) -> None:
        """Whatever had not come by `made_at` comes later, each stage still after those that it came after."""
        moved = self.moved(self.stages, made_at, days)
        exceptions = [(scope, self.moved(stages, made_at, days)) for scope, stages in self.exceptions]
        self.answers = {stage: one for stage, one in self.answers.items() if moved[stage] == self.stages[stage]}
        self.stages, self.exceptions = moved, exceptions
        self.holds = [(hold, self.later(until, made_at, days)) for hold, until in self.holds]
        self.brown_outs = [
            (self.later(start, made_at, days), days_later(end, days, self.zone) if start > made_at else end)
            for start, end in self.brown_outs
        ]

    def later(self, at: datetime, made_at: datetime, days: int) -> datetime:
        return days_later(at, days, self.zone) if at > made_at else at

    def moved(self, stages: dict[Stage, datetime], made_at: datetime, days: int) -> dict[Stage, datetime]:
        coming = [s for s, at in stages.items() if (come := self.comes(s, at)) is None or come > made_at]
        found = dict(stages)
        for stage in coming:
            others = [days_later(stages[one], days, self.zone) for one in coming if stages[one] <= stages[stage]]
            found[stage] = max(others)
        return found
