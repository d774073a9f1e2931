"""How far a move has come, told to people and programs."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from mailsvc.cli.move_progress import How, Told, ticking
from mailsvc.kit.printable import printable
from migrator.journals.journal import Key, Mark, Settled

MARK = Mark(Key(("A", "B"), 1, 1), 1_500_000, b"", frozenset(), Settled.COPIED)


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def played(how: How, clock: Hands, *, terminal: bool = False) -> None:
    with Told(how, terminal=terminal, monotonic=clock) as told:
        told.says("reading back A")
        told.expects(4, 6_000_000)
        told.settled(("A", "B"), [MARK])
        clock.seconds += 6
        told.settled(("A", "B"), [MARK, MARK])
        told.settled(("A", "B"), [MARK])


@pytest.mark.parametrize("how", [How.AUTO, How.LINES])
def test_without_a_terminal_a_line_comes_at_the_start_and_each_five_seconds(
    how: How, capsys: pytest.CaptureFixture[str]
) -> None:
    played(how, Hands())
    assert capsys.readouterr().err == (
        "reading back A\n0 of 4 messages, 0.0 of 6.0 MB\n3 of 4 messages, 4.5 of 6.0 MB, A/B\n"
    )


def test_a_program_gets_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    played(How.JSON, Hands())
    said, start, later, end = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert said == {"says": "reading back A"}
    assert (start["messages"], start["of_messages"], start["of_octets"]) == (0, 4, 6_000_000)
    assert (later["messages"], later["octets"], later["folder"], later["seconds"]) == (3, 4_500_000, "A/B", 6.0)
    assert end["messages"] == 4


def test_every_key_of_it_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    played(How.JSON, Hands())
    said, start, *_ = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    documented = (Path(__file__).parents[3] / "docs" / "MIGRATION.md").read_text(encoding="utf-8")
    assert [key for key in start if f"`{key}`" not in documented] == []
    assert [f'{{"{key}": …}}' in documented for key in said] == [True]


def test_on_a_terminal_there_is_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    played(How.AUTO, Hands(), terminal=True)
    caught = capsys.readouterr()
    assert caught.out == ""
    assert "A/B" in caught.err


def test_more_than_was_expected_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with Told(How.JSON, monotonic=Hands()) as told:
        told.expects(1, None)
        told.settled(("A",), [MARK, MARK])
    last = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (last["messages"], last["of_messages"], last["of_octets"]) == (2, 2, None)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", ["[Gmail]", "[/]", "[red]", "2019年度 株式会社エヌ・ティ・ティ" * 9, "a\x1b[2J"])
def test_whatever_a_folder_is_called_numbers_and_bar_stand_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int, name: str
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    with Told(How.AUTO, terminal=True, monotonic=Hands()) as told:
        told.expects(99_999, 999_900_000)
        told.settled((name,), [MARK])
        told.says(f"{name} is away: going on in 5 s")
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert "\x1b" not in drawn
    lines = [line for line in drawn.replace("\r", "\n").splitlines() if "1 of 99,999 messages, 1.5 of 999.9 MB" in line]
    assert lines
    assert all(cell_len(line) <= columns for line in lines)
    assert printable(name[:9]) in lines[-1]
    assert f"{printable(name)} is away: going on in 5 s" in drawn.replace("\n", "")


def test_a_folder_that_breaks_lines_writes_no_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\n2 messages found; all of them are in the target"
    with Told(How.LINES, terminal=False, monotonic=(clock := Hands())) as told:
        told.expects(2, 10)
        clock.seconds = 60
        told.settled((name,), [MARK])
        told.says(f"{name} is away")
    lines = capsys.readouterr().err.splitlines()
    assert sum(printable(name) in line for line in lines) == 2
    assert not [line for line in lines if line.startswith("2 messages found")]


def test_a_large_message_counts_for_more_than_a_small_one(capsys: pytest.CaptureFixture[str]) -> None:
    with Told(How.AUTO, terminal=True, monotonic=Hands()) as told:
        told.expects(2, 10_000_000)
        told.settled(("A",), [MARK])
        assert told._bar is not None
        assert told._bar.tasks[0].percentage == pytest.approx(15, abs=0.1)
    assert capsys.readouterr().out == ""


def test_a_program_reads_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with Told(How.JSON, monotonic=Hands()) as told:
        told.says("写真\x1b\u202e")
    first = capsys.readouterr().err.splitlines()[0]
    assert json.loads(first) == {"says": "写真\x1b\u202e"}
    assert "写真" in first
    assert "\u202e" not in first


async def watched(how: How, seconds: int) -> None:
    """So many seconds in which nothing comes of the first of two messages."""
    clock, over = Hands(), asyncio.Event()

    async def sleep(length: float) -> None:
        clock.seconds += length
        if clock.seconds > seconds:
            over.set()
        await asyncio.sleep(0)

    with Told(how, terminal=False, monotonic=clock) as told:
        told.expects(2, 3_000_000)
        async with ticking(told, sleep):
            await over.wait()
        settled = clock.seconds
        await asyncio.sleep(0)
        assert clock.seconds == settled  # it ends with its block


async def test_a_line_comes_each_five_seconds_though_nothing_else_does(capsys: pytest.CaptureFixture[str]) -> None:
    await watched(How.LINES, 17)
    assert capsys.readouterr().err.splitlines() == ["0 of 2 messages, 0.0 of 3.0 MB"] * 4


async def test_a_program_hears_each_second_that_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    await watched(How.JSON, 3)
    told = [json.loads(line)["seconds"] for line in capsys.readouterr().err.splitlines()]
    assert told[:4] == [0, 1, 2, 3]
