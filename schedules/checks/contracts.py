"""Checks of contract rules, waiting times and the consolidation: what contradicts itself, and what never holds.

term_problems(draft)
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from schedules.blocks.consolidation import Consolidation
from schedules.blocks.services import Calendar, Row, Service, Wait
from schedules.blocks.terms import Deadline, EndRule, Terms
from schedules.blocks.whom import Whom
from schedules.checks.draft import Draft, repeated, told, twice, wider
from schedules.positions import Position, Problem
from schedules.words import Stage


def term_problems(draft: Draft) -> Iterator[Problem]:
    """Everything that is wrong with services, terms and the consolidation, beside their references."""
    terms = draft.plan.terms
    for service in draft.plan.services:
        yield from _wait_problems(service, whole="services.waits" not in draft.broken)
        for table in service.tables:
            yield from _row_problems(table.rows)
    yield from _end_problems(terms.ends)
    yield from _unreached((rule.whom, rule.source) for rule in terms.removal_work)
    yield from _renewal_problems(draft)
    yield from _change_problems(terms)
    for deadline in terms.deadlines:
        yield from _deadline_problems(deadline)
    yield from _calendar_problems(terms)
    yield from _invoice_problems(terms)
    if draft.plan.consolidation is not None:
        yield from _consolidation_problems(draft.plan.consolidation, draft)


def _wait_problems(service: Service, *, whole: bool) -> Iterator[Problem]:
    """Waiting times of the same contracts must follow each other day by day (SP-3)."""
    for wait in service.waits:
        if wait.to_day is not None and wait.to_day < wait.from_day:
            yield Problem(wait.source, "this wait ends before it begins", "put `to_day` at or after `from_day`")
    sound = [wait for wait in service.waits if wait.to_day is None or wait.to_day >= wait.from_day]
    for whom in dict.fromkeys(wait.whom for wait in sound):
        ordered = sorted((wait for wait in sound if wait.whom == whom), key=lambda wait: wait.from_day)
        for first, second in pairwise(ordered if whole and len(sound) == len(service.waits) else ()):
            yield from _between(first, second)


def _between(first: Wait, second: Wait) -> Iterator[Problem]:
    if first.to_day is None or second.from_day <= first.to_day:
        what = f"this wait begins on day {second.from_day}, when the one in line {first.source.line} still holds"
        yield Problem(
            second.source, what, f"begin it after day {first.to_day}" if first.to_day else "end that one before"
        )
    elif second.from_day > first.to_day + 1:
        what = f"between day {first.to_day} (line {first.source.line}) and day {second.from_day} nothing holds"
        yield Problem(second.source, what, f"begin it on day {first.to_day + 1}")


def _row_problems(rows: Sequence[Row]) -> Iterator[Problem]:
    """Rows of which an earlier one speaks already."""
    for place, row in enumerate(rows):
        for other in rows[:place]:
            if row.when.keys() == other.when.keys() and all(
                set(row.when[key]) <= set(other.when[key]) for key in row.when
            ):
                what = f"the row in line {other.source.line} speaks of all that this one does"
                yield Problem(row.source, what, "leave one of the two out")
                break


def _end_problems(rules: Sequence[EndRule]) -> Iterator[Problem]:
    for place, rule in enumerate(rules):
        for other in rules[:place]:
            if wider(other.whom, rule.whom) and (
                not other.media or (rule.media and set(rule.media) <= set(other.media))
            ):
                yield _never(rule.source, other.source)
                break


def _unreached(rules: Iterable[tuple[Whom, Position]]) -> Iterator[Problem]:
    """Of rules of which the first that covers a contract holds, those that come too late."""
    seen: list[tuple[Whom, Position]] = []
    for whom, place in rules:
        before = next((first for wide, first in seen if wider(wide, whom)), None)
        if before is not None:
            yield _never(place, before)
        seen.append((whom, place))


def _never(place: Position, before: Position) -> Problem:
    what = f"this rule is never reached: the one in line {before.line} holds for all whom it means"
    return Problem(place, what, "put it before that one, or narrow `whom` there")


def _renewal_problems(draft: Draft) -> Iterator[Problem]:
    terms, seen = draft.plan.terms, dict[str, Position]()
    ends = terms.last_month_of is not None or draft.has(Stage.RECEIVE_END) or "terms" in draft.broken
    for renewal in terms.renewals:
        for course in renewal.courses:
            first = seen.setdefault(course, renewal.source)
            if first is not renewal.source:
                yield twice(f"how {course} is renewed", renewal.source, first)
        if renewal.cut and not ends:
            what = "renewals are cut at the end of the service, but the plan has none"
            yield Problem(renewal.source, what, "add `last_month_of` or the stage `receive-end`, or write `cut: no`")


def _change_problems(terms: Terms) -> Iterator[Problem]:
    for change, first in repeated(terms.course_changes, lambda one: one.to, lambda one: one.source):
        yield twice(f"the change to {change.to}", change.source, first)
    for change in terms.course_changes:
        both = sorted(set(change.any_time) & set(change.at_renewal))
        if both:
            what = f"{', '.join(both)} may change at any time, so not only at a renewal"
            yield Problem(change.source, what, "name a course in one of the two lists")


def _deadline_problems(deadline: Deadline) -> Iterator[Problem]:
    for length in deadline.reminders:
        if length.days >= deadline.days:
            what = f"`{deadline.id}` is reminded of {length.days} days before, but has {deadline.days} days in all"
            yield Problem(deadline.source, what, "remind later")


def _calendar_problems(terms: Terms) -> Iterator[Problem]:
    calendar: Calendar = terms.calendar
    for day in sorted(set(calendar.closed) & set(calendar.open)):
        yield Problem(calendar.source, f"{day} is both closed and open", "name the day in one of the two lists")


def _invoice_problems(terms: Terms) -> Iterator[Problem]:
    if terms.invoices is not None:
        payments = terms.invoices.payments
        for payment, first in repeated(payments, lambda one: one.method, lambda one: one.source):
            yield twice(f"paying by {payment.method}", payment.source, first)
    certificate = terms.certificate
    if certificate is not None and not (certificate.to_closing or certificate.to_contact):
        yield Problem(certificate.source, "this certificate goes to nobody", "send it to one address at least")


def _consolidation_problems(consolidation: Consolidation, draft: Draft) -> Iterator[Problem]:
    """A consolidation at another time than its mail, and what it says twice (II-1, II-3)."""
    line = draft.plan.stages.get(Stage.SUCCESSOR)
    if line is not None and line.at.timestamp() != consolidation.at.timestamp():
        what = f"accounts move at another time ({told(consolidation.at)}) than mail"
        where = f"({told(line.at)}, line {line.source.line})"
        yield Problem(consolidation.source, f"{what} {where}", "give both the same date")
    for option, first in repeated(consolidation.options, lambda one: one.option, lambda one: one.source):
        yield twice(f"what {option.option} becomes", option.source, first)
    for price, first in repeated(consolidation.prices, lambda one: one.service, lambda one: one.source):
        yield twice(f"the price of {price.service}", price.source, first)
