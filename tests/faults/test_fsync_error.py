"""fsync-error: an fsync that fails is no 250, and what it may have lost is not trusted again."""

from pathlib import Path

import pytest

from tests.faults.kill import SYNC, Attached, io_error
from tests.faults.service import Service
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("strace")


@pytest.mark.parametrize("onward", [False, True], ids=["once", "onward"])
def test_no_250_where_the_commit_could_not_be_synced(house: Service, tmp_path: Path, *, onward: bool) -> None:
    with house.serving() as program:
        assert house.send("before") == 250
        wait_until(lambda: "before" in house.kept(), "the mail before")
        with Attached(program.pid, tmp_path / "strace.log", io_error("EIO", 1, onward=onward), calls=SYNC):
            first = house.send("during")
            assert first != 250
            assert first == 0 or 400 <= first < 500
        house.crash(program)
    with house.serving():
        assert house.send("after") == 250
        wait_until(lambda: {"before", "after"} <= set(house.kept()), "all that was taken")
        assert house.kept().count("during") <= 1


def test_a_mailbox_that_cannot_be_synced_keeps_the_mail_in_the_records(house: Service, tmp_path: Path) -> None:
    """Every sync fails for a while: each mail answered 250 before, between or after is delivered in the end."""
    taken = []
    with house.serving() as program:
        for number in range(1, 6):
            with Attached(program.pid, tmp_path / f"{number}.log", io_error("EIO", number), calls=SYNC):
                if house.send(f"mail-{number}") == 250:
                    taken.append(f"mail-{number}")
            if not program.running:
                break
    with house.serving():
        wait_until(lambda: set(taken) <= set(house.kept()), f"{taken}")
