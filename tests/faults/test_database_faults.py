"""database-faults: records that are locked, read-only or full answer 4xx, and no job is lost."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.kill import Attached, io_error
from tests.faults.service import Service
from tests.support.deadline import wait_until


@contextmanager
def locked(house: Service) -> Iterator[None]:
    """Another program holds the write lock."""
    other = sqlite3.connect(house.state / "records.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def check_locked(house: Service, seconds: float) -> None:
    with house.serving() as program:
        assert house.send("before") == 250
        with locked(house):
            code = house.send("locked", within=seconds)
            assert code == 0 or 400 <= code < 500
            threading.Event().wait(max(0.0, seconds - 10))
            assert program.running
        wait_until(lambda: house.send("after") == 250, "the lock is gone")
        wait_until(lambda: {"before", "after"} <= set(house.kept()), "everything taken")


def test_records_locked_for_a_while(house: Service) -> None:
    check_locked(house, 15)


@pytest.mark.long
def test_records_locked_for_a_minute(house: Service) -> None:
    check_locked(house, 70)


@pytest.mark.real("strace")
@pytest.mark.parametrize("error", ["EROFS", "ENOSPC", "EIO"])
def test_records_that_cannot_be_written(house: Service, tmp_path: Path, error: str) -> None:
    with house.serving() as program:
        assert house.send("before") == 250
        wait_until(lambda: "before" in house.kept(), "the mail before")
        calls = ("pwrite64", "ftruncate")
        with Attached(program.pid, tmp_path / "log", io_error(error, 1, calls=calls, onward=True), calls=calls):
            codes = [house.send(f"during-{number}") for number in range(3)]
            assert all(400 <= code < 500 for code in codes), codes
            assert program.running
        wait_until(lambda: house.send("after") == 250, "the records can be written again")
        wait_until(lambda: "after" in house.kept(), "the mail after")
        assert not [subject for subject in house.kept() if subject.startswith("during")]
