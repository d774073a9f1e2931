from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.durations import parse_duration, print_duration
from schedules.positions import Wrong


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("6 hours", timedelta(hours=6)),
        ("1 h 30 min", timedelta(minutes=90)),
        ("1d 2h 30m", timedelta(days=1, hours=2, minutes=30)),
        ("2 weeks, 1 day", timedelta(days=15)),
        ("0.5 s", timedelta(milliseconds=500)),
        ("90S", timedelta(seconds=90)),
    ],
)
def test_numbers_with_units_add_up(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", " ", "5", "-5 s", "6 parsecs", "h", "1 h 30", "1e9 s", "99999 weeks", "1 h\x00"])
def test_what_nobody_can_tell_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match="is not a length of time"):
        parse_duration(text)


@given(st.timedeltas(timedelta(), timedelta(days=36_525)))
def test_a_length_prints_and_reads_back(length: timedelta) -> None:
    assert parse_duration(print_duration(length)) == length
