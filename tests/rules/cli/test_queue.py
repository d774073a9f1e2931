"""`lastpost queue`: one array for machines, a table for people, and each act told in a sentence."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.records import deliveries
from mailsvc.records.queue import COLUMNS
from mailsvc.records.store import Records
from tests.rules.cli.conftest import Line
from tests.rules.cli.test_listings import ID, stored
from tests.rules.desk.world import NOW


@pytest.fixture
def waiting(made: Line) -> Line:
    """One message to hanako, undeliverable, and to jiro, in the hand of an attempt that was given up an hour later."""
    asyncio.run(stored(made.folder))
    return made


def end_leases(folder: Path) -> None:
    with Records.open(f"sqlite:///{folder / 'records.db'}") as records:
        records.act(lambda conn: deliveries.end_leases(conn, NOW - timedelta(days=900)))


def states(line: Line) -> dict[object, object]:
    return {row["recipient"]: row["state"] for row in line("queue", "list", "--json").array()}


def test_the_queue_is_one_array_and_its_totals_are_told_beside_it(waiting: Line) -> None:
    ran = waiting("queue", "list", "--json")
    assert [tuple(row) for row in ran.array()] == [COLUMNS, COLUMNS]
    assert ran.out.count("\n") == 4
    assert ran.err == "2 waiting: 1 claimed, 1 undeliverable\n"
    (row,) = waiting("queue", "list", "--state", "undeliverable", "--json").array()
    assert (row["message"], row["recipient"], row["last_reply"]) == (ID, "hanako@closing.example", "550 5.1.1 nobody")
    nothing = waiting("queue", "list", "--sender", "<>", "--older", "1 h", "--domain", "closing.example", "--json")
    assert (nothing.out, nothing.err) == ("[]\n", "nothing waits\n")


def test_people_read_lines_that_are_cut_only_by_number(waiting: Line) -> None:
    people = waiting("queue", "list", "--limit", "1")
    assert people.out.startswith(f"{ID}\thanako@closing.example\tfriend@elsewhere.example\t38\tundeliverable\t1\t")
    assert people.err == "2 waiting: 1 claimed, 1 undeliverable, the oldest 1 shown (--limit shows more)\n"


def test_a_message_is_shown_with_its_header_and_never_its_body(waiting: Line) -> None:
    people = waiting("queue", "show", ID)
    assert "\nSubject: x\n" in people.out
    assert "550 5.1.1 nobody" in people.out
    (shown,) = waiting("queue", "show", ID, "--json").array()
    assert shown["header"] == ["Subject: x"]
    assert "nobody else reads this" not in people.out + json.dumps(shown)


def test_a_delivery_is_held_released_tried_again_and_dropped(waiting: Line) -> None:
    end_leases(waiting.folder)
    assert waiting("queue", "hold", ID, "--reason", "a complaint").err == "2 deliveries held\n"
    assert set(states(waiting).values()) == {"held"}
    assert waiting("queue", "release", "--recipient", "jiro@closing.example").err == "1 delivery released\n"
    assert states(waiting) == {"hanako@closing.example": "held", "jiro@closing.example": "queued"}
    assert waiting("queue", "retry", "--all").err == "1 delivery due now\n"
    assert waiting("queue", "drop", ID, "--reason", "spam").err == "2 deliveries dropped\n"
    assert states(waiting) == {}
    assert len(waiting("queue", "list", "--all", "--json").array()) == 2
    told = waiting("audit", "list", "--json").array()
    assert [(row["act"], row["subject"]) for row in told][:4] == [
        ("queue drop", ID),
        ("queue retry", "queue"),
        ("queue release", "queue"),
        ("queue hold", ID),
    ]


def test_an_act_tells_what_it_did_in_json(waiting: Line) -> None:
    end_leases(waiting.folder)
    for words in (("hold", ID), ("release", "--all"), ("retry", "--all"), ("drop", ID, "--reason", "spam")):
        (told,) = waiting("queue", *words, "--json").array()
        assert told == {"deliveries": 2, "in_hand": 0, "until": None}, words


def test_what_is_in_hand_is_left_and_said(waiting: Line) -> None:
    with Records.open(f"sqlite:///{waiting.folder / 'records.db'}") as records:
        records.act(lambda conn: conn.exec_driver_sql("UPDATE deliveries SET lease_until = 9e15 WHERE number = 1"))
    ran = waiting("queue", "hold", "--all")
    assert (ran.code, ran.err.splitlines()[0]) == (3, "1 delivery held")
    assert "1 being tried at this moment" in ran.err
    alone = waiting("queue", "hold", f"{ID}-1")
    assert alone.code == 1
    assert "being tried at this moment, until" in alone.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("hold",), 2, "say which"),
        (("hold", "--all", "--lane", "x"), 2, "say which"),
        (("drop", ID), 2, "--reason"),
        (("drop", "--reason", "spam"), 2, "ID"),
        (("drop", ID, "--reason", " "), 1, "--reason"),
        (("list", "--state", "lost"), 2, "there is no state 'lost'"),
        (("list", "--older", "long"), 2, "not a duration"),
        (("list", "--domain", "a b"), 2, "not a domain name"),
        (("retry", "M9"), 1, "nothing waits under M9"),
        (("show", "M9"), 1, "there is no message"),
    ],
)
def test_what_makes_no_sense_is_told_and_changes_nothing(
    waiting: Line, words: tuple[str, ...], code: int, said: str
) -> None:
    before = waiting("queue", "list", "--json").array()
    ran = waiting("queue", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in " ".join(ran.err.replace("│", " ").split())
    rest = [{**row, "age": 0} for row in waiting("queue", "list", "--json").array()]
    assert rest == [{**row, "age": 0} for row in before]
