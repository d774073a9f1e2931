"""Contracts, plans of terms alone, and strategies for tests of contract rules."""

from datetime import date
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from schedules.blocks.services import Calendar, Desk, Holidays
from schedules.blocks.terms import (
    ArrivalDay,
    ChosenMonth,
    EndRule,
    FirstMonth,
    JudgedBy,
    MinimumTerm,
    MonthEnd,
    ReceiptDay,
    RemovalWork,
    Terms,
)
from schedules.blocks.whom import Contract
from schedules.names import Address
from schedules.plan import Plan
from schedules.text import Text
from schedules.words import Suspension

TOKYO = ZoneInfo("Asia/Tokyo")
BASE = Address.parse("hanako@closing.example")
EXTRA = Address.parse("hanako.photo@closing.example")
FEE = Text("違約金", "Penalty")
MONTH_END = Terms(ends=(MonthEnd(rule="month-end"),))

DAYS = st.dates(date(1995, 1, 1), date(2090, 12, 31))
COUNTS = st.integers(0, 40)
CALENDARS = st.builds(
    Calendar,
    holidays=st.sampled_from(Holidays),
    closed=st.lists(DAYS, max_size=3).map(tuple),
    open=st.lists(DAYS, max_size=3).map(tuple),
)
RULES: st.SearchStrategy[EndRule] = st.one_of(
    st.builds(MonthEnd, rule=st.just("month-end"), business_days=st.integers(0, 25), count_receipt_day=st.booleans()),
    st.builds(ChosenMonth, rule=st.just("chosen-month"), months_ahead=st.integers(0, 6)),
    st.builds(ArrivalDay, rule=st.just("arrival-day"), last_day=st.integers(1, 31), months_ahead=st.integers(0, 3)),
    st.builds(ReceiptDay, rule=st.just("receipt-day"), days_after=COUNTS),
)
MINIMUM_TERMS = st.builds(
    MinimumTerm,
    id=st.just("term"),
    title=st.just(FEE),
    months=st.integers(1, 48),
    first_month=st.sampled_from(FirstMonth),
    yen=st.integers(0, 60_000),
    free_months=st.integers(0, 4),
    judged_by=st.sampled_from(JudgedBy),
    at_service_end=st.booleans(),
)
TERMS = st.builds(
    Terms,
    calendar=CALENDARS,
    ends=RULES.map(lambda rule: (rule,)),
    removal_work=st.just((RemovalWork(earliest_days=6),)),
    minimum_terms=st.lists(MINIMUM_TERMS, max_size=2).map(tuple),
)
CONTRACTS = st.builds(Contract, start=st.none() | DAYS, expiry=st.none() | DAYS)


def day(text: str) -> date:
    """The day written `2024-01-31`."""
    return date.fromisoformat(text)


def plan_with(terms: Terms, *, desks: tuple[Desk, ...] = ()) -> Plan:
    """A plan of contract rules alone."""
    title = Text("規約", "Terms")
    return Plan("terms", TOKYO, (), {}, (), Suspension.KEEP, "", title, title, terms=terms, desks=desks)
