"""Two exceptions that meet: what nothing takes back must not come too soon for an address that both concern.

    for pair in torn(dates, exceptions): pair.late.scope, pair.stage, pair.before

One exception lets a domain end sooner, another gives some of its addresses more time; each is in order by itself.
Pure, and never fails. `schedules.checks.scopes` refuses such plans, `schedules.amendments.acting` such postponements.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schedules.blocks.dates import PlanException
from schedules.checks.draft import surely_within
from schedules.checks.stages import impossible
from schedules.plan import IRREVERSIBLE
from schedules.words import Stage

Dates = Mapping[Stage, datetime]


@dataclass(frozen=True, slots=True)
class Pair:
    """`stage`, dated by `early`, comes before `before`, which `late` has put off for addresses of both."""

    early: PlanException
    late: PlanException
    before: Stage
    stage: Stage


def torn(dates: Dates, exceptions: Sequence[PlanException]) -> Iterator[Pair]:
    """Pairs of exceptions that are possible each, and not together; those of which one is within the other left out."""
    for early in exceptions:
        if not IRREVERSIBLE.isdisjoint(early.stages) and early.scope.domain:
            for late in exceptions:
                if late is not early and late.scope.touches(early.scope.domain) and not _nested(early, late):
                    yield from _torn(dates, early, late)


def _torn(dates: Dates, early: PlanException, late: PlanException) -> Iterator[Pair]:
    alone = {*impossible({**dates, **early.stages}), *impossible({**dates, **late.stages})}
    wide, close = sorted((early, late), key=lambda one: one.scope.closeness)
    for before, stage in impossible({**dates, **wide.stages, **close.stages}):
        if (before, stage) not in alone and stage in IRREVERSIBLE & early.stages.keys() and before in late.stages:
            yield Pair(early, late, before, stage)


def _nested(one: PlanException, other: PlanException) -> bool:
    return surely_within(one.scope, other.scope) or surely_within(other.scope, one.scope)
