"""The contract rules of a plan: when a contract ends, what that costs, and what follows. Pure; reads top to bottom.

    last = service_end(plan, edition.stage_instant(Stage.RECEIVE_END, domain))
    shown = cancellation(contract, plan, today, Medium.ONLINE, last_day=None, service_end=last)

`cancellation` gives everything a subscriber is shown BEFORE the request is sent (SW-11). What cannot be told, because
the accounts do not say when a contract began, is None there and never guessed. A request that the rules refuse is an
answer, not an error: `refused` says why. Days are days of the plan's zone; a last day is one of use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.blocks.services import LeavingRoute
from schedules.blocks.terms import CourseChange, Suspension, Terms
from schedules.blocks.whom import Contract
from schedules.calendars import in_words, month_end
from schedules.contracts.charges import Charge, charges, total
from schedules.contracts.deadlines import Due, due
from schedules.contracts.invoices import Bill, bills
from schedules.contracts.leaving import days_of, desk_for, removal_work, rule_for, wrong_medium
from schedules.moments import end_of_day, later, months_after, start_of_day
from schedules.names import Address
from schedules.plan import Plan
from schedules.text import Text
from schedules.words import Medium

_DAY = timedelta(days=1)


# -- When it ends ------------------------------------------------------------------------------------------------------


def service_end(plan: Plan, stage_instant: datetime | None) -> date | None:
    """The last day of the service: that of `last_month_of`, else of the stage that ends it; None: it goes on."""
    ends_at = plan.terms.last_month_of or stage_instant
    if ends_at is None:
        return None
    return (ends_at.astimezone(UTC) - timedelta(microseconds=1)).astimezone(plan.zone).date()


def ends(
    contract: Contract,
    terms: Terms,
    asked: date,
    medium: Medium,
    *,
    service_end: date | None,
    work_day: date | None = None,
) -> tuple[date, ...]:
    """The last days that a request received on `asked` can lead to, earliest first; none where nothing can be ended.

    Removal work moves the end to the month it is done in (SW-7). Where the service or the contract ends before the
    rules would let it, it ends then, on whatever day of the month that is (KY-14).
    """
    rule = rule_for(contract, terms, medium)
    latest = min((day for day in (service_end, contract.expiry) if day is not None), default=date.max)
    if rule is None or latest < asked:
        return ()
    days = days_of(rule, asked, terms.calendar)
    if work_day is not None and removal_work(contract, terms) is not None:
        days = (max(days[0], month_end(work_day)),)
    return tuple(sorted({min(day, latest) for day in days}))


def completion(last_day: date, zone: ZoneInfo) -> datetime:
    """When the end is complete: at the first instant after the last day (SW-3)."""
    return end_of_day(last_day, zone)


# -- What follows from it ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What a request would lead to, or why it is refused."""

    possible: tuple[date, ...] = ()  # the last days there are to choose from, earliest first
    costs: Mapping[date, int | None] = field(default_factory=dict)  # what each of them costs in all; None: not known
    last_day: date | None = None  # the chosen one; None where the request is refused
    complete: datetime | None = None
    charges: tuple[Charge, ...] = ()
    deadlines: tuple[Due, ...] = ()
    bills: tuple[Bill, ...] = ()
    member_page_until: datetime | None = None  # None: nothing is said of it
    certificate_to: tuple[str, ...] = ()  # mail addresses that get the proof of the end, at `complete`
    addresses_after: Mapping[Address, date] = field(default_factory=dict)  # that work on, each to its own last day
    routes: tuple[LeavingRoute, ...] = ()  # other ways out (SW-10)
    refused: Text | None = None
    desk: str = ""  # the id of the desk for it; empty where the plan has none


def cancellation(
    contract: Contract,
    plan: Plan,
    asked: date,
    medium: Medium,
    *,
    last_day: date | None,
    service_end: date | None,
    work_day: date | None = None,
) -> Cancellation:
    """What giving up `contract` would lead to; `last_day` is the wished one, None for the earliest possible."""
    terms, desk = plan.terms, desk_for(contract, plan)
    desk_id = desk.id if desk else ""
    if (wrong := wrong_medium(contract, plan, medium)) is not None:
        return Cancellation(routes=terms.routes, refused=wrong, desk=desk_id)
    possible = ends(contract, terms, asked, medium, service_end=service_end, work_day=work_day)
    chosen = last_day if last_day is not None or not possible else possible[0]
    refused = (
        _wrong_work_day(contract, terms, asked, work_day)
        or _nothing_to_end(contract, terms, asked, medium, service_end)
        or _not_among(chosen, possible)
    )
    if refused is not None or chosen is None:
        return Cancellation(possible, routes=terms.routes, refused=refused, desk=desk_id)
    complete = completion(chosen, plan.zone)
    charged = {day: charges(contract, terms, day, service_end=service_end) for day in possible}
    return Cancellation(
        possible,
        {day: total(each) for day, each in charged.items()},
        chosen,
        complete,
        charged[chosen],
        deadlines=tuple(due(one, asked, complete, plan.zone) for one in terms.deadlines if one.whom.covers(contract)),
        bills=bills(contract, terms.invoices, chosen, charged[chosen]) if terms.invoices else (),
        member_page_until=member_page_until(terms, complete, plan.zone),
        certificate_to=certificate_to(contract, terms),
        addresses_after=_outliving(contract, terms, chosen, service_end),
        routes=terms.routes,
        desk=desk_id,
    )


def _wrong_work_day(contract: Contract, terms: Terms, asked: date, work_day: date | None) -> Text | None:
    work = removal_work(contract, terms)
    if work_day is None:
        return None
    if work is None:
        return Text("このご契約に撤去工事はありません", "there is no removal work for this contract")
    earliest = asked + work.earliest_days * _DAY
    if work_day >= earliest:
        return None
    ja, en = in_words(earliest)
    return Text(f"撤去工事の最短日は{ja}です", f"removal work can be done from {en} on")


def _nothing_to_end(
    contract: Contract, terms: Terms, asked: date, medium: Medium, service_end: date | None
) -> Text | None:
    if service_end is not None and service_end < asked:
        ja, en = in_words(service_end)
        return Text(f"サービスは{ja}で終了しました", f"the service ended on {en}")
    if contract.expiry is not None and contract.expiry < asked:
        ja, en = in_words(contract.expiry)
        return Text(f"ご契約は{ja}で終了しています", f"the contract ended on {en}")
    if rule_for(contract, terms, medium) is None:
        return Text("解約日の定めがありません。窓口へお尋ねください", "the plan has no rule for its end: ask the desk")
    return None


def _not_among(chosen: date | None, possible: tuple[date, ...]) -> Text | None:
    if chosen in possible:
        return None
    days = [in_words(day) for day in possible]
    ja, en = "、".join(day for day, _ in days), ", ".join(day for _, day in days)
    return Text(f"お選びいただける最終利用日は{ja}です", f"the last day can be: {en}")


def member_page_until(terms: Terms, complete: datetime, zone: ZoneInfo) -> datetime | None:
    """When the member page closes, so many months after the end was complete (SW-9)."""
    if terms.certificate is None:
        return None
    return start_of_day(months_after(complete.astimezone(zone).date(), terms.certificate.months_kept), zone)


def certificate_to(contract: Contract, terms: Terms) -> tuple[str, ...]:
    """Who gets the proof of the end: the contract's base address, which closes, and the contact address (SW-8)."""
    if terms.certificate is None:
        return ()
    base = next((str(address) for address in contract.addresses), "")
    told = (base if terms.certificate.to_closing else "", contract.contact if terms.certificate.to_contact else "")
    return tuple(dict.fromkeys(address for address in told if address))


# -- Addresses of their own terms --------------------------------------------------------------------------------------


def address_last_day(contract: Contract, terms: Terms, address: Address, main_ended: date | None) -> date | None:
    """The last day of one address of a contract that ended on `main_ended` (None: goes on); None: no end is known.

    An address with an expiry of its own is paid until then, and works until then where the plan lets it (SK-5).
    """
    main = main_ended if main_ended is not None else contract.expiry
    own = contract.addresses.get(address)
    if own is None or main is None:
        return own or main
    additional = terms.additional_addresses
    return own if additional is not None and additional.outlive_contract else min(own, main)


def _outliving(contract: Contract, terms: Terms, last_day: date, service_end: date | None) -> dict[Address, date]:
    limit = service_end or date.max
    each = {one: address_last_day(contract, terms, one, last_day) for one in contract.addresses}
    return {one: min(day, limit) for one, day in each.items() if day is not None and min(day, limit) > last_day}


# -- Changes while it is in force --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether something may be done when it was asked for, else from which day on, where there is one."""

    allowed: bool
    from_day: date | None
    reason: Text
    advice: Text | None = None


def address_given_up(contract: Contract, terms: Terms, address: Address, asked: date) -> Permission:
    """Whether one additional address may be given up in mid-term (SK-5)."""
    own, additional = contract.addresses.get(address), terms.additional_addresses
    if own is None or own < asked or additional is None or additional.cancellable:
        return Permission(allowed=True, from_day=asked, reason=Text("解約できます", "it can be given up"))
    ja, en = in_words(own)
    reason = Text(f"期間途中の解約はできません。{ja}までご利用いただけます", f"not in mid-term: it works until {en}")
    return Permission(allowed=False, from_day=own + _DAY, reason=reason)


def course_change(
    contract: Contract, terms: Terms, to: str, asked: date, *, service_end: date | None = None
) -> Permission:
    """Whether the contract may change to the course `to` on `asked`: some at any time, some when renewed (SK-4)."""
    rules = [rule for rule in terms.course_changes if rule.to == to]
    for rule in rules:
        if contract.course in rule.any_time:
            return _from(asked, asked, rule, service_end)
    for rule in rules:
        if contract.course in rule.at_renewal:
            if contract.expiry is None:
                reason = Text("更新時に変更できますが、更新日が不明です", "possible at renewal, whose day is not known")
                return Permission(allowed=False, from_day=None, reason=reason, advice=rule.advice)
            return _from(contract.expiry + _DAY, asked, rule, service_end)
    reason = Text("このコースへの変更はできません", "no change to this course is possible")
    return Permission(allowed=False, from_day=None, reason=reason)


def _from(first: date, asked: date, rule: CourseChange, service_end: date | None) -> Permission:
    if service_end is not None and service_end < max(first, asked):
        reason = Text("サービス終了までに変更できる日はありません", "no day is left for it before the service ends")
        return Permission(allowed=False, from_day=None, reason=reason)
    if asked >= first:
        return Permission(allowed=True, from_day=asked, reason=Text("変更できます", "possible now"), advice=rule.advice)
    ja, en = in_words(first)
    reason = Text(f"更新時に変更できます。変更できるのは{ja}からです", f"possible at renewal, from {en}")
    return Permission(allowed=False, from_day=first, reason=reason, advice=rule.advice)


def may_be_ended_from(suspended_since: date, suspension: Suspension) -> date:
    """The first day on which a contract that is still suspended may be ended by the provider (KY-7)."""
    return suspended_since + timedelta(days=suspension.cure_days + (0 if suspension.first_day_counts else 1))


def approval_due(route: LeavingRoute, asked: datetime) -> datetime | None:
    """By when the approval number for a move is issued; None where this way needs none (SW-10)."""
    return None if route.answer_within is None else later(asked, route.answer_within)


def ended_by_move(route: LeavingRoute, moved: date) -> date | None:
    """The last day of a contract whose move was complete on `moved`; None where it must still be given up (SW-10)."""
    return moved if route.by_itself else None
