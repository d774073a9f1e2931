"""However a command fails, it ends with a sentence and a code; and what it prints on the way."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mailsvc.cli import session
from mailsvc.cli.exits import Exit, code_of
from mailsvc.cli.output import show_fields, show_json, show_table
from mailsvc.cli.progress import EVERY, Progress
from mailsvc.desk.refusals import Refused
from mailsvc.kit.secrets import BadSecret
from mailsvc.records.errors import Conflict, RecordsAway, WrongSchema
from mailsvc.standing import UnreadableEdition
from schedules.names import BadName
from schedules.positions import BadFile, Position, Problem, Wrong


def raising(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (Refused("it is late", "go home"), Exit.FAILED, "lastpost: it is late: go home"),
        (Refused("no folder a\n1 message\x1b[2J", "b"), Exit.FAILED, "lastpost: no folder a\\n1 message\\x1b[2J: b"),
        (RecordsAway("the records are away: locked"), Exit.FAILED, "lastpost: the records are away: locked"),
        (WrongSchema("run `lastpost init`"), Exit.FAILED, "lastpost: run `lastpost init`"),
        (UnreadableEdition("the stored plan p: odd"), Exit.FAILED, "lastpost: the stored plan p: odd"),
        (Conflict("somebody was first"), Exit.FAILED, "lastpost: somebody was first"),
        (BadSecret("the file is open to all", "chmod 600"), Exit.FAILED, "the file is open to all: chmod 600"),
        (FileNotFoundError(2, "No such file or directory", "x.csv"), Exit.FAILED, "x.csv: No such file or directory"),
        (Wrong("'x' is no time", "write a date"), Exit.USAGE, "'x' is no time: write a date"),
        (BadName("'x' is not an address"), Exit.USAGE, "'x' is not an address"),
        (BadFile([Problem(Position("p.yaml", 3, 4), "odd", "even it")]), Exit.PROBLEMS, "p.yaml:3:4: odd: even it"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (
            ZeroDivisionError("division by zero"),
            Exit.FAILED,
            "failed unexpectedly: ZeroDivisionError: division by zero",
        ),
    ],
)
def test_each_failure_is_one_sentence_and_a_code(
    error: BaseException, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(raising(error)) == code
    caught = capsys.readouterr()
    assert told in caught.err
    assert (caught.out, caught.err.count("\n")) == ("", 1)


def test_the_traceback_is_there_for_those_who_ask(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTPOST_DEBUG", "1")
    code_of(raising(ZeroDivisionError("division by zero")))
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_listing_is_one_array_with_an_element_a_line(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"number": number, "name": "花子"} for number in range(count))
    out = capsys.readouterr().out
    assert json.loads(out) == [{"number": number, "name": "花子"} for number in range(count)]
    assert out.count("花子") == count


def test_people_read_several_names_as_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    show_fields({"recipients": ["a@x.example", "b@x.example"]})
    assert capsys.readouterr().out == "recipients  a@x.example, b@x.example\n"


def test_without_a_terminal_a_listing_is_tab_separated(capsys: pytest.CaptureFixture[str]) -> None:
    show_table([{"a": None, "b": True, "c": {"x": 1}}], ("a", "b", "c"))
    assert capsys.readouterr().out == '\tyes\t{"x": 1}\n'


def test_on_a_terminal_a_listing_has_its_heads(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show_table([{"address": "[bold]@x.example"}], ("address",))
    out = capsys.readouterr().out
    assert "address" in out
    assert "[bold]@x.example" in out


def test_progress_without_a_terminal_is_a_line_every_five_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "accounts.csv"
    file.write_bytes(b"x" * 1000)
    now = [100.0]
    with Progress(file, terminal=False, monotonic=lambda: now[0]) as progress:
        progress(1000, 100)
        now[0] += EVERY
        progress(2000, 200)
        progress(3000, 300)
    assert capsys.readouterr().err == "2,000 rows, 20 %\n"


def test_progress_on_a_terminal_leaves_nothing_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(tmp_path / "none.csv", terminal=True) as progress:
        progress(1000, 100)
    assert capsys.readouterr().out == ""


def test_the_actor_is_the_user_and_who_became_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "hanako")
    assert session.actor() == "root (sudo: hanako)"
    monkeypatch.delenv("SUDO_USER")
    assert session.actor() == "root"
    monkeypatch.setattr("os.getuid", lambda: 987_654)
    monkeypatch.setenv("SUDO_USER", "hanako")
    assert session.actor() == "uid 987654"
