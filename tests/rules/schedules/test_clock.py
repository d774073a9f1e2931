import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schedules.clock import Clock, MovableClock, SystemClock, kernel_synchronised, parse_offset
from schedules.positions import BadFile, Wrong
from tests.support.shortage import no_descriptors


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", timedelta()),
        ("\n", timedelta()),
        ("86400", timedelta(days=1)),
        ("+86400\n", timedelta(days=1)),
        ("-3600.5", -timedelta(seconds=3600.5)),
        ("+3d", timedelta(days=3)),
        ("1d 2h 30m", timedelta(days=1, hours=2, minutes=30)),
        ("-1d 2h", -timedelta(days=1, hours=2)),
        ("0", timedelta()),
    ],
)
def test_an_offset_is_seconds_or_a_length_of_time(text: str, offset: timedelta) -> None:
    assert parse_offset(text) == offset


@pytest.mark.parametrize(
    "text", ["soon", "1 2", "--5", "+-3d", "--3d", "- ", "5 parsecs", "9999999999", "nan", "1e5", "+", "2024-01-01"]
)
def test_what_is_no_offset_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        parse_offset(text)


def about(clock: Clock, offset: timedelta) -> bool:
    return abs(clock.now() - datetime.now(UTC) - offset) < timedelta(seconds=5)


def test_without_a_file_the_clock_is_the_machines() -> None:
    clock = SystemClock()
    assert about(clock, timedelta())
    assert clock.now().tzinfo is UTC
    first = clock.monotonic()
    assert clock.monotonic() >= first


def test_the_file_moves_the_clock_and_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = SystemClock(file)
    assert about(clock, timedelta())
    file.write_text("+3d\n", encoding="utf-8")
    assert about(clock, timedelta(days=3))
    file.write_text("-3600.5", encoding="utf-8")
    assert about(clock, timedelta(seconds=-3600.5))
    file.unlink()
    assert about(clock, timedelta())


def test_a_change_that_keeps_the_size_is_seen_by_its_time(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("+3d", encoding="utf-8")
    clock = SystemClock(file)
    file.write_text("+4d", encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert clock.offset == timedelta(days=4)


def test_the_wall_is_not_moved_by_the_file(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("+3d", encoding="utf-8")
    assert abs(SystemClock(file).wall() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("octets", [b"soon", b"\xff\xfe"])
def test_a_bad_file_is_told_at_the_start_and_while_running_the_last_good_offset_stays(
    tmp_path: Path, octets: bytes
) -> None:
    file = tmp_path / "clock"
    file.write_bytes(octets)
    with pytest.raises(BadFile, match=r"clock:1:1: .*write one offset"):
        SystemClock(file)
    file.write_text("+3d", encoding="utf-8")
    clock = SystemClock(file)
    file.write_bytes(octets + b" ")
    assert clock.offset == timedelta(days=3)
    assert clock.problem is not None
    file.write_text("+14d", encoding="utf-8")
    assert clock.offset == timedelta(days=14)
    assert clock.problem is None


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        SystemClock(tmp_path)


def test_a_pipe_in_place_of_the_file_stops_nobody(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = SystemClock(file)
    os.mkfifo(file)
    assert clock.offset == timedelta()
    held = os.open(file, os.O_RDWR)
    try:
        assert SystemClock(file).offset == timedelta()
    finally:
        os.close(held)


def test_an_endless_file_is_read_no_further_than_an_offset_is_long() -> None:
    with pytest.raises(BadFile, match="not an offset"):
        SystemClock(Path("/dev/zero"))


def test_a_movable_clock_moves_by_hand_alone() -> None:
    clock = MovableClock(datetime(2024, 1, 31, tzinfo=UTC), monotonic=5.0)
    assert (clock.now(), clock.wall(), clock.monotonic()) == (
        datetime(2024, 1, 31, tzinfo=UTC),
        datetime(2024, 1, 31, tzinfo=UTC),
        5.0,
    )
    clock.advance(timedelta(days=1))
    assert (clock.now(), clock.monotonic()) == (datetime(2024, 2, 1, tzinfo=UTC), 86405.0)
    clock.set(datetime(2020, 1, 1, tzinfo=UTC))
    assert (clock.now(), clock.monotonic()) == (datetime(2020, 1, 1, tzinfo=UTC), 86405.0)


def test_a_movable_clock_refuses_what_no_clock_does() -> None:
    clock = MovableClock(datetime(2024, 1, 31, tzinfo=UTC))
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-timedelta(seconds=1))
    with pytest.raises(ValueError, match="zone"):
        clock.set(datetime(2024, 1, 1))  # noqa: DTZ001 - refused for that
    with pytest.raises(ValueError, match="zone"):
        MovableClock(datetime(2024, 1, 1))  # noqa: DTZ001 - refused for that


def test_the_kernel_can_be_asked_without_changing_its_clock() -> None:
    assert kernel_synchronised() in {True, False}


def test_a_change_that_comes_without_file_descriptors_is_read_once_there_are_some(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("+3d", encoding="utf-8")
    clock = SystemClock(file)
    file.write_text("+40d", encoding="utf-8")
    with no_descriptors():
        assert clock.offset == timedelta(days=3)
        assert clock.problem is not None
    assert clock.offset == timedelta(days=40)
    assert clock.problem is None
