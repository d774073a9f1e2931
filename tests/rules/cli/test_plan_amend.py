"""`lastpost plan postpone`, `pause`, `resume`, `hold`, `release`, `rollback` and `gate`, as an operator types them."""

import re

import pytest

from tests.rules.cli.conftest import Line
from tests.rules.desk.test_gating import GATED

WHY = ("--reason", "asked for")
HANAKO = ("--address", "hanako@closing.example")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("postpone", "--by", "14 days"), "postpone all stages to come by 14d"),
        (("pause", "--until", "2090-01-01"), "pause until 2090-01-01T00:00:00+09:00"),
        (("pause",), "pause until it is resumed"),
        (("hold", *HANAKO, "--until", "2090-01-01", "--stage", "purge"), "hold address hanako@closing.example (purge)"),
        (
            ("hold", "--area", "noto", "--until", "2090-01-01", "--legal-order", "Court 5", "--announced", "30 days"),
            "by legal order Court 5",
        ),
    ],
)
def test_an_amendment_is_told_with_what_it_moved(closing: Line, words: tuple[str, ...], said: str) -> None:
    command, *rest = words
    ran = closing("plan", command, "closing", *rest, *WHY)
    assert (ran.code, ran.out) == (0, ""), ran.err
    head, *moved = ran.err.splitlines()
    assert head.startswith("plan closing, amendment 1: ")
    assert said in head
    assert moved
    assert all(" -> " in line for line in moved if not line.startswith("warning: "))


@pytest.mark.parametrize("whom", [("--address", "hanaco@closing.example"), ("--group", "nobody"), ("--area", "noto")])
def test_a_hold_of_nobody_stands_with_a_warning(closing: Line, whom: tuple[str, str]) -> None:
    hold = ("plan", "hold", "closing", "--until", "2090-01-01", *WHY)
    ran = closing(*hold, *whom)
    assert ran.code == 0
    scope = f"{whom[0].removeprefix('--')} {whom[1]}"
    assert f"warning: this holds nobody: the directory has no {scope}; `lastpost plan release`" in ran.err
    (made,) = closing(*hold, *whom, "--json").array()
    assert len(made["warnings"]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "whom",
    [
        HANAKO,
        ("--address", "Hanako@CLOSING.example"),
        ("--address", "abuse@closing.example"),
        ("--domain", "closing.example"),
    ],
)
def test_a_hold_of_somebody_warns_of_nothing(closing: Line, whom: tuple[str, str]) -> None:
    (made,) = closing("plan", "hold", "closing", "--until", "2090-01-01", *WHY, *whom, "--json").array()
    assert made["warnings"] == []


def test_people_read_times_to_the_second(closing: Line) -> None:
    closing("plan", "hold", "closing", *HANAKO, "--until", "2090-01-01", *WHY)
    ran = closing("plan", "release", "closing", *HANAKO, "--now", *WHY)
    assert re.search(r"address hanako@closing\.example at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+09:00\n", ran.err)


def test_help_names_a_stage_in_one_word(closing: Line) -> None:
    for command in ("postpone", "hold", "gate"):
        told = closing("plan", command, "--help").out
        assert "--stage STAGE" in told
        assert "homepage-upload-end" not in told


def test_for_programs_an_amendment_is_one_element(closing: Line) -> None:
    (made,) = closing("plan", "pause", "closing", "--until", "2090-01-01", *WHY, "--json").array()
    assert (made["plan"], made["number"], made["reason"]) == ("closing", 1, "asked for")
    moved = made["moved"]
    assert isinstance(moved, list)
    assert {"stage", "was", "comes"} == set(moved[0])
    (back,) = closing("plan", "rollback", "closing", "--to", "0", *WHY, "--json").array()
    assert {one["stage"] for one in back["moved"]} == {one["stage"] for one in moved}  # type: ignore[attr-defined]


def test_a_pause_is_resumed_and_a_hold_released(closing: Line) -> None:
    closing("plan", "pause", "closing", *WHY)
    resumed = closing("plan", "resume", "closing", *WHY)
    assert (resumed.code, "resume" in resumed.err) == (0, True)
    closing("plan", "hold", "closing", *HANAKO, "--until", "2090-01-01", *WHY)
    soon = closing("plan", "release", "closing", *HANAKO, "--at", "2089-12-31T23:59", *WHY)
    assert (soon.code, "release address hanako@closing.example at 2089-12-31" in soon.err) == (0, True)
    now = closing("plan", "release", "closing", *HANAKO, "--now", *WHY)
    assert now.code == 0
    acts = [row["act"] for row in closing("audit", "list", "--json").array()]
    assert acts.count("plan amend") == 5


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("pause",), 2, "Missing option '--reason'"),
        (("postpone", *WHY), 2, "either --by DURATION or --to TIME"),
        (("hold", "--until", "2090-01-01", *WHY), 2, "exactly one of --address, --group, --area and --domain"),
        (("hold", *HANAKO, "--area", "x", "--until", "2090-01-01", *WHY), 2, "exactly one of"),
        (("release", *HANAKO, *WHY), 2, "say --at TIME, or --now"),
        (("release", *HANAKO, "--now", *WHY), 1, "nothing holds address hanako@closing.example"),
        (("rollback", "--to", "-1", *WHY), 2, "greater than or equal to 0"),
        (("rollback", "--to", "3", *WHY), 1, "no amendment 3"),
        (("resume", *WHY), 1, "cannot be amended so"),
        (("pause", "--until", "soon", *WHY), 2, "soon"),
        (("gate", "--stage", "purge"), 1, "has no gates"),
        (("gate", "--stage", "purge", "--open", "--close", *WHY), 2, "one of --ask, --open and --close"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(closing: Line, words: tuple[str, ...], code: int, said: str) -> None:
    command, *rest = words
    ran = closing("plan", command, "closing", *rest)
    assert ran.code == code
    assert said in " ".join(ran.err.replace("│", " ").split())
    assert not any(row["act"] == "plan amend" for row in closing("audit", "list", "--json").array())


def test_gates_are_shown_and_answered_for(closing: Line) -> None:
    (closing.folder / "gated.yaml").write_text(GATED, encoding="utf-8")
    assert closing("plan", "apply", "gated.yaml", *WHY).code == 0
    gate = ("plan", "gate", "closing", "--stage", "receive-end")
    (shown,) = closing(*gate, "--json").array()
    assert shown["state"] == "not asked yet"
    told = closing(*gate)
    assert "not asked yet" in told.out
    assert "addresses are left (wanted: 2 at most)" in told.out
    assert closing(*gate, "--open").code == 1, "not without a reason"
    asked = closing(*gate, "--ask", *WHY)
    assert "gate of receive-end not opened" in asked.err
    opened = closing(*gate, "--open", "--reason", "the board wants it")
    assert "gate of receive-end opened by hand" in opened.err
    assert "receive-end: waits -> 2027-03-31T18:00:00+09:00" in opened.err
    assert closing(*gate, "--json").array()[0]["state"] == "opened, by hand"
