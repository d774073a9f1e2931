"""Deadlines with reminders, suspension, death and transfer."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.services import LeavingRoute
from schedules.blocks.terms import Deadline, Succession, Suspension
from schedules.blocks.whom import Contract
from schedules.contracts.deadlines import due
from schedules.contracts.duties import ended_by_death, lifted_by, suspension_notice, transfer
from schedules.moments import end_of_day, start_of_day
from schedules.terms import approval_due, completion, ended_by_move, may_be_ended_from
from schedules.text import Text
from tests.rules.schedules.terms_parts import DAYS, FEE, TOKYO, day

UNPAID = Text("料金の未払い", "unpaid fees")
NUMBER = Deadline(
    id="number",
    title=Text("番号", "number"),
    days=75,
    reminders=tuple(timedelta(days=days) for days in (14, 3, 7)),
    loses=Text("番号を失います", "the number is lost"),
)


def test_the_earlier_of_days_and_completion_is_the_deadline() -> None:
    found = due(NUMBER, day("2023-09-03"), completion(day("2023-09-30"), TOKYO), TOKYO)
    assert (found.last_day, found.until.isoformat()) == (day("2023-09-30"), "2023-10-01T00:00:00+09:00")
    long = due(NUMBER, day("2023-09-03"), completion(day("2023-12-31"), TOKYO), TOKYO)
    assert (long.last_day, long.until.isoformat()) == (day("2023-11-17"), "2023-11-18T00:00:00+09:00")
    assert due(NUMBER, day("2023-09-03"), None, TOKYO).last_day == day("2023-11-17")


def test_a_deadline_may_run_on_after_completion() -> None:
    after = replace(NUMBER, before_completion=False)
    assert due(after, day("2023-09-03"), completion(day("2023-09-30"), TOKYO), TOKYO).last_day == day("2023-11-17")


def test_reminders_come_in_order_and_none_before_the_request() -> None:
    found = due(NUMBER, day("2023-09-20"), completion(day("2023-09-30"), TOKYO), TOKYO)
    assert [at.isoformat() for at in found.reminders] == ["2023-09-24T00:00:00+09:00", "2023-09-28T00:00:00+09:00"]
    exact = due(NUMBER, day("2023-09-17"), completion(day("2023-09-30"), TOKYO), TOKYO)
    assert len(exact.reminders) == 3  # the first on the day of asking itself


def test_a_deadline_over_29_february_and_the_years_end() -> None:
    assert due(NUMBER, day("2023-12-16"), None, TOKYO).last_day == day("2024-02-29")
    assert due(NUMBER, day("2022-12-16"), None, TOKYO).last_day == day("2023-03-01")


@given(DAYS, st.integers(0, 200), st.integers(0, 200), st.lists(st.integers(0, 300), max_size=5))
def test_a_deadline_is_never_after_either_limit(asked: date, days: int, ahead: int, before: list[int]) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    deadline = replace(NUMBER, days=days, reminders=tuple(timedelta(days=one) for one in before))
    complete = completion(asked + timedelta(days=ahead), berlin)
    found = due(deadline, asked, complete, berlin)
    assert found.last_day == asked + timedelta(days=min(days, ahead))
    assert found.until == end_of_day(found.last_day, berlin)
    assert list(found.reminders) == sorted(found.reminders)
    assert all(start_of_day(asked, berlin) <= at <= found.until for at in found.reminders)


@pytest.mark.parametrize(
    ("since", "counted", "from_day"),
    [
        ("2024-05-01", True, "2024-05-11"),
        ("2024-05-01", False, "2024-05-12"),
        ("2024-02-19", True, "2024-02-29"),
        ("2024-02-19", False, "2024-03-01"),
        ("2023-02-19", True, "2023-03-01"),
        ("2023-12-25", True, "2024-01-04"),
        ("2023-12-25", False, "2024-01-05"),
    ],
)
def test_a_suspended_contract_may_be_ended_when_the_days_to_cure_are_over(
    since: str, counted: bool, from_day: str
) -> None:
    assert may_be_ended_from(day(since), Suspension(first_day_counts=counted)) == day(from_day)


@given(DAYS, st.integers(0, 400), st.booleans())
def test_there_are_as_many_days_to_cure_as_the_plan_gives(since: date, days: int, counted: bool) -> None:
    from_day = may_be_ended_from(since, Suspension(cure_days=days, first_day_counts=counted))
    cure = [since + timedelta(days=one) for one in range((from_day - since).days)]
    assert len(cure if counted else cure[1:]) == days


def test_a_suspension_is_told_before_it_begins_with_its_reason_and_its_day() -> None:
    begins = start_of_day(day("2024-03-05"), TOKYO)
    notice = suspension_notice(begins, UNPAID, Suspension(announced=timedelta(days=7)))
    assert (notice.at.isoformat(), notice.beforehand) == ("2024-02-27T00:00:00+09:00", True)
    assert str(notice.text) == "your service will be suspended on 2024-03-05: unpaid fees"
    assert "2024年3月5日" in notice.text.ja
    assert "料金の未払い" in notice.text.ja


def test_in_an_emergency_it_is_told_when_it_begins() -> None:
    begins = datetime(2024, 3, 5, 4, 30, tzinfo=TOKYO)
    notice = suspension_notice(begins, UNPAID, Suspension(), emergency=True)
    assert (notice.at, notice.beforehand) == (begins, False)
    assert str(notice.text) == "your service was suspended on 2024-03-05: unpaid fees"
    assert "停止しました" in notice.text.ja


def test_lifting_a_suspension_may_take_days() -> None:
    cured = datetime(2024, 5, 9, 12, tzinfo=TOKYO)
    assert lifted_by(cured, Suspension()) == cured
    assert lifted_by(cured, Suspension(lifted_within=timedelta(days=3))).isoformat() == "2024-05-12T12:00:00+09:00"


def test_death_ends_a_contract_where_the_plan_says_so() -> None:
    assert ended_by_death(day("2024-02-29"), Succession()) == day("2024-02-29")
    assert ended_by_death(day("2024-02-29"), Succession(ends_at_death=False)) is None
    assert ended_by_death(day("2024-02-29"), None) is None


OWED = Contract(
    number="C-1", holder="H-1", contact="old@home.example", start=day("2024-01-15"), suspended_since=day("2024-05-01")
)


def test_a_transfer_needs_approval() -> None:
    refused = transfer(OWED, Succession(desk="contracts"), holder="H-2", contact="new@home.example", approved=False)
    assert (refused.contract, refused.desk) == (None, "contracts")
    assert "approval" in str(refused.refused)
    free = transfer(OWED, Succession(transfer_needs_approval=False), holder="H-2", contact="", approved=False)
    assert (free.refused, free.desk) == (None, "")


def test_a_transfer_moves_all_duties() -> None:
    moved = transfer(OWED, Succession(), holder="H-2", contact="new@home.example", approved=True).contract
    assert moved == replace(OWED, holder="H-2", contact="new@home.example")


def test_a_plan_without_succession_transfers_nothing() -> None:
    refused = transfer(OWED, None, holder="H-2", contact="", approved=True)
    assert refused.contract is None
    assert refused.refused is not None


def test_an_approval_number_comes_within_hours_and_a_move_ends_the_contract_by_itself() -> None:
    title = Text("移転", "move")
    route = LeavingRoute(id="move", title=title, by_itself=True, answer_within=timedelta(hours=2))
    plain = LeavingRoute(id="plain", title=title)
    at = datetime(2024, 1, 31, 23, tzinfo=TOKYO)
    promised = approval_due(route, at)
    assert promised is not None
    assert promised.isoformat() == "2024-02-01T01:00:00+09:00"
    assert promised.astimezone(UTC) - at.astimezone(UTC) == timedelta(hours=2)
    assert approval_due(plain, at) is None
    assert ended_by_move(route, day("2024-02-29")) == day("2024-02-29")
    assert ended_by_move(plain, day("2024-02-29")) is None


def test_what_is_lost_stands_with_the_deadline() -> None:
    found = due(replace(NUMBER, title=FEE), day("2023-09-03"), None, TOKYO)
    assert (found.id, found.title, str(found.loses)) == ("number", FEE, "the number is lost")
