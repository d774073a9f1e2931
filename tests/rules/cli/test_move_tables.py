"""What a move did, or would do, as a person sees it: what is nothing is blank, and names stand aligned."""

import sys
from datetime import UTC, datetime
from functools import partial

import pytest

from mailsvc.cli.move_tables import show_plan, show_receipt
from migrator.mailbox import FolderName, Room
from migrator.preflight import FolderPlan, Preflight
from migrator.receipts.receipt import FolderReceipt, Named, Receipt

THEN = datetime(2027, 4, 1, 3, tzinfo=UTC)
MOVED = partial(Receipt, source="hanako at a", target="hanako at b", began=THEN, ended=THEN)


def planned(folder: FolderName, messages: int, *, into: FolderName = ()) -> FolderPlan:
    return FolderPlan(folder, into or folder, messages, messages, messages * 3000, 0, None)


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")


def test_on_a_terminal_a_plan_fits_and_begins_with_the_inbox(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_terminal(monkeypatch)
    folders = (planned(("仕事", "請求書"), 5000), planned(("空",), 0), planned(("INBOX",), 300))
    show_plan(Preflight("a", "b", folders, {}, Room(octets=78_000_000_000), (), 7380.0))
    told = capsys.readouterr().out
    assert "5300 messages, 15.9 MB" in told
    assert "78,000.0 MB" in told
    assert "about 2h 3m" in told
    header, *rows = told.split("\n\n")[1].splitlines()
    assert header.split() == ["folder", "holds", "messages", "size"]
    assert [row.split()[0] for row in rows] == ["INBOX", "仕事/請求書", "空"]
    assert rows[1].split()[1:] == ["5,000", "5,000", "15.0", "MB"]
    assert rows[2].split()[1:] == ["0"]


def test_on_a_terminal_a_receipt_shows_only_what_there_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_terminal(monkeypatch)
    folders = (
        FolderReceipt(folder=("z",), into=("z-abcdefgh",), found=2, copied=1, refused=(Named(7, "too large"),)),
        FolderReceipt(folder=("INBOX",), into=("INBOX",), found=1000, copied=1000, octets=2_000_000),
    )
    show_receipt(MOVED(folders=folders))
    lines = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["folder", "into", "found", "copied", "refused", "size"],
        ["INBOX", "1,000", "1,000", "2.0", "MB"],
        ["z", "z-abcdefgh", "2", "1", "1"],
    ]
    assert lines[3:] == ["z: message 7 refused: too large"]


def test_a_program_gets_every_number(capsys: pytest.CaptureFixture[str]) -> None:
    folders = (FolderReceipt(folder=("A", "B"), into=("A", "B"), found=1000, copied=1000, octets=2_000_000),)
    show_receipt(MOVED(folders=folders))
    assert capsys.readouterr().out.endswith("\nA/B\tA/B\t1000\t1000\t0\t0\t0\t0\t2000000\n")
