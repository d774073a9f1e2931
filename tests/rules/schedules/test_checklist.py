"""Check lists: what a contract has decides what its subscriber is told, warned of, and asked to do."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.services import Advice, Dependant, Desk, LeavingRoute, Offer, Purpose, Wait
from schedules.blocks.terms import MediumRule, Terms
from schedules.blocks.whom import Contract, Medium, Whom
from schedules.checkitems import Item, ItemKind, When
from schedules.checklist import broken_by, checklist, facts_of, last_day, look_up, wait_advice
from schedules.plan import Plan
from schedules.words import Stage
from tests.rules.schedules.contracts import ON, at, contract, plan, service, table, text

DAY = timedelta(days=1)
KINDS = list(ItemKind)


def items(kind: ItemKind, of: Contract, by: Plan, on: date = ON, **said: object) -> list[Item]:
    return [item for item in checklist(of, by, on, **said) if item.kind is kind]  # type: ignore[arg-type]


def words(found: list[Item]) -> list[str]:
    return [item.text.en for item in found if item.text]


# -- Dependants --------------------------------------------------------------------------------------------------------


def dependant(affects: str, **said: object) -> Dependant:
    return Dependant(affects=affects, effect=text(f"{affects} breaks"), **said)  # type: ignore[arg-type]


def test_what_depends_on_a_service_is_told() -> None:
    by = plan(service(dependants=(dependant("wifi"), dependant("fax"))))
    assert [one.affects for one in broken_by("phone", contract("phone"), by)] == ["wifi", "fax"]


@pytest.mark.parametrize("unless", ["router", "own-router"])
def test_nothing_breaks_for_who_has_one_of_what_saves_it(unless: str) -> None:
    by = plan(service(dependants=(dependant("wifi", unless=("router", "own-router")),)))
    assert broken_by("phone", contract("phone", unless), by) == ()
    assert len(broken_by("phone", contract("phone", "other"), by)) == 1


def test_a_dependant_of_one_course_leaves_the_others_alone() -> None:
    by = plan(service(dependants=(dependant("wifi", whom=Whom(courses=("10g",))),)))
    assert [len(broken_by("phone", contract("phone", course=course), by)) for course in ("10g", "m")] == [1, 0]


def test_a_service_that_one_lacks_cannot_break() -> None:
    by = plan(service(dependants=(dependant("fax"),)), service("fax"))
    assert broken_by("phone", contract("phone"), by) == ()
    assert len(broken_by("phone", contract("phone", "fax"), by)) == 1


def test_a_service_the_plan_does_not_know_breaks_nothing() -> None:
    assert broken_by("telex", contract("telex"), plan(service(dependants=(dependant("wifi"),)))) == ()


def test_warnings_come_before_the_stop_and_not_after_it() -> None:
    by = plan(service(dependants=(dependant("wifi"),)))
    (warning,) = items(ItemKind.WARNING, contract("phone"), by)
    assert (warning.id, warning.text) == ("phone/wifi", text("wifi breaks"))
    assert warning.title is not None
    assert "phone" in warning.title.en
    assert items(ItemKind.WARNING, contract("phone"), by, stopped={"phone": ON}) == []


def test_who_lacks_a_service_is_not_warned_of_its_end() -> None:
    assert checklist(contract("mail"), plan(service(dependants=(dependant("wifi"),))), ON) == ()


# -- Waiting times -----------------------------------------------------------------------------------------------------

WAITS = (Wait(to_day=31, text=text("ask")), Wait(from_day=32, text=text("apply again")))


@pytest.mark.parametrize(
    ("days", "said"), [(-1, []), (0, ["ask"]), (31, ["ask"]), (32, ["apply again"]), (999, ["apply again"])]
)
def test_what_to_do_changes_with_the_days_after_a_stop(days: int, said: list[str]) -> None:
    found = wait_advice(service(waits=WAITS), contract("phone"), days)
    assert [one.text.en for one in found] == said


def test_a_wait_for_others_is_not_told() -> None:
    others = service(waits=(Wait(whom=Whom(has=("router",)), text=text("ask")),))
    assert wait_advice(others, contract("phone"), 3) == ()
    assert items(ItemKind.WAIT, contract("phone"), plan(others), stopped={"phone": ON}) == []


def test_after_a_stop_the_list_has_what_holds_now_and_what_comes_next() -> None:
    stop = date(2023, 5, 1)
    by = plan(service(waits=WAITS))
    first, second = items(ItemKind.WAIT, contract("phone"), by, stop + 31 * DAY, stopped={"phone": stop})
    assert (first.when, first.begin, first.last_day) == (When.NOW, stop, date(2023, 6, 1))
    assert (second.when, second.begin, second.last_day) == (When.LATER, date(2023, 6, 2), None)
    (only,) = items(ItemKind.WAIT, contract("phone"), by, stop + 32 * DAY, stopped={"phone": stop})
    assert (only.when, only.text) == (When.NOW, text("apply again"))


@given(st.integers(-50, 500), st.integers(0, 60), st.integers(0, 60))
def test_a_wait_holds_from_its_first_day_to_its_last(days: int, first: int, length: int) -> None:
    one = service(waits=(Wait(from_day=first, to_day=first + length, text=text("wait")),))
    assert bool(wait_advice(one, contract("phone"), days)) is (first <= days <= first + length)


# -- Decision tables ---------------------------------------------------------------------------------------------------

RETURNS = table(
    ({"area": ("east",), "model": ("PR-200NE",)}, "somebody comes"),
    ({"area": ("west",), "model": ("PR-200NE",)}, "by post"),
    ({"area": ("east", "west"), "model": ("RX-600KI", "RX-600MI")}, "maybe a kit"),
    otherwise="ask",
)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"area": "east", "model": "PR-200NE"}, "somebody comes"),
        ({"area": "West", "model": "pr-200ne"}, "by post"),
        ({"area": "west", "model": "RX-600MI"}, "maybe a kit"),
        ({"area": "east", "model": "ZX-81"}, "ask"),
        ({"area": "east"}, "ask"),
        ({}, "ask"),
        ({"area": "east", "model": "PR-200NE", "colour": "grey"}, "somebody comes"),
    ],
)
def test_a_table_says_what_its_first_row_that_fits_says(facts: dict[str, str], said: str) -> None:
    assert look_up(RETURNS, facts) == text(said)


def test_a_table_without_otherwise_says_nothing_of_the_rest() -> None:
    assert look_up(replace(RETURNS, otherwise=None), {"area": "north", "model": "PR-200NE"}) is None


def test_of_two_rows_that_fit_the_first_holds() -> None:
    both = table(({"model": ("a", "b")}, "first"), ({"model": ("b",)}, "second"), by=("model",))
    assert look_up(both, {"model": "b"}) == text("first")


def test_a_row_fits_every_value_of_a_column_it_does_not_name() -> None:
    wide = table(({"model": ("a",)}, "any area"))
    assert look_up(wide, {"area": "nowhere", "model": "a"}) == text("any area")


def test_a_contract_gives_a_table_its_own_words_and_its_equipment() -> None:
    mine = contract("phone", "rx-600ki", area="east")
    assert facts_of(mine, RETURNS) == ({"area": "east", "model": "RX-600KI"},)


@pytest.mark.parametrize("column", ["area", "course", "type", "group"])
def test_a_table_may_ask_for_what_contracts_say(column: str) -> None:
    asked = table(({column: ("gold",)}, "gold"), by=(column,))
    assert facts_of(contract(**{column: "gold"}), asked) == ({column: "gold"},)
    assert facts_of(contract(), asked) == ({},)


def test_who_has_two_devices_is_told_of_both() -> None:
    mine = contract("phone", "pr-200ne", "rx-600mi", area="west")
    found = items(ItemKind.TABLE, mine, plan(service(tables=(RETURNS,))))
    assert [(item.about, item.text) for item in found] == [
        ("west, PR-200NE", text("by post")),
        ("west, RX-600MI", text("maybe a kit")),
    ]


def test_whose_equipment_is_not_known_is_told_what_otherwise_holds() -> None:
    (item,) = items(ItemKind.TABLE, contract("phone", area="east"), plan(service(tables=(RETURNS,))))
    assert (item.about, item.text) == ("east", text("ask"))


def test_where_a_table_says_nothing_there_is_no_item() -> None:
    silent = plan(service(tables=(replace(RETURNS, otherwise=None),)))
    assert items(ItemKind.TABLE, contract("phone"), silent) == []


# -- Advice by use -----------------------------------------------------------------------------------------------------

BY_USE = (
    Advice(id="none", whom=Whom(lacks=("mail", "homepage")), text=text("when you like")),
    Advice(id="mail", whom=Whom(has=("mail",)), lead=90 * DAY, text=text("overlap")),
    Advice(id="pages", whom=Whom(has=("homepage",)), lead=120 * DAY, text=text("announce")),
)


@pytest.mark.parametrize(
    ("has", "told"),
    [
        ((), ["when you like"]),
        (("mail",), ["overlap"]),
        (("homepage",), ["announce"]),
        (("mail", "homepage"), ["overlap", "announce"]),
    ],
)
def test_advice_goes_by_what_one_has(has: tuple[str, ...], told: list[str]) -> None:
    assert words(items(ItemKind.ADVICE, contract(*has), plan(advice=BY_USE))) == told


def test_advice_is_begun_so_long_before_the_end_of_what_it_is_about() -> None:
    mail, pages = items(ItemKind.ADVICE, contract("mail", "homepage"), plan(advice=BY_USE))
    assert (mail.begin, mail.last_day) == (date(2023, 11, 3), date(2024, 1, 31))
    assert (pages.begin, pages.last_day) == (date(2023, 11, 2), date(2024, 2, 29))


@pytest.mark.parametrize(
    ("on", "when"),
    [
        (date(2023, 11, 2), When.LATER),
        (date(2023, 11, 3), When.NOW),
        (date(2024, 1, 31), When.NOW),
        (date(2024, 2, 1), When.OVER),
    ],
)
def test_advice_is_for_later_for_now_or_over(on: date, when: When) -> None:
    (mail,) = items(ItemKind.ADVICE, contract("mail"), plan(advice=BY_USE), on)
    assert mail.when is when


def test_postponed_stages_move_advice() -> None:
    dates = {Stage.RECEIVE_END: at(2024, 4, 1)}
    (mail,) = items(ItemKind.ADVICE, contract("mail"), plan(advice=BY_USE), dates=dates)
    assert (mail.begin, mail.last_day) == (date(2024, 1, 2), date(2024, 3, 31))


def test_advice_about_a_service_counts_from_its_end() -> None:
    line = Advice(id="line", whom=Whom(has=("adsl",)), lead=30 * DAY, text=text("change"))
    by = plan(service("adsl", end=at(2023, 2, 1)), advice=(line,))
    (item,) = items(ItemKind.ADVICE, contract("adsl"), by)
    assert (item.begin, item.last_day, item.when) == (date(2023, 1, 2), date(2023, 1, 31), When.OVER)


def test_advice_may_say_itself_when_it_is_too_late() -> None:
    soon = Advice(id="a", until=at(2016, 3, 28), lead=7 * DAY, text=text("opt out"))
    (item,) = items(ItemKind.ADVICE, contract(), plan(advice=(soon,)))
    assert (item.begin, item.last_day) == (date(2016, 3, 21), date(2016, 3, 27))


def test_advice_without_lead_has_no_first_day() -> None:
    (item,) = items(ItemKind.ADVICE, contract(), plan(advice=BY_USE))
    assert (item.begin, item.last_day, item.when) == (None, date(2024, 1, 31), When.NOW)


def test_where_nothing_ends_advice_has_no_days() -> None:
    (item,) = items(ItemKind.ADVICE, contract("mail"), plan(advice=BY_USE, stages={}))
    assert (item.begin, item.last_day, item.when) == (None, None, When.NOW)


def test_a_plan_without_receive_end_may_say_when_the_service_ends() -> None:
    terms = Terms(last_month_of=at(2024, 7, 1))
    (item,) = items(ItemKind.ADVICE, contract("mail"), plan(advice=BY_USE, stages={}, terms=terms))
    assert item.last_day == date(2024, 6, 30)


# -- Services with ends of their own -----------------------------------------------------------------------------------


def test_a_service_that_ends_is_told_with_condition_and_advice() -> None:
    line = service("adsl", end=at(2023, 2, 1), condition=text("where fibre is"), advice=text("change"))
    (item,) = items(ItemKind.SERVICE, contract("adsl"), plan(line), date(2023, 1, 31))
    assert (item.last_day, item.when) == (date(2023, 1, 31), When.NOW)
    assert item.text is not None
    assert (item.text.en, item.text.ja) == ("where fibre is; change", "where fibre is。change")


def test_an_end_for_others_is_not_told() -> None:
    line = service("adsl", end=at(2023, 2, 1), whom=Whom(areas=("tokyo",)))
    assert items(ItemKind.SERVICE, contract("adsl", area="osaka"), plan(line)) == []
    assert len(items(ItemKind.SERVICE, contract("adsl", area="tokyo"), plan(line))) == 1
    assert items(ItemKind.SERVICE, contract("isdn", area="tokyo"), plan(line)) == []


def test_a_service_without_an_end_is_told_where_there_is_advice() -> None:
    by = plan(service("ip-phone", advice=text("no number is kept")), service("quiet"))
    (item,) = items(ItemKind.SERVICE, contract("ip-phone", "quiet"), by)
    assert (item.id, item.last_day) == ("ip-phone", None)


def test_a_service_that_has_stopped_ends_no_more() -> None:
    line = service("adsl", end=at(2023, 2, 1))
    assert items(ItemKind.SERVICE, contract("adsl"), plan(line), stopped={"adsl": ON}) == []


# -- Ways out, offers, desks -------------------------------------------------------------------------------------------

CLOSURE = Desk(
    id="closure", purpose=Purpose.CLOSURE, title=text("closure desk"), phone="0120", opens=time(10), closes=time(18)
)
CANCELLING = Desk(
    id="leave", purpose=Purpose.CANCELLING, title=text("leaving desk"), url="https://x.example/", weekends=True
)
CORPORATE = Desk(id="firms", purpose=Purpose.CORPORATE, title=text("desk for firms"), opens=time(9, 30))


def test_ways_out_say_who_ends_the_contract_and_what_is_lost() -> None:
    routes = (
        LeavingRoute(id="move", title=text("move"), by_itself=True),
        LeavingRoute(id="plain", title=text("plain"), desk="leave", loses=text("the number is lost")),
    )
    found = items(ItemKind.ROUTE, contract("phone"), plan(service(routes=routes), desks=(CANCELLING,)))
    assert words(found) == [
        "the contract ends by itself once the move is complete",
        "ask at: leaving desk; the number is lost",
    ]
    assert [(item.url, item.of) for item in found] == [("", text("phone")), ("https://x.example/", text("phone"))]


def test_ways_out_of_the_contract_itself_are_told_with_their_approval() -> None:
    route = LeavingRoute(
        id="move", title=text("move"), by_itself=True, answer_within=timedelta(hours=2), answer_by=("mail", "sms")
    )
    (item,) = items(ItemKind.ROUTE, contract(), plan(terms=Terms(routes=(route,))))
    assert item.of is None
    assert words([item])[0].endswith("its approval number comes in about 2 hours by mail and sms")


def test_offers_are_told_with_their_benefit_and_link() -> None:
    by = plan(
        offers=(
            Offer(title=text("fibre"), url="https://f.example/", benefit=text("no fee")),
            Offer(title=text("radio"), phone="0120-1"),
        )
    )
    first, second = items(ItemKind.OFFER, contract(), by)
    assert (first.text, first.url) == (text("no fee"), "https://f.example/")
    assert (second.phone, words([second])) == ("0120-1", ["recommended as a successor"])


def test_each_desk_says_what_it_is_for_and_when_somebody_is_there() -> None:
    found = items(ItemKind.DESK, contract(), plan(desks=(CLOSURE, CANCELLING, CORPORATE)))
    assert [item.id for item in found] == ["closure", "leave"]
    assert words(found) == [
        "questions about the end; weekdays, not on holidays, 10:00 to 18:00",
        "cancellations; every day",
    ]
    assert found[0].text is not None
    assert "10:00〜18:00" in found[0].text.ja


def test_a_desk_for_firms_is_shown_to_those_that_must_ask_there() -> None:
    rule = MediumRule(whom=Whom(types=("corporate",)), media=(Medium.PAPER,), desk="firms")
    by = plan(desks=(CLOSURE, CORPORATE), terms=Terms(media=(rule,)))
    shown = [[item.id for item in items(ItemKind.DESK, contract(type=kind), by)] for kind in ("personal", "corporate")]
    assert shown == [["closure"], ["closure", "firms"]]
    assert words(items(ItemKind.DESK, contract(type="corporate"), by))[1].endswith("from 09:30")


# -- The list as a whole -----------------------------------------------------------------------------------------------

WHOLE = plan(
    service(
        end=at(2023, 12, 1),
        advice=text("change"),
        dependants=(dependant("wifi"),),
        waits=WAITS,
        tables=(RETURNS,),
        routes=(LeavingRoute(id="move", title=text("move")),),
    ),
    service("fax", waits=WAITS),
    advice=BY_USE,
    offers=(Offer(title=text("fibre")),),
    desks=(CLOSURE,),
)


def test_the_list_is_in_the_order_of_its_kinds() -> None:
    found = checklist(contract("phone", "fax", "mail"), WHOLE, ON, stopped={"fax": ON})
    assert [item.kind for item in found] == sorted((item.kind for item in found), key=KINDS.index)
    assert {item.kind for item in found} == set(ItemKind)


@given(
    st.frozensets(st.sampled_from(["phone", "fax", "mail", "homepage", "pr-200ne"])),
    st.dates(date(2022, 1, 1), date(2026, 1, 1)),
)
def test_every_item_says_something_and_only_of_what_one_has(has: frozenset[str], on: date) -> None:
    for item in checklist(contract(*has), WHOLE, on, stopped={"fax": date(2023, 6, 1)}):
        assert item.title or item.text
        assert item.begin is None or item.last_day is None or item.begin <= item.last_day
        if item.kind in {ItemKind.WARNING, ItemKind.TABLE, ItemKind.ROUTE, ItemKind.SERVICE}:
            assert "phone" in has


def test_the_last_day_is_the_one_before_the_instant() -> None:
    by = plan()
    assert last_day(None, by) is None
    assert last_day(at(2024, 2, 1), by) == date(2024, 1, 31)
    assert last_day(at(2024, 2, 1, 18), by) == date(2024, 2, 1)
