"""Ends that wait for their gates, on a running house: nothing ends before they open, however late it is."""

import json
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

from tests.real.house import LastpostHouse, house
from tests.stories.plans import END, plan
from tests.support.deadline import wait_until
from tests.support.instants import at_instant

HANAKO = "hanako@closing.example"
FEW = "{kind: addresses, at_most: 3}"


def gated(*gates: str, unanswered: str = "wait") -> str:
    line = f"{{at: 2027-06-01, gates: [{', '.join(gates)}], unanswered: {unanswered}, asked: 2 days}}"
    return plan(f"announce: 2026-01-01, receive-end: {line}, read-end: 2027-09-01")


def gate(us: LastpostHouse) -> dict[str, object]:
    (answer,) = json.loads(us.lastpost("plan", "gate", "closing", "--stage", "receive-end", "--json"))
    assert isinstance(answer, dict)
    return answer


def holding(shown: dict[str, object]) -> list[object]:
    findings = shown["findings"]
    assert isinstance(findings, list)
    return [one["holds"] for one in findings]


def told(us: LastpostHouse) -> list[str]:
    """The subjects of the letters about gates that the administrators have."""
    letters = [message_from_bytes(one, policy=policy.default) for one in us.mail("surviving.example", "admin")]
    return [str(one["Subject"]) for one in letters if "gates have not opened" in str(one["Subject"])]


def test_a_stage_waits_until_its_gate_opens_and_then_comes(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=gated(FEW)) as us:
        us.move_to(END + timedelta(days=3))
        assert us.rcpt(HANAKO).startswith("250 2.1.5"), "its date has come, and it waits"
        assert "known to be ready" in us.lastpost("explain", HANAKO)
        us.amend("hold", "closing", "--group", "nobody", "--until", "2028-01-01")  # rings
        wait_until(lambda: told(us), "the letter about the gate")
        assert us.rcpt(HANAKO).startswith("250 2.1.5")
        shown = gate(us)
        assert (shown["state"], holding(shown)) == ("not opened", [False])
        (made,) = json.loads(us.amend("gate", "closing", "--stage", "receive-end", "--open", "--json"))
        wait_until(lambda: us.rcpt(HANAKO).startswith("550 5.1.6"), "the end")
        moved = {str(one["stage"]): one for one in made["moved"]}
        assert moved["receive-end"]["was"] is None
        assert moved["receive-end"]["comes"] == made["made_at"], "it comes when its gate has opened, not before"


def test_a_gate_that_opens_in_time_lets_the_end_come_to_the_second(tmp_path: Path) -> None:
    few = "address\n" + "".join(f"{name}@closing.example\n" for name in ("hanako", "jiro", "goro"))
    with house(tmp_path / "us", plan=gated(FEW), accounts=few) as us:
        us.move_to(END - timedelta(days=1))
        us.amend("hold", "closing", "--group", "nobody", "--until", "2028-01-01")  # rings
        wait_until(lambda: gate(us)["state"] == "opened", "the gate")
        assert at_instant(us.move_to, END - timedelta(seconds=1), lambda: us.rcpt(HANAKO)).startswith("250 2.1.5")
        us.move_to(END + timedelta(seconds=1))
        wait_until(lambda: us.rcpt(HANAKO).startswith("550 5.1.6"), "the end")
        assert told(us) == []


def test_a_plan_that_is_paused_ends_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=plan("announce: 2026-01-01, receive-end: 2027-06-01")) as us:
        us.move_to(END - timedelta(hours=1))
        us.amend("pause", "closing")
        us.move_to(END + timedelta(days=10))
        wait_until(lambda: us.rcpt(HANAKO).startswith("250 2.1.5"), "the pause")
        us.amend("resume", "closing")
        us.move_to(END + timedelta(days=10, minutes=5))
        assert us.rcpt(HANAKO).startswith("250 2.1.5"), "its end comes later by the whole days of the pause"
        us.move_to(END + timedelta(days=11, seconds=1))
        wait_until(lambda: us.rcpt(HANAKO).startswith("550 5.1.6"), "the end")


def test_what_was_held_and_released_ends_then(tmp_path: Path) -> None:
    with house(tmp_path / "us", plan=plan("announce: 2026-01-01, receive-end: 2027-06-01")) as us:
        us.move_to(END - timedelta(days=1))
        order = ("--legal-order", "Court 5", "--until", "2028-01-01")
        us.amend("hold", "closing", "--address", HANAKO, *order)
        us.move_to(END + timedelta(days=1))
        wait_until(lambda: us.rcpt(HANAKO).startswith("250 2.1.5"), "the hold")
        assert us.rcpt("mitsuru@closing.example").startswith("550 5.1.6")
        us.amend("release", "closing", "--address", HANAKO, "--now")
        wait_until(lambda: us.rcpt(HANAKO).startswith("550 5.1.6"), "the end")
