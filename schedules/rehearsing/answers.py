"""What a group of addresses is answered through time, as runs of answers for each of its powers.

    courses = Courses(edition, judge, Book())
    dict(courses.of(group))[RECEIVE]    # (Run(-inf, Answer(… 250 …)), Run(1706713200.0, Answer(… 550 …)))

`judge` gives the words that mail gets; whoever rehearses hands in the gateway's own. Groups of one profile share what
does not depend on their state, and a Book keeps equal answers and equal runs as one object each: whoever counts can go
by identity, so that a million addresses cost as much as the different courses that they take. Pure, apart from `judge`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from schedules.decisions import Decisions
from schedules.edition import Edition
from schedules.rehearsing.facets import Facet
from schedules.rehearsing.groups import Group
from schedules.text import Text
from schedules.timeline import rulings_of
from schedules.words import Capability, Power, Profile, Rule, Ruling, Rulings, Stage

BEGINNING = float("-inf")
RECEIVE, SEND, FORWARD = Power(Capability.RECEIVE), Power(Capability.SEND), Power(Capability.FORWARD)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered when a power is asked for; `reply` is the SMTP reply where there is one."""

    allowed: bool
    deferred: bool
    rule: Rule
    reason: Text
    stage: Stage | None
    reply: str = ""

    @property
    def told(self) -> tuple[object, ...]:
        """What the asker can see of it: the reply where there is one; by which rule it comes makes no other answer."""
        return (self.reply,) if self.reply else (self.allowed, self.deferred, None if self.allowed else self.reason)


class Run(NamedTuple):
    """An answer and the POSIX timestamp from which it stands."""

    start: float
    answer: Answer


Runs = tuple[Run, ...]
Course = tuple[tuple[Power, Runs], ...]


class Judge(Protocol):
    """The words that mail gets."""

    def receiving(self, group: Group, rulings: Rulings, *, routed: bool) -> str:
        """The SMTP reply to mail for addresses of `group`; `routed`: a successor takes all mail of their domain.

        `rulings` has those of receiving and forwarding alone.
        """
        ...

    def sending(self, ruling: Ruling) -> str:
        """The SMTP reply to mail that they send."""
        ...


class Book:
    """Keeps equal answers, runs and powers as one object each; editions that are compared share one."""

    def __init__(self) -> None:
        self._answers: dict[tuple[object, ...], Answer] = {}
        self._runs: dict[tuple[tuple[float, int], ...], Runs] = {}
        self._powers: dict[Power, Power] = {}

    def answer(self, ruling: Ruling, reply: str) -> Answer:
        """The answer that a ruling gives, in the words of `reply`."""
        key = (*_facts(ruling), ruling.stage, reply)
        found = self._answers.get(key)
        if found is None:
            made = Answer(ruling.allowed, ruling.deferred, ruling.rule, ruling.reason, ruling.stage, reply)
            found = self._answers[key] = made
        return found

    def runs(self, runs: Iterable[Run]) -> Runs:
        """The runs as a value that is the same object for equal ones; their answers are of this book."""
        made = tuple(runs)
        return self._runs.setdefault(tuple((run.start, id(run.answer)) for run in made), made)

    def power(self, power: Power) -> Power:
        """The power, as the object by which it is known."""
        return self._powers.setdefault(power, power)


class Courses:
    """The answers through time under one edition."""

    def __init__(self, edition: Edition, judge: Judge, book: Book) -> None:
        self.edition = edition
        self._judge = judge
        self._book = book
        self._send = book.power(SEND)
        named = sorted({power for switch in edition.plan.switches for power in switch.capabilities if power.course})
        self._powers = tuple(book.power(power) for power in (*map(Power, Capability), *named))
        self._facets = {power: Facet.of(edition, power) for power in self._powers}
        self._profiles: set[Profile] = set()
        self._decisions: dict[Profile, Decisions] = {}
        self._rulings: dict[tuple[Power, Profile], tuple[tuple[float, Ruling], ...]] = {}
        self._runs: dict[tuple[object, ...], Runs] = {}
        self._courses: dict[tuple[object, ...], Course] = {}
        self._replies: dict[tuple[object, ...], str] = {}

    def of(self, group: Group, profile: Profile | None = None) -> Course:
        """The runs of every power that concerns `group`; of equal groups the same object."""
        known = profile or group.profile(self.edition)
        key = known, group.course, *_state(group)
        found = self._courses.get(key)
        if found is None:
            self._profiles.add(known)
            found = self._courses[key] = tuple(
                (power, self._receiving(known, group) if power == RECEIVE else self._plain(known, power))
                for power in self._powers
                if concerns(power, group)
            )
        return found

    @property
    def profiles(self) -> int:
        """How many profiles were asked for."""
        return len(self._profiles)

    def _of_power(self, profile: Profile, power: Power) -> tuple[tuple[float, Ruling], ...]:
        facet = self._facets[power].of_profile(profile)
        found = self._rulings.get((power, facet))
        if found is None:
            decisions = self._decisions.get(facet)
            if decisions is None:
                decisions = self._decisions[facet] = Decisions(self.edition.plan, self.edition.standing, facet)
            found = self._rulings[power, facet] = rulings_of(decisions, power)
        return found

    def _plain(self, profile: Profile, power: Power) -> Runs:
        key = power, self._facets[power].of_profile(profile)
        found = self._runs.get(key)
        if found is None:
            runs: list[Run] = []
            for start, ruling in self._of_power(profile, power):
                _add(runs, start, self._book.answer(ruling, self._sending(ruling) if power is self._send else ""))
            found = self._runs[key] = self._book.runs(runs)
        return found

    def _receiving(self, profile: Profile, group: Group) -> Runs:
        """Mail for them: what forwarding and a successor do is in the reply, so both make edges."""
        facets = self._facets[RECEIVE].of_profile(profile), self._facets[FORWARD].of_profile(profile)
        key = RECEIVE, *facets, *_state(group)
        found = self._runs.get(key)
        if found is None:
            found = self._runs[key] = self._book.runs(self._mail(profile, group))
        return found

    def _mail(self, profile: Profile, group: Group) -> list[Run]:
        receive, forward = self._of_power(profile, RECEIVE), self._of_power(profile, FORWARD)
        at = self.edition.stage_instant(Stage.SUCCESSOR, group.domain)
        from_then = at.timestamp() if at is not None else float("inf")
        runs: list[Run] = []
        for start in sorted({start for start, _ in (*receive, *forward)} | ({from_then} - {float("inf")})):
            ruling = _at(receive, start)
            of = {Capability.RECEIVE: ruling, Capability.FORWARD: _at(forward, start)}
            reply = self._reply(group, Rulings(of, None, None), routed=from_then <= start)
            _add(runs, start, self._book.answer(ruling, reply))
        return runs

    def _reply(self, group: Group, rulings: Rulings, *, routed: bool) -> str:
        mail, forward = rulings[Capability.RECEIVE], rulings[Capability.FORWARD]
        key = *_state(group), routed, *_facts(mail), *_facts(forward)
        found = self._replies.get(key)
        if found is None:
            found = self._replies[key] = self._judge.receiving(group, rulings, routed=routed)
        return found

    def _sending(self, ruling: Ruling) -> str:
        key = *_facts(ruling), ruling.since
        found = self._replies.get(key)
        if found is None:
            found = self._replies[key] = self._judge.sending(ruling)
        return found


def concerns(power: Power, group: Group) -> bool:
    """Whether a power of one course is one that these addresses' contracts could use: changing to it anybody could."""
    return not power.course or power.capability is Capability.COURSE_CHANGE or power.course == group.course


def at(runs: Sequence[Run], timestamp: float) -> Answer:
    """The answer at a POSIX timestamp."""
    return next(run.answer for run in reversed(runs) if run.start <= timestamp)


def edges(*all_runs: Iterable[Run]) -> list[float]:
    """Where any of them changes, rising."""
    return sorted({run.start for runs in all_runs for run in runs})


def _at(rulings: Sequence[tuple[float, Ruling]], timestamp: float) -> Ruling:
    return next(ruling for start, ruling in reversed(rulings) if start <= timestamp)


def _add(runs: list[Run], start: float, answer: Answer) -> None:
    if not runs or runs[-1].answer is not answer:
        runs.append(Run(start, answer))


def _state(group: Group) -> tuple[object, ...]:
    return group.kind == "role", group.left, group.forwarding, group.disclosed


def _facts(ruling: Ruling) -> tuple[object, ...]:
    return ruling.allowed, ruling.deferred, ruling.rule, ruling.reason
