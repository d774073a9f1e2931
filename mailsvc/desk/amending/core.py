"""One amendment: made, checked against the plan and those before it, kept with its audit row, and told.

Use: `amend(desk, plan, reason, act)`; `act` makes the act from the edition that stands. It is asked inside the
transaction, so that what it sees is what it amends.
"""

from collections.abc import Callable, Mapping
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
from schedules.amendments import Act, Amendment, BadAmendment
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.names import DomainName
from schedules.stage_dates import comes
from schedules.words import Profile, Stage


@dataclass(frozen=True, slots=True)
class Moved:
    """A stage whose instant an amendment has moved; None: it waits."""

    stage: Stage
    was: datetime | None
    comes: datetime | None


@dataclass(frozen=True, slots=True)
class Amended:
    """An amendment that was made, and the instants it moved for those it concerns."""

    plan: str
    amendment: Amendment
    moved: tuple[Moved, ...]
    zone: ZoneInfo  # of the plan
    warnings: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """What is told to the person who made it."""
        head = f"plan {self.plan}, amendment {self.amendment.number}: {said(self.amendment, self.zone)}"
        moved = (f"  {one.stage}: {_told(one.was)} -> {_told(one.comes)}" for one in self.moved)
        return (head, *moved, *(f"warning: {warning}" for warning in self.warnings))

    def row(self) -> Mapping[str, object]:
        """The same for programs."""
        return {
            "plan": self.plan,
            "number": self.amendment.number,
            "made_at": self.amendment.made_at.astimezone(self.zone),
            "by": self.amendment.by,
            "what": said(self.amendment, self.zone),
            "reason": self.amendment.reason,
            "moved": tuple({"stage": one.stage, "was": one.was, "comes": one.comes} for one in self.moved),
            "warnings": self.warnings,
        }


def amend(desk: Desk, plan: str, reason: str, act: Callable[[Edition], Act], *, whom: Scope | None = None) -> Amended:
    """Make an amendment; the instants told are those of addresses in `whom`, else of the plan as a whole."""
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
        return Amended(plan, amendment, _moved(before, after, whom), before.plan.zone)

    return desk.records.act(work)


def edition_in_force(desk: Desk, plan: str) -> Edition:
    """The edition that stands now. Raises Refused where there is none of that name."""
    with desk.records.read() as conn:
        return edition_of(stored_plan(conn, plan))


def _moved(before: Edition, after: Edition, whom: Scope | None) -> tuple[Moved, ...]:
    was, now = _dates(before, whom), _dates(after, whom)
    return tuple(Moved(stage, was.get(stage), now.get(stage)) for stage in Stage if was.get(stage) != now.get(stage))


def _dates(edition: Edition, whom: Scope | None) -> Mapping[Stage, datetime]:
    """When each stage comes for the plan as a whole, or for whoever is in a scope; those that wait are left out."""
    if whom is None:
        return {stage: at for stage, at in edition.stages() if stage not in edition.standing.waiting}
    domain = (
        whom.address.domain.ascii if whom.address else whom.domain or next(iter(edition.plan.domains), "plan.invalid")
    )
    return comes(edition, Profile(DomainName(domain), group=whom.group, area=whom.area, address=whom.address))


def _told(at: datetime | None) -> str:
    return "waits" if at is None else at.isoformat(timespec="seconds")
