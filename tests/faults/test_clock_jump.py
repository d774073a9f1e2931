"""clock-jump: the machine's wall clock jumps under a whole house.

451 where only the jump changes a ruling; no deed meanwhile; an administrator's word, or the clock set right, ends it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.moved_clock import MovedClock
from tests.real.house import LastpostHouse, house
from tests.stories.plans import TOKYO, plan
from tests.support.deadline import wait_until

pytestmark = pytest.mark.real("gcc")

HANAKO, NOBODY, GORO = "hanako@closing.example", "nobody@closing.example", "goro@closing.example"
POSTMASTER, OUTSIDE = "postmaster@closing.example", "x@elsewhere.example"
# What no jump changes.
OTHERS = {
    NOBODY: "550 5.1.1",
    GORO: "550 5.1.6",
    POSTMASTER: "250 2.1.5",
    "jiro@closing.example": "251 2.1.5",
    OUTSIDE: "550 5.7.1",
}
DAY = timedelta(days=1)
FAR = 300 * DAY  # past the end
# The midnight nearest to thirty days from now: half a day off at most, whenever the tests run.
END = (datetime.now(TOKYO) + 30 * DAY + DAY / 2).replace(hour=0, minute=0, second=0, microsecond=0)
PLAN = plan(f"announce: 2026-01-01, send-end: {END:%Y-%m-%d}, receive-end: {END:%Y-%m-%d}")


class Machine:
    """A machine with a wall clock of its own, a house on it, and its administrator."""

    def __init__(self, folder: Path) -> None:
        self.wall = MovedClock(folder)
        self.folder = folder / "us"

    @contextmanager
    def serving(self, *, first: bool = False) -> Iterator[LastpostHouse]:
        with house(self.folder, plan=PLAN, settle_in=first, environ=self.wall.environ) as us:
            yield us

    def lastpost(self, *words: str) -> str:
        command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(self.folder / "lastpost.yaml"), *words]
        environ = {**os.environ, **self.wall.environ}
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180, env=environ)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def clock(self) -> dict[str, object]:
        (shown,) = json.loads(self.lastpost("clock", "show", "--json"))
        assert isinstance(shown, dict)
        return shown

    def acknowledge(self) -> None:
        self.lastpost("clock", "acknowledge", "--reason", "the clock is right")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def letters(us: LastpostHouse) -> list[bytes]:
    """The letters to the administrators."""
    return us.mail("surviving.example", "admin")


def answers(us: LastpostHouse, hanako: str) -> None:
    """Hanako is answered so, and everybody else as ever."""
    replies = us.replies([HANAKO, *OTHERS])
    assert {one: reply[:9] for one, reply in replies.items()} == {HANAKO: hanako, **OTHERS}


def test_a_jump_ahead_defers_only_what_it_changes_until_it_is_acknowledged(machine: Machine) -> None:
    with machine.serving(first=True) as us:
        wait_until(lambda: len(letters(us)) == 1, "the letter about the announcement")
        answers(us, "250 2.1.5")
        machine.wall.set(FAR)
        answers(us, "451 4.3.0")
        assert us.rcpt(OUTSIDE, port=us.submission, sender=HANAKO).startswith("451 4.3.0")
        assert us.rcpt(OUTSIDE, port=us.submission, sender="").startswith("250")
        wait_until(lambda: machine.clock()["in_doubt"], "it is written down")
        assert "ahead" in str(machine.clock()["why"])
        assert len(letters(us)) == 1, "no deed while the clock is in doubt"
        machine.acknowledge()
        wait_until(lambda: us.rcpt(HANAKO).startswith("550 5.1.6"), "the clock is believed")
        assert not machine.clock()["in_doubt"]
        wait_until(lambda: len(letters(us)) == 2, "the letter that waited")
        acts = json.loads(machine.lastpost("audit", "list", "--json"))
        assert any(act["reason"] == "the clock is right" for act in acts)


def test_a_clock_that_is_set_right_is_believed_by_itself(machine: Machine) -> None:
    with machine.serving(first=True) as us:
        machine.wall.set(FAR)
        answers(us, "451 4.3.0")
        machine.wall.set(timedelta())
        answers(us, "250 2.1.5")
        wait_until(lambda: not machine.clock()["in_doubt"], "it is written down")


def test_a_jump_within_the_same_rulings_changes_no_reply(machine: Machine) -> None:
    with machine.serving(first=True) as us:
        for ahead in (DAY, -DAY, -400 * DAY):
            machine.wall.set(ahead)
            answers(us, "250 2.1.5")
        us.send(HANAKO, "taken all the same")
        us.arrives("closing.example", "hanako", b"taken all the same")


def test_a_jump_back_over_the_end_opens_nothing(machine: Machine) -> None:
    machine.wall.set(FAR)
    with machine.serving(first=True) as us:
        answers(us, "550 5.1.6")
        machine.wall.set(timedelta())
        answers(us, "451 4.3.0")
        wait_until(lambda: machine.clock()["in_doubt"], "it is written down")
        machine.acknowledge()
        wait_until(lambda: us.rcpt(HANAKO).startswith("250"), "the clock is believed")


def test_doubt_survives_a_restart(machine: Machine) -> None:
    with machine.serving(first=True) as us:
        wait_until(lambda: len(letters(us)) == 1, "the letter about the announcement")
        machine.wall.set(FAR)
        answers(us, "451 4.3.0")
        wait_until(lambda: machine.clock()["in_doubt"], "it is written down")
    with machine.serving() as us:
        answers(us, "451 4.3.0")
        assert "clock-in-doubt" in us.program.output()
        assert len(letters(us)) == 1
    machine.acknowledge()
    with machine.serving() as us:
        answers(us, "550 5.1.6")


def test_a_start_before_the_mark(machine: Machine) -> None:
    machine.wall.set(FAR)
    with machine.serving(first=True) as us:
        answers(us, "550 5.1.6")
        wait_until(lambda: machine.clock()["high_water"], "the mark")
    machine.wall.set(timedelta())
    with machine.serving() as us:
        answers(us, "451 4.3.0")
        assert "back" in str(machine.clock()["why"])
        machine.acknowledge()
        wait_until(lambda: us.rcpt(HANAKO).startswith("250"), "the clock is believed")


@pytest.mark.parametrize(("away", "reply"), [(8 * DAY, "451 4.3.0"), (6 * DAY, "550 5.1.6")], ids=["over", "within"])
def test_a_start_after_an_outage(machine: Machine, away: timedelta, reply: str) -> None:
    before = 29 * DAY  # a day before the end, or a little less
    machine.wall.set(before)
    with machine.serving(first=True) as us:
        answers(us, "250 2.1.5")
        wait_until(lambda: machine.clock()["high_water"], "the mark")
    machine.wall.set(before + away)
    with machine.serving() as us:
        answers(us, reply)


def test_the_offset_of_a_clock_file_is_never_a_jump(machine: Machine) -> None:
    with machine.serving(first=True) as us:
        for offset, reply in (("+300d", "550 5.1.6"), ("", "250 2.1.5"), ("-400d", "250 2.1.5"), ("+31d", "550 5.1.6")):
            us.move(offset)
            answers(us, reply)
            assert not machine.clock()["in_doubt"]
        wait_until(lambda: machine.clock()["high_water"], "the mark")
    with machine.serving() as us:
        us.move("")
        answers(us, "250 2.1.5")


def test_an_offset_and_a_jump_together(machine: Machine) -> None:
    with machine.serving(first=True) as us:
        us.move("+29d")
        answers(us, "250 2.1.5")
        machine.wall.set(2 * DAY)
        answers(us, "451 4.3.0")
        us.move("+35d")
        answers(us, "550 5.1.6")
