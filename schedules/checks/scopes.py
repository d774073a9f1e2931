"""Checks of what a plan says for some addresses alone, or for a time: exceptions, holds, switches.

[*exception_problems(draft), *hold_problems(draft), *switch_problems(draft)]
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from schedules.blocks.dates import PlanException, PlanHold, Switch
from schedules.blocks.scopes import Scope
from schedules.checks.draft import Draft, repeated, surely_within, told, twice
from schedules.checks.pairs import torn
from schedules.checks.stages import impossible
from schedules.moments import later
from schedules.names import DomainName
from schedules.plan import IRREVERSIBLE, QUEUE_LIFE, WHOLE_DOMAIN, Plan
from schedules.positions import Position, Problem
from schedules.words import Power, Stage

# Stages that come for a domain as a whole: no exception for some of its addresses moves them.
_WHOLE = WHOLE_DOMAIN | IRREVERSIBLE

_ByMailbox = Mapping[tuple[DomainName, str] | None, Sequence[PlanException]]


def scope_problems(draft: Draft) -> Iterator[Problem]:
    """Scopes that name no address of the plan."""
    plan = draft.plan
    if "domains" in draft.broken or not plan.domains:
        return
    scoped = [*((one.scope, one.source) for one in plan.exceptions), *((one.scope, one.source) for one in plan.holds)]
    for scope, place in [*scoped, *((one.scope, one.source) for one in plan.switches)]:
        if not any(scope.touches(domain) for domain in plan.domains):
            what = f"`scope` ({scope}) lies outside the plan's domains"
            yield Problem(place, what, f"the plan ends {', '.join(dict.fromkeys(plan.domains))}")


def exception_problems(draft: Draft) -> Iterator[Problem]:
    """Exceptions for everybody, of stages they cannot move, said twice, or with dates in an impossible order."""
    plan = draft.plan
    sayings = [(one, stage) for one in plan.exceptions for stage in one.stages]
    for (one, stage), first in repeated(sayings, lambda said: (said[0].scope, said[1]), lambda said: said[0].source):
        yield twice(f"`{stage}` for {one.scope}", one.source, first)
    near = _by_mailbox(plan.exceptions)
    for one in plan.exceptions:
        if one.scope == Scope():
            yield Problem(
                one.source, "an exception for everybody is none", "move the stages themselves, or add a scope"
            )
            continue
        yield from _whole_problems(one, draft)
        yield from _merged_problems(one, plan, near)
    yield from _torn_problems(plan)


def _torn_problems(plan: Plan) -> Iterator[Problem]:
    for pair in torn({stage: line.at for stage, line in plan.stages.items()}, plan.exceptions):
        early, late = pair.early.stages[pair.stage], pair.late.stages[pair.before]
        whom = f"for {pair.late.scope} in {pair.early.scope}"
        what = f"{whom}, `{pair.stage}` ({told(early)}) comes before `{pair.before}`"
        where = f"({told(late)}, line {pair.late.source.line})"
        yield Problem(pair.early.source, f"{what} {where}", f"put `{pair.stage}` at or after `{pair.before}`")


def _whole_problems(one: PlanException, draft: Draft) -> Iterator[Problem]:
    known = draft.plan.domains
    for stage in sorted(_WHOLE & set(one.stages)):
        if not one.scope.whole_domain:
            what = f"`{stage}` comes for a domain as a whole, and not for {one.scope} alone"
            yield Problem(one.source, what, "name a domain of the plan as scope, or leave this stage where it is")
        elif known and one.scope.domain not in known and "domains" not in draft.broken:
            what = f"`{stage}` can be moved for a domain only that stands in `domains`, and {one.scope.domain} does not"
            yield Problem(one.source, what, f"add {one.scope.domain} to `domains`")


def _merged_problems(one: PlanException, plan: Plan, near: _ByMailbox) -> Iterator[Problem]:
    """What is impossible with the dates that hold for this exception's addresses, and is possible without it."""
    usual = {stage: line.at for stage, line in plan.stages.items()}
    places = {stage: line.source for stage, line in plan.stages.items()}
    merged = dict(usual)
    for wide in _layers(one, near):
        merged |= wide.stages
        places |= dict.fromkeys(wide.stages, wide.source)
    wrong = set(impossible(usual))
    for before, stage in impossible(merged):
        if (before, stage) not in wrong and not one.stages.keys().isdisjoint({before, stage}):
            late, early = (f"`{name}` ({told(merged[name])}{_line(places[name], one)})" for name in (before, stage))
            what = f"for {one.scope}, {early} comes before {late}"
            yield Problem(one.source, what, f"put `{stage}` at or after `{before}`")
    if Stage.RECEIVE_END in one.stages:
        yield from _end_problems(one, merged, plan)


def _end_problems(one: PlanException, merged: Mapping[Stage, datetime], plan: Plan) -> Iterator[Problem]:
    """An end that comes with less notice than the plan asks for, or while mail of a brown-out still waits."""
    end, announce = merged[Stage.RECEIVE_END], merged.get(Stage.ANNOUNCE)
    if announce is not None and end.timestamp() - announce.timestamp() < plan.shortest_notice.total_seconds():
        what = f"for {one.scope}, `receive-end` ({told(end)}) comes less than {plan.shortest_notice.days} days "
        yield Problem(one.source, f"{what}after `announce` ({told(announce)})", "give them more time")
    limit = later(end, -QUEUE_LIFE).timestamp()
    for brown_out in plan.brown_outs:
        if brown_out.start.timestamp() < end.timestamp() and brown_out.end.timestamp() > limit:
            what = f"for {one.scope}, the brown-out in line {brown_out.source.line} is not over {QUEUE_LIFE.days} days"
            remedy = "so that mail waiting in queues still arrives, move one of the two"
            yield Problem(one.source, f"{what} before `receive-end`", remedy)


def _by_mailbox(exceptions: tuple[PlanException, ...]) -> _ByMailbox:
    """Exceptions by the mailbox they name, or None: of thousands of single addresses none is compared with another."""
    found: dict[tuple[DomainName, str] | None, list[PlanException]] = {}
    for one in exceptions:
        found.setdefault(_mailbox(one), []).append(one)
    return found


def _mailbox(one: PlanException) -> tuple[DomainName, str] | None:
    return (one.scope.address.domain, one.scope.address.key) if one.scope.address is not None else None


def _layers(one: PlanException, near: _ByMailbox) -> list[PlanException]:
    """The wider exceptions that surely concern this one's addresses, and above them itself."""
    keys = dict.fromkeys((None, _mailbox(one)))
    wide = [
        other
        for key in keys
        for other in near.get(key, ())
        if other is not one and surely_within(one.scope, other.scope)
    ]
    return [*sorted(wide, key=lambda found: found.scope.closeness), one]


def _line(place: Position, one: PlanException) -> str:
    return "" if place == one.source else f", line {place.line}"


def hold_problems(draft: Draft) -> Iterator[Problem]:
    """Holds of nothing: of stages the plan lacks or cannot hold, over before they begin, or without effect."""
    plan = draft.plan
    announce = plan.stages.get(Stage.ANNOUNCE)
    for one in plan.holds:
        if Stage.ANNOUNCE in one.stages:
            yield Problem(one.source, "`announce` cannot be held", "leave it out: what was told stays told")
        for stage in one.stages:
            if not draft.has(stage) and not any(stage in other.stages for other in plan.exceptions):
                yield Problem(one.source, f"the plan has no `{stage}` to hold", "leave it out, or add the stage")
            elif stage in WHOLE_DOMAIN and not one.scope.whole_domain:
                what = f"`{stage}` comes for a domain as a whole, and does not wait for {one.scope}"
                yield Problem(one.source, what, "name a domain as scope, or leave this stage out")
        if announce is not None and one.until.timestamp() <= announce.at.timestamp():
            what = f"this hold ends ({told(one.until)}) before it begins: `announce` is {told(announce.at)}"
            yield Problem(one.source, f"{what} (line {announce.source.line})", "put `until` later")
        elif not one.legal_order and (last := _last_without_effect(one, plan)) is not None:
            what = f"this hold has no effect: `{last}` comes later ({told(plan.stages[last].at)}) than `until`"
            yield Problem(one.source, what, "put `until` later, or leave the hold out")


def _last_without_effect(one: PlanHold, plan: Plan) -> Stage | None:
    """The first of the stages it would hold, where even that one comes at or after its end without it."""
    held = {stage: plan.stages[stage].at for stage in one.stages or Stage if stage in plan.stages}
    held.pop(Stage.ANNOUNCE, None)
    moved = (other.stages for other in plan.exceptions if not one.stages or set(one.stages) & set(other.stages))
    if not held or any(at.timestamp() < one.until.timestamp() for dates in moved for at in dates.values()):
        return None
    first = min(held, key=lambda stage: held[stage].timestamp())
    return first if one.until.timestamp() <= held[first].timestamp() else None


def switch_problems(draft: Draft) -> Iterator[Problem]:
    """Switches that are on before they are off, and powers that one switch names twice."""
    for one in draft.plan.switches:
        if one.on is not None and one.on.timestamp() <= one.off.timestamp():
            what = f"this switch is on again ({told(one.on)}) before it is off ({told(one.off)})"
            yield Problem(one.source, what, "put `on` after `off`")
        for power in {power for at, power in enumerate(one.capabilities) if power in one.capabilities[:at]}:
            yield Problem(one.source, f"`{power}` is named twice", "name it once")
    yield from _overlapping(draft.plan.switches)


def _overlapping(switches: tuple[Switch, ...]) -> Iterator[Problem]:
    """Switches of one scope that are off at once, each told with the one that is off longest of those before it."""
    places = {id(one): place for place, one in enumerate(switches)}
    found: dict[tuple[int, int], Power] = {}
    last: dict[tuple[Scope, Power], Switch] = {}
    for one in sorted(switches, key=lambda one: one.off.timestamp()):
        for power in sorted(set(one.capabilities)):
            other = last.get((one.scope, power))
            if other is not None and one.off.timestamp() < _opens(other):
                pair = min(places[id(one)], places[id(other)]), max(places[id(one)], places[id(other)])
                found.setdefault(pair, power)
            if other is None or _opens(one) > _opens(other):
                last[one.scope, power] = one
    for (first, second), power in found.items():
        what = f"`{power}` is off already by the switch in line {switches[first].source.line}"
        yield Problem(switches[second].source, what, "join the two, or move one")


def _opens(one: Switch) -> float:
    return one.on.timestamp() if one.on is not None else float("inf")
