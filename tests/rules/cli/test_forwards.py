"""`lastpost forwards` at the terminal and for programs."""

from mailsvc.records import forward_pauses
from mailsvc.records.store import Records
from schedules.names import Address
from tests.rules.cli.conftest import Line
from tests.rules.desk.world import NOW


def rest(line: Line) -> None:
    with Records.open(f"sqlite:///{line.folder / 'records.db'}") as records:
        hanako, home = Address.parse("hanako@closing.example"), Address.parse("hanako@home.example")
        records.act(lambda c: forward_pauses.pause(c, hanako, home, since=NOW, reply="550 5.1.1 no"))


def test_forwards_are_listed_and_resumed(made: Line) -> None:
    assert made("forwards", "list", "--json").array() == []
    rest(made)
    (row,) = made("forwards", "list", "--json").array()
    assert (row["address"], row["target"], row["reply"]) == (
        "hanako@closing.example", "hanako@home.example", "550 5.1.1 no",
    )  # fmt: skip
    assert "hanako@home.example" in made("forwards", "list").out
    done = made("forwards", "resume", "hanako@closing.example", "--reason", "it takes mail again")
    assert (done.code, done.out) == (0, "")
    assert "forwarded to hanako@home.example again" in done.err
    assert made("forwards", "list", "--json").array() == []


def test_json_has_one_row_for_each_target(made: Line) -> None:
    rest(made)
    done = made("forwards", "resume", "hanako@closing.example", "--reason", "asked", "--json")
    assert done.array() == [{"address": "hanako@closing.example", "target": "hanako@home.example"}]


def test_what_does_not_rest_is_code_1_and_a_reason_is_needed(made: Line) -> None:
    refused = made("forwards", "resume", "hanako@closing.example", "--reason", "asked")
    assert refused.code == 1
    assert "no forward of hanako@closing.example rests" in refused.err
    assert made("forwards", "resume", "hanako@closing.example").code == 2
