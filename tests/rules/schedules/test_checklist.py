"""Check lists: what a contract has decides what its subscriber is told, warned of, and asked to do."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.services import Advice, Desk, LeavingRoute, Offer, Purpose
from schedules.blocks.terms import MediumRule, Terms
from schedules.blocks.whom import Whom
from schedules.contracts.checkitems import Item, ItemKind, When
from schedules.contracts.checklist import checklist, last_day
from schedules.words import Medium, Stage
from tests.rules.schedules.contracts import ON, RETURNS, WAITS, at, contract, dependant, items, plan, service, text

DAY = timedelta(days=1)
KINDS = list(ItemKind)


def words(found: list[Item]) -> list[str]:
    return [item.text.en for item in found if item.text]


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


def test_who_leaves_before_the_end_has_so_much_less_time() -> None:
    leaving = date(2023, 3, 31)
    mail, pages = items(ItemKind.ADVICE, contract("mail", "homepage"), plan(advice=BY_USE), leaving=leaving)
    assert (mail.begin, mail.last_day) == (leaving - 89 * DAY, leaving)
    assert (pages.begin, pages.last_day) == (leaving - 119 * DAY, leaving)
    line = plan(service("adsl", end=at(2023, 2, 1)), service("isdn", end=at(2023, 6, 1)))
    first, second = items(ItemKind.SERVICE, contract("adsl", "isdn"), line, leaving=leaving)
    assert (first.last_day, second.last_day) == (date(2023, 1, 31), leaving)


@given(st.dates(date(2023, 1, 1), date(2025, 1, 1)), st.dates(date(2023, 1, 1), date(2025, 1, 1)))
def test_nothing_must_be_done_after_the_last_day(leaving: date, on: date) -> None:
    usual = items(ItemKind.ADVICE, contract("mail", "homepage"), plan(advice=BY_USE), on)
    earlier = items(ItemKind.ADVICE, contract("mail", "homepage"), plan(advice=BY_USE), on, leaving=leaving)
    for before, after in zip(usual, earlier, strict=True):
        assert before.last_day is not None
        assert before.begin is not None
        assert after.last_day == min(before.last_day, leaving)
        assert after.begin is not None
        assert after.last_day - after.begin == before.last_day - before.begin


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
