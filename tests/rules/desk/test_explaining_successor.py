"""What `explain` and `plan show` say of a domain that goes to a successor (II-1)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from filters.mail import ClientKind
from filters.verdict import Because
from mailsvc.desk.amending import postpone
from mailsvc.desk.explaining import Explained, explain
from mailsvc.desk.planning.showing import show_plans
from mailsvc.desk.plans import apply_plan
from schedules.planfile import read_plan
from schedules.words import Stage
from tests.rules.desk.world import EXAMPLE_CSV, World, opened

PLAN = """\
plan: consolidation
zone: Asia/Tokyo
domains: [closing.example]
title: {ja: 統合, en: The move}
reason: {ja: 移行します, en: it moves}
stages: {announce: 2026-01-15, successor: {at: 2027-04-01, to: "smtp://mx.successor.example:25"}}
"""


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.take(EXAMPLE_CSV.read_bytes(), allow_shrink=True)
        apply_plan(world.desk, read_plan(PLAN, "consolidation.yaml"), "the board has said so")
        yield world


def told(world: World, at: str) -> Explained:
    return explain(world.desk, "hanako@closing.example", at, ClientKind.WORLD)


def test_ii1_explain_says_where_mail_goes_to_the_second(moving: World) -> None:
    before, after = told(moving, "2027-03-31T23:59:59"), told(moving, "2027-04-01T00:00:00")
    assert (before.because, before.goes_to) == (Because.LIVE, (f"maildir:{moving.folder}/mail/{{domain}}/{{user}}",))
    assert (after.because, after.goes_to) == (Because.ROUTED, ("smtp://mx.successor.example:25",))
    assert before.reply == after.reply == "250 2.1.5 Recipient OK"
    assert after.position is Stage.SUCCESSOR
    assert after.fields()["goes to"] == "smtp://mx.successor.example:25"
    assert explain(moving.desk, "nobody@closing.example", "2027-04-01", ClientKind.WORLD).goes_to == ()


def test_a_postponed_move_is_told_at_its_new_instant(moving: World) -> None:
    amended = postpone(moving.desk, "consolidation", (Stage.SUCCESSOR,), by="7 days", to=None, reason="an earthquake")
    assert "successor: 2027-04-01T00:00:00+09:00 -> 2027-04-08T00:00:00+09:00" in amended.lines()[1]
    assert told(moving, "2027-04-07T23:59:59").because is Because.LIVE
    assert told(moving, "2027-04-08").because is Because.ROUTED
    (shown,) = show_plans(moving.desk, "consolidation")
    row = shown.stage_rows()[-1]
    assert row["stage"] == "successor smtp://mx.successor.example:25"
    assert str(row["at"]) == "2027-04-08 00:00:00+09:00"
    assert str(row["written"]) == "2027-04-01 00:00:00+09:00"
