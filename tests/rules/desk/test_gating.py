"""Gates looked at, asked and decided by administrators."""

import pytest

from mailsvc.deeds.gates import to_be_asked
from mailsvc.desk.amending import ask_gate, postpone, set_gate, show_gate
from mailsvc.desk.amending.core import edition_in_force
from mailsvc.desk.auditing import list_acts
from mailsvc.desk.plans import apply_plan
from mailsvc.desk.refusals import Refused
from schedules.planfile import read_plan
from schedules.words import Stage
from tests.rules.desk.world import PLAN, World

GATED = PLAN.replace(
    "  receive-end: 2027-03-31T18:00\n",
    "  receive-end: {at: 2027-03-31T18:00, gates: [{kind: addresses, at_most: 2}], unanswered: wait, asked: 2 days}\n",
)
END = Stage.RECEIVE_END


@pytest.fixture
def closing(world: World) -> World:
    apply_plan(world.desk, read_plan(GATED, "closing.yaml"), "decided by the board")
    return world


def comes(world: World) -> str:
    at = edition_in_force(world.desk, "closing").stage_instant(END)
    return at.isoformat() if at else "waits"


def test_looking_at_a_gate_changes_nothing(closing: World) -> None:
    closing.take("address\na@closing.example\nb@closing.example\nc@closing.example\n")
    shown = show_gate(closing.desk, "closing", END)
    assert (shown.state, shown.at.isoformat()) == ("not asked yet", "2027-03-31T18:00:00+09:00")
    assert shown.waits == "its gates have not been answered"
    assert [(one["kind"], one["holds"]) for one in shown.findings] == [("addresses", False)]
    assert str(shown.findings[0]["said"]) == "3 addresses are left (wanted: 2 at most)"
    assert len(list_acts(closing.desk, "closing", 10)) == 1


def test_a_gate_is_asked_before_its_time(closing: World) -> None:
    assert comes(closing) == "waits"
    closing.take("address\na@closing.example\n")
    amended = ask_gate(closing.desk, "closing", END, "we want to know")
    assert amended.lines() == (
        "plan closing, amendment 1: gate of receive-end opened: 1 addresses are left (wanted: 2 at most)",
        "  receive-end: waits -> 2027-03-31T18:00:00+09:00",
        "  purge: waits -> 2027-09-30T00:00:00+09:00",
    )
    assert show_gate(closing.desk, "closing", END).state == "opened"


def test_a_gate_is_opened_against_what_it_finds_with_a_reason(closing: World) -> None:
    amended = set_gate(closing.desk, "closing", END, opened=True, reason="the board wants it")
    assert "gate of receive-end opened by hand: how many addresses are left is not known yet" in amended.lines()[0]
    assert comes(closing) == "2027-03-31T18:00:00+09:00"
    shown = show_gate(closing.desk, "closing", END)
    assert (shown.state, shown.waits) == ("opened, by hand", "")
    assert shown.last == ("how many addresses are left is not known yet (wanted: 2 at most)",)
    (row,) = [one for one in list_acts(closing.desk, "closing", 10) if one["act"] == "plan amend"]
    assert row["reason"] == "the board wants it"


@pytest.mark.parametrize("opened", [True, False])
def test_without_a_reason_nobody_decides(closing: World, opened: bool) -> None:
    with pytest.raises(Refused, match="the reason is empty"):
        set_gate(closing.desk, "closing", END, opened=opened, reason=" ")
    assert comes(closing) == "waits"


def test_a_gate_that_was_closed_by_hand_is_the_rounds_again_once_it_is_asked(closing: World) -> None:
    closing.take("address\na@closing.example\nb@closing.example\nc@closing.example\n")
    set_gate(closing.desk, "closing", END, opened=False, reason="not before the audit")
    edition = edition_in_force(closing.desk, "closing")
    assert not to_be_asked(edition, END, closing.clock.now())
    ask_gate(closing.desk, "closing", END, "the audit is over")
    assert to_be_asked(edition_in_force(closing.desk, "closing"), END, closing.clock.now())
    assert comes(closing) == "waits"


def test_an_opened_gate_is_asked_anew_once_its_stage_was_postponed(closing: World) -> None:
    set_gate(closing.desk, "closing", END, opened=True, reason="the board wants it")
    amended = postpone(closing.desk, "closing", (), by="7 d", to=None, reason="snow")
    assert "  receive-end: 2027-03-31T18:00:00+09:00 -> waits" in amended.lines()
    assert show_gate(closing.desk, "closing", END).state == "not asked yet"


def test_stages_without_gates_are_told(closing: World) -> None:
    with pytest.raises(Refused, match=r"send-end of the plan 'closing' has no gates: stages with gates: receive-end"):
        show_gate(closing.desk, "closing", Stage.SEND_END)
    with pytest.raises(Refused, match="no plan 'opening'"):
        set_gate(closing.desk, "opening", END, opened=True, reason="a slip")


def test_a_stage_that_has_come_is_no_longer_answered_for(closing: World) -> None:
    set_gate(closing.desk, "closing", END, opened=True, reason="the board wants it")
    closing.clock.set(edition_in_force(closing.desk, "closing").stage_instant(END) or closing.clock.now())
    with pytest.raises(Refused, match="cannot be amended so"):
        set_gate(closing.desk, "closing", END, opened=False, reason="too late")
