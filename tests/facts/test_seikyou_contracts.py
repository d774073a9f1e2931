"""The end of Seikyou Internet for its members' contracts: costs, courses, addresses, renewals (SK-3 to SK-7, SK-9)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from schedules.blocks.whom import ADDITIONAL_ADDRESS, HOMEPAGE, MAIL, Contract
from schedules.contracts.renewals import expiry_shown, renewed, rule_for
from schedules.edition import Edition
from schedules.moments import months_after
from schedules.names import Address
from schedules.plan import Plan
from schedules.terms import address_given_up, address_last_day, cancellation, course_change, service_end
from schedules.words import Medium, Rule, Stage
from tests.facts.examples import entry, example, power, profile, tokyo

LAST_DAY = date(2024, 1, 31)
EXTRA = Address.parse("goro.club@nishi.seikyou.ne.jp")
MAIN = Address.parse("goro@nishi.seikyou.ne.jp")
COURSES = ("monthly", "two-year", "yearly", "address")


@pytest.fixture
def edition() -> Edition:
    return example("seikyou")


@pytest.fixture
def plan(edition: Edition) -> Plan:
    return edition.plan


def member(course: str = "monthly", expiry: date | None = None) -> Contract:
    return Contract(course=course, start=date(2003, 4, 1), expiry=expiry, has=frozenset({MAIL, HOMEPAGE, "connection"}))


# -- SK-3: costs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("asked", [date(2022, 1, 11), date(2023, 5, 10), date(2024, 1, 31)], ids=str)
def test_sk_3_leaving_costs_nothing_on_any_course(plan: Plan, course: str, asked: date) -> None:
    """SK-3: no penalty, no office fee, no transfer fee, whenever one leaves; each is told as 0 yen."""
    found = cancellation(member(course), plan, asked, Medium.ONLINE, last_day=None, service_end=LAST_DAY)
    assert [(charge.id, charge.yen) for charge in found.charges] == [
        ("penalty", 0),
        ("office-fee", 0),
        ("transfer-fee", 0),
    ]
    assert found.refused is None


# -- SK-4: the address course ------------------------------------------------------------------------------------------


def test_sk_4_monthly_members_change_at_any_time(plan: Plan) -> None:
    """SK-4: monthly on 2023-05-10: allowed."""
    found = course_change(member(), plan.terms, "address", date(2023, 5, 10), service_end=LAST_DAY)
    assert (found.allowed, found.from_day) == (True, date(2023, 5, 10))


@pytest.mark.parametrize("course", ["yearly", "two-year"])
def test_sk_4_others_change_at_their_renewal_alone(plan: Plan, course: str) -> None:
    """SK-4: yearly, expiry 2023-08-31: refused on 2023-05-10, "possible at renewal, from 2023-09-01"; allowed then."""
    contract = member(course, date(2023, 8, 31))
    refused = course_change(contract, plan.terms, "address", date(2023, 5, 10), service_end=LAST_DAY)
    assert (refused.allowed, refused.from_day) == (False, date(2023, 9, 1))
    assert refused.reason.en == "possible at renewal, from 2023-09-01"
    assert "2023年9月1日" in refused.reason.ja
    assert not course_change(contract, plan.terms, "address", date(2023, 8, 31), service_end=LAST_DAY).allowed
    assert course_change(contract, plan.terms, "address", date(2023, 9, 1), service_end=LAST_DAY).allowed


def test_sk_4_who_must_wait_is_told_not_to_cancel(plan: Plan) -> None:
    """SK-4: two-year and yearly members hold off cancelling until their renewal."""
    refused = course_change(member("yearly", date(2023, 8, 31)), plan.terms, "address", date(2023, 5, 10))
    assert refused.advice is not None
    assert "解約せず" in refused.advice.ja
    assert "not cancel" in refused.advice.en


def test_sk_4_a_term_that_ends_with_all_services_leaves_no_day_for_it(plan: Plan) -> None:
    """SK-4: whose term ends on 2024-01-31 has no renewal left to change at."""
    found = course_change(member("two-year", LAST_DAY), plan.terms, "address", date(2023, 5, 10), service_end=LAST_DAY)
    assert (found.allowed, found.from_day) == (False, None)


def test_sk_4_the_address_course_keeps_mail_and_homepage(plan: Plan) -> None:
    """SK-4: it is mail and homepage without the line, until the end."""
    (rule,) = plan.terms.course_changes
    assert set(rule.keeps) == {MAIL, HOMEPAGE}
    assert course_change(member("address"), plan.terms, "two-year", date(2022, 6, 1)).allowed is False


# -- SK-5: additional addresses ----------------------------------------------------------------------------------------


def with_extra(main_ends: date | None = None, paid_to: date = date(2023, 10, 31)) -> Contract:
    contract = member(expiry=main_ends)
    return replace(contract, has=contract.has | {ADDITIONAL_ADDRESS}, addresses={MAIN: None, EXTRA: paid_to})


def test_sk_5_an_extra_address_outlives_its_contract(plan: Plan) -> None:
    """SK-5: main cancelled 2023-03-31, extra address paid to 2023-10-31: its last day is 2023-10-31."""
    contract = with_extra()
    asked = date(2023, 3, 10)
    found = cancellation(contract, plan, asked, Medium.ONLINE, last_day=date(2023, 3, 31), service_end=LAST_DAY)
    assert found.last_day == date(2023, 3, 31)
    assert dict(found.addresses_after) == {EXTRA: date(2023, 10, 31)}
    assert address_last_day(contract, plan.terms, EXTRA, date(2023, 3, 31)) == date(2023, 10, 31)
    assert address_last_day(contract, plan.terms, MAIN, date(2023, 3, 31)) == date(2023, 3, 31)


def test_sk_5_it_receives_to_its_own_last_day(edition: Edition) -> None:
    """SK-5: still receives on 2023-10-31, closed 2023-11-01; the main address closed on 2023-04-01."""
    extra = entry("seikyou", str(EXTRA))
    whose = profile(edition, str(EXTRA), extra.contract_expiry, extra.address_expiry)
    assert power(edition, whose, "receive", tokyo("2023-10-31T23:59:59")).allowed
    closed = power(edition, whose, "receive", tokyo("2023-11-01T00:00"))
    assert (closed.allowed, closed.rule) == (False, Rule.EXPIRY)
    main = profile(edition, str(MAIN), extra.contract_expiry)
    assert power(edition, main, "receive", tokyo("2023-03-31T23:59:59")).allowed
    assert not power(edition, main, "receive", tokyo("2023-04-01T00:00")).allowed


def test_sk_5_it_cannot_be_given_up_in_mid_term(plan: Plan) -> None:
    """SK-5: an additional address cannot be cancelled before its own expiry."""
    refused = address_given_up(with_extra(), plan.terms, EXTRA, date(2023, 5, 10))
    assert (refused.allowed, refused.from_day) == (False, date(2023, 11, 1))
    assert "2023-10-31" in refused.reason.en


def test_sk_5_it_does_not_outlive_the_service(plan: Plan) -> None:
    """SK-5: what is paid for longer than the service lasts ends with it (SK-1)."""
    found = cancellation(
        with_extra(paid_to=date(2024, 3, 31)),
        plan,
        date(2023, 3, 10),
        Medium.PHONE,
        last_day=None,
        service_end=LAST_DAY,
    )
    assert dict(found.addresses_after) == {EXTRA: LAST_DAY}


# -- SK-6, SK-7: renewals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("course", ["monthly", "address"])
def test_sk_6_monthly_contracts_renew_by_themselves_until_the_end(plan: Plan, course: str) -> None:
    """SK-6: month by month through January 2024, and never after."""
    rule = rule_for(course, plan.terms)
    assert rule is not None
    assert rule.automatic
    months = [date(year, month, 1) for year in (2022, 2023, 2024) for month in range(1, 13)]
    renewing = [month for month in months if renewed(rule, month, LAST_DAY).months]
    assert renewing == [month for month in months if month < date(2024, 2, 1)]
    assert renewed(rule, date(2024, 1, 1), LAST_DAY).last_day == LAST_DAY


@pytest.mark.parametrize(
    ("course", "first", "months"),
    [
        ("two-year", "2021-12", 24),
        ("two-year", "2022-02", 24),
        ("two-year", "2022-03", 23),
        ("two-year", "2022-04", 22),
        ("two-year", "2024-01", 1),
        ("two-year", "2024-02", 0),
        ("yearly", "2022-08", 12),
        ("yearly", "2023-02", 12),
        ("yearly", "2023-03", 11),
        ("yearly", "2023-04", 10),
        ("additional-address", "2023-02", 12),
        ("additional-address", "2023-03", 11),
        ("additional-address", "2023-04", 10),
        ("additional-address", "2024-01", 1),
    ],
)
def test_sk_7_renewals_are_cut_to_what_is_left(plan: Plan, course: str, first: str, months: int) -> None:
    """SK-7: a full term, or the months from the first renewed one to 2024-01 inclusive, whichever is less."""
    rule = rule_for(course, plan.terms)
    assert rule is not None
    begins = date.fromisoformat(f"{first}-01")
    found = renewed(rule, begins, LAST_DAY)
    assert found.months == months
    assert found.last_day == (months_after(begins, months) - timedelta(days=1) if months else None)
    assert (found.last_day == LAST_DAY) is (0 < months < rule.months or first in {"2022-02", "2023-02"})
    assert found.last_day is None or found.last_day <= LAST_DAY


def test_sk_7_the_end_of_renewals_is_the_end_of_receiving(edition: Edition) -> None:
    """SK-7: whoever postpones the end lengthens the last renewals with it: no second date stands in the plan."""
    assert edition.plan.terms.last_month_of is None
    assert service_end(edition.plan, edition.stage_instant(Stage.RECEIVE_END)) == LAST_DAY


# -- SK-9: what the member page shows ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("course", "expiry", "ja", "en"),
    [
        ("monthly", None, "自動更新", "automatic renewal"),
        ("address", None, "自動更新", "automatic renewal"),
        ("yearly", date(2023, 8, 31), "2023年8月31日", "2023-08-31"),
        ("two-year", date(2024, 1, 31), "2024年1月31日", "2024-01-31"),
    ],
)
def test_sk_9_an_expiry_shown_as_automatic_means_monthly(
    plan: Plan, course: str, expiry: date | None, ja: str, en: str
) -> None:
    """SK-9: course and expiry are known; a course that renews by itself shows so where others show a day."""
    shown = expiry_shown(member(course, expiry), plan.terms)
    assert (shown.ja, shown.en) == (ja, en)


def test_sk_9_accounts_know_course_and_expiry() -> None:
    """SK-9: monthly members have no day of expiry in the accounts, all others have."""
    members = [entry("seikyou", f"{one}.seikyou.ne.jp") for one in ("hanako@kita", "jiro@minato", "saburo@minato")]
    found = {(one.course, one.contract_expiry is None) for one in members}
    assert found == {("monthly", True), ("two-year", False), ("yearly", False)}
