"""Sizes and durations are read as people write them, and printed so that they read back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.kit.quantities import parse_duration, parse_size, print_duration, print_size
from schedules.positions import Wrong


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("0", 0),
        ("1", 1),
        ("65536", 65_536),
        ("1 B", 1),
        ("12 octets", 12),
        ("100 MB", 100_000_000),
        ("100MB", 100_000_000),
        ("100 mb", 100_000_000),
        ("100 MiB", 104_857_600),
        ("1.5 GB", 1_500_000_000),
        ("0.5 KiB", 512),
        ("2 TB", 2 * 10**12),
        (" 3 kB ", 3000),
    ],
)
def test_sizes(text: str, octets: int) -> None:
    assert parse_size(text) == octets


@pytest.mark.parametrize(
    "text",
    ["", "MB", "-1 MB", "1 m", "1 Mb/s", "1,5 GB", "0.3", "1e9", "1 MB 2 kB", "9999999 TB", "٣ MB", "0x10", "inf"],
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(Wrong, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0"),
        (1, "1"),
        (999, "999"),
        (1000, "1 kB"),
        (1024, "1 KiB"),
        (150_000_000, "150 MB"),
        (104_857_600, "100 MiB"),
    ],
)
def test_sizes_are_printed_in_the_largest_unit_that_fits(octets: int, text: str) -> None:
    assert print_size(octets) == text


@given(st.integers(0, 2**60))
def test_every_size_reads_back(octets: int) -> None:
    assert parse_size(print_size(octets)) == octets


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0", timedelta()),
        ("0 s", timedelta()),
        ("30 s", timedelta(seconds=30)),
        ("30s", timedelta(seconds=30)),
        ("250 ms", timedelta(milliseconds=250)),
        ("5 min", timedelta(minutes=5)),
        ("1 minute", timedelta(minutes=1)),
        ("1 h 30 min", timedelta(minutes=90)),
        ("1h30min", timedelta(minutes=90)),
        ("7 days", timedelta(days=7)),
        ("7 Days", timedelta(days=7)),
        ("2 weeks, 1 day", timedelta(days=15)),
        ("1.5 h", timedelta(minutes=90)),
    ],
)
def test_durations(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "s", "300", "-1 s", "+1 s", "1 month", "1 y", "1 h 30", "1 h and 30 min", "h 1", "1 s !", "40000 days"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(Wrong, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=30), "30 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(seconds=90), "1 min 30 s"),
        (timedelta(days=14), "14 days"),
        (timedelta(days=1, hours=2), "1 day 2 h"),
        (timedelta(milliseconds=1500), "1.5 s"),
    ],
)
def test_durations_are_printed_as_people_write_them(length: timedelta, text: str) -> None:
    assert print_duration(length) == text


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=36_500)))
def test_every_duration_reads_back(length: timedelta) -> None:
    assert parse_duration(print_duration(length)) == length
