"""How members withdraw, fact by fact: SW-1 to SW-12."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailsvc.desk.contracts import contract_of
from schedules.blocks.dates import Channel
from schedules.blocks.terms import JudgedBy
from schedules.blocks.whom import Contract
from schedules.calendars import desk_open
from schedules.contracts.charges import month_number, penalty, total
from schedules.followups import FollowUpKind, after_asking_to_move, after_cancellation
from schedules.plan import Plan
from schedules.terms import Cancellation, cancellation, completion, ended_by_move
from schedules.words import Medium
from tests.facts.examples import TOKYO, entries, example, tokyo

SEPTEMBER, OCTOBER = date(2023, 9, 30), date(2023, 10, 31)


@pytest.fixture
def plan() -> Plan:
    return example("sonet-withdrawal").plan


def member(address: str) -> Contract:
    """The contract of the example accounts that an address belongs to."""
    number = next(one.contract for one in entries("sonet-withdrawal") if str(one.address) == f"{address}@sonet.example")
    return contract_of([one for one in entries("sonet-withdrawal") if one.contract == number])


def day(text: str) -> date:
    return date.fromisoformat(text)


def asked(
    plan: Plan,
    contract: Contract,
    on: str = "2023-09-03",
    *,
    by: Medium = Medium.ONLINE,
    last_day: date | None = None,
    work: str = "",
) -> Cancellation:
    """What is shown to a member who thinks of withdrawing."""
    work_day = day(work) if work else None
    return cancellation(contract, plan, day(on), by, last_day=last_day, service_end=None, work_day=work_day)


# -- When it ends ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["2023-09-03", "2023-09-20"])
@pytest.mark.parametrize("by", Medium)
def test_sw_1_the_end_of_this_month_or_of_the_next(plan: Plan, on: str, by: Medium) -> None:
    """SW-1: asked on 2023-09-03 or 2023-09-20, by the member's choice 2023-09-30 or 2023-10-31."""
    found = asked(plan, member("sakura"), on, by=by)
    assert found.possible == (SEPTEMBER, OCTOBER)
    assert found.last_day == SEPTEMBER
    assert asked(plan, member("sakura"), on, by=by, last_day=OCTOBER).last_day == OCTOBER
    assert asked(plan, member("sakura"), on, by=by, last_day=day("2023-09-15")).refused is not None


def test_sw_1_the_full_month_is_charged(plan: Plan) -> None:
    """SW-1: no share of a month, whenever in it the request came."""
    bills = [asked(plan, member("sakura"), on).bills[0] for on in ("2023-09-01", "2023-09-29")]
    assert [bill.yen for bill in bills] == [5_000, 5_000]


@pytest.mark.parametrize(
    ("arrived", "last_day"),
    [("2023-09-01", SEPTEMBER), ("2023-09-20", SEPTEMBER), ("2023-09-21", OCTOBER), ("2023-09-30", OCTOBER)],
)
def test_sw_2_a_companys_paper_counts_from_its_arrival(plan: Plan, arrived: str, last_day: date) -> None:
    """SW-2: arrived 2023-09-20: 2023-09-30. Arrived 2023-09-21: 2023-10-31 at the earliest."""
    found = asked(plan, member("oak-trading"), arrived, by=Medium.PAPER)
    assert (found.possible[0], found.last_day, found.refused) == (last_day, last_day, None)


def test_sw_2_only_paper_and_only_companies(plan: Plan) -> None:
    """SW-2: by phone a company chooses as everybody does, and paper of a person counts as any other way."""
    assert asked(plan, member("oak-trading"), "2023-09-21", by=Medium.PHONE).last_day == SEPTEMBER
    assert asked(plan, member("sakura"), "2023-09-21", by=Medium.PAPER).last_day == SEPTEMBER


def test_sw_3_complete_at_midnight(plan: Plan) -> None:
    """SW-3: for September, complete at 2023-10-01T00:00."""
    assert asked(plan, member("sakura")).complete == tokyo("2023-10-01T00:00")
    assert completion(day("2023-12-31"), plan.zone) == tokyo("2024-01-01T00:00")
    assert completion(day("2024-02-29"), plan.zone) == tokyo("2024-03-01T00:00")


@pytest.mark.parametrize(
    ("address", "on", "work", "last_day"),
    [
        ("oak-trading", "2023-09-03", "2023-09-09", SEPTEMBER),
        ("oak-trading", "2023-09-03", "2023-10-02", OCTOBER),
        ("oak-trading", "2023-09-03", "2023-12-28", day("2023-12-31")),
        ("daichi", "2023-09-03", "2023-09-13", SEPTEMBER),
        ("daichi", "2023-09-25", "2023-10-05", OCTOBER),
    ],
)
def test_sw_7_the_month_is_the_one_the_removal_is_done_in(
    plan: Plan, address: str, on: str, work: str, last_day: date
) -> None:
    """SW-7: whatever was asked for, the end is that of the month the work is done in."""
    found = asked(plan, member(address), on, by=Medium.PHONE, work=work)
    assert (found.possible, found.last_day) == ((last_day,), last_day)


@pytest.mark.parametrize(
    ("address", "earliest"), [("sakura", "2023-09-09"), ("yui", "2023-09-09"), ("daichi", "2023-09-13")]
)
def test_sw_7_six_days_ahead_in_the_east_and_ten_in_the_west(plan: Plan, address: str, earliest: str) -> None:
    """SW-7: asked on 2023-09-03, the first day is the 9th in the East and the 13th in the West."""
    assert asked(plan, member(address), work=earliest).refused is None
    before = (day(earliest) - timedelta(days=1)).isoformat()
    refused = asked(plan, member(address), work=before)
    assert str(refused.refused) == f"removal work can be done from {earliest} on"


# -- What it costs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last_day", "month", "yen"),
    [
        ("2023-09-30", 36, 20_000),
        ("2023-10-31", 37, 0),
        ("2023-11-30", 38, 0),
        ("2023-12-31", 39, 20_000),
        ("2026-09-30", 72, 20_000),
        ("2026-10-31", 73, 0),
        ("2026-11-30", 74, 0),
    ],
)
def test_sw_4_two_months_in_thirty_six_are_free_to_leave(plan: Plan, last_day: str, month: int, yen: int) -> None:
    """SW-4: started in 2020-10: months 37 and 38 cost nothing, the others 20,000 yen."""
    (term,) = [one for one in plan.terms.minimum_terms if one.id == "contract"]
    began = member("sakura")
    assert began.start is not None
    assert month_number(began.start, term.first_month, day(last_day)) == month
    assert penalty(term, began, day(last_day), None).yen == yen


def test_sw_4_the_month_of_completion_may_be_judged_instead(plan: Plan) -> None:
    """SW-4: it is the month of leaving that counts, by a parameter."""
    (term,) = [one for one in plan.terms.minimum_terms if one.id == "contract"]
    assert term.judged_by is JudgedBy.LEAVING
    other = replace(term, judged_by=JudgedBy.COMPLETION)
    months = [day(one) for one in ("2023-08-31", "2023-09-30", "2023-10-31", "2023-11-30")]
    assert [penalty(other, member("sakura"), one, None).yen for one in months] == [20_000, 0, 0, 20_000]


def test_sw_11_all_costs_are_shown_before_the_request(plan: Plan) -> None:
    """SW-11: the penalty, a campaign's own term, and the rest of the construction instalments at once."""
    found = asked(plan, member("daichi"))  # since 2022-06-20: month 16
    assert [(one.id, one.yen) for one in found.charges] == [
        ("contract", 20_000),
        ("campaign", 10_000),
        ("construction", 8_000),  # 8 of 24
    ]
    assert total(found.charges) == 38_000
    assert [one.id for one in asked(plan, member("emi")).charges] == ["contract"]
    assert asked(plan, member("sakura")).costs == {SEPTEMBER: 20_000, OCTOBER: 0}  # also for the days not chosen
    done = asked(plan, member("daichi"), "2024-06-03")
    assert [one.yen for one in done.charges] == [20_000, 0, 0]
    assert all(one.why.ja and one.source.line for one in found.charges)


def test_sw_11_what_is_not_known_is_said_and_not_guessed(plan: Plan) -> None:
    """SW-11: without a start on record, neither the penalty nor the instalments can be told."""
    found = asked(plan, member("haruto"))
    assert [(one.id, one.yen) for one in found.charges] == [("contract", None), ("construction", None)]
    assert total(found.charges) is None


# -- When it is paid ---------------------------------------------------------------------------------------------------


def test_sw_5_the_fee_and_the_penalty_are_billed_one_after_the_other(plan: Plan) -> None:
    """SW-5: leaving in September: the fee billed in October, debited 2023-11-27; the penalty, of October, is billed in
    November and debited 2023-12-27; slips are due on the 25th."""
    fee, penalty_bill = asked(plan, member("sakura")).bills
    assert (fee.yen, fee.month, fee.billed) == (5_000, day("2023-09-01"), day("2023-10-01"))
    assert (fee.payable["bank"], fee.payable["slip"]) == (day("2023-11-27"), day("2023-10-25"))
    assert (penalty_bill.yen, penalty_bill.month) == (20_000, day("2023-10-01"))
    assert penalty_bill.billed == day("2023-11-01")
    assert (penalty_bill.payable["bank"], penalty_bill.payable["slip"]) == (day("2023-12-27"), day("2023-11-25"))
    assert fee.payable["card"] is None  # the card's own bill says


def test_sw_5_over_the_years_end(plan: Plan) -> None:
    """SW-5: leaving in November 2024, the last money moves in February 2025."""
    fee, penalty_bill = asked(plan, member("sakura"), "2024-11-20").bills
    assert (fee.billed, fee.payable["bank"]) == (day("2024-12-01"), day("2025-01-27"))
    assert (penalty_bill.billed, penalty_bill.payable["bank"]) == (day("2025-01-01"), day("2025-02-27"))


# -- What must be done in time, and what follows -----------------------------------------------------------------------


def test_sw_6_the_number_is_taken_over_in_time_or_lost(plan: Plan) -> None:
    """SW-6: within 75 days of asking and before completion: the earlier of the two."""
    (soon,) = asked(plan, member("sakura")).deadlines
    assert (soon.last_day, soon.until) == (SEPTEMBER, tokyo("2023-10-01T00:00"))
    (days,) = asked(plan, member("sakura"), work="2023-12-28").deadlines
    assert (days.last_day, days.until) == (day("2023-11-17"), tokyo("2023-11-18T00:00"))
    assert "lost for good" in str(days.loses)
    assert asked(plan, member("emi")).deadlines == ()  # her number has been taken over
    assert asked(plan, member("daichi")).deadlines == ()  # he has none


def test_sw_6_reminders_fall_due(plan: Plan) -> None:
    """SW-6: two weeks, one week, three days and one day before it, by mail to the contact address."""
    sakura = member("sakura")
    falling = after_cancellation(sakura, asked(plan, sakura), plan.zone)
    reminders = [one for one in falling if one.kind is FollowUpKind.REMINDER]
    assert [one.at for one in reminders] == [tokyo(f"2023-09-{number}") for number in ("17", "24", "28", "30")]
    assert {(one.to, one.by) for one in reminders} == {(("sakura@newhome.example",), (Channel.MAIL,))}
    late = after_cancellation(sakura, asked(plan, sakura, "2023-09-27"), plan.zone)
    assert [one.at for one in late if one.kind is FollowUpKind.REMINDER] == [tokyo("2023-09-28"), tokyo("2023-09-30")]


def test_sw_8_the_proof_goes_to_both_addresses(plan: Plan) -> None:
    """SW-8: at completion, to the closing address and to the contact address; without a contact, to the first alone."""
    sakura, emi = member("sakura"), member("emi")
    both = ("sakura@sonet.example", "sakura@newhome.example")
    assert asked(plan, sakura).certificate_to == both
    (sent,) = [
        one
        for one in after_cancellation(sakura, asked(plan, sakura), plan.zone)
        if one.kind is FollowUpKind.CERTIFICATE
    ]
    assert (sent.at, sent.to, sent.by) == (tokyo("2023-10-01T00:00"), both, (Channel.MAIL,))
    assert asked(plan, emi).certificate_to == ("emi@sonet.example",)


def test_sw_8_the_proof_is_kept_as_long_as_the_member_page(plan: Plan) -> None:
    """SW-8: it can be seen there until the page closes."""
    found = asked(plan, member("sakura"))
    assert found.complete is not None
    assert found.member_page_until is not None
    assert found.complete < found.member_page_until


@pytest.mark.parametrize(
    ("on", "until"),
    [("2023-09-03", "2024-04-01"), ("2023-08-03", "2024-03-01"), ("2023-12-03", "2024-07-01")],
)
def test_sw_9_the_member_page_stays_open_for_six_months(plan: Plan, on: str, until: str) -> None:
    """SW-9: complete 2023-10-01: until 2024-04-01T00:00."""
    sakura = member("sakura")
    found = asked(plan, sakura, on)
    assert found.member_page_until == tokyo(until)
    closing = after_cancellation(sakura, found, plan.zone)[-1]
    assert (closing.kind, closing.at) == (FollowUpKind.MEMBER_PAGE_END, tokyo(until))


def test_sw_10_the_approval_number_comes_within_two_hours(plan: Plan) -> None:
    """SW-10: by mail and by SMS."""
    (route,) = plan.terms.routes
    number = after_asking_to_move(member("sakura"), route, tokyo("2023-09-03T17:30"))
    assert number is not None
    assert (number.kind, number.at) == (FollowUpKind.APPROVAL_NUMBER, tokyo("2023-09-03T19:30"))
    assert (number.to, number.by) == (("sakura@newhome.example",), (Channel.MAIL, Channel.SMS))


def test_sw_10_the_old_contract_ends_by_itself(plan: Plan) -> None:
    """SW-10: once the line works at the new provider; the way is shown to whoever thinks of withdrawing."""
    (route,) = asked(plan, member("sakura")).routes
    assert ended_by_move(route, day("2023-09-12")) == day("2023-09-12")


def test_sw_10_its_desk_keeps_its_hours(plan: Plan) -> None:
    """SW-10: nine to six, on weekends as well, but not on 1 and 2 January."""
    (route,) = plan.terms.routes
    (desk,) = [one for one in plan.desks if one.id == route.desk]
    at = ["2023-09-03T08:59", "2023-09-03T09:00", "2023-09-03T18:00", "2024-01-02T12:00", "2024-01-03T12:00"]
    there = [desk_open(desk, tokyo(one), plan.terms.calendar, TOKYO) for one in at]
    assert there == [False, True, False, False, True]


def test_sw_12_companies_are_told_where_to_ask(plan: Plan) -> None:
    """SW-12: online is refused, and the desk is named; by phone or on paper it goes."""
    online = asked(plan, member("oak-trading"))
    assert (online.last_day, online.desk) == (None, "corporate")
    assert "0120-80-7765" in str(online.refused)
    assert online.refused is not None
    assert "法人窓口" in online.refused.ja
    for by in (Medium.PHONE, Medium.PAPER):
        found = asked(plan, member("oak-trading"), by=by)
        assert (found.refused, found.desk) == (None, "corporate")
    assert asked(plan, member("sakura")).desk == "withdrawal"
    (desk,) = [one for one in plan.desks if one.id == "corporate"]
    at = ["2023-09-01T10:00", "2023-09-03T10:00", "2023-09-18T10:00"]  # Friday, Sunday, a holiday
    assert [desk_open(desk, tokyo(one), plan.terms.calendar, TOKYO) for one in at] == [True, False, False]
