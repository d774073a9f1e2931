"""Plans: read from a file, put in force, and shown with what amendments have made of them.

Use: `read_plan_file(path)`, `apply_plan(desk, plan, reason)`, `show_plans(desk, name)`, `show_file(path)`.
Fails: `BadFile` with every problem of a plan file; `Refused` where a plan cannot be put in force;
`Conflict` where somebody else was quicker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import assert_never
from zoneinfo import ZoneInfo

from mailsvc.desk.desk import Desk, why
from mailsvc.desk.refusals import Refused
from mailsvc.desk.successors import refuse_loops
from mailsvc.records import editions
from mailsvc.records.editions import StoredPlan
from mailsvc.records.store import Connection
from mailsvc.standing.almanac import edition_of
from schedules.amendments import (
    Amendment,
    BadAmendment,
    GateAnswer,
    Hold,
    Pause,
    Postpone,
    Release,
    Resume,
    RollBack,
)
from schedules.durations import print_duration
from schedules.edition import Edition
from schedules.plan import Plan
from schedules.planfile import plan_warnings, print_plan, read_plan
from schedules.positions import BadFile, Position, Problem
from schedules.text import Text


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


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan as it is shown: instants are those that stand after all amendments."""

    plan: str
    number: int  # 0: a file that is not in force
    file: str
    title: Text
    zone: str
    domains: tuple[str, ...]
    notice_url: str
    suspension: str
    applied_at: datetime | None
    stages: tuple[Mapping[str, object], ...]
    brown_outs: tuple[Mapping[str, object], ...]
    amendments: tuple[Mapping[str, object], ...]

    def fields(self) -> dict[str, object]:
        """What a person reads above the stages."""
        edition = (
            f"edition {self.number}, applied {self.applied_at:%Y-%m-%d %H:%M %z}"
            if self.number
            else "a file, not in force"
        )
        return {
            "plan": f"{self.plan} ({edition})",
            "file": self.file,
            "title": f"{self.title.ja} / {self.title.en}",
            "zone": self.zone,
            "domains": " ".join(self.domains),
            "notice_url": self.notice_url,
            "suspension": self.suspension,
        }

    def stage_rows(self) -> tuple[Mapping[str, object], ...]:
        """What a person reads of each stage: `written` only where an amendment moved it, `place` is line:column."""
        return tuple(
            {
                "stage": f"{row['stage']} {row['to']}".rstrip(),
                "at": row["at"],
                "written": row["written"] if row["written"] != row["at"] else None,
                "place": str(row["source"]).removeprefix(f"{self.file}:"),
            }
            for row in self.stages
        )


def read_plan_file(path: Path) -> Checked:
    """Read a plan file. Raises BadFile with all its problems."""
    try:
        text = path.read_bytes()
    except OSError as error:
        remedy = "name a plan file; `lastpost plan example` prints one"
        raise BadFile([Problem(Position(str(path)), f"cannot be read ({error.strerror})", remedy)]) from None
    plan = read_plan(text, str(path))
    return Checked(plan, tuple(plan_warnings(plan)))


def apply_plan(desk: Desk, plan: Plan, reason: str) -> Applied:
    """Put `plan` in force: as the next edition of its name, under the amendments made so far.

    Raises Refused where another plan names the same domain, or an amendment made before does not fit this plan, and
    BadFile where its successor is ourselves.
    """
    told = why(reason)
    refuse_loops(plan, desk.settings)

    def work(conn: Connection) -> Applied:
        stored = editions.load(conn)
        before = next((one for one in stored if one.name == plan.name), None)
        _refuse_shared_domains(plan, stored)
        edition = _with_amendments(plan, before)
        if before is not None and print_plan(read_plan(before.text, before.file)) == print_plan(plan):
            return Applied(plan.name, before.number, changed=False, warnings=())
        number, _ = editions.next_numbers(conn, plan.name)
        detail = {"edition": str(number), "domains": " ".join(plan.domains), "file": plan.source.file}
        at = desk.note(conn, "plan apply", plan.name, told, detail)
        editions.save_plan(
            conn,
            plan.text,
            file=plan.source.file,
            name=plan.name,
            number=number,
            at=at,
            by=desk.actor,
            reason=told,
        )
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


def show_plans(desk: Desk, name: str | None) -> list[Shown]:
    """The plans in force, or the one of that name. Raises Refused where it is not there."""
    with desk.records.read() as conn:
        stored = [stored_plan(conn, name)] if name is not None else editions.load(conn)
    return [_shown(edition_of(one), one.applied_at) for one in stored]


def show_file(path: Path) -> Shown:
    """A plan file, shown as a plan without amendments. Raises BadFile."""
    return _shown(Edition(read_plan_file(path).plan, 0), None)


def said(amendment: Amendment, zone: ZoneInfo) -> str:
    """What an amendment does, in words and in times of `zone`."""
    match amendment.act:
        case Postpone(stages, by, to):
            moved = (
                f"by {print_duration(by)}" if by is not None else f"to {to.astimezone(zone).isoformat() if to else ''}"
            )
            told = f"postpone {', '.join(stages) or 'all stages to come'} {moved}"
        case Hold(scope, until, stages, legal_order):
            named = f" ({', '.join(stages)})" if stages else ""
            by_law = f" by legal order {legal_order}" if legal_order else ""
            told = f"hold {scope}{named} until {until.astimezone(zone).isoformat()}{by_law}"
        case Pause(until):
            told = f"pause until {until.astimezone(zone).isoformat()}" if until else "pause until it is resumed"
        case Resume():
            told = "resume"
        case Release(scope, at):
            told = f"release {scope} at {at.astimezone(zone).isoformat()}"
        case RollBack(number):
            told = f"roll back to amendment {number}"
        case GateAnswer(stage, opened, findings, overridden):
            answer = "overridden" if overridden else "opened" if opened else "not opened"
            told = f"gate of {stage} {answer}" + (f": {'; '.join(findings)}" if findings else "")
        case _:
            assert_never(amendment.act)
    return told


def _shown(edition: Edition, applied_at: datetime | None) -> Shown:
    plan = edition.plan
    return Shown(
        plan=plan.name,
        number=edition.number,
        file=plan.source.file,
        title=plan.title,
        zone=plan.zone.key,
        domains=plan.domains,
        notice_url=plan.notice_url,
        suspension=str(plan.suspension),
        applied_at=applied_at.astimezone(plan.zone) if applied_at else None,
        stages=tuple(
            {
                "stage": stage,
                "at": at,
                "written": plan.stages[stage].at,
                "reason": plan.stages[stage].reason or plan.reason,
                "source": plan.stages[stage].source,
                "to": plan.stages[stage].to,
            }
            for stage, at in edition.stages()
        ),
        brown_outs=tuple(
            {"start": one.start, "end": one.end, "reason": one.reason, "source": one.source} for one in plan.brown_outs
        ),
        amendments=tuple(
            {
                "number": one.number,
                "made_at": one.made_at.astimezone(plan.zone),
                "by": one.by,
                "what": said(one, plan.zone),
                "reason": one.reason,
            }
            for one in edition.amendments
        ),
    )


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
