"""Closing one domain from a single instant: a sound plan is written, rehearsed, and put in force.

Use: `prepare(desk, asked)` gives a Prepared, `rehearsed(desk, prepared)` says what it would do, and
`put_in_force(desk, prepared)` does it.
Fails: `Refused` where the domain is not ours, has no directory, or is in a plan already, and where the instant leaves
too little notice; `Wrong` for a time, a length or a word that cannot be read; `BadFile` as plans do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailsvc.desk.desk import Desk
from mailsvc.desk.planning.draft import PURGE_AFTER, Wanted, default_reason, default_title, draft
from mailsvc.desk.planning.rehearsing import groups_for, words_of
from mailsvc.desk.plans import Applied, apply_plan
from mailsvc.desk.refusals import Refused
from mailsvc.records import directory, editions
from mailsvc.records.store import Connection
from mailsvc.standing.almanac import edition_of
from schedules.durations import parse_duration
from schedules.edition import Edition
from schedules.moments import Moment, written
from schedules.names import DomainName
from schedules.plan import Plan
from schedules.planfile import plan_warnings, print_plan, read_plan
from schedules.positions import Problem, Wrong
from schedules.rehearsing.rehearsal import Rehearsal, rehearse
from schedules.text import Text

_NO_NAME = re.compile(r"[^a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an administrator asks for, in the words of the command line; what is empty is made up."""

    domain: str
    at: str
    forward_until: str | None = None
    purge_after: str | None = None
    name: str = ""
    title_ja: str = ""
    title_en: str = ""
    notice_url: str = ""
    reason: str = ""
    short_notice: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that can be put in force."""

    domain: DomainName
    plan: Plan
    warnings: tuple[Problem, ...]
    reason: str  # for the audit log


def prepare(desk: Desk, asked: Asked, file: str = "") -> Prepared:
    """Write the plan, and read it as any plan is read; `file` is the name it is kept under. Nothing is changed."""
    domain = DomainName.parse(asked.domain)
    now, zone = desk.clock.now(), desk.settings.service.zoneinfo
    if asked.short_notice and not asked.reason.strip():
        raise Refused("less notice than usual needs a reason", "say with --reason why it cannot be later")
    wanted = _wanted(asked, domain, zone)
    with desk.records.read() as conn:
        _refuse_foreign(desk, conn, domain)
        _refuse_planned(conn, domain, wanted.name)
    made = draft(wanted, now)
    head = (
        f"# The end of mail at {domain.ascii}, written by `lastpost deactivate` on {now.astimezone(zone):%Y-%m-%d}.\n"
    )
    plan = read_plan(head + print_plan(made), file or f"{wanted.name}.yaml")
    reason = asked.reason.strip() or f"{domain.ascii} is deactivated at {written(wanted.at, zone)}"
    return Prepared(domain, plan, tuple(plan_warnings(plan)), reason)


def rehearsed(desk: Desk, prepared: Prepared) -> Rehearsal:
    """What the plan would do to the addresses of the directory as it is now."""
    edition = Edition(prepared.plan, 0)
    groups = groups_for(desk, (edition,), None, lambda _done, _whole: None)
    return rehearse(edition, groups, words_of(edition, desk), since=desk.clock.now())


def put_in_force(desk: Desk, prepared: Prepared) -> Applied:
    """Apply the plan, with its audit row, where still no other plan covers the domain."""
    domain, plan = prepared.domain, prepared.plan
    return apply_plan(
        desk, plan, prepared.reason, act="deactivate", first=lambda conn: _refuse_planned(conn, domain, plan.name)
    )


def _wanted(asked: Asked, domain: DomainName, zone: ZoneInfo) -> Wanted:
    at = _instant(asked.at, zone)
    if bool(asked.title_ja) != bool(asked.title_en):
        raise Wrong("a title needs both its languages", "say --title-ja and --title-en")
    title = Text(asked.title_ja, asked.title_en) if asked.title_ja else default_title(domain)
    name = asked.name or _NO_NAME.sub("-", domain.ascii).strip("-")[:63]
    return Wanted(
        domain=domain,
        at=at,
        zone=zone,
        name=name,
        title=title,
        reason=default_reason(domain, at),
        notice_url=asked.notice_url,
        forward_until=_instant(asked.forward_until, zone) if asked.forward_until is not None else None,
        purge_after=parse_duration(asked.purge_after) if asked.purge_after is not None else PURGE_AFTER,
        short_notice=asked.short_notice,
    )


def _instant(text: str, zone: ZoneInfo) -> datetime:
    return Moment.parse(text).instant(zone)


def _refuse_foreign(desk: Desk, conn: Connection, domain: DomainName) -> None:
    if desk.settings.domain(domain) is None:
        served = ", ".join(desk.settings.domains) or "none"
        raise Refused(f"{domain} is not one of ours", f"the settings serve {served}")
    if directory.generation_of(conn, domain) is None:
        raise Refused(f"{domain} has no directory", "import its accounts with `lastpost accounts import FILE.csv`")


def _refuse_planned(conn: Connection, domain: DomainName, name: str) -> None:
    """A domain that a plan covers, by a wildcard too, is closed by changing that plan."""
    standing: Sequence[Edition] = [edition_of(one) for one in editions.load(conn)]
    for edition in standing:
        if edition.covers(domain):
            raise Refused(
                f"the plan {edition.plan.name!r} covers {domain} already",
                f"`lastpost plan show {edition.plan.name}` shows it; postpone it, or apply a changed file of that name",
            )
        if edition.plan.name == name:
            raise Refused(f"a plan named {name!r} is in force for other domains", "choose another with --name NAME")
