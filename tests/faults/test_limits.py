import errno
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from schedules.clock import SystemClock
from tests.faults.limits import fill, limited, move_clock, small_disk
from tests.support.programs import Program


@pytest.mark.real("tmpfs")
def test_a_small_disk_fills_and_has_room_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        ballast = fill(disk)
        with pytest.raises(OSError, match="No space left") as caught:
            (disk / "more").write_bytes(b"x" * 100_000)
        assert caught.value.errno == errno.ENOSPC
        ballast.unlink()
        assert (disk / "more").write_bytes(b"x" * 100_000) == 100_000
    assert not os.path.ismount(tmp_path / "disk")


def fail_on(disk: Path) -> None:
    with small_disk(disk):
        (disk / "a").write_text("x")
        raise ValueError("in the middle")


@pytest.mark.real("tmpfs")
def test_a_small_disk_goes_away_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in the middle"):
        fail_on(tmp_path / "disk")
    assert not os.path.ismount(tmp_path / "disk")


@pytest.mark.real("tmpfs")
def test_a_small_disk_goes_away_while_a_file_is_open(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, Program(["tail", "-f", "/dev/null"], disk / "log"):
        held = (disk / "held").open("w")
    held.close()
    assert not os.path.ismount(tmp_path / "disk")


@pytest.mark.real("tmpfs")
def test_filling_leaves_what_is_asked_for(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        fill(disk, leave=1 << 20)
        assert (disk / "more").write_bytes(b"x" * 900_000) == 900_000


def run_limited(folder: Path, code: str, *, files: int | None = None, memory: int | None = None) -> str:
    with Program(limited([sys.executable, "-c", code], files=files, memory=memory), folder / "log") as program:
        program.wait()
        return program.output()


@pytest.mark.real("tmpfs")
def test_descriptors_run_out(tmp_path: Path) -> None:
    assert "Too many open files" in run_limited(tmp_path, "held = [open('/dev/null') for _ in range(100)]", files=64)


@pytest.mark.real("tmpfs")
def test_memory_runs_out(tmp_path: Path) -> None:
    assert "MemoryError" in run_limited(tmp_path, "bytes(500 << 20)", memory=300 << 20)


def test_the_clock_is_moved_for_whoever_reads_the_file(tmp_path: Path) -> None:
    move_clock(tmp_path / "clock", 86_400)
    before, moved, after = SystemClock().now(), SystemClock(tmp_path / "clock").now(), SystemClock().now()
    assert before <= moved - timedelta(days=1) <= after
