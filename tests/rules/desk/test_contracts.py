"""Contracts at the desk: put together from addresses, and what giving one up or changing it would lead to."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mailsvc.desk.auditing import list_acts
from mailsvc.desk.contracts import Asking, show_cancellation, show_change, show_contract
from mailsvc.desk.plans import apply_plan
from mailsvc.desk.refusals import Refused
from schedules.contracts.checkitems import Item, ItemKind, When
from schedules.names import BadName
from schedules.planfile import read_plan
from schedules.words import Medium
from tests.rules.desk.world import PLAN, World

EXAMPLES = Path(__file__).parents[3] / "examples" / "plans"
TERMS = """\
desks:
  - {id: leave, purpose: cancelling, title: {ja: 解約窓口, en: Leaving desk}}
  - {id: firms, purpose: corporate, title: {ja: 法人窓口, en: Desk for firms}, phone: 0120-1}
services:
  - id: line
    title: {ja: 回線, en: Line}
    dependants:
      - {affects: wifi, effect: {ja: 無線LANが止まります, en: Wi-Fi stops}}
advice:
  - {id: move, whom: {has: [mail]}, lead: 10 days, text: {ja: 移してください, en: move your mail}}
terms:
  ends: [{rule: chosen-month, media: [online, phone]}, {rule: arrival-day, last_day: 20, media: paper}]
  media: [{whom: {types: [corporate]}, media: [phone, paper], desk: firms}]
  costs: [{id: fee, title: {ja: 手数料, en: Fee}, yen: 3000}]
  minimum_terms:
    - {id: term, title: {ja: 違約金, en: Penalty}, months: 12, yen: 5000, whom: {courses: [yearly]}}
  renewals: [{courses: [monthly], months: 1, automatic: yes}]
  course_changes:
    - {to: address, title: {ja: アドレス, en: Address alone}, any_time: [monthly], at_renewal: [yearly], keeps: [mail]}
  additional_addresses: {outlive_contract: yes}
  invoices: {monthly: [{id: fee, title: {ja: 利用料, en: Use}, yen: 900}]}
  certificate: {months_kept: 6}
"""
ACCOUNTS = """\
address,kind,contact,contract,course,type,start,expiry,address_expiry,services,homepage
base@closing.example,base,me@home.example,C-1,monthly,personal,2020-04-01,,,line,pages
extra@closing.example,additional,me@home.example,C-1,monthly,personal,2020-04-01,,2027-01-31,line,
yearly@closing.example,base,,C-2,yearly,personal,2026-05-01,2027-01-15,,,
firm@closing.example,base,,C-3,monthly,corporate,2020-04-01,,,,
alone@closing.example,,,,,,,,,,
"""
TODAY = date(2026, 11, 22)


@pytest.fixture
def told(world: World) -> World:
    """The closing world with terms of contract."""
    report = world.take(ACCOUNTS)
    assert (report.published, report.rejected) == (True, 0)
    apply_plan(world.desk, read_plan(PLAN + TERMS, "closing.yaml"), "decided")
    return world


def of_kind(items: tuple[Item, ...], kind: ItemKind) -> list[Item]:
    return [item for item in items if item.kind is kind]


# -- Shown -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["base@closing.example", "EXTRA@closing.example"])
def test_a_contract_is_found_by_any_of_its_addresses(told: World, address: str) -> None:
    shown = show_contract(told.desk, address, Asking())
    assert [str(one) for one in shown.contract.addresses] == ["base@closing.example", "extra@closing.example"]
    assert (shown.plan, shown.edition, shown.asked) == ("closing", 1, TODAY)
    assert shown.contract.has == {"mail", "homepage", "additional-address", "line"}


def test_a_contract_that_renews_by_itself_says_so(told: World) -> None:
    expiries = [show_contract(told.desk, f"{one}@closing.example", Asking()).expiry.en for one in ("base", "yearly")]
    assert expiries == ["automatic renewal", "2027-01-15"]


def test_the_day_of_asking_is_one_of_the_plan_s_zone(told: World) -> None:
    told.clock.set(datetime(2026, 11, 22, 15, 30, tzinfo=UTC))
    assert show_contract(told.desk, "base@closing.example", Asking()).asked == date(2026, 11, 23)
    assert show_contract(told.desk, "base@closing.example", Asking(on=TODAY)).asked == TODAY


def test_the_service_ends_with_the_plan_and_advice_counts_from_there(told: World) -> None:
    shown = show_contract(told.desk, "alone@closing.example", Asking())
    (advice,) = of_kind(shown.checklist, ItemKind.ADVICE)
    assert shown.service_end == advice.last_day == date(2027, 3, 31)
    assert (advice.begin, advice.when) == (date(2027, 3, 21), When.LATER)
    assert shown.becomes is None


LATER = """\
exceptions: [{scope: {area: noto}, stages: {receive-end: 2027-07-01}, reason: {ja: 地震, en: quake}}]
holds: [{scope: {address: c@closing.example}, until: 2027-06-01, reason: {ja: 依頼, en: asked}}]
"""


def test_an_exception_or_a_hold_for_a_contract_moves_the_end_of_its_service(world: World) -> None:
    text = PLAN.replace("2027-06-30", "2027-08-31").replace("2027-04-30", "2027-08-31") + LATER
    world.take("address,contract,area\na@closing.example,C-1,noto\nb@closing.example,C-2,\nc@closing.example,C-3,\n")
    apply_plan(world.desk, read_plan(text, "closing.yaml"), "decided")
    ends = [show_contract(world.desk, f"{one}@closing.example", Asking()).service_end for one in "abc"]
    assert ends == [date(2027, 6, 30), date(2027, 3, 31), date(2027, 5, 31)]


def test_an_address_that_is_not_there_is_refused(told: World) -> None:
    with pytest.raises(Refused, match=r"has no address nobody@closing\.example.*accounts list"):
        show_contract(told.desk, "nobody@closing.example", Asking())
    with pytest.raises(BadName):
        show_contract(told.desk, "nobody", Asking())


def test_where_no_plan_covers_the_domain_one_must_be_named(told: World) -> None:
    told.take("address\na@second.example\n")
    with pytest.raises(Refused, match=r"no plan covers second\.example: name one with --plan; plans in force: closing"):
        show_contract(told.desk, "a@second.example", Asking())
    assert show_contract(told.desk, "a@second.example", Asking(plan="closing")).plan == "closing"


def test_a_plan_that_is_not_there_is_refused_with_those_that_are(told: World) -> None:
    with pytest.raises(Refused, match="plans in force: closing"):
        show_contract(told.desk, "base@closing.example", Asking(plan="opening"))


def test_without_any_plan_the_way_to_one_is_told(world: World) -> None:
    world.take("address\na@closing.example\n")
    with pytest.raises(Refused, match="none yet: `lastpost plan apply"):
        show_contract(world.desk, "a@closing.example", Asking())


# -- Given up ----------------------------------------------------------------------------------------------------------


def test_giving_up_shows_days_costs_and_what_follows(told: World) -> None:
    found = show_cancellation(told.desk, "base@closing.example", Asking(), Medium.ONLINE)
    outcome = found.cancellation
    assert outcome.possible == (date(2026, 11, 30), date(2026, 12, 31))
    assert (outcome.last_day, found.total, outcome.desk) == (date(2026, 11, 30), 3000, "leave")
    assert outcome.certificate_to == ("base@closing.example", "me@home.example")
    assert {str(one): day for one, day in outcome.addresses_after.items()} == {
        "extra@closing.example": date(2027, 1, 31)
    }
    assert [bill.yen for bill in outcome.bills] == [900, 3000]


def test_the_wished_last_day_is_taken_where_the_rules_let_it(told: World) -> None:
    wished = show_cancellation(told.desk, "base@closing.example", Asking(), Medium.ONLINE, last_day=date(2026, 12, 31))
    assert wished.cancellation.last_day == date(2026, 12, 31)
    never = show_cancellation(told.desk, "base@closing.example", Asking(), Medium.ONLINE, last_day=date(2026, 12, 1))
    assert never.cancellation.refused is not None
    assert never.cancellation.last_day is None


def test_who_leaves_earlier_has_less_time_for_what_is_advised(told: World) -> None:
    found = show_cancellation(told.desk, "base@closing.example", Asking(), Medium.ONLINE)
    (advice,) = of_kind(found.shown.checklist, ItemKind.ADVICE)
    assert (advice.begin, advice.last_day, advice.when) == (date(2026, 11, 20), date(2026, 11, 30), When.NOW)


def test_warnings_of_what_breaks_are_shown_before_the_request(told: World) -> None:
    found = show_cancellation(told.desk, "base@closing.example", Asking(), Medium.ONLINE)
    (warning,) = of_kind(found.shown.checklist, ItemKind.WARNING)
    assert warning.text is not None
    assert warning.text.en == "Wi-Fi stops"


@pytest.mark.parametrize(("medium", "refused"), [(Medium.ONLINE, True), (Medium.PHONE, False), (Medium.PAPER, False)])
def test_firms_are_sent_to_their_desk(told: World, medium: Medium, refused: bool) -> None:
    found = show_cancellation(told.desk, "firm@closing.example", Asking(), medium)
    assert (found.cancellation.refused is not None, found.cancellation.desk) == (refused, "firms")
    assert "firms" in {item.id for item in of_kind(found.shown.checklist, ItemKind.DESK)}


def test_on_paper_the_day_of_arrival_counts(told: World) -> None:
    by_day = [
        show_cancellation(told.desk, "firm@closing.example", Asking(on=on), Medium.PAPER).cancellation.last_day
        for on in (date(2026, 11, 20), date(2026, 11, 21))
    ]
    assert by_day == [date(2026, 11, 30), date(2026, 12, 31)]


def test_leaving_early_costs_the_penalty_besides(told: World) -> None:
    found = show_cancellation(told.desk, "yearly@closing.example", Asking(), Medium.ONLINE)
    assert [(one.id, one.yen) for one in found.cancellation.charges] == [("term", 5000), ("fee", 3000)]
    assert found.total == 8000


def test_what_cannot_be_told_is_not_guessed(told: World) -> None:
    told.take(ACCOUNTS + "new@closing.example,base,,C-9,yearly,personal,,,,,\n")
    found = show_cancellation(told.desk, "new@closing.example", Asking(), Medium.ONLINE)
    assert found.total is None


def test_a_plan_without_terms_says_so(world: World) -> None:
    world.take(ACCOUNTS)
    apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "decided")
    said = r"'closing' has no rules for contracts.*docs/PLANS\.md"
    with pytest.raises(Refused, match=said):
        show_cancellation(world.desk, "base@closing.example", Asking(), Medium.ONLINE)
    with pytest.raises(Refused, match=said):
        show_change(world.desk, "base@closing.example", Asking(), "address")
    assert show_contract(world.desk, "base@closing.example", Asking()).plan == "closing"


def test_nothing_is_written_by_showing(told: World) -> None:
    before = list(list_acts(told.desk, None, 100))
    show_contract(told.desk, "base@closing.example", Asking())
    show_cancellation(told.desk, "base@closing.example", Asking(), Medium.ONLINE)
    show_change(told.desk, "base@closing.example", Asking(), "address")
    assert list(list_acts(told.desk, None, 100)) == before


# -- Changed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "allowed", "from_day"),
    [("base", True, TODAY), ("yearly", False, date(2027, 1, 16))],
)
def test_a_change_is_possible_now_or_from_the_renewal_on(
    told: World, address: str, allowed: bool, from_day: date
) -> None:
    found = show_change(told.desk, f"{address}@closing.example", Asking(), "address")
    assert (found.permission.allowed, found.permission.from_day) == (allowed, from_day)
    assert (found.to, found.keeps) == ("address", ("mail",))


def test_a_course_nobody_can_change_to_is_refused_with_those_there_are(told: World) -> None:
    with pytest.raises(Refused, match=r"no change to the course 'gold': courses one can change to: address"):
        show_change(told.desk, "base@closing.example", Asking(), "gold")


# -- Without mail ------------------------------------------------------------------------------------------------------


def test_a_plan_without_mail_domains_is_asked_by_its_name(world: World) -> None:
    world.take("address,area,course,services\na@closing.example,east,flets,hikari-phone pr-200ne\n")
    file = EXAMPLES / "sonet-phone.yaml"
    apply_plan(world.desk, read_plan(file.read_bytes(), str(file)), "try")
    shown = show_contract(world.desk, "a@closing.example", Asking(plan="sonet-phone"))
    (table,) = of_kind(shown.checklist, ItemKind.TABLE)
    assert table.about == "east, PR-200NE"
    assert len(of_kind(shown.checklist, ItemKind.WARNING)) == 2
    stopped = Asking(plan="sonet-phone", stopped={"hikari-phone": TODAY})
    assert of_kind(show_contract(world.desk, "a@closing.example", stopped).checklist, ItemKind.WARNING) == []
