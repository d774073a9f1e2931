"""What stands of a plan after its amendments: dates, holds, answers of gates, a pause.

`schedules.applied` makes an Applied, `schedules.amendments.coming` reads from it when a stage comes for whom.
Everything here is a frozen value; datetimes are aware.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.amendments.amendment import ANNOUNCED
from schedules.blocks.dates import PlanException
from schedules.blocks.scopes import Scope
from schedules.checks.stages import PRECEDING
from schedules.plan import IRREVERSIBLE, BrownOut
from schedules.positions import Position
from schedules.shifting import beside
from schedules.text import Text
from schedules.words import Stage

GATE_REASON = Text("準備の確認が済むまで待っています", "It waits until everything is known to be ready for it")


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that stands, of the plan or of an amendment."""

    scope: Scope
    until: datetime
    stages: tuple[Stage, ...] = ()  # none named: every stage but the announcement
    legal_order: str = ""  # court and number; empty where it is none
    announced: timedelta = ANNOUNCED  # how long before its end the release is told; none: it is not told
    reason: Text = field(kw_only=True)
    source: Position = field(kw_only=True)  # its line in the plan, or the amendment's number with line 0

    def concerns(self, stage: Stage) -> bool:
        """Whether it holds `stage`; what cannot be taken back waits with each stage that must come before it."""
        if stage is Stage.ANNOUNCE:
            return False
        if not self.stages or stage in self.stages:
            return True
        return stage in IRREVERSIBLE and any(before in self.stages for before in PRECEDING[stage])

    def told_at(self, zone: ZoneInfo) -> datetime | None:
        """When its end is told, in `zone`; None where it is not."""
        return beside(self.until, -self.announced, zone) if self.announced else None


@dataclass(frozen=True, slots=True)
class Gated:
    """A stage's gates: whether it waits while they have not answered, and their last answer since it was moved."""

    waits: bool
    opened: bool | None = None  # None: they have not answered
    answered_at: datetime | None = None
    findings: tuple[str, ...] = ()
    overridden: bool = False  # a person said so, whatever was found

    @property
    def shut(self) -> bool:
        """Whether they keep the stage waiting."""
        return self.waits if self.opened is None else not self.opened

    @property
    def why(self) -> Text:
        """What is told of a stage that they keep waiting; findings are an administrator's, and in English alone."""
        if self.opened is None:
            return Text(GATE_REASON.ja, "its gates have not been answered")
        found = f": {'; '.join(self.findings)}" if self.findings else ""
        return Text(GATE_REASON.ja + found, "its gates have not opened" + found)


@dataclass(frozen=True, slots=True)
class Paused:
    """The last pause of a plan: what had not come at `made_at` waits from `since`, without an end for a Resume."""

    made_at: datetime
    since: datetime  # later than made_at where an earlier pause still lasted
    until: datetime | None
    reason: Text


@dataclass(frozen=True)
class Applied:
    """What stands after all amendments: the instants of stages for everybody, what waits, brown-outs and holds."""

    dates: Mapping[Stage, datetime]  # when stages come for everybody, whatever gates answer
    exceptions: tuple[PlanException, ...]
    planned_brown_outs: tuple[BrownOut, ...]  # with those that wait for the end of a pause
    holds: tuple[Held, ...]
    gates: Mapping[Stage, Gated] = field(default_factory=dict)  # of the stages that have any
    paused: Paused | None = None
    instants: Mapping[Stage, datetime] = field(init=False)  # the dates, or when gates opened after them
    waiting: Mapping[Stage, Text] = field(init=False)  # stages that do not come as things stand, and why
    brown_outs: tuple[BrownOut, ...] = field(init=False)
    opened: Mapping[Stage, datetime] = field(init=False)  # no earlier than this, since gates opened only then
    shut: Mapping[Stage, Text] = field(init=False)  # stages that gates keep waiting, and what those said

    def __post_init__(self) -> None:
        gates = {stage: list(self._gates_of(stage)) for stage in self.dates}
        opened = {
            stage: max((one.answered_at for one in found if one.answered_at is not None), default=None)
            for stage, found in gates.items()
        }
        shut = {stage: one.why for stage, found in gates.items() for one in reversed(found) if one.shut}
        object.__setattr__(self, "opened", {stage: at for stage, at in opened.items() if at is not None})
        object.__setattr__(self, "shut", shut)
        object.__setattr__(self, "instants", {stage: self.not_before(stage, at) for stage, at in self.dates.items()})
        object.__setattr__(self, "waiting", dict(self._waiting()))
        rests = self.resting_from
        running = [one for one in self.planned_brown_outs if one.start.timestamp() <= rests]
        object.__setattr__(self, "brown_outs", tuple(running))

    @property
    def resting_from(self) -> float:
        """The POSIX timestamp after which nothing comes, since a pause without an end began; infinite without one."""
        return self.paused.made_at.timestamp() if self.paused and self.paused.until is None else float("inf")

    def not_before(self, stage: Stage, at: datetime) -> datetime:
        """`at`, or when the gates of `stage` opened after that, in the zone of `at`."""
        opened = self.opened.get(stage)
        return at if opened is None or opened.timestamp() <= at.timestamp() else opened.astimezone(at.tzinfo)

    def has_come(self, stage: Stage, at: datetime, now: datetime) -> bool:
        """Whether `stage`, dated `at` and not held, has come by `now`."""
        if stage in self.shut:
            return False
        return self.not_before(stage, at).timestamp() <= min(now.timestamp(), self.resting_from)

    def asked_again(self, stages: Iterable[Stage]) -> Mapping[Stage, Gated]:
        """The gates, with no answer from those of `stages`, which have been moved."""
        fresh = {stage: Gated(self.gates[stage].waits) for stage in stages if stage in self.gates}
        return {**self.gates, **fresh}

    def _gates_of(self, stage: Stage) -> Iterator[Gated]:
        """A stage's own gates; for what cannot be taken back, also those of the stages that must come before it."""
        for one in (stage, *(PRECEDING[stage] if stage in IRREVERSIBLE else ())):
            if one in self.gates and one in self.dates:
                yield self.gates[one]

    def _waiting(self) -> Iterator[tuple[Stage, Text]]:
        for stage, at in self.instants.items():
            if stage in self.shut:
                yield stage, self.shut[stage]
            elif self.paused is not None and at.timestamp() > self.resting_from:
                reason = self.paused.reason
                yield stage, Text(f"計画は一時停止中です。{reason.ja}", f"the plan is paused: {reason.en}")
