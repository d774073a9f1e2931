"""What a group of addresses is answered through time, as runs of answers for each of its powers.

    courses = Courses(edition, judge)
    courses.of(group)[Power(Capability.RECEIVE)]    # (Run(-inf, Answer(… 250 …)), Run(1706713200.0, Answer(… 550 …)))

`judge` gives the words that mail gets; whoever rehearses hands in the gateway's own. Groups of one profile share what
does not depend on their state, so that a million addresses cost as much as their profiles. Pure, apart from `judge`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from schedules.edition import Edition
from schedules.groups import Group
from schedules.text import Text
from schedules.timeline import Timeline
from schedules.words import Capability, Power, Profile, Rule, Ruling, Rulings, Stage

BEGINNING = float("-inf")
RECEIVE, SEND = Power(Capability.RECEIVE), Power(Capability.SEND)


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
        """What the asker can see of it: by which rule it comes makes no other answer."""
        return self.allowed, self.deferred, self.reply or (None if self.allowed else self.reason)


@dataclass(frozen=True, slots=True)
class Run:
    """An answer and the POSIX timestamp from which it stands."""

    start: float
    answer: Answer


Runs = tuple[Run, ...]


class Judge(Protocol):
    """The words that mail gets."""

    def receiving(self, group: Group, rulings: Rulings, *, routed: bool) -> str:
        """The SMTP reply to mail for addresses of `group`; `routed`: a successor takes all mail of their domain."""
        ...

    def sending(self, ruling: Ruling) -> str:
        """The SMTP reply to mail that they send."""
        ...


class Courses:
    """The answers through time under one edition."""

    def __init__(self, edition: Edition, judge: Judge) -> None:
        self.edition = edition
        self._judge = judge
        self._common: dict[Profile, Mapping[Power, Runs]] = {}
        self._mail: dict[tuple[object, ...], Runs] = {}
        self._replies: dict[tuple[object, ...], str] = {}
        self._answers: dict[Answer, Answer] = {}

    def of(self, group: Group) -> Mapping[Power, Runs]:
        """The runs of every power that concerns `group`."""
        profile = group.profile(self.edition)
        common = self._common.get(profile)
        if common is None:
            common = self._common[profile] = self._powers(self.edition.timeline(profile))
        state = profile, _state(group)
        mail = self._mail.get(state)
        if mail is None:
            mail = self._mail[state] = self._receiving(self.edition.timeline(profile), group)
        return {RECEIVE: mail, **{power: runs for power, runs in common.items() if concerns(power, group)}}

    @property
    def profiles(self) -> int:
        """How many profiles were asked for."""
        return len(self._common)

    def _powers(self, timeline: Timeline) -> Mapping[Power, Runs]:
        powers = [Power(c) for c in Capability if c is not Capability.RECEIVE]
        named = sorted({power for rulings in timeline.rulings for power in rulings.courses})
        return {power: self._runs(power, timeline) for power in (*powers, *named)}

    def _runs(self, power: Power, timeline: Timeline) -> Runs:
        runs: list[Run] = []
        before: Ruling | None = None
        for start, rulings in zip((BEGINNING, *timeline.edges), timeline.rulings, strict=True):
            ruling = rulings.power(power)
            if ruling is not before:
                _add(runs, start, self._answer(ruling, self._sending(ruling) if power == SEND else ""))
            before = ruling
        return tuple(runs)

    def _receiving(self, timeline: Timeline, group: Group) -> Runs:
        """Mail for them: what forwarding and a successor do is in the reply, so both make edges."""
        at = self.edition.stage_instant(Stage.SUCCESSOR, group.domain)
        from_then = at.timestamp() if at is not None else float("inf")
        runs: list[Run] = []
        for start in sorted({BEGINNING, *timeline.edges, from_then} - {float("inf")}):
            rulings = timeline.at(start)
            ruling = rulings[Capability.RECEIVE]
            _add(runs, start, self._answer(ruling, self._reply(group, rulings, routed=from_then <= start)))
        return tuple(runs)

    def _reply(self, group: Group, rulings: Rulings, *, routed: bool) -> str:
        mail, forward = rulings[Capability.RECEIVE], rulings[Capability.FORWARD]
        key = _state(group), routed, *_facts(mail), *_facts(forward)
        found = self._replies.get(key)
        if found is None:
            found = self._replies[key] = self._judge.receiving(group, rulings, routed=routed)
        return found

    def _sending(self, ruling: Ruling) -> str:
        key = SEND, *_facts(ruling), ruling.since
        found = self._replies.get(key)
        if found is None:
            found = self._replies[key] = self._judge.sending(ruling)
        return found

    def _answer(self, ruling: Ruling, reply: str) -> Answer:
        made = Answer(ruling.allowed, ruling.deferred, ruling.rule, ruling.reason, ruling.stage, reply)
        return self._answers.setdefault(made, made)


def concerns(power: Power, group: Group) -> bool:
    """Whether a power of one course is one that these addresses' contracts could use: changing to it anybody could."""
    return not power.course or power.capability is Capability.COURSE_CHANGE or power.course == group.course


def at(runs: Sequence[Run], timestamp: float) -> Answer:
    """The answer at a POSIX timestamp."""
    return next(run.answer for run in reversed(runs) if run.start <= timestamp)


def edges(*all_runs: Iterable[Run]) -> list[float]:
    """Where any of them changes, rising."""
    return sorted({run.start for runs in all_runs for run in runs})


def _add(runs: list[Run], start: float, answer: Answer) -> None:
    if not runs or runs[-1].answer is not answer:
        runs.append(Run(start, answer))


def _state(group: Group) -> tuple[object, ...]:
    return group.kind == "role", group.left, group.forwarding, group.disclosed


def _facts(ruling: Ruling) -> tuple[object, ...]:
    return ruling.allowed, ruling.deferred, ruling.rule, ruling.reason
