"""Two editions compared: which addresses get another answer, between which instants, and what else falls due.

    found = differences(before, after, groups, (judge, judge))
    found.total, found.answers, found.agenda

Pure and exact: at every instant an address is told the same by both editions unless a row here says otherwise. Domains
that an edition does not cover have no end under it. `groups` must be made with what both editions read.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from schedules.agenda import Falling, agenda
from schedules.edition import Edition, open_edition
from schedules.names import Address
from schedules.rehearsing.answers import BEGINNING, Answer, Book, Course, Courses, Judge, Runs, at, edges
from schedules.rehearsing.groups import Group
from schedules.rehearsing.tallies import Tally, labels, tally
from schedules.words import Power

_END = float("inf")
# From, until, what is asked for, and both answers.
_Key = tuple[float, float, Power, Answer, Answer]
# All intervals in which two runs of one power differ.
_Pair = tuple[_Key, ...]


@dataclass(frozen=True, slots=True)
class AnswerDiffers:
    """Addresses that are told one thing by the first edition and another by the second, between two instants."""

    since: datetime | None  # None: from the beginning
    until: datetime | None  # None: for ever
    power: Power
    before: Answer
    after: Answer
    tally: Tally
    examples: tuple[Address, ...]

    @property
    def in_words(self) -> bool:
        """Whether only the words differ: the replies have one code, or both allow it, refuse it, or put it off."""
        first, second = self.before, self.after
        if first.reply:
            return first.reply[:3] == second.reply[:3]
        return (first.allowed, first.deferred) == (second.allowed, second.deferred)


@dataclass(frozen=True, slots=True)
class AgendaDiffers:
    """Something that falls due at another time, or under one of the editions only."""

    before: Falling | None
    after: Falling | None


@dataclass(frozen=True, slots=True)
class Differences:
    """All that differs between two editions."""

    total: int  # addresses that were compared
    differing: int  # of them: those with another answer at some time
    answers: tuple[AnswerDiffers, ...]  # in order of time, the greatest first
    agenda: tuple[AgendaDiffers, ...]

    @property
    def nothing(self) -> bool:
        """Whether the editions are the same for everybody at all times."""
        return not self.answers and not self.agenda


@dataclass(slots=True)
class _Concerned:
    counts: Counter[str] = field(default_factory=Counter)
    examples: list[Address] = field(default_factory=list)


class _Side:
    """One edition's answers, and those of no plan for domains that it does not cover."""

    def __init__(self, edition: Edition, judge: Judge, book: Book) -> None:
        self._covering = Courses(edition, judge, book)
        self._open = Courses(open_edition(edition.plan.zone), judge, book)

    def of(self, group: Group) -> Course:
        plan = self._covering.edition.plan
        covers = not plan.domains or self._covering.edition.covers(group.domain)
        return (self._covering if covers else self._open).of(group)


def differences(
    before: Edition,
    after: Edition,
    groups: Sequence[Group],
    judges: tuple[Judge, Judge],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    examples: int = 3,
    tick: Callable[[int, int], None] = lambda _done, _whole: None,
) -> Differences:
    """What differs for `groups` from `since` until, not at, `until`; up to so many `examples` of addresses a row.

    Each edition answers in the words of its own judge; `tick` hears how far it is.
    """
    book = Book()
    first, second = _Side(before, judges[0], book), _Side(after, judges[1], book)
    window = since.timestamp() if since else BEGINNING, until.timestamp() if until else _END
    pairs = _Pairs(*window)
    found: dict[int, tuple[_Pair, _Concerned]] = {}
    differing = 0
    for done, group in enumerate(groups):
        if not done % 1000:
            tick(done, len(groups))
        rows = pairs.of(first.of(group), second.of(group))
        differing += group.count if rows else 0
        counts = labels(group)
        for pair in rows:
            concerned = found.setdefault(id(pair), (pair, _Concerned()))[1]
            concerned.counts.update(counts)
            if group.example is not None and len(concerned.examples) < examples:
                concerned.examples.append(group.example)
    tick(len(groups), len(groups))
    total = sum(group.count for group in groups)
    told = tuple(_told(_together(found.values(), examples), after.plan.zone))
    return Differences(total, differing, told, tuple(_agendas(before, after, since, until)))


class _Pairs:
    """Compares courses; of equal ones only once."""

    def __init__(self, since: float, until: float) -> None:
        self._window = since, until
        self._courses: dict[tuple[int, int], tuple[_Pair, ...]] = {}
        self._runs: dict[tuple[Power, int, int], _Pair] = {}

    def of(self, first: Course, second: Course) -> tuple[_Pair, ...]:
        """For each power with different answers, when and which."""
        key = id(first), id(second)
        found = self._courses.get(key)
        if found is None:
            found = self._courses[key] = tuple(pair for pair in self._compared(dict(first), dict(second)) if pair)
        return found

    def _compared(self, first: Mapping[Power, Runs], second: Mapping[Power, Runs]) -> Iterator[_Pair]:
        for power in {**first, **second}:
            whole = Power(power.capability)
            ours, theirs = first.get(power, first[whole]), second.get(power, second[whole])
            if ours is theirs:
                continue
            key = power, id(ours), id(theirs)
            if key not in self._runs:
                self._runs[key] = tuple(_intervals(power, ours, theirs, *self._window))
            yield self._runs[key]


def _together(found: Iterable[tuple[_Pair, _Concerned]], examples: int) -> Mapping[_Key, _Concerned]:
    """Intervals that are alike in different courses, as one."""
    whole: dict[_Key, _Concerned] = {}
    for pair, concerned in found:
        for key in pair:
            one = whole.setdefault(key, _Concerned())
            one.counts.update(concerned.counts)
            one.examples = (one.examples + concerned.examples)[:examples]
    return whole


def _intervals(power: Power, first: Runs, second: Runs, since: float, until: float) -> Iterator[_Key]:
    """The intervals in which they differ; what is told alike on both sides of an edge is one interval."""
    open_: _Key | None = None
    for start, end in pairwise([*edges(first, second), _END]):
        ours, theirs = at(first, start), at(second, start)
        begin, stop = max(start, since), min(end, until)
        if ours.told == theirs.told or begin >= stop:
            continue
        alike = open_ is not None and (open_[3].told, open_[4].told) == (ours.told, theirs.told)
        if open_ is not None and alike and open_[1] == begin:
            open_ = open_[0], stop, power, open_[3], open_[4]
            continue
        if open_ is not None:
            yield open_
        open_ = begin, stop, power, ours, theirs
    if open_ is not None:
        yield open_


def _told(found: Mapping[_Key, _Concerned], zone: ZoneInfo) -> Iterator[AnswerDiffers]:
    ordered = sorted(found.items(), key=lambda item: (*item[0][:3], -item[1].counts.total(), str(item[0])))
    for (start, end, power, ours, theirs), concerned in ordered:
        since, until = _instant(start, zone), _instant(end, zone)
        counts, examples = tally(concerned.counts), tuple(concerned.examples)
        yield AnswerDiffers(since, until, power, ours, theirs, counts, examples)


def _instant(stamp: float, zone: ZoneInfo) -> datetime | None:
    return None if stamp in {BEGINNING, _END} else datetime.fromtimestamp(stamp, zone)


def _agendas(
    before: Edition, after: Edition, since: datetime | None, until: datetime | None
) -> Iterator[AgendaDiffers]:
    """By id: what falls due at another instant or says something else, and what only one of them has."""
    ours = {one.id: one for one in agenda(before)}
    theirs = {one.id: one for one in agenda(after)}
    for name in {**ours, **theirs}:
        first, second = ours.get(name), theirs.get(name)
        if first != second and any(_within(one, since, until) for one in (first, second)):
            yield AgendaDiffers(first, second)


def _within(falling: Falling | None, since: datetime | None, until: datetime | None) -> bool:
    if falling is None:
        return False
    stamp = falling.at.timestamp()
    return (since is None or since.timestamp() <= stamp) and (until is None or stamp < until.timestamp())
