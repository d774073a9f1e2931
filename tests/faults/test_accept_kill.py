"""accept-kill: kill -9 at each step from DATA to the 250, and on to the mailbox.

250 seen: present after restart. Not seen: at most one duplicate for each retry of the client.
"""

from pathlib import Path

import pytest

from tests.faults.kill import DURABLE, REPLY, Attached, Point, sample
from tests.faults.service import Service
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("strace")

CALLS = (*DURABLE, *REPLY)
FEW = 5


def steps_of_one_message(house: Service, log: Path) -> list[Point]:
    """The kill points between the first command of a message and its place in the mailbox."""
    with house.serving() as program, Attached(program.pid, log, None, calls=CALLS) as strace:
        assert house.send("watched") == 250
        wait_until(lambda: "watched" in house.kept(), "the mail in the mailbox")
        return strace.points()


def killed_at(house: Service, point: Point, log: Path) -> int:
    """Send one message to a house that dies at this point; answer the code the client saw."""
    with house.serving() as program:
        with Attached(program.pid, log, point.kill(), calls=CALLS):
            code = house.send(str(point))
        house.crash(program)
    return code


def after_restart(house: Service, point: Point, code: int) -> None:
    """What must hold once it serves again."""
    with house.serving():
        if code != 250:
            assert house.send(str(point)) == 250
        wait_until(lambda: str(point) in house.kept(), f"the mail killed at {point}, answered {code}")
        copies = house.kept().count(str(point))
    assert copies <= (1 if code == 250 else 2), f"{copies} copies after a kill at {point}, answered {code}"


def check(house: Service, tmp_path: Path, wanted: int | None) -> None:
    found = steps_of_one_message(house, tmp_path / "watched.log")
    assert any(point.call in {"fsync", "fdatasync"} for point in found)
    chosen = found if wanted is None else sample(found, wanted)
    for point in chosen:
        code = killed_at(house, point, tmp_path / f"{point}.log")
        after_restart(house, point, code)


def test_a_few_kill_points(house: Service, tmp_path: Path) -> None:
    check(house, tmp_path, FEW)


@pytest.mark.long
def test_every_kill_point(house: Service, tmp_path: Path) -> None:
    check(house, tmp_path, None)
