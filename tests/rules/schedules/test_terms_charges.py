"""What leaving costs: minimum terms of two kinds, costs at the end, and what is not known."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.services import Cost
from schedules.blocks.terms import FirstMonth, JudgedBy, MinimumTerm, Terms
from schedules.blocks.whom import Contract, Whom
from schedules.calendars import month_end
from schedules.contracts.charges import charges, cost_at_end, month_number, penalty, term_end, total
from schedules.text import Text
from tests.rules.schedules.terms_parts import BASE, CONTRACTS, DAYS, EXTRA, FEE, MINIMUM_TERMS, day

ONE_YEAR = MinimumTerm(id="year", title=FEE, months=12, first_month=FirstMonth.NEXT, yen=4_000)
RECURRING = MinimumTerm(id="contract", title=FEE, months=36, yen=20_000, free_months=2)
BUILT = Cost(id="built", title=Text("工事費", "Construction"), yen=1_000, instalments=24)


def fee(term: MinimumTerm, start: str, last_day: str, service_end: str = "") -> int | None:
    end = day(service_end) if service_end else None
    return penalty(term, Contract(start=day(start)), day(last_day), end).yen


@pytest.mark.parametrize(
    ("start", "over"),
    [
        ("2024-01-15", "2025-01-31"),
        ("2024-01-01", "2025-01-31"),
        ("2024-01-31", "2025-01-31"),
        ("2023-02-28", "2024-02-29"),
        ("2024-02-29", "2025-02-28"),
        ("2023-12-31", "2024-12-31"),
        ("2024-11-30", "2025-11-30"),
    ],
)
def test_a_term_counted_from_the_month_after_the_start_ends_with_a_month(start: str, over: str) -> None:
    assert term_end(ONE_YEAR, day(start)) == day(over)
    assert fee(ONE_YEAR, start, over) == 0
    before = day(over).replace(day=1)
    assert fee(ONE_YEAR, start, before.isoformat()) == 4_000


def test_a_term_counted_from_the_month_of_the_start_is_a_month_shorter() -> None:
    first = replace(ONE_YEAR, first_month=FirstMonth.START)
    assert term_end(first, day("2024-01-31")) == day("2024-12-31")
    assert fee(first, "2024-01-31", "2024-11-30") == 4_000
    assert fee(first, "2024-01-31", "2024-12-31") == 0


def test_months_of_a_contract_are_counted_from_one() -> None:
    start = day("2020-10-31")
    months = [month_number(start, FirstMonth.START, day(one)) for one in ("2020-10-01", "2020-11-01", "2023-09-30")]
    assert months == [1, 2, 36]
    assert month_number(start, FirstMonth.NEXT, day("2020-10-31")) == 0


@pytest.mark.parametrize(
    ("last_day", "yen"),
    [
        ("2020-10-31", 20_000),  # month 1
        ("2023-08-31", 20_000),  # 35
        ("2023-09-30", 20_000),  # 36
        ("2023-10-31", 0),  # 37
        ("2023-11-30", 0),  # 38
        ("2023-12-31", 20_000),  # 39
        ("2026-09-30", 20_000),  # 72
        ("2026-10-31", 0),  # 73
        ("2026-11-30", 0),  # 74
        ("2026-12-31", 20_000),  # 75
    ],
)
def test_a_term_that_begins_anew_is_free_in_the_first_months_after_each(last_day: str, yen: int) -> None:
    assert fee(RECURRING, "2020-10-01", last_day) == yen
    assert fee(RECURRING, "2020-10-31", last_day) == yen


def test_the_shortest_term_that_begins_anew_costs_its_first_month_alone() -> None:
    shortest = replace(RECURRING, months=1, free_months=1)
    assert [fee(shortest, "2024-01-31", one) for one in ("2024-01-31", "2024-02-29", "2024-03-31")] == [20_000, 0, 0]
    counted_later = replace(shortest, first_month=FirstMonth.NEXT)
    found = [fee(counted_later, "2024-01-31", one) for one in ("2024-01-31", "2024-02-29", "2024-03-31")]
    assert found == [20_000, 20_000, 0]


def test_the_month_of_completion_may_be_the_one_that_is_judged() -> None:
    completed = replace(RECURRING, judged_by=JudgedBy.COMPLETION)
    found = [fee(completed, "2020-10-01", one) for one in ("2023-08-31", "2023-09-30", "2023-10-31", "2023-11-30")]
    assert found == [20_000, 0, 0, 20_000]
    assert fee(completed, "2020-10-01", "2023-09-29") == 20_000  # complete on the 30th, still in month 36


def test_the_reason_says_which_month_it_is_and_which_are_free() -> None:
    start = Contract(start=day("2020-10-05"))
    why = penalty(RECURRING, start, day("2023-12-31"), None).why
    assert str(why) == "this is month 39 of the contract; leaving is free in months 73 to 74"
    assert "39か月目" in why.ja
    assert "month 37" in str(penalty(RECURRING, start, day("2023-10-31"), None).why)
    assert "2021-10-31" in str(penalty(ONE_YEAR, start, day("2021-09-30"), None).why)


def test_who_leaves_with_the_service_itself_owes_nothing_unless_the_plan_says_so() -> None:
    assert fee(ONE_YEAR, "2024-01-15", "2024-06-10", service_end="2024-06-10") == 0
    assert fee(ONE_YEAR, "2024-01-15", "2024-05-31", service_end="2024-06-10") == 4_000
    strict = replace(ONE_YEAR, at_service_end=True)
    assert fee(strict, "2024-01-15", "2024-06-10", service_end="2024-06-10") == 4_000


def test_what_depends_on_an_unknown_start_is_not_guessed() -> None:
    for term in (ONE_YEAR, RECURRING):
        charge = penalty(term, Contract(), day("2024-05-31"), None)
        assert (charge.yen, charge.id) == (None, term.id)
        assert "not known" in str(charge.why)
    assert cost_at_end(BUILT, Contract(), day("2024-05-31")).yen is None
    assert penalty(ONE_YEAR, Contract(), day("2024-05-31"), day("2024-05-31")).yen == 0  # the service's own end


def test_a_contract_that_has_not_begun_is_the_desks_to_judge() -> None:
    later = Contract(start=day("2024-06-10"))
    assert penalty(ONE_YEAR, later, day("2024-05-31"), None).yen is None
    assert "not have begun" in str(penalty(RECURRING, later, day("2024-06-09"), None).why)
    assert cost_at_end(BUILT, later, day("2024-05-31")).yen is None
    assert penalty(ONE_YEAR, later, day("2024-06-10"), None).yen == 4_000  # its first day


@pytest.mark.parametrize(
    ("last_day", "left"),
    [
        ("2022-06-30", 23),
        ("2022-07-31", 22),
        ("2024-04-30", 1),
        ("2024-05-31", 0),
        ("2025-05-31", 0),
    ],
)
def test_what_is_left_of_instalments_is_paid_at_once(last_day: str, left: int) -> None:
    charge = cost_at_end(BUILT, Contract(start=day("2022-06-20")), day(last_day))
    assert charge.yen == left * 1_000
    assert f"{left} of 24" in str(charge.why)


def test_a_cost_can_be_paid_once_or_for_each_address() -> None:
    once = Cost(id="office", title=FEE, yen=550)
    contract = Contract(addresses={BASE: None, EXTRA: None})
    assert cost_at_end(once, contract, day("2024-05-31")).yen == 550
    assert cost_at_end(replace(once, per_address=True), contract, day("2024-05-31")).yen == 1_100


def test_every_rule_that_covers_a_contract_gives_a_charge_also_of_nothing() -> None:
    campaign = MinimumTerm(id="campaign", title=FEE, whom=Whom(has=("campaign",)), months=24, yen=10_000)
    terms = Terms(minimum_terms=(RECURRING, campaign), costs=(BUILT, Cost(id="office", title=FEE, yen=0)))
    joined = Contract(start=day("2022-06-20"), has=frozenset({"campaign"}))
    found = charges(joined, terms, day("2023-09-30"), service_end=None)
    assert [(one.id, one.yen) for one in found] == [
        ("contract", 20_000),
        ("campaign", 10_000),
        ("built", 8_000),
        ("office", 0),
    ]
    assert total(found) == 38_000
    plain = charges(replace(joined, has=frozenset()), terms, day("2023-09-30"), service_end=None)
    assert [one.id for one in plain] == ["contract", "built", "office"]


def test_a_sum_with_something_unknown_in_it_is_unknown() -> None:
    terms = Terms(minimum_terms=(RECURRING,), costs=(Cost(id="office", title=FEE, yen=550),))
    found = charges(Contract(), terms, day("2023-09-30"), service_end=None)
    assert total(found) is None
    assert total(()) == 0


@given(MINIMUM_TERMS, CONTRACTS, DAYS, st.none() | DAYS)
def test_a_penalty_is_never_negative_and_never_more_than_the_plan_says(
    term: MinimumTerm, contract: Contract, last_day: date, service_end: date | None
) -> None:
    yen = penalty(term, contract, last_day, service_end).yen
    assert yen in {None, 0, term.yen}
    if contract.start is not None and contract.start <= last_day:
        assert yen is not None


@given(MINIMUM_TERMS, DAYS, st.integers(0, 300))
def test_who_has_left_a_term_that_never_begins_anew_behind_stays_free(
    term: MinimumTerm, start: date, months: int
) -> None:
    once = replace(term, free_months=0)
    over = term_end(once, start)
    contract = Contract(start=start)
    assert penalty(once, contract, month_end(over, months), None).yen == 0
    if over.replace(day=1) > start:
        assert penalty(once, contract, over.replace(day=1), None).yen == (0 if over.day == 1 else term.yen)


@given(DAYS, DAYS, st.integers(0, 60), st.integers(0, 5_000))
def test_instalments_run_out_and_are_never_negative(start: date, last_day: date, count: int, yen: int) -> None:
    cost = Cost(id="built", title=FEE, yen=yen, instalments=count)
    found = cost_at_end(cost, Contract(start=start), last_day).yen
    later = cost_at_end(cost, Contract(start=start), month_end(last_day, 1)).yen
    assert (found is None) is (last_day < start)
    if found is not None and later is not None:
        assert 0 <= later <= found <= yen * count
