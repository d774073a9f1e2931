"""Checks of what refers to something else in a plan: ids, desks, services, stages of notices, columns of tables.

link_problems(draft)
"""

import difflib
from collections.abc import Iterable, Iterator
from itertools import chain

from schedules.blocks.dates import Audience, Channel, PlanNotice
from schedules.blocks.services import DecisionTable, Service
from schedules.blocks.whom import ADDITIONAL_ADDRESS, HOMEPAGE, MAIL, Whom
from schedules.checks.draft import Draft, repeated, twice
from schedules.positions import Position, Problem
from schedules.words import Capability
from schedules.yamlfile import did_you_mean

_LIKENESS = 0.8  # from which on a word is taken for a mistyped one


def link_problems(draft: Draft) -> Iterator[Problem]:
    """Ids that are given twice, and references that lead nowhere."""
    yield from _id_problems(draft)
    yield from _desk_problems(draft)
    for notice in draft.plan.notices:
        yield from _notice_problems(notice, draft)
    for service in draft.plan.services:
        yield from _dependant_problems(service, draft)
        for table in service.tables:
            yield from _table_problems(table)


def _id_problems(draft: Draft) -> Iterator[Problem]:
    plan, terms = draft.plan, draft.plan.terms
    yield from _ids("notice", ((one.id, one.source) for one in plan.notices))
    yield from _ids("service", ((one.id, one.source) for one in plan.services))
    yield from _ids("desk", ((one.id, one.source) for one in plan.desks))
    yield from _ids("advice", ((one.id, one.source) for one in plan.advice))
    yield from _ids("minimum term", ((one.id, one.source) for one in terms.minimum_terms))
    yield from _ids("cost", ((one.id, one.source) for one in terms.costs))
    yield from _ids("deadline", ((one.id, one.source) for one in terms.deadlines))
    yield from _ids("route", ((one.id, one.source) for one in terms.routes))
    for service in plan.services:
        yield from _ids("table", ((one.id, one.source) for one in service.tables))
        yield from _ids("route", ((one.id, one.source) for one in service.routes))


def _ids(kind: str, named: Iterable[tuple[str, Position]]) -> Iterator[Problem]:
    for (name, place), first in repeated(named, lambda one: one[0], lambda one: one[1]):
        yield twice(f"the {kind} `{name}`", place, first, "give one of them another id")


def _desk_problems(draft: Draft) -> Iterator[Problem]:
    plan, terms = draft.plan, draft.plan.terms
    routes = [*terms.routes, *chain.from_iterable(service.routes for service in plan.services)]
    asked = [*((one.desk, one.source) for one in routes), *((one.desk, one.source) for one in terms.media)]
    if terms.succession is not None:
        asked.append((terms.succession.desk, terms.succession.source))
    desks = draft.ids("desks", (desk.id for desk in plan.desks))
    for desk, place in asked:
        if desk is not None and desk not in desks:
            yield Problem(
                place, f"there is no desk `{desk}`", did_you_mean(desk, desks) if desks else "add it to `desks`"
            )
    for one in plan.desks:
        if (one.opens is None) != (one.closes is None):
            yield Problem(one.source, f"the desk `{one.id}` opens or closes, not both", "write `opens` and `closes`")
        elif one.opens is not None and one.closes is not None and one.closes <= one.opens:
            yield Problem(one.source, f"the desk `{one.id}` closes before it opens", "put `closes` after `opens`")


def _notice_problems(notice: PlanNotice, draft: Draft) -> Iterator[Problem]:
    place, name = notice.source, f"the notice `{notice.id}`"
    if (notice.stage is None) == (not notice.at):
        both = "both a stage and dates of its own" if notice.at else "neither a stage nor dates of its own"
        yield Problem(place, f"{name} has {both}", "write either `stage` or `at`")
    elif notice.at and (notice.before or notice.after):
        yield Problem(place, f"{name} has no stage to be before or after", "write `stage`, or leave them out")
    if notice.stage is not None and not draft.has(notice.stage):
        yield Problem(
            place, f"{name} belongs to `{notice.stage}`, which the plan lacks", "add the stage, or name another"
        )
    lengths = (*notice.before, *notice.after)
    if len(set(notice.before)) + len(set(notice.after)) < len(lengths) or len(set(notice.at)) < len(notice.at):
        yield Problem(place, f"{name} is told twice at one time", "write each time once")
    if notice.to is Audience.WORLD and notice.by != (Channel.PAGE,):
        yield Problem(place, f"{name} is for the world by {', '.join(notice.by)}", "the world is told by `page` alone")
    elif notice.to is not Audience.WORLD and notice.by == (Channel.PAGE,):
        yield Problem(place, f"{name} is for {notice.to} by the page alone", "write `to: world`, or another way")
    if notice.to in {Audience.WORLD, Audience.ADMINISTRATORS} and (notice.whom != Whom() or notice.until_done):
        what = f"{name} is for {notice.to}, so `whom` and `until_done` say nothing"
        yield Problem(place, what, "leave them out, or tell subscribers")


def _dependant_problems(service: Service, draft: Draft) -> Iterator[Problem]:
    services = draft.ids("services", (one.id for one in draft.plan.services))
    known = services | {MAIL, HOMEPAGE, ADDITIONAL_ADDRESS} | {*Capability}
    for one in service.dependants:
        if one.affects == service.id:
            yield Problem(one.source, f"`{service.id}` cannot break itself", "name what else suffers")
        elif one.affects not in known:
            near = difflib.get_close_matches(one.affects, services, n=1, cutoff=_LIKENESS)
            if near:
                what = f"there is no service `{one.affects}`"
                yield Problem(one.source, what, f"did you mean `{near[0]}`?")


def _table_problems(table: DecisionTable) -> Iterator[Problem]:
    columns = list(table.by)
    for column in {column for at, column in enumerate(columns) if column in columns[:at]}:
        yield Problem(table.source, f"the column `{column}` is named twice", "name it once")
    for row in table.rows:
        unknown, unsaid = sorted(row.when.keys() - set(columns)), sorted(set(columns) - row.when.keys())
        for column in unknown:
            yield Problem(row.source, f"the table has no column `{column}`", did_you_mean(column, columns))
        # A column that is only mistyped is told once.
        for column in unsaid:
            if not difflib.get_close_matches(column, unknown, n=1):
                yield Problem(row.source, f"this row says nothing of `{column}`", f"add `{column}` to `when`")
