"""Dates of messages survive, to the second and with their offset."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.imap.dates import read_date, write_date
from migrator.imap.reading import BadResponse


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 2, 44, 25, tzinfo=timezone(-timedelta(hours=7)))),
        (" 1-feb-2024 00:00:00 +0900", datetime(2024, 2, 1, tzinfo=timezone(timedelta(hours=9)))),
        ("29-Feb-2024 23:59:60 +0000", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ("01-Jan-1970 05:30:00 +0530", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_dates_are_read(text: str, at: datetime) -> None:
    assert read_date(text) == at
    assert read_date(text).utcoffset() == at.astimezone(read_date(text).tzinfo).utcoffset()


BAD = """
now
31-Feb-2024 00:00:00 +0000
17-Jux-1996 02:44:25 -0700
17-Jul-1996 02:44:25
01-Jan-0000 00:00:00 +0000
01-Jan-2024 00:00:00 +2500
"""


@pytest.mark.parametrize("text", BAD.split("\n"))
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(BadResponse):
        read_date(text)


def test_a_naive_date_is_nobody_s() -> None:
    with pytest.raises(ValueError, match="names no zone"):
        write_date(datetime(2024, 1, 1))  # noqa: DTZ001 - refused for that


@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28)),  # noqa: DTZ001 - given a zone below
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_every_date_comes_back(local: datetime, minutes: int) -> None:
    at = local.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert read_date(write_date(at)) == at
    assert read_date(write_date(at)).utcoffset() == at.utcoffset()
