"""Amendments: stages postponed, and addresses, groups, areas or domains held open.

Use: `postpone(desk, plan, stages, by=..., to=..., reason=...)`, `hold(desk, plan, ..., until=..., reason=...)`.
Fails: `Refused` where there is no such plan or the amendment cannot be meant; `Wrong` for a time or length that
cannot be read; `Conflict` where somebody else amended the plan at the same moment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailsvc.desk.desk import Desk, why
from mailsvc.desk.planning.saying import said
from mailsvc.desk.plans import stored_plan
from mailsvc.desk.refusals import Refused
from mailsvc.records import editions
from mailsvc.records.store import Connection
from mailsvc.standing.almanac import edition_of
from schedules.amendments import Act, Amendment, BadAmendment, Hold, Postpone
from schedules.blocks.scopes import Scope
from schedules.durations import parse_duration
from schedules.edition import Edition
from schedules.moments import Moment
from schedules.names import Address, BadName, DomainName
from schedules.words import Stage


@dataclass(frozen=True, slots=True)
class Amended:
    """An amendment that was made, and the instants it moved."""

    plan: str
    amendment: Amendment
    moved: tuple[tuple[Stage, datetime, datetime], ...]  # stage, was, is
    zone: ZoneInfo  # of the plan

    def lines(self) -> tuple[str, ...]:
        """What is told to the person who made it."""
        head = f"plan {self.plan}, amendment {self.amendment.number}: {said(self.amendment, self.zone)}"
        return (head, *(f"  {stage}: {was.isoformat()} -> {now.isoformat()}" for stage, was, now in self.moved))


def postpone(
    desk: Desk, plan: str, stages: tuple[Stage, ...], *, by: str | None, to: str | None, reason: str
) -> Amended:
    """Move stages (none named: all to come) to later, by a length of time or to an instant in the plan's zone."""
    length = parse_duration(by) if by is not None else None
    moment = Moment.parse(to) if to is not None else None
    return _amend(
        desk,
        plan,
        reason,
        lambda edition: Postpone(stages, length, moment.instant(edition.plan.zone) if moment else None),
    )


def hold(
    desk: Desk,
    plan: str,
    *,
    until: str,
    reason: str,
    address: str | None = None,
    group: str | None = None,
    area: str | None = None,
    domain: str | None = None,
) -> Amended:
    """Keep one address, group, area or domain open until an instant in the plan's zone.

    Raises Refused where the plan does not cover what is named, or the time has passed.
    """
    scope = Scope(
        domain=_pattern(domain) if domain else "",
        group=group or "",
        area=area or "",
        address=Address.parse(address) if address else None,
    )
    if scope == Scope():
        raise Refused("it is not said what to hold", "name an address, a group, an area or a domain")
    moment = Moment.parse(until)

    def act(edition: Edition) -> Hold:
        end = moment.instant(edition.plan.zone)
        if end <= desk.clock.now():
            raise Refused(f"{end.isoformat()} has passed", "hold until a time to come")
        _refuse_foreign(edition, scope)
        return Hold(scope, end)

    return _amend(desk, plan, reason, act)


def _amend(desk: Desk, plan: str, reason: str, act: Callable[[Edition], Act]) -> Amended:
    told = why(reason)

    def work(conn: Connection) -> Amended:
        before = edition_of(stored_plan(conn, plan))
        _, number = editions.next_numbers(conn, plan)
        try:
            amendment = Amendment(number, desk.clock.now(), desk.actor, told, act(before))
            after = before.amended(amendment)
        except BadAmendment as problem:
            raise Refused(f"the plan {plan!r} cannot be amended so", str(problem)) from None
        detail = {"amendment": str(number), "what": said(amendment, before.plan.zone)}
        at = desk.note(conn, "plan amend", plan, told, detail)
        editions.add_amendment(conn, plan, amendment.to_json(), number=number, at=at, by=desk.actor, reason=told)
        return Amended(plan, amendment, _moved(before, after), before.plan.zone)

    return desk.records.act(work)


def _moved(before: Edition, after: Edition) -> tuple[tuple[Stage, datetime, datetime], ...]:
    was = dict(before.stages())
    return tuple((stage, was[stage], at) for stage, at in after.stages() if was[stage] != at)


def _pattern(text: str) -> str:
    star = "*." if text.startswith("*.") else ""
    return star + DomainName.parse(text.removeprefix("*.")).ascii


def _refuse_foreign(edition: Edition, scope: Scope) -> None:
    """A hold that could never hold anything is a slip of the pen."""
    plan = edition.plan
    named = scope.domain or (scope.address.domain.ascii if scope.address else "")
    if not named:
        return
    try:
        covered = named in plan.domains or edition.covers(DomainName.parse(named.removeprefix("*.")))
    except BadName:
        covered = False
    if not covered:
        raise Refused(f"the plan {plan.name!r} does not cover {named}", f"it covers {', '.join(plan.domains)}")
