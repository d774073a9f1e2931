from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.blocks.services import Calendar, Desk, Holidays, Purpose
from schedules.calendars import (
    business_days,
    desk_open,
    in_words,
    is_business_day,
    month_end,
    month_of,
    months_between,
)
from schedules.moments import months_after
from schedules.text import Text
from tests.rules.schedules.terms_parts import CALENDARS, DAYS, TOKYO, day

JP, BANK, NONE = (Calendar(holidays=one) for one in (Holidays.JP, Holidays.JP_BANK, Holidays.NONE))
# National holidays of 2024, as the Cabinet Office lists them, substitute holidays among them.
HOLIDAYS_2024 = {
    1: (1, 8), 2: (11, 12, 23), 3: (20,), 4: (29,), 5: (3, 4, 5, 6), 7: (15,), 8: (11, 12), 9: (16, 22, 23), 10: (14,),
    11: (3, 4, 23),
}  # fmt: skip


def test_the_business_days_of_a_year_are_its_weekdays_without_national_holidays() -> None:
    off = {date(2024, month, one) for month, days in HOLIDAYS_2024.items() for one in days}
    year = [date(2024, 1, 1) + timedelta(days=days) for days in range(366)]
    assert [one for one in year if is_business_day(one, JP)] == [
        one for one in year if one.weekday() < 5 and one not in off
    ]


@pytest.mark.parametrize(
    ("written", "calendar", "works"),
    [
        pytest.param("2024-02-12", JP, False, id="substitute for a holiday on a Sunday"),
        pytest.param("2024-02-12", NONE, True, id="which a calendar without holidays does not know"),
        pytest.param("2024-05-04", JP, False, id="a holiday on a Saturday"),
        pytest.param("2024-05-07", JP, True, id="which has no substitute on the next weekday"),
        pytest.param("2020-05-06", JP, False, id="substitute after three holidays in a row"),
        pytest.param("2019-04-30", JP, False, id="a day between two holidays"),
        pytest.param("2019-05-01", JP, False, id="a holiday of one year alone"),
        pytest.param("2021-07-19", JP, True, id="a holiday moved away by law"),
        pytest.param("2021-07-22", JP, False, id="to this day"),
        pytest.param("2024-02-29", JP, True, id="29 February"),
        pytest.param("2023-12-29", JP, True, id="29 December"),
        pytest.param("2024-12-31", JP, True, id="New Year's Eve is no national holiday"),
        pytest.param("2024-12-31", BANK, False, id="banks are closed on it"),
        pytest.param("2025-01-01", BANK, False, id="New Year's Day"),
        pytest.param("2025-01-02", BANK, False, id="banks, 2 January"),
        pytest.param("2025-01-03", BANK, False, id="banks, 3 January"),
        pytest.param("2025-01-03", JP, True, id="others work on 3 January"),
        pytest.param("2025-01-04", NONE, False, id="Saturday"),
        pytest.param("2025-01-05", NONE, False, id="Sunday"),
        pytest.param("2025-01-06", BANK, True, id="Monday"),
    ],
)
def test_whether_people_work_on_a_day(written: str, calendar: Calendar, works: bool) -> None:
    assert is_business_day(day(written), calendar) is works


def test_what_the_plan_says_of_a_day_goes_before_holidays_and_weekends() -> None:
    ours = Calendar(closed=(day("2024-08-14"),), open=(day("2024-08-17"), day("2024-08-12")))
    assert not is_business_day(day("2024-08-14"), ours)  # a Wednesday, but our own day off
    assert is_business_day(day("2024-08-17"), ours)  # a Saturday
    assert is_business_day(day("2024-08-12"), ours)  # a holiday
    assert business_days(day("2024-08-12"), day("2024-08-18"), ours) == 5


def test_both_ends_are_counted() -> None:
    assert business_days(day("2024-05-29"), day("2024-05-31"), JP) == 3
    assert business_days(day("2024-05-30"), day("2024-05-31"), JP) == 2
    assert business_days(day("2024-05-31"), day("2024-05-31"), JP) == 1
    assert business_days(day("2024-05-31"), day("2024-05-30"), JP) == 0
    assert business_days(day("2024-05-03"), day("2024-05-06"), JP) == 0  # four holidays in a row


def test_a_year_of_bank_days() -> None:
    assert business_days(day("2024-01-01"), day("2024-12-31"), NONE) == 262
    assert business_days(day("2024-01-01"), day("2024-12-31"), JP) == 262 - 14  # seven fall on weekends
    assert business_days(day("2024-01-01"), day("2024-12-31"), BANK) == 262 - 14 - 3


@given(DAYS, st.integers(0, 90), st.integers(0, 90), CALENDARS)
def test_business_days_of_two_spans_add_up(first: date, some: int, more: int, calendar: Calendar) -> None:
    middle, last = first + timedelta(days=some), first + timedelta(days=some + 1 + more)
    halves = business_days(first, middle, calendar) + business_days(middle + timedelta(days=1), last, calendar)
    assert business_days(first, last, calendar) == halves
    assert 0 <= halves <= (last - first).days + 1


@given(DAYS)
def test_who_knows_more_holidays_works_no_more(one: date) -> None:
    assert is_business_day(one, BANK) <= is_business_day(one, JP) <= is_business_day(one, NONE)


def test_years_without_known_holidays_have_weekdays_all_the_same() -> None:
    assert is_business_day(day("2150-01-01"), JP)  # a Thursday
    assert not is_business_day(day("2150-01-03"), JP)


def desk(opens: str = "", closes: str = "", *, weekends: bool = False, away: tuple[date, ...] = ()) -> Desk:
    hours = [time.fromisoformat(one) if one else None for one in (opens, closes)]
    title = Text("窓口", "desk")
    return Desk(
        id="d", purpose=Purpose.CLOSURE, title=title, opens=hours[0], closes=hours[1], weekends=weekends, away=away
    )


@pytest.mark.parametrize(
    ("at", "there"),
    [
        ("2024-01-30T09:59:59", False),
        ("2024-01-30T10:00:00", True),
        ("2024-01-30T17:59:59", True),
        ("2024-01-30T18:00:00", False),
        ("2024-01-27T12:00:00", False),  # Saturday
        ("2024-02-12T12:00:00", False),  # a substitute holiday
        ("2024-02-29T12:00:00", True),
    ],
)
def test_a_desk_with_office_hours(at: str, there: bool) -> None:
    local = datetime.fromisoformat(at).replace(tzinfo=TOKYO)
    assert desk_open(desk("10:00", "18:00"), local, JP, TOKYO) is there
    assert desk_open(desk("10:00", "18:00"), local.astimezone(UTC), JP, TOKYO) is there


def test_a_desk_that_is_there_on_weekends_is_there_on_holidays_and_away_on_days_it_names() -> None:
    daily = desk("09:00", "18:00", weekends=True, away=(day("2024-01-01"), day("2024-01-02")))
    noon = [datetime(2024, 1, number, 12, tzinfo=TOKYO) for number in (1, 2, 3, 6)]
    assert [desk_open(daily, at, JP, TOKYO) for at in noon] == [False, False, True, True]


def test_hours_are_those_of_the_plans_zone() -> None:
    seven_in_berlin = datetime(2024, 1, 30, 7, tzinfo=ZoneInfo("Europe/Berlin"))  # 15:00 in Tokyo
    assert desk_open(desk("10:00", "18:00"), seven_in_berlin, JP, TOKYO)
    assert not desk_open(desk("10:00", "18:00"), seven_in_berlin, JP, ZoneInfo("Europe/Berlin"))


def test_a_desk_without_hours_is_there_all_day() -> None:
    midnight = datetime(2024, 1, 30, tzinfo=TOKYO)
    assert desk_open(desk(), midnight, JP, TOKYO)
    assert desk_open(desk("09:00"), midnight - timedelta(seconds=1), JP, TOKYO)  # open end
    assert not desk_open(desk("09:00"), midnight, JP, TOKYO)
    assert not desk_open(desk(), datetime(2024, 1, 27, 12, tzinfo=TOKYO), JP, TOKYO)


def test_a_night_shift_belongs_to_the_day_it_begins_on() -> None:
    night = desk("22:00", "06:00")
    friday, saturday, sunday, monday = (datetime(2024, 1, number, tzinfo=TOKYO) for number in (26, 27, 28, 29))
    assert desk_open(night, friday.replace(hour=23), JP, TOKYO)
    assert desk_open(night, saturday.replace(hour=5), JP, TOKYO)  # Friday's shift
    assert not desk_open(night, saturday.replace(hour=23), JP, TOKYO)
    assert not desk_open(night, sunday.replace(hour=5), JP, TOKYO)
    assert not desk_open(night, monday.replace(hour=5), JP, TOKYO)
    assert not desk_open(night, friday.replace(hour=12), JP, TOKYO)
    assert desk_open(desk("09:00", "00:00"), friday.replace(hour=23, minute=59), JP, TOKYO)


@pytest.mark.parametrize(
    ("written", "ahead", "ends"),
    [
        ("2024-02-01", 0, "2024-02-29"),
        ("2023-02-28", 0, "2023-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-12-31", 0, "2023-12-31"),
        ("2023-12-31", 1, "2024-01-31"),
        ("2023-12-01", 14, "2025-02-28"),
        ("2024-04-30", 0, "2024-04-30"),
    ],
)
def test_months_end_on_their_own_last_day(written: str, ahead: int, ends: str) -> None:
    assert month_end(day(written), ahead) == day(ends)


@given(DAYS, st.integers(0, 60))
def test_the_day_after_a_months_end_is_the_first_of_the_next(one: date, ahead: int) -> None:
    after = month_end(one, ahead) + timedelta(days=1)
    assert after == month_of(after) == months_after(month_of(one), ahead + 1)
    assert months_between(one, after) == ahead + 1
    assert months_between(after, one) == -ahead - 1


def test_a_day_in_both_languages() -> None:
    assert in_words(day("2024-02-01")) == ("2024年2月1日", "2024-02-01")
