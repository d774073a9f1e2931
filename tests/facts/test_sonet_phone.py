"""Giving up a telephone: two ways out, what else breaks, days of waiting, and equipment (SP-1 to SP-4)."""

from datetime import date, timedelta

import pytest

from mailsvc.desk.contracts import contract_of
from schedules.blocks.services import Service
from schedules.blocks.whom import Contract
from schedules.contracts.checkitems import Item, ItemKind, When
from schedules.contracts.checklist import broken_by, checklist, look_up, wait_advice
from schedules.contracts.closing import closing
from schedules.plan import Plan
from schedules.text import Text
from tests.facts.examples import entry, example, tokyo

ON = date(2024, 5, 20)
STOP = date(2024, 6, 1)
DAY = timedelta(days=1)
NAMES = ("akiko", "bunta", "chie", "daigo", "emi", "fumio")


@pytest.fixture
def plan() -> Plan:
    return example("sonet-phone").plan


@pytest.fixture
def phone(plan: Plan) -> Service:
    return next(service for service in plan.services if service.id == "hikari-phone")


def contract(name: str) -> Contract:
    return contract_of([entry("sonet-phone", f"{name}@phone.example")])


def made(course: str, *has: str, area: str = "east") -> Contract:
    return Contract(course=course, area=area, has=frozenset({"hikari-phone", *has}))


def items(kind: ItemKind, of: Contract, plan: Plan, on: date = ON, **stopped: date) -> list[Item]:
    gone = {name.replace("_", "-"): day for name, day in stopped.items()}
    return [item for item in checklist(of, plan, on, stopped=gone) if item.kind is kind]


def said(text: Text | None) -> str:
    assert text is not None
    return text.en


# -- SP-1: two ways out ------------------------------------------------------------------------------------------------


def test_sp_1_by_port_out_the_old_contract_ends_by_itself(phone: Service) -> None:
    """SP-1: ask the new provider; the old contract ends by itself when the port completes, and nothing is lost."""
    route = next(route for route in phone.routes if route.id == "port-out")
    assert (route.by_itself, route.desk) == (True, None)


def test_sp_1_by_plain_cancellation_the_help_desk_is_asked_and_the_number_is_lost(plan: Plan, phone: Service) -> None:
    """SP-1: plain cancellation asks the help desk, and the number is lost."""
    route = next(route for route in phone.routes if route.id == "plain")
    assert (route.by_itself, route.desk) == (False, "support")
    assert said(route.loses) == "the number is lost"
    assert route.desk in {desk.id for desk in plan.desks}


def test_sp_1_both_ways_are_shown_to_whoever_has_a_phone(plan: Plan) -> None:
    """SP-1: the check list names both, with the desk."""
    port_out, plain = items(ItemKind.ROUTE, contract("akiko"), plan)
    assert "by itself" in said(port_out.text)
    assert said(plain.text) == "ask at: So-net support desk; the number is lost"
    assert items(ItemKind.ROUTE, contract("fumio"), plan) == []


def test_sp_1_for_mail_a_verified_and_confirmed_move_may_close_the_old_account_by_itself(phone: Service) -> None:
    """SP-1: for mail, a move that is verified complete and confirmed closes the old account by itself."""
    found = closing(
        phone.routes,
        verified=tokyo("2024-01-10T12:00"),
        confirmed=tokyo("2024-01-12T09:00"),
        cutoff=tokyo("2024-02-01T00:00"),
    )
    assert (found.at, found.by_itself) == (tokyo("2024-01-12T09:00"), True)


@pytest.mark.parametrize("missing", ["verified", "confirmed", "both"])
def test_sp_1_for_mail_anybody_else_closes_at_the_cutoff(phone: Service, missing: str) -> None:
    """SP-1: otherwise it closes at the cutoff."""
    verified = None if missing in {"verified", "both"} else tokyo("2024-01-10T12:00")
    confirmed = None if missing in {"confirmed", "both"} else tokyo("2024-01-12T09:00")
    found = closing(phone.routes, verified=verified, confirmed=confirmed, cutoff=tokyo("2024-02-01T00:00"))
    assert (found.at, found.by_itself) == (tokyo("2024-02-01T00:00"), False)


# -- SP-2: what else breaks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("akiko", ["ipv4-sites"]),  # a router of one's own: IPv4 for a while, Wi-Fi not at all
        ("bunta", []),  # PR-500KI on a 1 Gbit/s line with the wireless function
        ("chie", []),  # the rented router for 10 Gbit/s
        ("daigo", ["ipv4-sites", "wireless-lan"]),  # rented equipment alone
        ("emi", ["ipv4-sites", "wireless-lan"]),  # the wireless function, but on a model that is exchanged
    ],
)
def test_sp_2_what_breaks_depends_on_course_and_equipment(plan: Plan, name: str, broken: list[str]) -> None:
    """SP-2: "ending the phone affects IPv4 sites and Wi-Fi unless …", by course and equipment."""
    assert [one.affects for one in broken_by("hikari-phone", contract(name), plan)] == broken


@pytest.mark.parametrize(
    ("course", "has", "broken"),
    [
        ("10g", (), True),
        ("10g", ("wlan-router-10g",), False),
        ("s", (), True),
        ("m", ("wlan-1g", "pr-400ne"), True),
        ("l", ("wlan-1g", "pr-600mi"), False),
        ("plus", ("wlan-1g",), False),
        ("plus", ("v6plus-router",), True),
        ("plus", ("v6plus-router", "wlan-1g"), False),
        ("flets", (), True),
    ],
)
def test_sp_2_sites_of_ipv4_alone(plan: Plan, course: str, has: tuple[str, ...], broken: bool) -> None:
    """SP-2: each case of the connection that the notice tells apart gets one warning, or none."""
    found = [one for one in broken_by("hikari-phone", made(course, *has), plan) if one.affects == "ipv4-sites"]
    assert len(found) == int(broken)


def test_sp_2_each_case_is_told_what_to_do(plan: Plan) -> None:
    """SP-2: four kinds of connection, four pieces of advice."""
    cases = (made("10g"), made("m"), made("plus", "v6plus-router"), made("plus"))
    effects = {said(one.effect) for case in cases for one in broken_by("hikari-phone", case, plan)[:1]}
    assert len(effects) == 4


def test_sp_2_the_subscriber_is_warned_before_and_not_after(plan: Plan) -> None:
    """SP-2: warnings stand in the check list as long as the phone works."""
    assert len(items(ItemKind.WARNING, contract("daigo"), plan)) == 2
    assert items(ItemKind.WARNING, contract("daigo"), plan, hikari_phone=STOP) == []
    assert items(ItemKind.WARNING, contract("fumio"), plan) == []


# -- SP-3: waiting -----------------------------------------------------------------------------------------------------


def test_sp_3_day_31_and_day_32_give_different_advice(phone: Service) -> None:
    """SP-3: until 31 days after the stop ask the desk or connect by PPPoE; from day 32 on cancel and apply again."""
    (on_31,) = wait_advice(phone, contract("akiko"), 31)
    (on_32,) = wait_advice(phone, contract("akiko"), 32)
    assert "PPPoE" in said(on_31.text)
    assert "ask the desk" in said(on_31.text)
    assert "apply for it again" in said(on_32.text)
    assert wait_advice(phone, contract("akiko"), 0) == (on_31,)


@pytest.mark.parametrize("name", ["bunta", "chie", "daigo", "emi"])
def test_sp_3_waiting_is_for_one_kind_of_router_alone(phone: Service, name: str) -> None:
    """SP-3: for one kind of router."""
    assert wait_advice(phone, contract(name), 31) == wait_advice(phone, contract(name), 32) == ()


def test_sp_3_the_check_list_names_the_days(plan: Plan) -> None:
    """SP-3: stopped on 1 June: the first advice until 2 July (day 31), the second from 3 July (day 32)."""
    now, later = items(ItemKind.WAIT, contract("akiko"), plan, STOP + 31 * DAY, hikari_phone=STOP)
    assert (now.when, now.last_day) == (When.NOW, date(2024, 7, 2))
    assert (later.when, later.begin) == (When.LATER, date(2024, 7, 3))
    (only,) = items(ItemKind.WAIT, contract("akiko"), plan, STOP + 32 * DAY, hikari_phone=STOP)
    assert only.text == later.text


# -- SP-4: equipment ---------------------------------------------------------------------------------------------------

NONE, ON_SITE, BY_POST, KIT = "nothing to return", "somebody comes", "come by post", "if a return kit comes"
OF_BOTH = {
    "PR-600KI PR-600MI PR-500KI PR-500MI PR-400NE PR-400KI PR-400MI": NONE,
    "PR-A300NE PR-A300SE PR-S300NE PR-S300SE PR-S300HI": NONE,
    "XG-100NE RX-600KI RX-600MI RT-500KI RT-500MI RT-400NE RT-400KI RT-400MI RT-A300NE RT-A300SE RT-S300NE": KIT,
    "RT-S300SE RT-S300HI RT-200NE RT-200KI": KIT,
}
VDSL = "RV-440NE RV-440KI RV-440MI RV-A340NE RV-A340SE RV-S340NE RV-S340SE RV-S340HI"
OF_EAST = {**OF_BOTH, "RS-500KI RS-500MI": NONE, "PR-200NE": ON_SITE, f"{VDSL} RV-230NE RV-230SE": BY_POST}
OF_WEST = {**OF_BOTH, VDSL: NONE, "PR-200NE RV-230NE RV-230SE": BY_POST}
CASES = [
    (area, model, what)
    for area, rows in (("east", OF_EAST), ("west", OF_WEST))
    for models, what in rows.items()
    for model in models.split()
]


@pytest.mark.parametrize(
    ("area", "model", "what"),
    [
        ("east", "PR-500KI", NONE),
        ("east", "PR-200NE", ON_SITE),
        ("east", "RV-440NE", BY_POST),
        ("east", "RX-600KI", KIT),
        ("west", "PR-400NE", NONE),
        ("west", "PR-200NE", BY_POST),
    ],
)
def test_sp_4_the_worked_examples(phone: Service, area: str, model: str, what: str) -> None:
    """SP-4: what becomes of the equipment depends on area and model."""
    assert what in said(look_up(phone.tables[0], {"area": area, "model": model}))


@pytest.mark.parametrize(("area", "model", "what"), CASES)
def test_sp_4_every_row_that_there_is(phone: Service, area: str, model: str, what: str) -> None:
    """SP-4: all models of both areas."""
    assert what in said(look_up(phone.tables[0], {"area": area, "model": model}))


def test_sp_4_no_model_stands_in_the_table_besides(phone: Service) -> None:
    """SP-4: the table holds these and no others."""
    rows = phone.tables[0].rows
    written = {(area, model) for row in rows for area in row.when["area"] for model in row.when["model"]}
    assert written == {(area, model) for area, model, _ in CASES}
    assert sum(len(row.when["area"]) * len(row.when["model"]) for row in rows) == len(written)


@pytest.mark.parametrize("facts", [{"area": "east", "model": "RS-200NE"}, {"area": "east"}, {"model": "PR-200NE"}])
def test_sp_4_what_is_not_in_the_table_is_asked_at_the_desk(phone: Service, facts: dict[str, str]) -> None:
    """SP-4: a model or area that is not known."""
    assert "ask the desk" in said(look_up(phone.tables[0], facts))


@pytest.mark.parametrize("model", ["PR-500KI", "PR-600MI"])
def test_sp_4_a_line_with_the_wireless_function_that_goes_on_is_mentioned(phone: Service, model: str) -> None:
    """SP-4: in the East these models keep their functions on such a line."""
    assert "unless" in said(look_up(phone.tables[0], {"area": "east", "model": model}))
    assert "unless" not in said(look_up(phone.tables[0], {"area": "west", "model": model}))


@pytest.mark.parametrize(
    ("name", "about", "what"),
    [("akiko", "east, PR-400NE", NONE), ("chie", "west, XG-100NE", KIT), ("daigo", "west, PR-200NE", BY_POST)],
)
def test_sp_4_the_check_list_names_the_subscriber_s_own_equipment(plan: Plan, name: str, about: str, what: str) -> None:
    """SP-4: by the area and the model in the accounts."""
    (item,) = items(ItemKind.TABLE, contract(name), plan)
    assert item.about == about
    assert what in said(item.text)


@pytest.mark.parametrize("name", NAMES)
def test_sp_2_every_example_subscriber_is_told_something_or_has_no_phone(plan: Plan, name: str) -> None:
    """SP-2: both ways out and the equipment for whoever has a phone; only the desk for others."""
    kinds = {item.kind for item in checklist(contract(name), plan, ON)}
    wanted = {ItemKind.ADVICE, ItemKind.TABLE, ItemKind.ROUTE, ItemKind.DESK}
    assert kinds - {ItemKind.WARNING} == (wanted if name != "fumio" else {ItemKind.DESK})


def test_sp_2_every_line_of_a_check_list_leads_to_its_line_of_the_plan(plan: Plan) -> None:
    """SP-2: whoever answers for a warning finds where it is written."""
    found = checklist(contract("akiko"), plan, STOP, stopped={"hikari-phone": STOP}) + checklist(
        contract("daigo"), plan, ON
    )
    lines = [item.source.line for item in found]
    assert all(lines)
    assert len(set(lines)) >= len({item.kind for item in found})
