"""Plans as they are shown: every part of them with the instants that stand after all amendments.

Use: `show_plans(desk, name)`, `show_file(path)`; `Shown.fields()` and `stage_rows()` are for people.
Fails: `BadFile` with every problem of a plan file, `Refused` where there is no such plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mailsvc.desk.desk import Desk as OurDesk
from mailsvc.desk.planning.event import Event
from mailsvc.desk.planning.saying import said
from mailsvc.desk.planning.timeline import events, stage_dates
from mailsvc.desk.plans import read_plan_file, stored_plan
from mailsvc.records import editions
from mailsvc.standing.almanac import edition_of
from schedules.applied import Held
from schedules.blocks.consolidation import Consolidation
from schedules.blocks.dates import PlanException, PlanNotice, Switch
from schedules.blocks.services import Advice, Desk, Offer, Service
from schedules.durations import print_duration
from schedules.edition import Edition
from schedules.text import Language, Text
from schedules.words import Stage


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
    shortest_notice: timedelta
    applied_at: datetime | None
    stages: tuple[Mapping[str, object], ...]
    brown_outs: tuple[Mapping[str, object], ...]
    switches: tuple[Switch, ...]
    exceptions: tuple[PlanException, ...]
    holds: tuple[Held, ...]  # those that stand, of the plan and of amendments
    notices: tuple[PlanNotice, ...]
    services: tuple[Service, ...]
    consolidation: Consolidation | None
    offers: tuple[Offer, ...]
    desks: tuple[Desk, ...]
    advice: tuple[Advice, ...]
    amendments: tuple[Mapping[str, object], ...]
    timeline: tuple[Event, ...]

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
            "domains": " ".join(self.domains) or "no mail domains",
            "notice_url": self.notice_url,
            "suspension": self.suspension,
            "shortest_notice": print_duration(self.shortest_notice),
            "gates": "; ".join(f"{row['stage']}: {row['gates']}" for row in self.stages if row["gates"]),
            "services": ", ".join(service.title.en for service in self.services),
            "offers": ", ".join(f"{offer.title.en} {offer.url}".strip() for offer in self.offers),
            "desks": ", ".join(f"{desk.title.en} {desk.phone or desk.url}".strip() for desk in self.desks),
            "advice": ", ".join(one.id for one in self.advice),
        }

    def stage_rows(self, language: Language = "en") -> tuple[Mapping[str, object], ...]:
        """What a person reads of each stage: `written` only where an amendment moved it, `place` is line:column."""
        return tuple(
            {
                "stage": f"{row['stage']} {row['to']}".rstrip(),
                "at": row["at"],
                "written": row["written"] if row["written"] != row["at"] else None,
                "waits": waits.in_(language) if isinstance(waits := row["waits"], Text) else None,
                "place": str(row["source"]).removeprefix(f"{self.file}:"),
            }
            for row in self.stages
        )


def show_plans(desk: OurDesk, name: str | None) -> list[Shown]:
    """The plans in force, or the one of that name. Raises Refused where it is not there."""
    return [shown(edition, applied_at) for edition, applied_at in in_force(desk, name)]


def in_force(desk: OurDesk, name: str | None) -> list[tuple[Edition, datetime]]:
    """The editions in force and when their plans were applied, or the one of that name. Raises Refused."""
    with desk.records.read() as conn:
        stored = [stored_plan(conn, name)] if name is not None else editions.load(conn)
    return [(edition_of(one), one.applied_at) for one in stored]


def file_edition(path: Path) -> Edition:
    """A plan file as an edition without amendments, number 0. Raises BadFile."""
    return Edition(read_plan_file(path).plan, 0)


def show_file(path: Path) -> Shown:
    """A plan file, shown as a plan without amendments. Raises BadFile."""
    return shown(file_edition(path), None)


def shown(edition: Edition, applied_at: datetime | None) -> Shown:
    """An edition as it is shown; `applied_at` is None for one that is not in force."""
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
        shortest_notice=plan.shortest_notice,
        applied_at=applied_at.astimezone(plan.zone) if applied_at else None,
        stages=tuple(_stage(edition, stage, at) for stage, at in stage_dates(edition)),
        brown_outs=tuple(
            {"start": one.start, "end": one.end, "reason": one.reason, "source": one.source}
            for one in edition.standing.brown_outs
        ),
        switches=plan.switches,
        exceptions=plan.exceptions,
        holds=edition.standing.holds,
        notices=plan.notices,
        services=plan.services,
        consolidation=plan.consolidation,
        offers=plan.offers,
        desks=plan.desks,
        advice=plan.advice,
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
        timeline=events(edition),
    )


def _stage(edition: Edition, stage: Stage, at: datetime) -> Mapping[str, object]:
    line = edition.plan.stages[stage]
    return {
        "stage": stage,
        "at": at,
        "written": line.at,
        "reason": line.reason or edition.plan.reason,
        "source": line.source,
        "to": line.to,
        "gates": " and ".join(gate.kind for gate in line.gates),
        "unanswered": line.unanswered if line.gates else None,
        "waits": edition.standing.waiting.get(stage),
    }
