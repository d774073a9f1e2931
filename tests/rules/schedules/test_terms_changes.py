"""Addresses with terms of their own, and changes of course."""

from dataclasses import replace

import pytest

from schedules.blocks.terms import AdditionalAddresses, CourseChange, Terms
from schedules.blocks.whom import Contract
from schedules.names import Address
from schedules.terms import address_given_up, address_last_day, course_change
from schedules.text import Text
from tests.rules.schedules.terms_parts import BASE, EXTRA, FEE, day

MEMBER = Contract(addresses={BASE: None, EXTRA: day("2024-03-31")})
PAID_AHEAD = Terms(additional_addresses=AdditionalAddresses())

# -- Addresses with terms of their own ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "expiry", "ended", "outlives", "last"),
    [
        ("2023-10-31", "", "2023-03-31", True, "2023-10-31"),
        ("2023-10-31", "", "2023-03-31", False, "2023-03-31"),
        ("2023-10-31", "", "2023-12-31", True, "2023-10-31"),
        ("2023-10-31", "", "2023-12-31", False, "2023-10-31"),
        ("", "", "2023-03-31", True, "2023-03-31"),
        ("", "2023-08-31", "", True, "2023-08-31"),
        ("2023-10-31", "2023-08-31", "", True, "2023-10-31"),
        ("2023-10-31", "2023-08-31", "", False, "2023-08-31"),
        ("2023-10-31", "", "", False, "2023-10-31"),
        ("", "", "", True, None),
    ],
)
def test_the_last_day_of_an_address(own: str, expiry: str, ended: str, outlives: bool, last: str | None) -> None:
    contract = Contract(expiry=day(expiry) if expiry else None, addresses={EXTRA: day(own) if own else None})
    terms = Terms(additional_addresses=AdditionalAddresses(outlive_contract=outlives))
    found = address_last_day(contract, terms, EXTRA, day(ended) if ended else None)
    assert found == (day(last) if last else None)


def test_an_address_of_somebody_else_ends_with_the_contract() -> None:
    other = Address.parse("jiro@closing.example")
    assert address_last_day(MEMBER, PAID_AHEAD, other, day("2023-09-30")) == day("2023-09-30")


def test_an_additional_address_cannot_be_given_up_in_mid_term() -> None:
    kept = address_given_up(MEMBER, PAID_AHEAD, EXTRA, day("2023-09-03"))
    assert (kept.allowed, kept.from_day) == (False, day("2024-04-01"))
    assert str(kept.reason) == "not in mid-term: it works until 2024-03-31"
    assert address_given_up(MEMBER, PAID_AHEAD, EXTRA, day("2024-04-01")).allowed
    assert address_given_up(MEMBER, PAID_AHEAD, BASE, day("2023-09-03")).allowed  # no term of its own
    free = replace(PAID_AHEAD, additional_addresses=AdditionalAddresses(cancellable=True))
    assert address_given_up(MEMBER, free, EXTRA, day("2023-09-03")).allowed
    assert address_given_up(MEMBER, Terms(), EXTRA, day("2023-09-03")).allowed


# -- Course changes ----------------------------------------------------------------------------------------------------

KEEP = Text("更新まで解約しないでください", "do not cancel before the renewal")
ADDRESS_COURSE = CourseChange(
    to="address", title=FEE, any_time=("monthly",), at_renewal=("two-year", "yearly"), keeps=("mail",), advice=KEEP
)
COURSES = Terms(course_changes=(ADDRESS_COURSE,))
YEARLY = Contract(course="yearly", expiry=day("2023-08-31"))


@pytest.mark.parametrize(
    ("asked", "allowed", "from_day"),
    [("2023-05-10", False, "2023-09-01"), ("2023-08-31", False, "2023-09-01"), ("2023-09-01", True, "2023-09-01")],
)
def test_a_course_that_changes_at_its_renewal_alone(asked: str, allowed: bool, from_day: str) -> None:
    found = course_change(YEARLY, COURSES, "address", day(asked))
    assert (found.allowed, found.from_day, found.advice) == (allowed, day(from_day), KEEP)
    assert str(found.reason) == ("possible now" if allowed else "possible at renewal, from 2023-09-01")


def test_a_course_that_changes_at_any_time() -> None:
    found = course_change(Contract(course="monthly"), COURSES, "address", day("2023-05-10"))
    assert (found.allowed, found.from_day) == (True, day("2023-05-10"))


def test_changes_the_plan_does_not_know_are_refused() -> None:
    for contract, to in ((YEARLY, "two-year"), (Contract(course="business"), "address"), (Contract(), "address")):
        found = course_change(contract, COURSES, to, day("2023-05-10"))
        assert (found.allowed, found.from_day) == (False, None)


def test_a_renewal_whose_day_is_not_known_is_not_guessed() -> None:
    found = course_change(replace(YEARLY, expiry=None), COURSES, "address", day("2023-05-10"))
    assert (found.allowed, found.from_day) == (False, None)
    assert "not known" in str(found.reason)


def test_no_change_after_the_service() -> None:
    end = day("2024-01-31")
    late = replace(YEARLY, expiry=end)
    assert course_change(late, COURSES, "address", day("2023-05-10"), service_end=end).from_day is None
    monthly = Contract(course="monthly")
    assert course_change(monthly, COURSES, "address", end, service_end=end).allowed
    assert not course_change(monthly, COURSES, "address", day("2024-02-01"), service_end=end).allowed


def test_a_second_rule_for_the_same_course_counts_too() -> None:
    terms = replace(COURSES, course_changes=(ADDRESS_COURSE, replace(ADDRESS_COURSE, any_time=("yearly",))))
    assert course_change(YEARLY, terms, "address", day("2023-05-10")).allowed  # what is allowed at any time goes first
