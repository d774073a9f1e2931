"""disk-full-spool: a full disk under the records is 452 4.3.1, never 250, and heals by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.limits import fill, small_disk
from tests.faults.service import Service
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("tmpfs")


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Service]:
    """An installation whose records lie on a disk of 8 MiB."""
    house = Service(tmp_path)
    with small_disk(house.state, mib=8):
        house.prepare()
        yield house


def test_a_full_disk_is_told_and_heals(cramped: Service) -> None:
    with cramped.serving() as program:
        assert cramped.send("before") == 250
        wait_until(lambda: "before" in cramped.kept(), "the first mail")
        ballast = fill(cramped.state)
        refused = [cramped.send(f"full-{number}", size=200_000) for number in range(5)]
        assert refused == [452] * 5
        assert program.running
        ballast.unlink()
        wait_until(lambda: cramped.send("after") == 250, "room is seen")
        wait_until(lambda: "after" in cramped.kept(), "the mail after")
        assert not [subject for subject in cramped.kept() if subject.startswith("full-")]


def test_a_message_larger_than_the_disk_is_not_taken(cramped: Service) -> None:
    with cramped.serving():
        assert cramped.send("large", size=12_000_000) == 452
        wait_until(lambda: cramped.send("small") == 250, "its chunks are swept")
        wait_until(lambda: "small" in cramped.kept(), "the small mail")


def test_what_is_taken_while_the_disk_fills_is_kept(cramped: Service) -> None:
    with cramped.serving() as program:
        ballast = fill(cramped.state, leave=1 << 20)
        answers = {f"mail-{number}": cramped.send(f"mail-{number}", size=90_000) for number in range(25)}
        assert set(answers.values()) <= {250, 452}
        cramped.crash(program)
    ballast.unlink()
    taken = {subject for subject, code in answers.items() if code == 250}
    with cramped.serving():
        wait_until(lambda: set(cramped.kept()) >= taken, "everything taken")
