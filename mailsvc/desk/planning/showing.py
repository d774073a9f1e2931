"""Plans as they are shown: every part of them with the instants that stand after all amendments.

Use: `show_plans(desk, name)`, `show_file(path)`; `Shown.fields()` and `stage_rows()` are for people.
Fails: `BadFile` with every problem of a plan file, `Refused` where there is no such plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailsvc.desk.desk import Desk
from mailsvc.desk.planning.saying import said
from mailsvc.desk.plans import read_plan_file, stored_plan
from mailsvc.records import editions
from mailsvc.standing.almanac import edition_of
from schedules.edition import Edition
from schedules.text import Text


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


def show_plans(desk: Desk, name: str | None) -> list[Shown]:
    """The plans in force, or the one of that name. Raises Refused where it is not there."""
    with desk.records.read() as conn:
        stored = [stored_plan(conn, name)] if name is not None else editions.load(conn)
    return [_shown(edition_of(one), one.applied_at) for one in stored]


def show_file(path: Path) -> Shown:
    """A plan file, shown as a plan without amendments. Raises BadFile."""
    return _shown(Edition(read_plan_file(path).plan, 0), None)


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
