"""A journal is made whole; one that is empty was one, and is never taken for a new one."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from migrator.journals.file import JournalFile, JournalUnusable


def opened(tmp_path: Path) -> JournalFile:
    return JournalFile.open(tmp_path / "state" / "journal", source="old", target="new")


@pytest.mark.parametrize("octets", [0, 4096])
def test_an_empty_file_is_refused_and_told_how_to_begin_anew(tmp_path: Path, octets: int) -> None:
    with closing(sqlite3.connect(tmp_path / "j")) as empty:
        empty.execute("PRAGMA journal_mode = WAL" if octets else "SELECT 1")
    assert (tmp_path / "j").stat().st_size == octets
    for _ in range(2):
        with pytest.raises(JournalUnusable, match=r"is empty, .*: delete it to begin anew"):
            JournalFile.open(tmp_path / "j", source="old", target="new")


def test_a_run_that_is_killed_while_it_makes_its_journal_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", killed)
        with pytest.raises(KeyboardInterrupt):
            opened(tmp_path)
    assert list((tmp_path / "state").iterdir()) == []
    opened(tmp_path).close()


def test_two_that_begin_at_once_have_one_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(tmp_path).close()
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    with opened(tmp_path) as journal:
        journal.note(("INBOX",), "so")
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["journal"]
