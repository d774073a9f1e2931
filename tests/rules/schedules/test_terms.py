"""When contracts end: rules, removal work, the service's own end, completion."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schedules.blocks.services import Calendar, Holidays
from schedules.blocks.terms import ArrivalDay, ChosenMonth, MonthEnd, ReceiptDay, RemovalWork, Terms
from schedules.blocks.whom import Contract, Whom
from schedules.calendars import month_end, months_between
from schedules.moments import end_of_day
from schedules.terms import completion, ends, service_end
from schedules.words import Medium
from tests.rules.schedules.terms_parts import CONTRACTS, DAYS, MONTH_END, TERMS, TOKYO, day, plan_with

ANYBODY = Contract()
MEDIA = st.sampled_from(Medium)


def last_days(
    terms: Terms,
    asked: str,
    *,
    contract: Contract = ANYBODY,
    by: Medium = Medium.ONLINE,
    service_end: str = "",
    work: str = "",
) -> list[str]:
    found = ends(
        contract,
        terms,
        day(asked),
        by,
        service_end=day(service_end) if service_end else None,
        work_day=day(work) if work else None,
    )
    return [one.isoformat() for one in found]


def three_days_before(*, counted: bool = True, calendar: Calendar | None = None) -> Terms:
    rule = MonthEnd(rule="month-end", business_days=3, count_receipt_day=counted)
    return Terms(calendar=calendar or Calendar(), ends=(rule,))


@pytest.mark.parametrize(
    ("asked", "last_day"),
    [
        ("2024-05-01", "2024-05-31"),
        ("2024-05-29", "2024-05-31"),
        ("2024-05-30", "2024-06-30"),
        ("2024-05-31", "2024-06-30"),
        ("2024-06-01", "2024-06-30"),
        ("2024-04-25", "2024-04-30"),  # 25, 26, 30; the 29th is a holiday
        ("2024-04-26", "2024-05-31"),
        ("2024-02-27", "2024-02-29"),  # a leap year
        ("2024-02-28", "2024-03-31"),
        ("2023-02-24", "2023-02-28"),  # Friday, Monday, Tuesday
        ("2023-02-25", "2023-03-31"),
        ("2023-12-27", "2023-12-31"),  # 27, 28, 29
        ("2023-12-28", "2024-01-31"),  # over the year's end
        ("2024-06-26", "2024-06-30"),  # the month ends on a Sunday
        ("2024-06-27", "2024-07-31"),
    ],
)
def test_the_end_of_the_month_needs_three_business_days(asked: str, last_day: str) -> None:
    assert last_days(three_days_before(), asked) == [last_day]


def test_the_day_of_receipt_may_not_count() -> None:
    uncounted = three_days_before(counted=False)
    assert last_days(uncounted, "2024-05-28") == ["2024-05-31"]
    assert last_days(uncounted, "2024-05-29") == ["2024-06-30"]
    assert last_days(uncounted, "2024-05-31") == ["2024-06-30"]


def test_a_calendar_with_days_off_of_its_own_moves_the_last_day_for_asking() -> None:
    ours = Calendar(closed=(day("2023-12-28"), day("2023-12-29")))
    assert last_days(three_days_before(calendar=ours), "2023-12-25") == ["2023-12-31"]
    assert last_days(three_days_before(calendar=ours), "2023-12-26") == ["2024-01-31"]
    bank = Calendar(holidays=Holidays.JP_BANK)
    assert last_days(three_days_before(calendar=bank), "2024-12-27") == ["2025-01-31"]
    assert last_days(three_days_before(), "2024-12-27") == ["2024-12-31"]
    assert last_days(three_days_before(calendar=Calendar(holidays=Holidays.NONE)), "2024-04-26") == ["2024-04-30"]


def test_a_request_on_a_day_off_counts_from_the_next_business_day() -> None:
    assert last_days(three_days_before(), "2024-06-22") == ["2024-06-30"]  # Saturday; 24 to 28 are left
    assert last_days(three_days_before(), "2023-04-29") == ["2023-05-31"]  # Saturday; nothing is left


def test_the_month_may_be_chosen() -> None:
    terms = Terms(ends=(ChosenMonth(rule="chosen-month", months_ahead=1),))
    assert last_days(terms, "2023-09-03") == ["2023-09-30", "2023-10-31"]
    assert last_days(terms, "2023-09-20") == ["2023-09-30", "2023-10-31"]
    assert last_days(terms, "2024-01-31") == ["2024-01-31", "2024-02-29"]
    assert last_days(terms, "2023-12-31") == ["2023-12-31", "2024-01-31"]
    this_month = Terms(ends=(ChosenMonth(rule="chosen-month", months_ahead=0),))
    assert last_days(this_month, "2024-02-29") == ["2024-02-29"]


@pytest.mark.parametrize(
    ("arrived", "last_day"),
    [
        ("2023-09-01", "2023-09-30"),
        ("2023-09-20", "2023-09-30"),
        ("2023-09-21", "2023-10-31"),
        ("2023-09-30", "2023-10-31"),
        ("2023-12-21", "2024-01-31"),
        ("2024-01-21", "2024-02-29"),
        ("2023-01-31", "2023-02-28"),
    ],
)
def test_what_arrives_by_the_twentieth_counts_for_its_month(arrived: str, last_day: str) -> None:
    terms = Terms(ends=(ArrivalDay(rule="arrival-day", last_day=20),))
    assert last_days(terms, arrived) == [last_day]


def test_from_the_twentieth_on_a_later_month_may_be_chosen_where_the_plan_lets_it() -> None:
    terms = Terms(ends=(ArrivalDay(rule="arrival-day", last_day=20, months_ahead=1),))
    assert last_days(terms, "2023-09-21") == ["2023-10-31", "2023-11-30"]


def test_a_contract_may_end_on_the_very_day_or_some_days_later() -> None:
    assert last_days(Terms(ends=(ReceiptDay(rule="receipt-day"),)), "2024-02-29") == ["2024-02-29"]
    ten = Terms(ends=(ReceiptDay(rule="receipt-day", days_after=10),))
    assert last_days(ten, "2024-02-20") == ["2024-03-01"]


def test_the_first_rule_that_covers_contract_and_medium_holds() -> None:
    corporate = Whom(types=("corporate",))
    paper = ArrivalDay(rule="arrival-day", whom=corporate, media=(Medium.PAPER,), last_day=20)
    terms = Terms(ends=(paper, ChosenMonth(rule="chosen-month")))
    company = Contract(type="corporate")
    assert last_days(terms, "2023-09-21", contract=company, by=Medium.PAPER) == ["2023-10-31"]
    assert last_days(terms, "2023-09-21", contract=company, by=Medium.PHONE) == ["2023-09-30", "2023-10-31"]
    assert last_days(terms, "2023-09-21", by=Medium.PAPER) == ["2023-09-30", "2023-10-31"]
    assert last_days(Terms(ends=(paper,)), "2023-09-21") == []  # no rule: nothing is guessed
    assert last_days(Terms(), "2023-09-21") == []


def test_removal_work_moves_the_end_to_its_own_month() -> None:
    terms = Terms(
        ends=(ChosenMonth(rule="chosen-month"),),
        removal_work=(RemovalWork(whom=Whom(areas=("east",)), earliest_days=6),),
    )
    east, west = Contract(area="east"), Contract(area="west")
    assert last_days(terms, "2023-09-03", contract=east, work="2023-09-28") == ["2023-09-30"]
    assert last_days(terms, "2023-09-03", contract=east, work="2023-10-01") == ["2023-10-31"]
    assert last_days(terms, "2023-09-03", contract=east, work="2023-12-05") == ["2023-12-31"]
    assert last_days(terms, "2023-09-03", contract=west, work="2023-12-05") == ["2023-09-30", "2023-10-31"]
    late = Terms(ends=(ArrivalDay(rule="arrival-day", last_day=20),), removal_work=(RemovalWork(earliest_days=6),))
    assert last_days(late, "2023-09-21", work="2023-09-28") == ["2023-10-31"]  # no earlier than without work


def test_a_service_that_ends_first_ends_contracts_on_whatever_day_it_does() -> None:
    assert last_days(three_days_before(), "2024-05-30", service_end="2024-06-10") == ["2024-06-10"]
    assert last_days(three_days_before(), "2024-05-30", service_end="2024-05-30") == ["2024-05-30"]
    assert last_days(three_days_before(), "2024-05-29", service_end="2024-06-10") == ["2024-05-31"]
    assert last_days(three_days_before(), "2024-06-11", service_end="2024-06-10") == []
    choice = Terms(ends=(ChosenMonth(rule="chosen-month", months_ahead=3),))
    assert last_days(choice, "2024-05-30", service_end="2024-06-10") == ["2024-05-31", "2024-06-10"]


def test_a_contract_that_ends_by_itself_first_ends_then() -> None:
    yearly = Contract(expiry=day("2024-06-15"))
    assert last_days(three_days_before(), "2024-05-30", contract=yearly) == ["2024-06-15"]
    assert last_days(three_days_before(), "2024-05-30", contract=yearly, service_end="2024-06-10") == ["2024-06-10"]
    assert last_days(three_days_before(), "2024-06-16", contract=yearly) == []


@pytest.mark.parametrize(
    ("instant", "last"),
    [
        ("2024-02-01T00:00+09:00", "2024-01-31"),
        ("2024-01-31T15:00Z", "2024-01-31"),
        ("2024-01-31T18:00+09:00", "2024-01-31"),  # part of a day is a day of use
        ("2024-03-01T00:00+09:00", "2024-02-29"),
        ("2024-01-01T00:00+09:00", "2023-12-31"),
        ("2024-01-15T00:00:01+09:00", "2024-01-15"),
    ],
)
def test_the_last_day_of_a_service_is_the_last_one_it_is_used_on(instant: str, last: str) -> None:
    at = datetime.fromisoformat(instant)
    assert service_end(plan_with(MONTH_END), at) == day(last)
    assert service_end(plan_with(Terms(last_month_of=at)), datetime(2030, 1, 1, tzinfo=UTC)) == day(last)


def test_a_plan_that_ends_nothing_has_no_last_day() -> None:
    assert service_end(plan_with(MONTH_END), None) is None


def test_an_end_is_complete_when_the_day_after_begins() -> None:
    assert completion(day("2023-09-30"), TOKYO).isoformat() == "2023-10-01T00:00:00+09:00"
    assert completion(day("2024-02-29"), TOKYO).isoformat() == "2024-03-01T00:00:00+09:00"
    assert completion(day("2023-12-31"), TOKYO).isoformat() == "2024-01-01T00:00:00+09:00"
    santiago = ZoneInfo("America/Santiago")  # where clocks skip that midnight
    assert completion(day("2024-09-07"), santiago).isoformat() == "2024-09-08T01:00:00-03:00"


@given(CONTRACTS, TERMS, DAYS, MEDIA, st.none() | DAYS, st.none() | DAYS)
def test_no_end_is_before_the_request_or_after_the_service(
    contract: Contract, terms: Terms, asked: date, medium: Medium, last: date | None, work: date | None
) -> None:
    found = ends(contract, terms, asked, medium, service_end=last, work_day=work)
    assert list(found) == sorted(set(found))
    assert all(asked <= one for one in found)
    assert all(one <= (last or date.max) and one <= (contract.expiry or date.max) for one in found)
    over = any(limit is not None and limit < asked for limit in (last, contract.expiry))
    assert bool(found) is not over


@given(CONTRACTS, TERMS, DAYS, st.integers(0, 70), MEDIA, st.none() | DAYS, st.none() | DAYS)
def test_who_asks_later_never_ends_earlier(
    contract: Contract, terms: Terms, asked: date, days: int, medium: Medium, last: date | None, work: date | None
) -> None:
    early = ends(contract, terms, asked, medium, service_end=last, work_day=work)
    late = ends(contract, terms, asked + timedelta(days=days), medium, service_end=last, work_day=work)
    assume(early and late)
    assert early[0] <= late[0]
    assert early[-1] <= late[-1]


@given(DAYS, st.integers(0, 23), st.booleans())
def test_more_days_of_warning_never_end_it_earlier(asked: date, needed: int, counted: bool) -> None:
    found: list[date] = []
    for business_days in (needed, needed + 1):
        rule = MonthEnd(rule="month-end", business_days=business_days, count_receipt_day=counted)
        found += ends(ANYBODY, Terms(ends=(rule,)), asked, Medium.ONLINE, service_end=None)
    assert found[0] <= found[1]
    assert all(one == month_end(one) and months_between(asked, one) in {0, 1} for one in found)


@given(DAYS, st.sampled_from(["Asia/Tokyo", "Europe/Berlin", "America/Santiago", "Pacific/Apia"]))
def test_a_service_whose_end_is_complete_had_that_last_day(last: date, zone: str) -> None:
    there = ZoneInfo(zone)
    assume(end_of_day(last, there).date() == last + timedelta(days=1))  # a zone may leave a whole day out
    plan = replace(plan_with(MONTH_END), zone=there)
    assert service_end(plan, completion(last, there)) == last
