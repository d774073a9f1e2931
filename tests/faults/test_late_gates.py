"""late-scheduler over gates: a service that was down over a gate and its stage; and a clock in doubt over both."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.moved_clock import MovedClock
from tests.real.house import LastpostHouse, house
from tests.stories.plans import END
from tests.stories.test_gated_ends import FEW, HANAKO, gate, gated
from tests.support.deadline import wait_until

FEW_PEOPLE = "address\n" + "".join(f"{name}@closing.example\n" for name in ("hanako", "jiro", "goro"))
LATE = END + timedelta(days=20)


def answers(us: LastpostHouse) -> list[str]:
    acts = json.loads(us.lastpost("audit", "list", "--json"))
    told = [str(act["detail"].get("what")) for act in acts if act["act"] == "plan amend"]
    return [one for one in told if one.startswith("gate ")]


def in_doubt(us: LastpostHouse) -> bool:
    (shown,) = json.loads(us.lastpost("clock", "show", "--json"))
    return bool(shown["in_doubt"])


def test_down_over_a_gate_and_its_stage_what_waits_has_waited(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=gated(FEW)) as us:  # thirteen people: the gate does not open
        assert us.rcpt(HANAKO).startswith("250 2.1.5")
    us.move_to(LATE)
    with house(tmp_path / "us", settle_in=False) as us:
        assert us.rcpt(HANAKO).startswith("250 2.1.5"), "nobody has answered, so it has not come"
        wait_until(lambda: gate(us)["state"] == "not opened", "the gates are asked at start")
        assert len(answers(us)) == 1, "of all the rounds that were missed only the newest is made up for"
        assert us.rcpt(HANAKO).startswith("250 2.1.5")


def test_down_over_a_gate_that_would_have_opened_its_stage_comes_when_it_is_asked(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=gated(FEW), accounts=FEW_PEOPLE) as us:
        assert us.rcpt(HANAKO).startswith("250 2.1.5")
    us.move_to(LATE)
    with house(tmp_path / "us", settle_in=False) as us:
        wait_until(lambda: us.rcpt(HANAKO).startswith("550 5.1.6"), "the end")
        assert len(answers(us)) == 1


def test_down_over_a_gate_and_its_stage_what_proceeds_has_come(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=gated(FEW, unanswered="proceed")) as us:
        assert us.rcpt(HANAKO).startswith("250 2.1.5")
    us.move_to(LATE)
    with house(tmp_path / "us", settle_in=False) as us:
        assert us.rcpt(HANAKO).startswith("550 5.1.6"), "whatever the alarm has done"
        wait_until(lambda: "deed done" in us.program.output(), "the letter about it")
        assert answers(us) == [], "there was nothing left to answer"


@pytest.mark.real("gcc")
def test_clock_jump_no_gate_is_asked_while_the_clock_is_in_doubt(tmp_path: Path) -> None:
    machine = MovedClock(tmp_path)
    with house(tmp_path / "us", plan=gated(FEW), accounts=FEW_PEOPLE, environ=machine.environ) as us:
        us.move_to(END - timedelta(days=10))
        assert us.rcpt(HANAKO).startswith("250 2.1.5")
        machine.set(timedelta(days=30))
        us.amend("hold", "closing", "--group", "nobody", "--until", "2030-01-01")  # rings
        wait_until(lambda: "deeds wait until the clock is trusted" in us.program.output(), "they wait")
        assert answers(us) == []
        assert us.rcpt(HANAKO).startswith("250 2.1.5"), "what waits is the same by either clock"
        machine.set(timedelta())
        us.move_to(END - timedelta(days=1))
        wait_until(lambda: not in_doubt(us), "it is right again")
        us.amend("hold", "closing", "--group", "nobody", "--until", "2031-01-01")  # rings
        wait_until(lambda: len(answers(us)) == 1, "the gates are asked")
