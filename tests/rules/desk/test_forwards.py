"""Forwards that rest are listed, and let go on with a reason."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsvc.desk.auditing import list_acts
from mailsvc.desk.forwards import list_forwards, resume_forward
from mailsvc.desk.refusals import Refused
from mailsvc.records import forward_pauses
from schedules.names import Address, BadName
from tests.rules.desk.world import NOW, World, opened

HANAKO, HOME = Address.parse("hanako@closing.example"), Address.parse("hanako@home.example")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as made:
        yield made


def rest(world: World, address: Address = HANAKO, target: Address = HOME) -> None:
    world.desk.records.act(lambda c: forward_pauses.pause(c, address, target, since=NOW, reply="550 5.1.1 no"))


def test_forwards_that_rest_are_listed_in_order(world: World) -> None:
    assert list_forwards(world.desk) == []
    rest(world, Address.parse("taro@closing.example"))
    rest(world)
    rows = list_forwards(world.desk)
    assert [row["address"] for row in rows] == ["hanako@closing.example", "taro@closing.example"]
    assert rows[0] == {"address": str(HANAKO), "target": str(HOME), "since": NOW, "reply": "550 5.1.1 no"}


def test_one_is_resumed_with_a_reason(world: World) -> None:
    rest(world)
    rest(world, Address.parse("taro@closing.example"))
    assert resume_forward(world.desk, "HANAKO@Closing.Example", "  it takes\nmail ") == [str(HOME)]
    assert [row["address"] for row in list_forwards(world.desk)] == ["taro@closing.example"]
    (act,) = list_acts(world.desk, "HANAKO@closing.example", 10)
    assert (act["act"], act["actor"], act["reason"]) == ("forward-resume", "tester", "it takes mail")
    assert act["detail"] == {"target": str(HOME)}


def test_what_cannot_be_resumed_is_told_and_changes_nothing(world: World) -> None:
    rest(world)
    with pytest.raises(Refused, match=r"no forward of taro@closing\.example rests: see `lastpost forwards list`"):
        resume_forward(world.desk, "taro@closing.example", "why not")
    with pytest.raises(Refused, match="reason is empty"):
        resume_forward(world.desk, str(HANAKO), " ")
    with pytest.raises(BadName):
        resume_forward(world.desk, "nobody", "why not")
    assert len(list_forwards(world.desk)) == 1
    assert list_acts(world.desk, None, 10) == []
