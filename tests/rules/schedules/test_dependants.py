"""What breaks, what to do in the days after a stop, what a table says: the questions that check lists ask."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.services import Wait
from schedules.blocks.whom import Whom
from schedules.contracts.checkitems import ItemKind, When
from schedules.contracts.checklist import broken_by, checklist, facts_of, look_up, wait_advice
from tests.rules.schedules.contracts import ON, RETURNS, WAITS, contract, dependant, items, plan, service, table, text

DAY = timedelta(days=1)

# -- Dependants --------------------------------------------------------------------------------------------------------


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
