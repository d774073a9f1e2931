"""The contract terms of Kyodo Hikari.NET, fact by fact: KY-7 to KY-15.

What its gateway does with mail each day stands in `test_kyodo_daily.py`,
how long it is kept in `test_kyodo_kept.py`.
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailsvc.desk.contracts import contract_of
from schedules.agenda import DeedKind, agenda
from schedules.blocks.dates import Audience, Channel
from schedules.blocks.terms import Invoices, MonthEnd, Suspension
from schedules.blocks.whom import Contract
from schedules.contracts.charges import charges, term_end, total
from schedules.contracts.duties import ended_by_death, lifted_by, transfer
from schedules.contracts.invoices import late_charge, monthly_charge
from schedules.edition import Edition
from schedules.followups import FollowUpKind, around_suspension, letter_list
from schedules.plan import Plan
from schedules.planfile import read_plan
from schedules.positions import BadFile
from schedules.terms import cancellation, ends, may_be_ended_from, service_end
from schedules.text import Text
from schedules.words import Capability, Medium, Rule
from tests.facts.examples import PLANS, TOKYO, entries, entry, example, tokyo

UNPAID = Text("料金の未払い", "unpaid fees")
TYPES = {"dynamic": 4_000, "ip1": 6_000, "ip8": 30_000, "ip16": 60_000}


@pytest.fixture
def edition() -> Edition:
    return example("kyodo")


@pytest.fixture
def plan(edition: Edition) -> Plan:
    return edition.plan


def contract(number: str) -> Contract:
    """A contract of the example accounts."""
    return contract_of([one for one in entries("kyodo") if one.contract == number])


def day(text: str) -> date:
    return date.fromisoformat(text)


def invoices(plan: Plan) -> Invoices:
    assert plan.terms.invoices is not None
    return plan.terms.invoices


def suspension(plan: Plan) -> Suspension:
    assert plan.terms.suspension is not None
    return plan.terms.suspension


# -- KY-7 --------------------------------------------------------------------------------------------------------------


def test_ky_7_a_suspended_contract_may_be_ended_ten_days_on(plan: Plan) -> None:
    """KY-7: suspended 2024-05-01, that day counted: from 2024-05-11; not counted: from 2024-05-12."""
    assert suspension(plan).cure_days == 10
    assert may_be_ended_from(day("2024-05-01"), suspension(plan)) == day("2024-05-11")
    civil_code = replace(suspension(plan), first_day_counts=False)
    assert may_be_ended_from(day("2024-05-01"), civil_code) == day("2024-05-12")


@pytest.mark.parametrize(("stopped", "takes_mail"), [("keep", True), ("refuse", False)])
def test_ky_7_some_or_all_of_the_service_is_suspended(plan: Plan, stopped: str, takes_mail: bool) -> None:
    """KY-7: the plan says whether mail is still kept for the subscriber, or refused as well."""
    assert plan.text.count("\nsuspension: keep\n") == 1
    read = read_plan(plan.text.replace("\nsuspension: keep\n", f"\nsuspension: {stopped}\n"), "kyodo.yaml")
    edition = Edition(read, 1)
    unpaid = entry("kyodo", "takeshi@kyodo.example")
    assert unpaid.suspended_since == day("2024-05-01")
    rulings = edition.at(edition.profile(unpaid.address, suspended_since=unpaid.suspended_since), tokyo("2024-05-05"))
    assert rulings[Capability.RECEIVE].allowed is takes_mail
    assert (rulings[Capability.READ].allowed, rulings[Capability.READ].rule) == (False, Rule.SUSPENSION)
    assert not rulings[Capability.SEND].allowed
    before = edition.at(edition.profile(unpaid.address, suspended_since=unpaid.suspended_since), tokyo("2024-04-30"))
    assert before[Capability.SEND].allowed


def test_ky_7_it_is_lifted_when_cured_which_may_take_days(edition: Edition) -> None:
    """KY-7: cured on 2024-05-09 at noon, lifted three days later at the latest; then everything is open again."""
    cured = tokyo("2024-05-09T12:00")
    assert lifted_by(cured, suspension(edition.plan)) == tokyo("2024-05-12T12:00")
    unpaid = entry("kyodo", "takeshi@kyodo.example")
    lifted = edition.at(edition.profile(unpaid.address), tokyo("2024-05-12T12:00"))
    assert all(ruling.allowed for ruling in lifted.of.values())


# -- KY-8, KY-14: when a contract ends ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "last_day"),
    [
        ("2024-05-29", "2024-05-31"),
        ("2024-05-30", "2024-06-30"),
        ("2024-04-26", "2024-05-31"),  # the 29th is a holiday
        ("2023-12-25", "2023-12-31"),  # the plan's own days off: 25 to 28 are left
        ("2023-12-27", "2024-01-31"),  # 27 and 28
    ],
)
def test_ky_8_fewer_than_three_business_days_mean_the_next_month(plan: Plan, asked: str, last_day: str) -> None:
    """KY-8: the end of the month of receipt, or of the next where fewer than three business days are left."""
    found = cancellation(
        contract("D-2002"), plan, day(asked), Medium.ONLINE, last_day=None, service_end=service_end(plan, None)
    )
    assert (found.possible, found.last_day, found.refused) == ((day(last_day),), day(last_day), None)


def test_ky_8_the_plan_can_say_otherwise(plan: Plan) -> None:
    """KY-8: the day of receipt is counted, unless the plan says that it is not."""
    (rule,) = plan.terms.ends
    assert isinstance(rule, MonthEnd)
    assert (rule.business_days, rule.count_receipt_day) == (3, True)
    other = replace(plan.terms, ends=(replace(rule, count_receipt_day=False),))
    asked = day("2024-05-29")
    assert ends(Contract(), other, asked, Medium.PAPER, service_end=None) == (day("2024-06-30"),)
    none = replace(plan.terms, ends=(replace(rule, business_days=0),))
    assert ends(Contract(), none, day("2024-05-31"), Medium.PAPER, service_end=None) == (day("2024-05-31"),)


@pytest.mark.parametrize("closed", ["last_month_of", "receive-end"])
def test_ky_14_the_providers_end_may_fall_on_any_day(plan: Plan, closed: str) -> None:
    """KY-14: a service closed at 2024-06-11 ends on 2024-06-10, and so do contracts; what ends before follows KY-8."""
    at = tokyo("2024-06-11")
    closing = replace(plan, terms=replace(plan.terms, last_month_of=at)) if closed == "last_month_of" else plan
    last = service_end(closing, at if closed == "receive-end" else None)
    assert last == day("2024-06-10")
    found = [
        ends(contract("D-2002"), closing.terms, day(asked), Medium.ONLINE, service_end=last)
        for asked in ("2024-05-29", "2024-05-30", "2024-06-10", "2024-06-11")
    ]
    assert found == [(day("2024-05-31"),), (day("2024-06-10"),), (day("2024-06-10"),), ()]


def test_ky_14_who_is_closed_upon_owes_nothing_for_the_minimum_term(plan: Plan) -> None:
    """KY-14: the end is the provider's own, so nobody has left early."""
    found = charges(contract("D-2001"), plan.terms, day("2024-06-10"), service_end=day("2024-06-10"))
    assert total(found) == 0


# -- KY-9 --------------------------------------------------------------------------------------------------------------


def test_ky_9_the_minimum_term_begins_with_the_month_after_the_start(plan: Plan) -> None:
    """KY-9: twelve months; started on 2024-01-15, it ends on 2025-01-31."""
    began = contract("D-2001")
    assert began.start == day("2024-01-15")
    assert {term_end(term, day("2024-01-15")) for term in plan.terms.minimum_terms} == {day("2025-01-31")}
    for last_day, yen in (("2024-01-31", 4_000), ("2024-12-31", 4_000), ("2025-01-31", 0), ("2025-02-28", 0)):
        assert total(charges(began, plan.terms, day(last_day), service_end=None)) == yen


@pytest.mark.parametrize("kind", TYPES)
def test_ky_9_leaving_earlier_costs_what_the_type_says(plan: Plan, kind: str) -> None:
    """KY-9: 4,000, 6,000, 30,000 and 60,000 yen for a dynamic address and for 1, 8 and 16 fixed ones."""
    began = Contract(type=kind, start=day("2024-01-15"))
    (charge,) = charges(began, plan.terms, day("2024-12-31"), service_end=None)
    assert (charge.id, charge.yen) == (kind, TYPES[kind])
    assert charge.source.file.endswith("kyodo.yaml")
    assert charge.source.line > 1


def test_ky_9_without_a_start_on_record_nothing_is_guessed(plan: Plan) -> None:
    """KY-9: whose start is not known is told so, not a sum."""
    (charge,) = charges(contract("D-2009"), plan.terms, day("2024-12-31"), service_end=None)
    assert charge.yen is None
    assert "not known" in str(charge.why)


# -- KY-10 -------------------------------------------------------------------------------------------------------------


def test_ky_10_the_first_month_is_free_and_the_last_is_full(plan: Plan) -> None:
    """KY-10: started 2024-01-15: January is free; the month of the end costs a whole month. An address is 300 yen."""
    began = contract("D-2001")
    assert len(began.addresses) == 2
    found = [monthly_charge(began, invoices(plan), day(month)) for month in ("2023-12-01", "2024-01-31", "2024-02-01")]
    assert found == [0, 0, 1_500 + 2 * 300]
    assert monthly_charge(began, invoices(plan), day("2024-06-01"), day("2024-06-10")) == 2_100
    one_more = replace(began, addresses=dict(list(began.addresses.items())[:1]))
    assert monthly_charge(one_more, invoices(plan), day("2024-02-01")) == 1_800


@pytest.mark.parametrize(
    ("due", "paid", "year", "yen"),
    [
        ("2023-05-31", "2023-07-01", 365, 119),  # 1 to 30 June: 30 days
        ("2023-05-31", "2023-07-01", 366, 118),
        ("2023-05-31", "2023-06-30", 365, 115),  # 29 days
        ("2023-05-31", "2023-06-01", 365, 0),
        ("2023-05-31", "2023-05-31", 365, 0),
    ],
)
def test_ky_10_late_payment_costs_fourteen_and_a_half_percent(
    plan: Plan, due: str, paid: str, year: int, yen: int
) -> None:
    """KY-10: on 10,000 yen, from the day after it is due to the day before it is paid; fractions are dropped."""
    assert (invoices(plan).late_percent, invoices(plan).year_days) == (14.5, 365)
    assert late_charge(10_000, day(due), day(paid), replace(invoices(plan), year_days=year)) == yen


# -- KY-11, KY-12, KY-13 -----------------------------------------------------------------------------------------------


CLOSING = """
stages:
  announce: {announced}
  receive-end: {ends}
"""


def test_ky_11_the_service_is_closed_with_fair_notice_or_not_at_all() -> None:
    """KY-11: this plan wants half a year between announcement and end; a plan with less is refused."""
    text = (PLANS / "kyodo.yaml").read_text(encoding="utf-8")
    fair = read_plan(text + CLOSING.format(announced="2024-01-10", ends="2024-07-31"), "kyodo.yaml")
    assert fair.shortest_notice == timedelta(days=180)
    with pytest.raises(BadFile, match="less than 180 days after `announce`"):
        read_plan(text + CLOSING.format(announced="2024-03-10", ends="2024-07-31"), "kyodo.yaml")


def test_ky_11_in_writing_or_otherwise(plan: Plan) -> None:
    """KY-11: notices of a closure go on paper, by mail, onto a page or by SMS, as the plan says."""
    assert [*Channel] == [Channel.MAIL, Channel.PAGE, Channel.LETTER, Channel.SMS]
    assert {channel for notice in plan.notices for channel in notice.by} >= {Channel.MAIL, Channel.LETTER}


def test_ky_12_the_holders_death_ends_the_contract(plan: Plan) -> None:
    """KY-12: on that very day, and not at a month's end."""
    assert ended_by_death(day("2024-02-10"), plan.terms.succession) == day("2024-02-10")


def test_ky_12_a_transfer_needs_approval_and_moves_all_duties(plan: Plan) -> None:
    """KY-12: the new holder leaves at the cost the old one would have had, and is as suspended."""
    old = replace(contract("D-2004"), start=day("2024-01-15"))
    asked = transfer(old, plan.terms.succession, holder="T-3000", contact="new@newhome.example", approved=False)
    assert (asked.contract, asked.desk) == (None, "contracts")
    assert "approval" in str(asked.refused)
    new = transfer(old, plan.terms.succession, holder="T-3000", contact="new@newhome.example", approved=True).contract
    assert new is not None
    assert (new.holder, new.contact, new.suspended_since) == ("T-3000", "new@newhome.example", day("2024-05-01"))
    costs = [charges(one, plan.terms, day("2024-12-31"), service_end=None) for one in (old, new)]
    assert costs[0] == costs[1]
    assert total(costs[1]) == 4_000


def test_ky_13_notices_go_to_the_contact_address_and_on_paper(edition: Edition) -> None:
    """KY-13: what falls due, when, to whom and how."""
    told = [one for one in agenda(edition) if one.kind is DeedKind.NOTICE]
    assert [(one.at, one.to, one.by, one.scope) for one in told] == [
        (tokyo("2024-06-03"), Audience.CONTACTS, (Channel.MAIL, Channel.LETTER), ""),
        (tokyo("2025-06-02"), Audience.CONTACTS, (Channel.MAIL, Channel.LETTER), ""),
    ]


def test_ky_13_who_cannot_be_reached_by_mail_is_on_the_letter_list() -> None:
    """KY-13: without a contact address, or with one from which a notice came back."""
    everybody = [contract(number) for number in sorted({one.contract for one in entries("kyodo")})]
    assert [one.number for one in letter_list(everybody, ())] == ["D-2009"]
    assert [one.number for one in letter_list(everybody, {"kenji@newhome.example"})] == ["D-2002", "D-2009"]


# -- KY-15 -------------------------------------------------------------------------------------------------------------


def test_ky_15_a_suspension_is_announced_with_reason_and_date(plan: Plan) -> None:
    """KY-15: a week before 2024-05-01, to the contact address; ten days after it the contract may be ended (KY-7)."""
    told, may_end = around_suspension(contract("D-2004"), tokyo("2024-05-01"), UNPAID, suspension(plan), TOKYO)
    assert (told.kind, told.at) == (FollowUpKind.SUSPENSION_TOLD, tokyo("2024-04-24"))
    assert (told.to, told.by) == (("takeshi@newhome.example",), (Channel.MAIL,))
    assert str(told.what) == "your service will be suspended on 2024-05-01: unpaid fees"
    assert "2024年5月1日" in told.what.ja
    assert UNPAID.ja in told.what.ja
    assert (may_end.kind, may_end.at, may_end.to) == (FollowUpKind.MAY_BE_ENDED, tokyo("2024-05-11"), ())


def test_ky_15_in_an_emergency_it_is_told_afterwards(plan: Plan) -> None:
    """KY-15: at once, and told as something that has happened."""
    begins = tokyo("2024-05-01T03:20")
    told, _ = around_suspension(contract("D-2004"), begins, UNPAID, suspension(plan), TOKYO, emergency=True)
    assert told.at == begins
    assert str(told.what) == "your service was suspended on 2024-05-01: unpaid fees"
