"""A plan walked through before it happens: what changes when, for how many addresses, and with which reply.

    rehearsal = rehearse(edition, groups, judge, since=…, until=…)
    rehearsal.changes, rehearsal.stages, rehearsal.due

Pure and exact: every change stands at its instant, and counts are of all addresses in `groups`. It costs as much as
there are profiles, not addresses. What cannot be counted from groups is None: it is not known, never guessed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from schedules.agenda import DeedKind, Falling, agenda
from schedules.blocks.dates import Audience
from schedules.edition import Edition
from schedules.rehearsing.answers import BEGINNING, RECEIVE, Answer, Book, Courses, Judge, Runs
from schedules.rehearsing.groups import Group, known
from schedules.rehearsing.tallies import Tally, labels, tally
from schedules.stage_dates import comes
from schedules.words import Power, Profile, Rule, Stage

# A change, before its addresses are counted.
_Key = tuple[float, Power, Answer, Answer]
# What addresses are answered for one power, and which addresses.
_Counted = tuple[Power, Runs, Counter[str]]


@dataclass(frozen=True, slots=True)
class Change:
    """Addresses that get another answer from an instant on."""

    at: datetime
    power: Power
    before: Answer
    after: Answer
    tally: Tally

    @property
    def stage(self) -> Stage | None:
        """The stage that makes it; None for contracts' own dates, switches, brown-outs and holds that end."""
        return self.after.stage if self.after.rule in {Rule.STAGE, Rule.SOFT_START} else None


@dataclass(frozen=True, slots=True)
class StageComes:
    """A stage, and for how many addresses it comes when."""

    stage: Stage
    at: datetime | None  # for everybody; None while it waits
    waits: str  # why it waits
    dates: tuple[tuple[datetime, int], ...]  # in order of time
    elsewhen: int  # of them: addresses held open or excepted


@dataclass(frozen=True, slots=True)
class Due:
    """Something that falls due, and how many letters it means; None: not known."""

    falling: Falling
    letters: int | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a plan does between two instants."""

    since: datetime | None
    until: datetime | None
    tally: Tally
    profiles: int
    stages: tuple[StageComes, ...]
    changes: tuple[Change, ...]  # in order of time
    due: tuple[Due, ...]  # in order of time
    apart: int  # addresses with another date of some stage than everybody: held open or excepted
    ended_before: int  # addresses whose own end or their contract's stops their mail before the plan does


def rehearse(
    edition: Edition,
    groups: Sequence[Group],
    judge: Judge,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    tick: Callable[[int, int], None] = lambda _done, _whole: None,
) -> Rehearsal:
    """Walk `edition` over `groups`, from `since` until, not at, `until`; `tick` hears how far it is."""
    courses = Courses(edition, judge, Book())
    window = _stamp(since, BEGINNING), _stamp(until, float("inf"))
    counted: dict[tuple[int, int], _Counted] = {}
    profiles = [group.profile(edition) for group in groups]
    for done, (group, profile) in enumerate(zip(groups, profiles, strict=True)):
        if not done % 1000:
            tick(done, len(groups))
        one = labels(group)
        for power, runs in courses.of(group, profile):
            key = id(power), id(runs)
            if key not in counted:
                counted[key] = power, runs, Counter()
            counted[key][2].update(one)
    tick(len(groups), len(groups))
    come = _Come(edition, groups, profiles)
    return Rehearsal(
        since=since,
        until=until,
        tally=tally(sum((labels(group) for group in groups), Counter())),
        profiles=courses.profiles,
        stages=come.stages(),
        changes=tuple(_told(_changes(counted.values(), *window), edition.plan.zone)),
        due=tuple(Due(one, come.letters(one)) for one in agenda(edition, since=since, until=until)),
        apart=come.apart(),
        ended_before=_ended_before(counted.values()),
    )


def _stamp(at: datetime | None, otherwise: float) -> float:
    return at.timestamp() if at is not None else otherwise


def _changes(counted: Iterable[_Counted], first: float, last: float) -> Mapping[_Key, Counter[str]]:
    """Every change of the runs, with the addresses of all runs that have it."""
    found: dict[_Key, Counter[str]] = {}
    for power, runs, counts in counted:
        for before, after in pairwise(runs):
            if first <= after.start < last and before.answer.told != after.answer.told:
                found.setdefault((after.start, power, before.answer, after.answer), Counter()).update(counts)
    return found


def _ended_before(counted: Iterable[_Counted]) -> int:
    """How many addresses' mail ends by an expiry while the plan has not ended it."""
    return sum(
        tally(counts).total
        for power, runs, counts in counted
        if power == RECEIVE and any(run.answer.rule is Rule.EXPIRY for run in runs)
    )


def _told(changing: Mapping[_Key, Mapping[str, int]], zone: ZoneInfo) -> Iterable[Change]:
    ordered = sorted(changing.items(), key=lambda item: (item[0][0], item[0][1], -sum(item[1].values()), str(item[0])))
    for (start, power, before, after), counts in ordered:
        yield Change(datetime.fromtimestamp(start, zone), power, before, after, tally(counts))


class _Come:
    """When stages come for whom, from the same groups."""

    def __init__(self, edition: Edition, groups: Sequence[Group], profiles: Sequence[Profile]) -> None:
        self._edition = edition
        self._groups = groups
        self._profiles = profiles
        self._counts: Counter[Profile] = Counter()
        for group, profile in zip(groups, profiles, strict=True):
            self._counts[profile] += group.count
        self._dates = {profile: comes(edition, profile) for profile in self._counts}

    def stages(self) -> tuple[StageComes, ...]:
        """Every stage of the plan, in order of time."""
        return tuple(self._stage(stage, at) for stage, at in self._edition.stages())

    def _stage(self, stage: Stage, at: datetime) -> StageComes:
        waits = self._edition.standing.waiting.get(stage)
        counts: Counter[float] = Counter()
        for profile, number in self._counts.items():
            own = self._dates[profile].get(stage)
            if own is not None:
                counts[own.timestamp()] += number
        zone = self._edition.plan.zone
        dates = tuple((datetime.fromtimestamp(stamp, zone), counts[stamp]) for stamp in sorted(counts))
        elsewhen = counts.total() - counts[at.timestamp()]
        return StageComes(stage, None if waits else at, waits.en if waits else "", dates, elsewhen)

    def apart(self) -> int:
        """How many addresses have a date of their own."""
        everybody = dict(self._edition.stages())
        return sum(
            number
            for profile, number in self._counts.items()
            if any(at != everybody.get(stage) for stage, at in self._dates[profile].items())
        )

    def letters(self, falling: Falling) -> int | None:
        """How many addresses a notice goes to; None for what is no letter to subscribers, or cannot be counted."""
        if falling.kind is not DeedKind.NOTICE or falling.to not in {Audience.SUBSCRIBERS, Audience.CONTACTS}:
            return None
        if not known(falling.whom) or (falling.to is Audience.CONTACTS and not self._edition.plan.domains):
            return None
        return sum(
            group.count
            for group, profile in zip(self._groups, self._profiles, strict=True)
            if _is_told(falling, group) and self._hangs(falling, profile)
        )

    def _hangs(self, falling: Falling, profile: Profile) -> bool:
        """Whether the stage comes for these addresses at the date that the notice hangs on."""
        date, stage = falling.date, falling.stage
        if date is None or stage is None:
            return True
        own = self._dates[profile].get(stage)
        return own is not None and own.timestamp() == date.at.timestamp() and date.within.covers(profile)


def _is_told(falling: Falling, group: Group) -> bool:
    """Whoever has left is told no more, nor a role address; contacts are those of addresses that have one."""
    if group.left or group.kind == "role" or not falling.whom.covers(group.contract()):
        return False
    return falling.to is not Audience.CONTACTS or group.contact
