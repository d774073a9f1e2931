"""Plans: read from a file, and put in force. How they are shown stands in `mailsvc.desk.planning`.

Use: `read_plan_file(path)`, `apply_plan(desk, plan, reason)`, `stored_plan(connection, name)`.
Fails: `BadFile` with every problem of a plan file; `Refused` where a plan cannot be put in force;
`Conflict` where somebody else was quicker.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailsvc.desk import replacing
from mailsvc.desk.desk import Desk, why
from mailsvc.desk.refusals import Refused
from mailsvc.desk.successors import refuse_loops
from mailsvc.records import editions
from mailsvc.records.editions import StoredPlan
from mailsvc.records.store import Connection
from mailsvc.standing.almanac import UnreadableEdition, edition_of
from schedules.amendments import Amendment, BadAmendment, GateAnswer
from schedules.edition import Edition
from schedules.plan import Plan
from schedules.planfile import plan_warnings, print_plan, read_plan
from schedules.positions import BadFile, Position, Problem
from schedules.words import Stage

_CHANGED = "the plan has been changed since they were asked"


@dataclass(frozen=True, slots=True)
class Checked:
    """A plan that can be put in force, and what in it is seldom meant."""

    plan: Plan
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A plan in force."""

    name: str
    number: int
    changed: bool  # false: this very plan was in force already
    warnings: tuple[str, ...]


def read_plan_file(path: Path, now: datetime | None = None) -> Checked:
    """Read a plan file. Raises BadFile with all its problems; with `now`, dates that are past are warned of."""
    try:
        text = path.read_bytes()
    except OSError as error:
        remedy = "name a plan file; `lastpost plan example` prints one"
        raise BadFile([Problem(Position(str(path)), f"cannot be read ({error.strerror})", remedy)]) from None
    plan = read_plan(text, str(path))
    return Checked(plan, tuple(plan_warnings(plan, now)))


def apply_plan(
    desk: Desk,
    plan: Plan,
    reason: str,
    *,
    act: str = "plan apply",
    first: Callable[[Connection], None] = lambda _: None,
) -> Applied:
    """Put `plan` in force: as the next edition of its name, under the amendments made so far.

    `act` names it in the audit log; `first` runs in the same transaction, and may refuse. Gates that opened for other
    dates, gates or domains are closed until they are asked again. Raises Refused where another plan names the same
    domain, an amendment made before does not fit this plan, a legal order would be lost, or what nothing takes back
    would have come already; BadFile where its successor is ourselves.
    """
    told = why(reason)
    refuse_loops(plan, desk.settings)

    def work(conn: Connection) -> Applied:
        first(conn)
        stored = editions.load(conn)
        before = next((one for one in stored if one.name == plan.name), None)
        others = [edition_of(one) for one in stored if one is not before]
        _refuse_shared_domains(plan, others)
        edition, was = _with_amendments(plan, before), _readable(before)
        if before is not None and was is not None and print_plan(was.plan) == print_plan(plan):
            return Applied(plan.name, before.number, changed=False, warnings=())
        now = desk.clock.now()
        replacing.refuse_losses(was, edition, others, now)
        number, _ = editions.next_numbers(conn, plan.name)
        detail = {"edition": str(number), "domains": " ".join(plan.domains), "file": plan.source.file}
        at = desk.note(conn, act, plan.name, told, detail)
        kept = {"file": plan.source.file, "name": plan.name, "by": desk.actor, "reason": told}
        editions.save_plan(conn, plan.text, number=number, at=at, **kept)
        closed = _ask_anew(desk, conn, replacing.asked_anew(was, edition, now), plan.name, told)
        return Applied(plan.name, number, changed=True, warnings=(*closed, *_warnings(desk, edition, at)))

    return desk.records.act(work)


def stored_plan(conn: Connection, name: str) -> StoredPlan:
    """The plan in force under `name`. Raises Refused where there is none."""
    stored = editions.load(conn)
    found = next((one for one in stored if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in stored) or "none yet: `lastpost plan apply FILE --reason TEXT`"
        raise Refused(f"there is no plan {name!r} in force", f"plans in force: {known}")
    return found


def _refuse_shared_domains(plan: Plan, others: Sequence[Edition]) -> None:
    for other in others:
        shared = set(plan.domains) & set(other.plan.domains)
        if shared:
            name = other.plan.name
            raise Refused(
                f"{plan.source}: {', '.join(sorted(shared))} is named by the plan {name!r} already",
                f"name each domain in one plan only, or keep the name {name!r} for this one",
            )


def _readable(stored: StoredPlan | None) -> Edition | None:
    """The edition that stands; None also where it cannot be read any more, which a plan put in its place mends."""
    try:
        return edition_of(stored) if stored is not None else None
    except UnreadableEdition:
        return None


def _with_amendments(plan: Plan, before: StoredPlan | None) -> Edition:
    try:
        made = tuple(Amendment.from_json(text) for text in before.amendments) if before else ()
        return Edition(plan, before.number if before else 0, made)
    except BadAmendment as problem:
        raise Refused(
            f"{plan.source}: an amendment made under the name {plan.name!r} does not fit this plan: {problem}",
            "correct the plan, or give it a new name and the old one no domains",
        ) from None


def _ask_anew(desk: Desk, conn: Connection, stages: Sequence[Stage], plan: str, reason: str) -> Iterator[str]:
    """Close the gates of these stages until they are asked again; what is told of it."""
    for stage in stages:
        _, number = editions.next_numbers(conn, plan)
        act = GateAnswer(stage, opened=False, findings=(_CHANGED,))
        amendment = Amendment(number, desk.clock.now(), desk.actor, reason, act)
        at = desk.note(conn, "plan amend", plan, reason, {"amendment": str(number), "what": f"{stage}: {_CHANGED}"})
        editions.add_amendment(conn, plan, amendment.to_json(), number=number, at=at, by=desk.actor, reason=reason)
        yield f"the gates of {stage} had opened for the plan as it was: they are asked again"


def _warnings(desk: Desk, edition: Edition, now: datetime) -> list[str]:
    come = [str(stage) for stage, at in edition.stages() if at <= now]
    served = desk.settings.domains
    strangers = [name for name in edition.plan.domains if name not in served and not _is_served(desk, name)]
    warnings = [f"these stages have come already: {', '.join(come)}"] if come else []
    if strangers:
        warnings.append(f"the settings do not serve {', '.join(strangers)}: add them under `domains`")
    if edition.amendments:
        warnings.append(f"{len(edition.amendments)} amendments made before stay in force; see `lastpost plan show`")
    return warnings


def _is_served(desk: Desk, pattern: str) -> bool:
    from schedules.names import DomainName

    return desk.settings.domain(DomainName.parse(pattern.removeprefix("*."))) is not None
