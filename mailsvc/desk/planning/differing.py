"""Two editions compared over all accounts: who gets another answer, when, and what else falls due.

Use: `diff_plans(first, second, desk, accounts=…)`; each word is a plan in force (`closing`), that plan before later
amendments (`closing@2`; `closing@0` as written), or a plan file. Nothing is written.
Fails: as `rehearsing` does.
"""

from dataclasses import dataclass
from pathlib import Path

from mailsvc.desk.desk import Desk
from mailsvc.desk.planning.counting import Tick, named
from mailsvc.desk.planning.rehearsing import groups_for, words_of
from schedules.moments import Moment
from schedules.rehearsing.difference import Differences, differences


@dataclass(frozen=True, slots=True)
class Differed:
    """What differs, and between which two."""

    first: str
    second: str
    zone: str  # in which times are told: the second's
    differences: Differences


def diff_plans(
    first: str,
    second: str,
    desk: Desk | None,
    *,
    accounts: Path | None = None,
    since: str | None = None,
    until: str | None = None,
    examples: int = 3,
    tick: Tick = lambda _done, _whole: None,
) -> Differed:
    """Compare two editions, from `since` until, not at, `until`; up to so many `examples` of addresses a row."""
    before, after = named(first, desk), named(second, desk)
    zone = after.plan.zone
    begin = Moment.parse(since).instant(zone) if since is not None else None
    end = Moment.parse(until).instant(zone) if until is not None else None
    groups = groups_for(desk, (before, after), accounts, tick)
    found = differences(
        before,
        after,
        groups,
        (words_of(before, desk), words_of(after, desk)),
        since=begin,
        until=end,
        examples=examples,
        tick=tick,
    )
    return Differed(first, second, zone.key, found)
