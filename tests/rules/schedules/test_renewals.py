from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.terms import Renewal, Terms
from schedules.blocks.whom import Contract
from schedules.calendars import month_end, months_between
from schedules.contracts.renewals import Renewed, expiry_shown, renewed, rule_for
from tests.rules.schedules.terms_parts import DAYS, day

END = day("2024-01-31")
TWO_YEAR = Renewal(courses=("two-year",), months=24)
YEARLY = Renewal(courses=("yearly", "additional-address"), months=12)
MONTHLY = Renewal(courses=("monthly",), months=1, automatic=True)
TERMS = Terms(renewals=(TWO_YEAR, YEARLY, MONTHLY))


@pytest.mark.parametrize(
    ("renewal", "first", "months"),
    [
        (TWO_YEAR, "2021-06", 24),
        (TWO_YEAR, "2022-02", 24),
        (TWO_YEAR, "2022-03", 23),
        (TWO_YEAR, "2022-04", 22),
        (TWO_YEAR, "2024-01", 1),
        (TWO_YEAR, "2024-02", 0),
        (YEARLY, "2023-02", 12),
        (YEARLY, "2023-03", 11),
        (YEARLY, "2023-04", 10),
        (MONTHLY, "2023-12", 1),
        (MONTHLY, "2024-01", 1),
        (MONTHLY, "2024-02", 0),
    ],
)
def test_a_renewal_lasts_for_what_is_left(renewal: Renewal, first: str, months: int) -> None:
    given_term = renewed(renewal, day(f"{first}-01"), END)
    assert given_term.months == months
    if months:
        assert given_term.last_day == month_end(day(f"{first}-01"), months - 1)
        assert given_term == renewed(renewal, month_end(day(f"{first}-01")), END)  # any day of the month
    else:
        assert given_term == Renewed(0, None)


def test_what_cannot_be_cut_is_a_full_term_or_none() -> None:
    whole = Renewal(courses=("two-year",), months=24, cut=False)
    assert renewed(whole, day("2022-02-01"), END) == Renewed(24, END)
    assert renewed(whole, day("2022-03-01"), END) == Renewed(0, None)


def test_a_service_that_goes_on_cuts_nothing() -> None:
    assert renewed(TWO_YEAR, day("2024-02-01"), None) == Renewed(24, day("2026-01-31"))
    assert renewed(YEARLY, day("2023-03-31"), None) == Renewed(12, day("2024-02-29"))


def test_a_service_that_ends_within_a_month_cuts_that_month_too() -> None:
    assert renewed(YEARLY, day("2023-12-01"), day("2024-02-10")) == Renewed(3, day("2024-02-10"))
    assert renewed(YEARLY, day("2024-02-20"), day("2024-02-10")) == Renewed(1, day("2024-02-10"))


@given(DAYS, st.integers(1, 120), st.booleans(), st.integers(-40, 2000))
def test_no_renewal_goes_beyond_the_end_of_the_service(first: date, full: int, cut: bool, days: int) -> None:
    end = first + timedelta(days=days)
    result = renewed(Renewal(courses=("a",), months=full, cut=cut), first, end)
    assert 0 <= result.months <= full
    assert (result.last_day is None) == (result.months == 0)
    if result.last_day is not None:
        assert result.last_day <= end
        assert months_between(first, result.last_day) == result.months - 1
    if cut and end >= first:
        assert result.months == min(full, months_between(first, end) + 1)


@given(DAYS, st.integers(0, 60), st.integers(1, 60), st.integers(0, 900))
def test_who_renews_later_ends_no_earlier(first: date, later: int, full: int, days: int) -> None:
    renewal, end = Renewal(courses=("a",), months=full), first + timedelta(days=days)
    early, late = renewed(renewal, first, end), renewed(renewal, month_end(first, later), end)
    if early.last_day and late.last_day:
        assert early.last_day <= late.last_day
    assert early.months >= late.months


def test_each_course_has_its_rule() -> None:
    assert rule_for("additional-address", TERMS) is YEARLY
    assert rule_for("monthly", TERMS) is MONTHLY
    assert rule_for("unheard-of", TERMS) is None


def test_an_expiry_is_shown_as_a_day_or_as_renewing_by_itself() -> None:
    expiry = day("2023-08-31")
    assert expiry_shown(Contract(course="yearly", expiry=expiry), TERMS).in_("ja") == "2023年8月31日"
    assert expiry_shown(Contract(course="yearly", expiry=expiry), TERMS).in_("en") == "2023-08-31"
    assert expiry_shown(Contract(course="monthly"), TERMS).in_("en") == "automatic renewal"
    assert expiry_shown(Contract(course="monthly", expiry=expiry), TERMS).in_("ja") == "自動更新"
    assert "no expiry" in str(expiry_shown(Contract(course="yearly"), TERMS))
