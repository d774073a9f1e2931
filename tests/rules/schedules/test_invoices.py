from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schedules.blocks.services import Cost
from schedules.blocks.terms import BilledFrom, Invoices, Payment
from schedules.blocks.whom import Contract, Whom
from schedules.calendars import month_end, month_of, months_between
from schedules.contracts.charges import Charge
from schedules.contracts.invoices import bills, late_charge, monthly_charge, pay_day
from schedules.text import Text
from tests.rules.schedules.terms_parts import BASE, DAYS, EXTRA, FEE, day

BANK, SLIP, CARD = (
    Payment(method="bank", months_after=1, day=27),
    Payment(method="slip", day=25),
    Payment(method="card"),
)
LINE = Cost(id="line", title=Text("回線", "line"), whom=Whom(courses=("fibre",)), yen=1_500)
MAIL = Cost(id="mail", title=Text("メール", "mail"), yen=300, per_address=True)
INVOICES = Invoices(
    penalty_month=BilledFrom.COMPLETION,
    payments=(BANK, SLIP, CARD),
    monthly=(LINE, MAIL),
    late_percent=14.5,
    first_month_free=True,
)
MEMBER = Contract(course="fibre", start=day("2024-01-15"), addresses={BASE: None, EXTRA: None})
PENALTY = Charge(FEE, 20_000, FEE)


def test_the_last_fee_and_the_penalty_are_billed_a_month_apart() -> None:
    fee, penalty = bills(MEMBER, INVOICES, day("2024-09-30"), (PENALTY,))
    assert (fee.yen, fee.month, fee.billed) == (2_100, day("2024-09-01"), day("2024-10-01"))
    assert fee.payable == {"bank": day("2024-11-27"), "slip": day("2024-10-25"), "card": None}
    assert (penalty.yen, penalty.month, penalty.billed) == (20_000, day("2024-10-01"), day("2024-11-01"))
    assert penalty.payable == {"bank": day("2024-12-27"), "slip": day("2024-11-25"), "card": None}


def test_a_penalty_may_belong_to_the_month_of_leaving() -> None:
    leaving = replace(INVOICES, penalty_month=BilledFrom.LEAVING)
    fee, penalty = bills(MEMBER, leaving, day("2024-09-30"), (PENALTY,))
    assert fee.billed == penalty.billed == day("2024-10-01")
    within = bills(MEMBER, INVOICES, day("2024-09-29"), (PENALTY,))[1]
    assert within.month == day("2024-09-01")  # complete on the 30th, in the same month


def test_bills_go_over_the_years_end() -> None:
    fee, penalty = bills(MEMBER, INVOICES, day("2024-12-31"), (PENALTY,))
    assert (fee.billed, fee.payable["bank"]) == (day("2025-01-01"), day("2025-02-27"))
    assert (penalty.billed, penalty.payable["bank"]) == (day("2025-02-01"), day("2025-03-27"))


def test_nothing_is_billed_that_costs_nothing_and_what_is_unknown_is_not_left_out() -> None:
    charged = (replace(PENALTY, yen=0), replace(PENALTY, yen=None))
    found = bills(MEMBER, INVOICES, day("2024-09-30"), charged)
    assert [one.yen for one in found] == [2_100, None]
    assert bills(MEMBER, INVOICES, day("2024-01-31"), ()) == ()  # the first month is free
    assert [one.yen for one in bills(Contract(), replace(INVOICES, monthly=()), day("2024-09-30"), ())] == [None]


@pytest.mark.parametrize(
    ("on", "billed", "paid"),
    [
        (31, "2024-02-01", "2024-02-29"),
        (31, "2023-02-01", "2023-02-28"),
        (30, "2024-02-15", "2024-02-29"),
        (29, "2023-02-01", "2023-02-28"),
        (31, "2024-04-01", "2024-04-30"),
        (1, "2024-12-31", "2024-12-01"),
        (27, "2024-12-01", "2024-12-27"),
    ],
)
def test_a_day_that_a_month_lacks_is_its_last(on: int, billed: str, paid: str) -> None:
    assert pay_day(Payment(method="bank", day=on), day(billed)) == day(paid)


def test_a_payment_months_later_is_in_that_month() -> None:
    assert pay_day(Payment(method="bank", months_after=3, day=31), day("2023-11-30")) == day("2024-02-29")
    assert pay_day(Payment(method="card", months_after=3), day("2023-11-30")) is None


@pytest.mark.parametrize(
    ("month", "last_day", "yen"),
    [
        ("2023-12-31", "", 0),  # before it began
        ("2024-01-31", "", 0),  # the first month
        ("2024-02-29", "", 2_100),
        ("2024-09-01", "2024-09-30", 2_100),
        ("2024-09-01", "2024-09-10", 2_100),  # in full
        ("2024-09-01", "2024-09-01", 2_100),  # a single day of it
        ("2024-10-01", "2024-09-30", 0),
        ("2024-09-30", "2024-09-10", 2_100),
    ],
)
def test_what_a_month_costs(month: str, last_day: str, yen: int) -> None:
    assert monthly_charge(MEMBER, INVOICES, day(month), day(last_day) if last_day else None) == yen


def test_a_last_month_may_be_charged_by_its_days_without_fractions_of_a_yen() -> None:
    by_days = replace(INVOICES, last_month_full=False)
    assert monthly_charge(MEMBER, by_days, day("2024-09-01"), day("2024-09-10")) == 700
    assert monthly_charge(MEMBER, by_days, day("2024-02-01"), day("2024-02-10")) == 724  # 724.1
    assert monthly_charge(MEMBER, by_days, day("2024-09-01"), day("2024-09-01")) == 70
    assert monthly_charge(MEMBER, by_days, day("2024-02-01"), day("2024-02-29")) == 2_100
    assert monthly_charge(MEMBER, by_days, day("2024-03-01"), day("2024-04-10")) == 2_100


def test_a_first_month_that_is_not_free_is_charged() -> None:
    charged = replace(INVOICES, first_month_free=False)
    assert monthly_charge(MEMBER, charged, day("2024-01-01")) == 2_100
    assert monthly_charge(replace(MEMBER, start=None), charged, day("2024-01-01")) == 2_100


def test_without_a_start_or_a_price_nobody_can_say() -> None:
    assert monthly_charge(replace(MEMBER, start=None), INVOICES, day("2024-02-01")) is None
    assert (
        monthly_charge(replace(MEMBER, course="other"), replace(INVOICES, monthly=(LINE,)), day("2024-02-01")) is None
    )


def test_prices_go_by_course_and_by_address() -> None:
    assert monthly_charge(replace(MEMBER, course="other"), INVOICES, day("2024-02-01")) == 600
    assert monthly_charge(replace(MEMBER, addresses={BASE: None}), INVOICES, day("2024-02-01")) == 1_800


@pytest.mark.parametrize(
    ("yen", "due", "paid", "year", "charge"),
    [
        (10_000, "2023-05-31", "2023-07-01", 365, 119),  # 30 days: 119.17
        (10_000, "2023-05-31", "2023-07-01", 366, 118),  # 118.85
        (10_000, "2023-05-31", "2023-06-30", 365, 115),  # 29 days: 115.2
        (10_000, "2023-05-31", "2023-06-02", 365, 3),  # 1 day: 3.97
        (10_000, "2023-05-31", "2023-06-01", 365, 0),  # no whole day between
        (10_000, "2023-05-31", "2023-05-31", 365, 0),
        (10_000, "2023-05-31", "2023-05-01", 365, 0),
        (10_000, "2024-01-31", "2024-03-02", 365, 119),  # 30 days over 29 February
        (10_000, "2023-12-16", "2024-01-16", 365, 119),  # 30 days over the year's end
        (100_000, "2023-01-01", "2024-01-02", 365, 14_500),  # a whole year, exactly
        (1, "2023-05-31", "2023-07-01", 365, 0),
        (0, "2023-05-31", "2024-07-01", 365, 0),
    ],
)
def test_a_late_charge_is_counted_in_whole_days_and_whole_yen(
    yen: int, due: str, paid: str, year: int, charge: int
) -> None:
    assert late_charge(yen, day(due), day(paid), replace(INVOICES, year_days=year)) == charge


def test_no_float_takes_part() -> None:
    odd = replace(INVOICES, late_percent=0.1)
    assert late_charge(10**15, day("2023-01-01"), day("2024-01-02"), odd) == 10**12
    assert late_charge(365_000, day("2023-01-01"), day("2023-01-03"), replace(INVOICES, late_percent=14.6)) == 146
    assert late_charge(10_000, day("2023-01-01"), day("2024-01-02"), replace(INVOICES, late_percent=0.0)) == 0


@given(
    st.integers(0, 10_000_000),
    DAYS,
    st.integers(-10, 3_000),
    st.integers(0, 100_000).map(lambda thousandths: thousandths / 1_000),
    st.sampled_from([365, 366]),
)
def test_a_late_charge_is_the_exact_product_without_its_fraction(
    yen: int, due: date, late: int, percent: float, year: int
) -> None:
    invoices = replace(INVOICES, late_percent=percent, year_days=year)
    exact = yen * Fraction(f"{percent:.3f}") * max(late - 1, 0) / 100 / year
    found = late_charge(yen, due, due + timedelta(days=late), invoices)
    assert found == exact.numerator // exact.denominator
    assert 0 <= found <= late_charge(yen, due, due + timedelta(days=late + 1), invoices)


@given(DAYS, DAYS, st.booleans(), st.booleans())
def test_no_month_costs_less_than_nothing_or_more_than_a_full_one(
    month: date, last_day: date, free: bool, full: bool
) -> None:
    invoices = replace(INVOICES, first_month_free=free, last_month_full=full)
    found = monthly_charge(replace(MEMBER, start=day("2000-01-15")), invoices, month, last_day)
    assert found is not None
    assert 0 <= found <= 2_100
    if month_of(month) > last_day:
        assert found == 0


@given(DAYS, st.integers(0, 6), st.integers(0, 6), st.integers(1, 31))
def test_bills_are_written_after_the_month_they_belong_to_and_paid_no_earlier(
    last_day: date, after: int, months: int, on: int
) -> None:
    payment = Payment(method="bank", months_after=months, day=on)
    invoices = replace(INVOICES, payments=(payment,), penalty_after=after, fee_after=after, first_month_free=False)
    assume(last_day >= day("2000-01-15"))
    for bill in bills(replace(MEMBER, start=day("2000-01-15")), invoices, last_day, (PENALTY,)):
        assert months_between(bill.month, bill.billed) == after
        paid = bill.payable["bank"]
        assert paid is not None
        assert months_between(bill.billed, paid) == months
        assert paid.day == on or paid == month_end(paid)
