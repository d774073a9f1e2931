"""What a plan's rules say of one request to leave: by which rule, from which day on, at which desk.

`schedules.terms` asks these and adds what limits every rule: the ends of the service and of the contract itself.
"""

from datetime import date, timedelta
from typing import assert_never

from schedules.blocks.services import Calendar, Desk, Purpose
from schedules.blocks.terms import (
    ArrivalDay,
    ChosenMonth,
    EndRule,
    MediumRule,
    MonthEnd,
    ReceiptDay,
    RemovalWork,
    Terms,
)
from schedules.blocks.whom import Contract
from schedules.calendars import business_days, month_end
from schedules.plan import Plan
from schedules.text import Text
from schedules.words import Medium

_MEDIA = {
    Medium.ONLINE: Text("オンライン", "online"),
    Medium.PHONE: Text("電話", "by phone"),
    Medium.PAPER: Text("書面", "on paper"),
}


def rule_for(contract: Contract, terms: Terms, medium: Medium) -> EndRule | None:
    """The first rule for contracts such as this one, given up by `medium`; None where the plan has none."""
    return next((one for one in terms.ends if one.whom.covers(contract) and medium in (one.media or Medium)), None)


def days_of(rule: EndRule, asked: date, calendar: Calendar) -> tuple[date, ...]:
    """The days that `rule` alone gives for a request received on `asked`, earliest first."""
    match rule:
        case MonthEnd():
            first = asked if rule.count_receipt_day else asked + timedelta(days=1)
            enough = business_days(first, month_end(asked), calendar) >= rule.business_days
            return (month_end(asked, 0 if enough else 1),)
        case ChosenMonth():
            return tuple(month_end(asked, ahead) for ahead in range(rule.months_ahead + 1))
        case ArrivalDay():
            late = 0 if asked.day <= rule.last_day else 1
            return tuple(month_end(asked, late + ahead) for ahead in range(rule.months_ahead + 1))
        case ReceiptDay():
            return (asked + timedelta(days=rule.days_after),)
        case _:
            assert_never(rule)


def removal_work(contract: Contract, terms: Terms) -> RemovalWork | None:
    """The rule for work on site at contracts such as this one (SW-7)."""
    return next((work for work in terms.removal_work if work.whom.covers(contract)), None)


def medium_rule(contract: Contract, terms: Terms) -> MediumRule | None:
    """How contracts such as this one may be given up (SW-12); None: by every medium."""
    return next((rule for rule in terms.media if rule.whom.covers(contract)), None)


def desk_for(contract: Contract, plan: Plan) -> Desk | None:
    """Where such a contract is given up: at the desk its rule names, else at the plan's desk for cancelling (SK-12)."""
    rule = medium_rule(contract, plan.terms)
    if rule is not None:
        return next((desk for desk in plan.desks if desk.id == rule.desk), None)
    return next((desk for desk in plan.desks if desk.purpose is Purpose.CANCELLING), None)


def wrong_medium(contract: Contract, plan: Plan, medium: Medium) -> Text | None:
    """Why this contract cannot be given up by `medium`, naming the ways and the desk; None where it can (SW-12)."""
    rule = medium_rule(contract, plan.terms)
    if rule is None or medium in rule.media:
        return None
    desk = desk_for(contract, plan)
    where_ja = f"「{desk.title.ja}」{desk.phone or desk.url}" if desk else "窓口"
    where_en = f"{desk.title.en}, {desk.phone or desk.url}" if desk else "the help desk"
    ways_ja = "または".join(_MEDIA[one].ja for one in rule.media)
    ways_en = " or ".join(_MEDIA[one].en for one in rule.media)
    return Text(
        f"このご契約の解約は{_MEDIA[medium].ja}では承れません。{ways_ja}で{where_ja}へお申し出ください",
        f"this contract cannot be given up {_MEDIA[medium].en}: ask {ways_en} at {where_en}",
    )
