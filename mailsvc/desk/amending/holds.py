"""Amendments for some addresses: held open until a time, and let go before it.

Use: `hold(desk, plan, Named(area="noto"), until=..., reason=...)`, `release(desk, plan, named, at=..., reason=...)`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailsvc.desk.amending.core import Amended, amend, edition_in_force
from mailsvc.desk.amending.dates import refuse_past
from mailsvc.desk.desk import Desk
from mailsvc.desk.refusals import Refused
from mailsvc.records import directory
from mailsvc.records.census import census
from mailsvc.standing.resolving import ROLES
from schedules.amendments import ANNOUNCED, Hold, Release
from schedules.applied import Held
from schedules.blocks.scopes import Scope
from schedules.durations import parse_duration, print_duration
from schedules.edition import Edition
from schedules.moments import Moment
from schedules.names import Address, BadName, DomainName
from schedules.rehearsing.groups import Reads
from schedules.words import Profile, Stage


@dataclass(frozen=True, slots=True)
class Named:
    """Whom an administrator has named: exactly one of them."""

    address: str | None = None
    group: str | None = None
    area: str | None = None
    domain: str | None = None

    def scope(self) -> Scope:
        """As plans have it. Raises BadName, and Refused where none or several are named."""
        named = [one for one in (self.address, self.group, self.area, self.domain) if one is not None]
        if len(named) != 1 or not named[0].strip():
            remedy = "name an address, a group, an area or a domain; `lastpost plan pause` concerns the whole plan"
            raise Refused("it is not said for whom", remedy)
        return Scope(
            domain=_pattern(self.domain) if self.domain else "",
            group=self.group or "",
            area=self.area or "",
            address=Address.parse(self.address) if self.address else None,
        )


def hold(
    desk: Desk,
    plan: str,
    named: Named,
    *,
    until: str,
    reason: str,
    stages: Sequence[Stage] = (),
    legal_order: str = "",
    announced: str | None = None,
) -> Amended:
    """Keep those named open until an instant in the plan's zone: all their stages, or these alone.

    With a `legal_order` (court and number) it goes before every other hold; its end is told `announced` before.
    A hold of nobody stands, with a warning: they may come with the next import. Raises Refused where the plan does not
    cover what is named, or the time has passed.
    """
    scope, moment = named.scope(), Moment.parse(until)
    told_before = parse_duration(announced) if announced is not None else ANNOUNCED

    def act(edition: Edition) -> Hold:
        end = moment.instant(edition.plan.zone)
        refuse_past(desk, end, "hold until a time to come")
        _refuse_foreign(edition, scope)
        unknown = [stage for stage in stages if stage not in edition.plan.stages]
        if unknown:
            raise Refused(f"the plan {plan!r} has no stage {unknown[0]}", f"it has {', '.join(edition.plan.stages)}")
        return Hold(scope, end, tuple(stages), legal_order, told_before)

    made = amend(desk, plan, reason, act, whom=scope)
    return replace(made, warnings=tuple(_holds_nobody(desk, plan, scope)))


def release(desk: Desk, plan: str, named: Named, *, at: str | None, reason: str, unannounced: bool = False) -> Amended:
    """Let go every hold of exactly those named, at an instant in the plan's zone; without one, now.

    Raises Refused where nothing holds them, and, unless it may come `unannounced`, where the instant is sooner than
    the release would have to be told.
    """
    scope = named.scope()
    moment = Moment.parse(at) if at is not None else None

    def act(edition: Edition) -> Release:
        now = desk.clock.now()
        holds = [held for held in edition.standing.holds if _same(held.scope, scope) and held.until > now]
        if not holds:
            known = ", ".join(dict.fromkeys(str(one.scope) for one in edition.standing.holds if one.until > now))
            raise Refused(f"nothing holds {scope}", f"held are: {known or 'none'}")
        let_go = moment.instant(edition.plan.zone) if moment else now
        if moment is not None:
            refuse_past(desk, let_go, "release at a time to come, or with --now alone")
        if not unannounced:
            _refuse_sooner(let_go, now, holds, edition)
        return Release(holds[0].scope, let_go)

    return amend(desk, plan, reason, act, whom=scope)


def _refuse_sooner(at: datetime, now: datetime, holds: Sequence[Held], edition: Edition) -> None:
    announced = max(held.announced for held in holds)
    if at < now + announced:
        first = (now + announced).astimezone(edition.plan.zone).isoformat(timespec="minutes")
        raise Refused(
            f"the release is to be told {print_duration(announced)} before it",
            f"release at {first} or later; with --now it comes without being told in time",
        )


def _holds_nobody(desk: Desk, plan: str, scope: Scope) -> Iterator[str]:
    """A warning where the directory has nobody whom `scope` means: a slip of the pen holds nothing."""
    edition = edition_in_force(desk, plan)
    with desk.records.read() as conn:
        if scope.address is not None:
            key = scope.address.key
            known = key in ROLES or directory.find(conn, scope.address.domain, key) is not None
        elif scope.group or scope.area:
            mine = [name for name in directory.ours(conn) if edition.covers(DomainName(name))]
            groups = census(conn, Reads(groups=True, areas=True), only=mine)
            known = any(scope.covers(Profile(one.domain, group=one.group, area=one.area)) for one in groups)
        else:
            known = True
    if not known:
        yield f"this holds nobody: the directory has no {scope}; `lastpost plan release` takes a slip of the pen back"


def _same(one: Scope, other: Scope) -> bool:
    if one.address is not None and other.address is not None:
        return one.address.same_mailbox(other.address)
    return one == other


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
