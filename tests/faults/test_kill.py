import sys
from pathlib import Path

import pytest

from tests.faults.kill import Attached, Point, Traced, io_error, points, sample
from tests.support.deadline import wait_until
from tests.support.programs import Program

needs_strace = pytest.mark.real("strace")

STEPS = """
import os, sys
folder = sys.argv[1]
fd = os.open(folder + "/a", os.O_CREAT | os.O_RDWR)
os.pwrite(fd, b"one", 0)
os.fsync(fd)
os.rename(folder + "/a", folder + "/b")
os.fsync(fd)
print("done", flush=True)
"""
SURVIVES = """
import os, sys
fd = os.open(sys.argv[1] + "/a", os.O_CREAT | os.O_RDWR)
for _ in range(3):
    try:
        os.fsync(fd)
        print("ok", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""
LOOPS = """
import os, sys, threading
fd = os.open(sys.argv[1] + "/a", os.O_CREAT | os.O_RDWR)
def loop():
    for line in sys.stdin.buffer: pass
    import time
    while True:
        os.fsync(fd)
        print("synced", flush=True)
        time.sleep(0.05)
threading.Thread(target=loop).start()
"""


def traced(code: str, folder: Path) -> Traced:
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return Traced([sys.executable, "-c", code, str(work)], folder / "log")


@needs_strace
def test_a_watched_run_tells_its_kill_points(tmp_path: Path) -> None:
    found = traced(STEPS, tmp_path).points()
    assert found == [Point("pwrite64", 1), Point("fsync", 1), Point("rename", 1), Point("fsync", 2)]


@needs_strace
@pytest.mark.parametrize(
    ("point", "left"),
    [
        (Point("pwrite64", 1), {"a": b""}),
        (Point("fsync", 1), {"a": b"one"}),
        (Point("rename", 1), {"a": b"one"}),
        (Point("fsync", 2), {"b": b"one"}),
    ],
    ids=str,
)
def test_the_program_dies_before_the_nth_call_is_carried_out(
    tmp_path: Path, point: Point, left: dict[str, bytes]
) -> None:
    steps = traced(STEPS, tmp_path)
    with steps.under(point.kill()) as program:
        assert program.wait() == -9
    assert {path.name: path.read_bytes() for path in (tmp_path / "work").iterdir()} == left
    assert "done" not in program.output()


@needs_strace
def test_a_point_that_is_never_reached_harms_nothing(tmp_path: Path) -> None:
    with traced(STEPS, tmp_path).under(Point("fsync", 9).kill()) as program:
        assert program.wait() == 0
    assert "done" in program.output()


@needs_strace
def test_one_call_fails_and_the_next_succeeds(tmp_path: Path) -> None:
    with traced(SURVIVES, tmp_path).under(io_error("EIO", 2)) as program:
        program.wait()
    assert program.output().splitlines() == ["ok", "Input/output error", "ok"]


@needs_strace
def test_all_calls_fail_from_the_nth_onward(tmp_path: Path) -> None:
    with traced(SURVIVES, tmp_path).under(io_error("ENOSPC", 2, onward=True)) as program:
        program.wait()
    assert program.output().splitlines() == ["ok", *["No space left on device"] * 2]


@needs_strace
def test_a_running_program_is_killed_in_any_of_its_threads(tmp_path: Path) -> None:
    with Program([sys.executable, "-c", LOOPS, str(tmp_path)], tmp_path / "log") as program:
        program.ready(lambda: "synced" in program.output(), "the loop")
        with Attached(program.pid, tmp_path / "strace.log", Point("fsync", 3).kill()) as strace:
            strace.wait()
        assert program.wait() == -9


@needs_strace
def test_a_program_that_was_only_watched_goes_on(tmp_path: Path) -> None:
    with Program([sys.executable, "-c", LOOPS, str(tmp_path)], tmp_path / "log") as program:
        program.ready(lambda: "synced" in program.output(), "the loop")
        with Attached(program.pid, tmp_path / "strace.log", None) as strace:
            wait_until(lambda: len(strace.points()) >= 2, "two calls")
        assert program.running
        seen = len(program.output())
        wait_until(lambda: len(program.output()) > seen, "the loop goes on")


def test_points_are_counted_in_each_thread() -> None:
    trace = '7 fsync(3) = 0\n8 fsync(3) = 0\n7 fsync(4) = 0\n7 rename("a", "b") = 0\n7 --- SIGCHLD ---\n'
    assert points(trace) == [Point("fsync", 1), Point("fsync", 2), Point("rename", 1)]


def test_a_sample_holds_the_first_and_the_last() -> None:
    assert sample(range(1, 101), 4) == [1, 34, 67, 100]
    assert sample([1, 2], 4) == [1, 2]
