"""What the notice page tells of a plan: public facts alone, with the dates that stand after all amendments. Pure.

    facts = page_facts(edition)      # NoticePage: texts in both languages, days and hours as words

Nothing of single addresses or groups, of legal orders, or of the reasons that administrators wrote is among the facts.
Never fails.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mailsvc.desk.planning.page_dates import Dated, Elsewhere, dates, elsewhere
from mailsvc.desk.planning.page_words import PURPOSES, begins, hours, lead, until, whom, yen
from schedules.blocks.whom import Whom
from schedules.edition import Edition
from schedules.plan import Plan
from schedules.text import Text
from schedules.words import Stage


@dataclass(frozen=True, slots=True)
class Line:
    """A title with what belongs to it; empty parts are not shown."""

    title: Text
    when: Text | None = None
    notes: tuple[Text, ...] = ()
    url: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class NoticePage:
    """Everything that stands on the page."""

    title: Text
    reason: Text
    published: Text | None
    domains: tuple[str, ...]
    zone: str
    dates: tuple[Dated, ...]
    elsewhere: tuple[Elsewhere, ...]
    services: tuple[Line, ...]
    advice: tuple[Line, ...]
    costs: tuple[Line, ...]
    offers: tuple[Line, ...]
    desks: tuple[Line, ...]


def page_facts(edition: Edition) -> NoticePage:
    """The public facts of an edition."""
    plan = edition.plan
    announce = edition.standing.instants.get(Stage.ANNOUNCE)
    named = begins(announce.astimezone(plan.zone)) if announce else None
    return NoticePage(
        title=plan.title,
        reason=plan.reason,
        published=Text(named.ja.removesuffix("から"), named.en.removeprefix("from ")) if named else None,
        domains=plan.domains,
        zone=plan.zone.key,
        dates=dates(edition),
        elsewhere=elsewhere(edition),
        services=tuple(_services(plan)),
        advice=tuple(_advice(plan)),
        costs=tuple(Line(one.title, yen(one.yen)) for one in plan.terms.costs if one.whom == Whom()),
        offers=tuple(
            Line(one.title, notes=(one.benefit,) if one.benefit else (), url=one.url, phone=one.phone)
            for one in plan.offers
        ),
        desks=tuple(Line(one.title, hours(one), (PURPOSES[one.purpose],), one.url, one.phone) for one in plan.desks),
    )


def _services(plan: Plan) -> Iterator[Line]:
    for one in plan.services:
        notes = tuple(note for note in (one.condition, one.advice) if note is not None)
        if one.end is not None or notes:
            yield Line(one.title, until(one.end.astimezone(plan.zone)) if one.end else None, notes)


def _advice(plan: Plan) -> Iterator[Line]:
    for one in plan.advice:
        when = until(one.until.astimezone(plan.zone)) if one.until else lead(one.lead)
        yield Line(whom(one, plan), when, (one.text,))
