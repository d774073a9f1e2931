"""What is shown before a request is sent: everything a cancellation leads to, and why one is refused."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.services import Cost, Desk, LeavingRoute, Purpose
from schedules.blocks.terms import (
    AdditionalAddresses,
    BilledFrom,
    Certificate,
    ChosenMonth,
    Deadline,
    Invoices,
    MediumRule,
    MinimumTerm,
    Payment,
    RemovalWork,
    Terms,
)
from schedules.blocks.whom import Contract, Whom
from schedules.contracts.charges import total
from schedules.plan import Plan
from schedules.terms import Cancellation, cancellation, completion
from schedules.text import Text
from schedules.words import Medium
from tests.rules.schedules.terms_parts import BASE, CONTRACTS, DAYS, EXTRA, FEE, TERMS, TOKYO, day, plan_with

OFFICE = Desk(id="office", purpose=Purpose.CANCELLING, title=Text("窓口", "office"), phone="03-0000-0001")
COMPANIES = Desk(
    id="companies", purpose=Purpose.CORPORATE, title=Text("法人窓口", "companies' desk"), phone="03-0000-0002"
)
ROUTE = LeavingRoute(id="move", title=FEE, by_itself=True)
CHOSEN = Terms(
    ends=(ChosenMonth(rule="chosen-month"),),
    removal_work=(RemovalWork(whom=Whom(areas=("east",)), earliest_days=6),),
    minimum_terms=(MinimumTerm(id="contract", title=FEE, months=36, yen=20_000, free_months=2),),
    costs=(Cost(id="built", title=FEE, yen=1_000, instalments=60),),
    invoices=Invoices(
        penalty_month=BilledFrom.COMPLETION,
        payments=(Payment(method="bank", months_after=1, day=27),),
        monthly=(Cost(id="line", title=FEE, yen=5_000),),
    ),
    deadlines=(
        Deadline(id="number", title=FEE, whom=Whom(has=("phone",)), days=75, reminders=(timedelta(3),), loses=FEE),
    ),
    certificate=Certificate(),
    additional_addresses=AdditionalAddresses(),
    media=(MediumRule(whom=Whom(types=("corporate",)), media=(Medium.PHONE, Medium.PAPER), desk="companies"),),
    routes=(ROUTE,),
)
PLAN = plan_with(CHOSEN, desks=(OFFICE, COMPANIES))
MEMBER = Contract(
    contact="hanako@home.example",
    start=day("2020-10-05"),
    area="east",
    has=frozenset({"phone"}),
    addresses={BASE: None, EXTRA: day("2024-03-31")},
)


def shown(
    asked: str = "2023-09-03",
    *,
    contract: Contract = MEMBER,
    plan: Plan = PLAN,
    by: Medium = Medium.ONLINE,
    last_day: str = "",
    service_end: str = "",
    work: str = "",
) -> Cancellation:
    days = [day(one) if one else None for one in (last_day, service_end, work)]
    return cancellation(contract, plan, day(asked), by, last_day=days[0], service_end=days[1], work_day=days[2])


def test_everything_that_follows_is_shown_before_the_request_is_sent() -> None:
    found = shown()
    assert found.refused is None
    assert found.possible == (day("2023-09-30"), day("2023-10-31"))
    assert found.costs == {day("2023-09-30"): 44_000, day("2023-10-31"): 23_000}  # waiting a month saves a penalty
    assert (found.last_day, found.complete) == (day("2023-09-30"), completion(day("2023-09-30"), TOKYO))
    assert [(one.id, one.yen) for one in found.charges] == [("contract", 20_000), ("built", 24_000)]
    assert [(one.id, one.last_day) for one in found.deadlines] == [("number", day("2023-09-30"))]
    assert [(one.yen, one.payable["bank"]) for one in found.bills] == [
        (5_000, day("2023-11-27")),
        (20_000, day("2023-12-27")),
        (24_000, day("2023-12-27")),
    ]
    assert found.member_page_until is not None
    assert found.member_page_until.isoformat() == "2024-04-01T00:00:00+09:00"
    assert found.certificate_to == ("hanako@closing.example", "hanako@home.example")
    assert found.addresses_after == {EXTRA: day("2024-03-31")}
    assert (found.routes, found.desk) == ((ROUTE,), "office")


def test_the_last_day_may_be_chosen_among_those_that_are_possible() -> None:
    found = shown(last_day="2023-10-31")
    assert (found.last_day, total(found.charges)) == (day("2023-10-31"), 23_000)
    refused = shown(last_day="2023-11-30")
    assert (refused.last_day, refused.complete, refused.charges) == (None, None, ())
    assert str(refused.refused) == "the last day can be: 2023-09-30, 2023-10-31"
    assert refused.possible == found.possible


def test_a_company_is_sent_to_its_desk() -> None:
    company = replace(MEMBER, type="corporate")
    online = shown(contract=company)
    assert (online.desk, online.possible, online.last_day) == ("companies", (), None)
    assert online.refused is not None
    assert str(online.refused) == (
        "this contract cannot be given up online: ask by phone or on paper at companies' desk, 03-0000-0002"
    )
    assert "電話または書面" in online.refused.ja
    assert "「法人窓口」03-0000-0002" in online.refused.ja
    phone = shown(contract=company, by=Medium.PHONE)
    assert (phone.refused, phone.desk, phone.last_day) == (None, "companies", day("2023-09-30"))


def test_a_desk_that_the_plan_does_not_describe_is_not_invented() -> None:
    bare = plan_with(CHOSEN)
    assert (shown(plan=bare).desk, shown(plan=bare).refused) == ("", None)
    online = shown(contract=replace(MEMBER, type="corporate"), plan=bare)
    assert "the help desk" in str(online.refused)


@pytest.mark.parametrize(
    ("asked", "contract", "service_end", "why"),
    [
        ("2024-02-01", MEMBER, "2024-01-31", "the service ended on 2024-01-31"),
        ("2024-02-01", replace(MEMBER, expiry=day("2024-01-31")), "", "the contract ended on 2024-01-31"),
    ],
)
def test_what_has_ended_cannot_be_given_up(asked: str, contract: Contract, service_end: str, why: str) -> None:
    found = shown(asked, contract=contract, service_end=service_end)
    assert (str(found.refused), found.possible, found.last_day) == (why, (), None)


def test_the_last_day_itself_is_early_enough() -> None:
    found = shown("2024-01-31", service_end="2024-01-31")
    assert (found.last_day, [one.yen for one in found.charges]) == (day("2024-01-31"), [0, 20_000])
    assert found.addresses_after == {}  # no address outlives the service


def test_addresses_work_on_to_their_own_end_or_that_of_the_service() -> None:
    assert shown(service_end="2024-01-31").addresses_after == {EXTRA: day("2024-01-31")}
    with_contract = replace(CHOSEN, additional_addresses=AdditionalAddresses(outlive_contract=False))
    assert shown(plan=plan_with(with_contract)).addresses_after == {}
    assert shown(plan=plan_with(replace(CHOSEN, additional_addresses=None))).addresses_after == {}


def test_without_a_rule_no_day_is_guessed() -> None:
    found = shown(plan=plan_with(replace(CHOSEN, ends=())))
    assert (found.possible, found.last_day) == ((), None)
    assert "no rule" in str(found.refused)


def test_removal_work_has_an_earliest_day_and_needs_a_rule() -> None:
    assert str(shown(work="2023-09-08").refused) == "removal work can be done from 2023-09-09 on"
    assert shown(work="2023-09-09").last_day == day("2023-09-30")
    assert shown(work="2023-10-01").last_day == day("2023-10-31")
    assert "no removal work" in str(shown(contract=replace(MEMBER, area="west"), work="2023-10-20").refused)


def test_what_is_not_known_is_shown_as_such() -> None:
    found = shown(contract=replace(MEMBER, start=None))
    assert [one.yen for one in found.charges] == [None, None]
    assert set(found.costs.values()) == {total(found.charges)} == {None}
    assert [one.yen for one in found.bills] == [5_000, None, None]


def test_terms_that_say_nothing_show_nothing() -> None:
    plain = shown(plan=plan_with(Terms(ends=CHOSEN.ends)))
    assert (plain.charges, plain.deadlines, plain.bills, plain.routes) == ((), (), (), ())
    assert (plain.member_page_until, plain.certificate_to, plain.desk) == (None, (), "")


@pytest.mark.parametrize(
    ("certificate", "contact", "told"),
    [
        (Certificate(), "hanako@home.example", ("hanako@closing.example", "hanako@home.example")),
        (Certificate(), "", ("hanako@closing.example",)),
        (Certificate(), "hanako@closing.example", ("hanako@closing.example",)),
        (Certificate(to_closing=False), "hanako@home.example", ("hanako@home.example",)),
        (Certificate(to_contact=False), "hanako@home.example", ("hanako@closing.example",)),
    ],
)
def test_the_proof_goes_to_both_addresses_once(certificate: Certificate, contact: str, told: tuple[str, ...]) -> None:
    found = shown(contract=replace(MEMBER, contact=contact), plan=plan_with(replace(CHOSEN, certificate=certificate)))
    assert found.certificate_to == told


@pytest.mark.parametrize(
    ("last_day", "months", "until"),
    [
        ("2023-09-30", 6, "2024-04-01"),
        ("2023-08-30", 6, "2024-02-29"),  # complete on the 31st
        ("2022-08-30", 6, "2023-02-28"),
        ("2023-12-31", 0, "2024-01-01"),
        ("2023-12-31", 12, "2025-01-01"),
    ],
)
def test_the_member_page_stays_open_for_whole_months(last_day: str, months: int, until: str) -> None:
    terms = replace(CHOSEN, certificate=Certificate(months_kept=months))
    contract = replace(MEMBER, expiry=day(last_day))
    found = shown("2022-08-01", contract=contract, plan=plan_with(terms), last_day="")
    later = shown(last_day, contract=contract, plan=plan_with(terms))
    assert later.member_page_until is not None
    assert later.member_page_until.isoformat() == f"{until}T00:00:00+09:00"
    assert found.member_page_until is not None
    assert found.member_page_until <= later.member_page_until


@given(CONTRACTS, TERMS, DAYS, st.sampled_from(Medium), st.none() | DAYS, st.none() | DAYS, st.none() | DAYS)
def test_a_request_is_refused_with_a_reason_or_leads_to_a_day_that_was_possible(
    contract: Contract,
    terms: Terms,
    asked: date,
    medium: Medium,
    wished: date | None,
    end: date | None,
    work: date | None,
) -> None:
    found = cancellation(contract, plan_with(terms), asked, medium, last_day=wished, service_end=end, work_day=work)
    assert (found.refused is None) is (found.last_day is not None) is (found.complete is not None)
    if found.last_day is None:
        assert (found.charges, found.costs, found.bills, found.certificate_to) == ((), {}, (), ())
    else:
        assert found.last_day in found.possible
        assert wished in {None, found.last_day}
        assert found.complete == completion(found.last_day, TOKYO)
        assert found.costs[found.last_day] == total(found.charges)
        assert tuple(found.costs) == found.possible
        assert all(yen is None or yen >= 0 for yen in found.costs.values())


@given(CONTRACTS, TERMS, DAYS)
def test_what_is_shown_depends_on_nothing_but_what_was_asked(contract: Contract, terms: Terms, asked: date) -> None:
    first, again = (
        cancellation(contract, plan_with(terms), asked, Medium.ONLINE, last_day=None, service_end=None)
        for _ in range(2)
    )
    assert first == again
