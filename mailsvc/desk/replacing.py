"""What a plan put in force must not undo: legal orders that last, gates that were asked, what nothing takes back.

Use: `refuse_losses(before, after, others, now)`, and `asked_anew(before, after, now)` for the gates to be closed.
Both are pure; Refused tells what to do instead.
"""

from collections.abc import Sequence
from datetime import datetime

from mailsvc.desk.refusals import Refused
from schedules.amendments.acting import come_somewhere
from schedules.amendments.standing import Held
from schedules.edition import Edition, edition_for
from schedules.names import DomainName
from schedules.plan import IRREVERSIBLE
from schedules.words import Stage

_HELD = frozenset(Stage) - {Stage.ANNOUNCE}


def refuse_losses(before: Edition | None, after: Edition, others: Sequence[Edition], now: datetime) -> None:
    """Raises Refused where putting `after` in place of `before`, beside the others, takes back what must stand."""
    _refuse_lost_orders([*others, before] if before is not None else others, [*others, after], now)
    if before is not None:
        _refuse_the_past(before, after, now)


def _refuse_lost_orders(before: Sequence[Edition], after: Sequence[Edition], now: datetime) -> None:
    """Raises Refused where a legal order that lasts would hold less, or less long, or nobody any more.

    So it is with an order left out of a plan's text, with a domain taken out of its plan or given to another one, and
    with a plan that names a domain more closely than the one which knows of the order.
    """
    names = {_one_of(pattern) for edition in (*before, *after) for pattern in edition.plan.domains}
    for edition in before:
        for held in edition.standing.holds:
            if not held.legal_order or held.until <= now:
                continue
            for name in sorted({*names, *((held.scope.address.domain,) if held.scope.address else ())}):
                if edition_for(name, before) is edition and held.scope.touches(name.ascii):
                    _refuse_lost(held, name, edition, edition_for(name, after))


def _refuse_the_past(before: Edition, after: Edition, now: datetime) -> None:
    """Raises Refused where what nothing takes back, and has not come, would have come by `now`."""
    for pattern in before.plan.domains:
        domain = DomainName(pattern)
        for stage in sorted(IRREVERSIBLE & after.plan.stages.keys()):
            was, comes = before.stage_instant(stage, domain), after.stage_instant(stage, domain)
            if pattern in after.plan.domains and comes is not None and comes <= now and (was is None or was > now):
                what = f"{after.plan.stages[stage].source}: {stage} would have come at {comes.isoformat()} already"
                raise Refused(what, "nothing takes it back: give it a date to come")


def asked_anew(before: Edition | None, after: Edition, now: datetime) -> tuple[Stage, ...]:
    """Stages whose gates opened for another plan: other dates, other gates, or other domains."""
    return tuple(
        stage
        for stage, gated in after.standing.gates.items()
        if gated.opened
        and (before is None or _is_another(stage, before, after))
        and not come_somewhere(after.plan, after.standing, stage, now)
    )


def _is_another(stage: Stage, before: Edition, after: Edition) -> bool:
    was, line = before.plan.stages.get(stage), after.plan.stages[stage]
    return (
        was is None
        or was.gates != line.gates
        or before.standing.dates[stage] != after.standing.dates[stage]
        or set(before.plan.domains) != set(after.plan.domains)
    )


def _one_of(pattern: str) -> DomainName:
    """The domain, or for "*.x" some name below x."""
    return DomainName.parse(f"any{pattern[1:]}" if pattern.startswith("*.") else pattern)


def _refuse_lost(held: Held, name: DomainName, before: Edition, after: Edition | None) -> None:
    if after is not None and any(_keeps(one, held, name) for one in after.standing.holds):
        return
    until = held.until.astimezone(before.plan.zone).isoformat(timespec="minutes")
    raise Refused(
        f"a legal order in the plan {before.plan.name!r} holds {held.scope} until {until}, and {name} would lose it",
        f"keep it in `holds` of the plan for {name}; only `lastpost plan release {before.plan.name}` ends it early",
    )


def _keeps(one: Held, order: Held, name: DomainName) -> bool:
    """Whether `one` is a legal order that holds at least as much of `name`, and as long, as `order`."""
    return (
        bool(one.legal_order)
        and one.until >= order.until
        and one.scope.touches(name.ascii)
        and one.scope.includes(order.scope)
        and _stages(order) <= _stages(one)
    )


def _stages(held: Held) -> frozenset[Stage]:
    return frozenset(held.stages) or _HELD
