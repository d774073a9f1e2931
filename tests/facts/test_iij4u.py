"""IIJ4U joins IIJmio: addresses live on, changes rest for four days, holders get one account (II-1 to II-8)."""

from datetime import date, datetime, timedelta
from random import Random

import pytest

from mailsvc.desk.contracts import contract_of
from schedules.blocks.consolidation import Consolidation
from schedules.blocks.dates import Channel
from schedules.blocks.terms import Invoices
from schedules.blocks.whom import Contract
from schedules.contracts.checkitems import ItemKind, When
from schedules.contracts.checklist import checklist
from schedules.contracts.invoices import Bill, bills
from schedules.contracts.joining import (
    Account,
    Biller,
    Joined,
    Option,
    billed_by,
    joined,
    listed_at,
    price_of,
    unmapped,
)
from schedules.edition import Edition
from schedules.names import DomainName
from schedules.plan import Plan
from schedules.words import Capability, Rule
from tests.facts.examples import SECOND, entries, example, power, profile, tokyo

JOINS = tokyo("2016-04-01T00:00")
FROZEN = tokyo("2016-03-28T00:00")
DOMAIN = DomainName("iij4u.example")


@pytest.fixture
def edition() -> Edition:
    return example("iij4u")


@pytest.fixture
def plan(edition: Edition) -> Plan:
    return edition.plan


@pytest.fixture
def consolidation(plan: Plan) -> Consolidation:
    assert plan.consolidation is not None
    return plan.consolidation


def contracts(holder: str) -> list[Contract]:
    """The contracts of one holder, as the example accounts have them."""
    own = [one for one in entries("iij4u") if one.holder == holder]
    return [contract_of([one for one in own if one.contract == number]) for number in {one.contract for one in own}]


def account(holder: str, consolidation: Consolidation) -> Joined:
    return joined(contracts(holder), consolidation, random=Random(4))


# -- II-1: everything stays --------------------------------------------------------------------------------------------


def test_ii_1_mail_goes_to_the_successor_from_that_instant(edition: Edition) -> None:
    """II-1: on 2016-04-01T00:00 the same addresses are routed to the successor's platform."""
    assert edition.successor(DOMAIN, JOINS - SECOND) == ""
    assert edition.successor(DOMAIN, JOINS) == "smtp://mx.mio.example:25"


@pytest.mark.parametrize("at", [JOINS - SECOND, JOINS, JOINS + timedelta(days=3650)], ids=["before", "on", "after"])
@pytest.mark.parametrize("capability", ["receive", "send", "read", "forward"])
def test_ii_1_no_address_ends(edition: Edition, at: datetime, capability: str) -> None:
    """II-1: addresses live on; nothing of mail is ever refused."""
    assert power(edition, profile(edition, "hanako@iij4u.example"), capability, at).allowed


@pytest.mark.parametrize("holder", ["H-1", "H-2", "H-3"])
def test_ii_1_every_address_is_a_service_there(consolidation: Consolidation, holder: str) -> None:
    """II-1: each address is carried over as it is, without an act of its subscriber."""
    before = {address for contract in contracts(holder) for address in contract.addresses}
    assert {one.address for one in account(holder, consolidation).services if one.new == "safety-mail"} == before


# -- II-2: changes rest ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["change_settings", "change_options", "add_address", "course_change"])
def test_ii_2_changes_freeze_and_open_again(edition: Edition, word: str) -> None:
    """II-2: allowed 2016-03-27T23:59:59, refused 2016-03-28T00:00:00 with the reason and the date it opens again."""
    whose = profile(edition, "hanako@iij4u.example")
    assert power(edition, whose, word, tokyo("2016-03-27T23:59:59")).allowed
    refused = power(edition, whose, word, tokyo("2016-03-28T00:00:00"))
    assert (refused.allowed, refused.rule, refused.since, refused.until) == (False, Rule.SWITCH, FROZEN, JOINS)
    assert "4月1日" in refused.reason.ja
    assert "1 April" in refused.reason.en
    assert not power(edition, whose, word, JOINS - SECOND).allowed
    assert power(edition, whose, word, JOINS).allowed


def test_ii_2_the_refusal_names_its_line_of_the_plan(edition: Edition) -> None:
    """II-2: the answer leads to the switch that gave it."""
    refused = power(edition, profile(edition, "hanako@iij4u.example"), "change_options", FROZEN)
    assert refused.source == edition.plan.switches[0].source
    assert refused.source.line > 0


def test_ii_2_mail_goes_on_while_changes_rest(edition: Edition) -> None:
    """II-2: only changes are frozen."""
    rulings = edition.at(profile(edition, "hanako@iij4u.example"), FROZEN)
    frozen = {capability for capability in Capability if not rulings[capability].allowed}
    assert frozen == {
        Capability.CHANGE_SETTINGS,
        Capability.CHANGE_OPTIONS,
        Capability.ADD_ADDRESS,
        Capability.COURSE_CHANGE,
    }


@pytest.mark.parametrize(("on", "when"), [(date(2016, 3, 27), When.NOW), (date(2016, 3, 28), When.OVER)])
def test_ii_2_opting_out_is_advised_until_the_last_day(plan: Plan, on: date, when: When) -> None:
    """II-2: single options are given up by 2016-03-27, and the check list says so."""
    (mine,) = contracts("H-1")
    advice = {item.id: item for item in checklist(mine, plan, on) if item.kind is ItemKind.ADVICE}
    assert (advice["opt-out"].last_day, advice["opt-out"].when) == (date(2016, 3, 27), when)


# -- II-3: options -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "becomes"),
    [
        ("mail", "safety-mail"),
        ("additional-address", "safety-mail"),
        ("virus-protection", "safety-mail"),
        ("flets-hikari-family", "fiberaccess-family"),
        ("flets-hikari-basic", "fiberaccess-basic"),
        ("flets-premium-family", "fiberaccess-premium"),
        ("flets-premium-mansion", "fiberaccess-premium"),
        ("commufa", "fiberaccess-commufa"),
        ("flets-adsl", "fiberaccess-adsl"),
    ],
)
def test_ii_3_each_option_becomes_one_of_the_successor(consolidation: Consolidation, option: str, becomes: str) -> None:
    """II-3: the mapping table stands in the plan."""
    assert {one.option: one.becomes for one in consolidation.options}[option] == becomes


@pytest.mark.parametrize(
    ("holder", "added"),
    [("H-1", []), ("H-2", ["C-102"]), ("H-3", ["C-103"]), ("H-4", ["C-106"]), ("H-5", ["C-108"])],
)
def test_ii_3_virus_protection_is_added_for_those_who_lacked_it(
    consolidation: Consolidation, holder: str, added: list[str]
) -> None:
    """II-3: virus protection comes with the successor's mail."""
    assert account(holder, consolidation).added == tuple(Option(number, "virus-protection") for number in added)


def test_ii_3_the_successor_lowers_its_price_on_the_same_day(consolidation: Consolidation) -> None:
    """II-3: mail costs 540 yen until 2016-03-31 and 324 yen from 2016-04-01."""
    assert price_of("safety-mail", JOINS - SECOND, consolidation) == 540
    assert price_of("safety-mail", JOINS, consolidation) == 324


def test_ii_3_options_that_become_nothing_are_listed_before_the_day(consolidation: Consolidation) -> None:
    """II-3: whoever looks at the list has ten days left before changes freeze."""
    everybody = [one for holder in ("H-1", "H-2", "H-3", "H-4", "H-5") for one in contracts(holder)]
    assert unmapped(everybody, consolidation) == (Option("C-106", "dial-up"), Option("C-106", "homepage"))
    assert listed_at(consolidation) == tokyo("2016-03-18T00:00") < FROZEN


# -- II-4 to II-6: ids and data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("holder", ["H-1", "H-3", "H-4"])
def test_ii_4_holders_without_an_account_get_an_id_that_never_changes(
    consolidation: Consolidation, holder: str
) -> None:
    """II-4: a new, immutable id, told by mail."""
    found = account(holder, consolidation)
    assert (found.account, found.id_immutable, found.id_told_by) == (Account.NEW, True, ("mail",))
    assert found.customer_id


@pytest.mark.parametrize("holder", ["H-2", "H-5"])
def test_ii_4_holders_with_an_account_keep_their_id_and_get_services_added(
    consolidation: Consolidation, holder: str
) -> None:
    """II-4: who has an account there keeps its id; the services are added to it."""
    found = account(holder, consolidation)
    assert (found.account, found.customer_id, found.id_told_by) == (Account.EXISTING, "", ())
    assert found.services


def test_ii_4_the_new_id_is_told_by_mail_on_the_day(plan: Plan) -> None:
    """II-4: a notice of its own, to those alone who get a new id."""
    notice = next(one for one in plan.notices if one.id == "new-customer-id")
    assert (notice.at, notice.by) == ((JOINS,), (Channel.MAIL,))
    told = {holder for holder in ("H-1", "H-2", "H-3") if all(map(notice.whom.covers, contracts(holder)))}
    assert told == {"H-1", "H-3"}


def test_ii_5_several_contracts_become_one_account_with_the_data_of_the_oldest(consolidation: Consolidation) -> None:
    """II-5: contracts started 2004-05, 2001-02 and 2010-09: all from 2001-02."""
    mine = contracts("H-3")
    starts = {one.number: f"{one.start:%Y-%m}" for one in mine}
    assert sorted(starts.values()) == ["2001-02", "2004-05", "2010-09"]
    found = account("H-3", consolidation)
    assert starts[found.inherited_from or ""] == "2001-02"
    assert found.inherited == ("line-password", "contact-address", "registered-data", "credit-card")
    assert {one.contract for one in found.services} == set(starts)


def test_ii_5_with_an_account_there_nothing_changes(consolidation: Consolidation) -> None:
    """II-5: with a successor account none of these change, however old the contracts are."""
    found = account("H-5", consolidation)
    assert (found.inherited_from, found.inherited, found.contact) == (None, (), None)


@pytest.mark.parametrize(
    ("holder", "contact"),
    [
        ("H-1", "hanako@iij4u.example"),
        ("H-3", "takeda.shop@iij4u.example"),
        ("H-4", "noriko@iij4u.example"),
        ("H-2", None),
        ("H-5", None),
    ],
)
def test_ii_6_the_contact_address_is_the_base_address_of_new_holders(
    consolidation: Consolidation, holder: str, contact: str | None
) -> None:
    """II-6: the base address for new holders, of the oldest contract; unchanged (None) for those with an account."""
    assert account(holder, consolidation).contact == contact


# -- II-7, II-8: codes and bills ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("holder", "services"), [("H-1", 3), ("H-2", 2), ("H-3", 5), ("H-4", 2), ("H-5", 2)])
def test_ii_7_one_service_code_for_each_moved_service(consolidation: Consolidation, holder: str, services: int) -> None:
    """II-7: as many codes as services, no two alike; the old codes of an account there are not touched."""
    codes = [one.code for one in account(holder, consolidation).services]
    assert len(codes) == len(set(codes)) == services


def test_ii_7_codes_come_from_the_random_source_that_is_handed_in(consolidation: Consolidation) -> None:
    """II-7: the same source gives the same codes, another one others."""
    again = joined(contracts("H-3"), consolidation, random=Random(4))
    other = joined(contracts("H-3"), consolidation, random=Random(5))
    first = account("H-3", consolidation)
    assert first.services == again.services
    assert not {one.code for one in first.services} & {one.code for one in other.services}


@pytest.mark.parametrize(
    ("month", "biller"),
    [
        (date(2016, 2, 1), Biller.OLD),
        (date(2016, 3, 1), Biller.OLD),
        (date(2016, 3, 31), Biller.OLD),
        (date(2016, 4, 1), Biller.NEW),
        (date(2016, 5, 1), Biller.NEW),
    ],
)
def test_ii_8_use_until_march_is_billed_by_the_old_service(
    consolidation: Consolidation, month: date, biller: Biller
) -> None:
    """II-8: use until 2016-03 is billed by the old service, from 2016-04 by the new."""
    assert billed_by(month, consolidation) is biller


def test_ii_8_the_old_service_bills_a_month_in_the_next(plan: Plan) -> None:
    """II-8: what was used in 2016-03 is billed in 2016-04."""
    assert isinstance(plan.terms.invoices, Invoices)
    (mine,) = contracts("H-1")
    (bill,) = bills(mine, plan.terms.invoices, date(2016, 3, 31), ())
    assert isinstance(bill, Bill)
    assert (bill.month, bill.billed) == (date(2016, 3, 1), date(2016, 4, 1))
