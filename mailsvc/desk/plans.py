"""Plans: read from a file, and put in force. How they are shown stands in `mailsvc.desk.planning`.

Use: `read_plan_file(path)`, `apply_plan(desk, plan, reason)`, `stored_plan(connection, name)`.
Fails: `BadFile` with every problem of a plan file; `Refused` where a plan cannot be put in force;
`Conflict` where somebody else was quicker.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailsvc.desk.desk import Desk, why
from mailsvc.desk.refusals import Refused
from mailsvc.desk.successors import refuse_loops
from mailsvc.records import editions
from mailsvc.records.editions import StoredPlan
from mailsvc.records.store import Connection
from schedules.amendments import Amendment, BadAmendment
from schedules.edition import Edition
from schedules.plan import Plan
from schedules.planfile import plan_warnings, print_plan, read_plan
from schedules.positions import BadFile, Position, Problem


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

    `act` names it in the audit log; `first` runs in the same transaction, and may refuse. Raises Refused where another
    plan names the same domain, or an amendment made before does not fit this plan, and BadFile where its successor is
    ourselves.
    """
    told = why(reason)
    refuse_loops(plan, desk.settings)

    def work(conn: Connection) -> Applied:
        first(conn)
        stored = editions.load(conn)
        before = next((one for one in stored if one.name == plan.name), None)
        _refuse_shared_domains(plan, stored)
        edition = _with_amendments(plan, before)
        if before is not None and print_plan(read_plan(before.text, before.file)) == print_plan(plan):
            return Applied(plan.name, before.number, changed=False, warnings=())
        number, _ = editions.next_numbers(conn, plan.name)
        detail = {"edition": str(number), "domains": " ".join(plan.domains), "file": plan.source.file}
        at = desk.note(conn, act, plan.name, told, detail)
        kept = {"file": plan.source.file, "name": plan.name, "by": desk.actor, "reason": told}
        editions.save_plan(conn, plan.text, number=number, at=at, **kept)
        return Applied(plan.name, number, changed=True, warnings=tuple(_warnings(desk, edition, at)))

    return desk.records.act(work)


def stored_plan(conn: Connection, name: str) -> StoredPlan:
    """The plan in force under `name`. Raises Refused where there is none."""
    stored = editions.load(conn)
    found = next((one for one in stored if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in stored) or "none yet: `lastpost plan apply FILE --reason TEXT`"
        raise Refused(f"there is no plan {name!r} in force", f"plans in force: {known}")
    return found


def _refuse_shared_domains(plan: Plan, stored: Sequence[StoredPlan]) -> None:
    for other in stored:
        shared = set(plan.domains) & set(read_plan(other.text, other.file).domains)
        if other.name != plan.name and shared:
            raise Refused(
                f"{plan.source}: {', '.join(sorted(shared))} is named by the plan {other.name!r} already",
                f"name each domain in one plan only, or keep the name {other.name!r} for this one",
            )


def _with_amendments(plan: Plan, before: StoredPlan | None) -> Edition:
    try:
        edition = Edition(plan, before.number if before else 0)
        for text in before.amendments if before else ():
            edition = edition.amended(Amendment.from_json(text))
    except BadAmendment as problem:
        raise Refused(
            f"{plan.source}: an amendment made under the name {plan.name!r} does not fit this plan: {problem}",
            "correct the plan, or give it a new name and the old one no domains",
        ) from None
    return edition


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
