from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.moments import Moment, end_of_day, later, months_after, start_of_day, written
from schedules.positions import Wrong
from tests.rules.schedules.plans import BERLIN, TOKYO, local

SANTIAGO = ZoneInfo("America/Santiago")  # clocks go forward at midnight
APIA = ZoneInfo("Pacific/Apia")  # 2011-12-30 was left out
WALL_TIMES = st.datetimes(datetime(1975, 1, 1), datetime(2190, 1, 1))  # noqa: DTZ001 - bounds


def utc(text: str, zone: ZoneInfo = TOKYO) -> str:
    return Moment.parse(text).instant(zone).astimezone(UTC).isoformat()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-02-01", "2024-01-31T15:00:00+00:00"),
        ("end of 2024-01-31", "2024-01-31T15:00:00+00:00"),
        ("end of 2024-01", "2024-01-31T15:00:00+00:00"),
        ("end  of 2024-12", "2024-12-31T15:00:00+00:00"),
        ("end of 2024-02", "2024-02-29T15:00:00+00:00"),
        ("end of 2023-02", "2023-02-28T15:00:00+00:00"),
        ("2024-02-29", "2024-02-28T15:00:00+00:00"),
        ("2024-01-31T18:00", "2024-01-31T09:00:00+00:00"),
        ("2024-01-31 18:00:30", "2024-01-31T09:00:30+00:00"),
        ("2024-01-31T18:00+01:00", "2024-01-31T17:00:00+00:00"),
        ("2024-01-31T18:00Z", "2024-01-31T18:00:00+00:00"),
        (" 2024-02-01 ", "2024-01-31T15:00:00+00:00"),
    ],
)
def test_what_is_written_is_the_instant_meant(text: str, instant: str) -> None:
    assert utc(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2024-01",
        "2023-02-29",
        "2024-13-01",
        "end of 2024",
        "end of 2024-01-31T18:00",
        "2024-01T18:00",
        "2024-1-1",
        "2024-01-31T25:00",
        "2024-01-31T18:00+99:00",
        "1900-01-01",
        "9999-12-31",
        "２０２４-01-01",
        "2024-02-01\n2024-02-02",
    ],
)
def test_what_is_no_instant_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(Wrong) as caught:
        Moment.parse(text)
    assert caught.value.remedy


def test_a_time_that_clocks_skip_is_refused_and_the_remedy_names_the_time_after() -> None:
    with pytest.raises(Wrong) as caught:
        Moment.parse("2024-03-31T02:30").instant(BERLIN)
    assert "does not exist in Europe/Berlin" in caught.value.what
    assert "2024-03-31T03:30" in caught.value.remedy


def test_a_time_that_clocks_show_twice_is_the_first_and_an_offset_chooses_the_second() -> None:
    assert utc("2024-10-27T02:30", BERLIN) == "2024-10-27T00:30:00+00:00"
    assert utc("2024-10-27T02:30+01:00", BERLIN) == "2024-10-27T01:30:00+00:00"


def test_a_day_begins_right_after_a_midnight_that_clocks_skip() -> None:
    assert utc("2024-09-08", SANTIAGO) == "2024-09-08T04:00:00+00:00"
    assert Moment.parse("2024-09-08").instant(SANTIAGO).hour == 1
    assert Moment.parse("end of 2024-09-07").instant(SANTIAGO) == Moment.parse("2024-09-08").instant(SANTIAGO)


def test_a_day_that_never_was_is_the_first_instant_after_it() -> None:
    assert start_of_day(date(2011, 12, 30), APIA).astimezone(UTC) == datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert start_of_day(date(2011, 12, 31), APIA).astimezone(UTC) == datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_the_end_of_a_day_is_the_next_midnight_also_over_a_change_of_clocks() -> None:
    assert end_of_day(date(2024, 3, 31), BERLIN) == local("2024-04-01T00:00", BERLIN)
    assert end_of_day(date(2024, 2, 29), TOKYO) == local("2024-03-01T00:00")


def test_later_counts_elapsed_time_over_a_change_of_clocks() -> None:
    start = local("2024-03-31T00:00", BERLIN)
    assert later(start, timedelta(hours=6)).replace(tzinfo=None) == datetime(2024, 3, 31, 7)  # noqa: DTZ001 - wall time


@given(WALL_TIMES, st.sampled_from([TOKYO, BERLIN, SANTIAGO, APIA, ZoneInfo("UTC")]))
def test_every_whole_second_is_written_so_that_it_reads_back(naive: datetime, zone: ZoneInfo) -> None:
    at = naive.replace(microsecond=0, tzinfo=UTC).astimezone(zone)
    assert Moment.parse(written(at, zone)).instant(zone).timestamp() == at.timestamp()


@given(st.dates(date(1975, 1, 1), date(2190, 1, 1)), st.sampled_from([TOKYO, BERLIN, SANTIAGO, APIA]))
def test_days_follow_one_another_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    first = start_of_day(day, zone)
    before = later(first, timedelta(seconds=-1))
    assert before.date() < day
    assert first.date() >= day
    assert end_of_day(day, zone).timestamp() >= first.timestamp()


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        ("2024-01-31", 2, "2024-03-31"),
        ("2023-12-31", 2, "2024-02-29"),
        ("2022-12-31", 2, "2023-02-28"),
        ("2024-12-15", 1, "2025-01-15"),
        ("2024-02-29", 24, "2026-02-28"),
        ("2024-05-31", 0, "2024-05-31"),
    ],
)
def test_calendar_months_keep_the_day_or_end_with_the_month(day: str, months: int, after: str) -> None:
    assert months_after(date.fromisoformat(day), months) == date.fromisoformat(after)
