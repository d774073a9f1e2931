"""The journal in a file: what it says was kept is kept, whatever happens to the process."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.journals.file import JournalBusy, JournalFile, JournalUnusable
from migrator.journals.journal import Intent, Key, Mark, Settled, Settlement
from migrator.mailbox import FolderName, FolderState
from tests.rules.migrator.memory_mailboxes import SEEN

INBOX = ("INBOX",)
BEFORE = FolderState(3, 17, 16, 99)


def mark(uid: int, *, folder: FolderName = INBOX, validity: int = 1, settled: Settled | None = None) -> Mark:
    why = "so" if settled in {Settled.REFUSED, Settled.VANISHED} else ""
    return Mark(Key(folder, validity, uid), uid * 10, bytes([uid]) * 32, SEEN, settled, why)


def opened(tmp_path: Path, source: str = "old") -> JournalFile:
    return JournalFile.open(tmp_path / "state" / "journal", source=source, target="new")


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with opened(tmp_path):
            modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
            assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(old)
    assert set(modes.values()) == {0o600}


def test_the_journal_of_another_move_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with pytest.raises(JournalUnusable, match="another move"):
        opened(tmp_path, source="elsewhere")


def test_a_second_process_is_told_that_the_first_works(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from migrator.journals.file import *\n"
        "try: JournalFile.open(Path(sys.argv[1]), source='old', target='new')\n"
        "except JournalBusy as error: print(error)"
    )
    with opened(tmp_path):
        path = str(tmp_path / "state" / "journal")
        told = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert "in use by another run" in told.stdout


def test_a_second_opening_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(JournalBusy):
        opened(tmp_path)


def test_what_is_no_journal_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal").write_bytes(b"no database" * 500)
    with pytest.raises(JournalUnusable, match="no journal"):
        opened(tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalUnusable):
        opened(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_later_version_s_journal_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    database = sqlite3.connect(tmp_path / "state" / "journal")
    database.execute("UPDATE facts SET text = '2' WHERE name = 'format'")
    database.commit()
    database.close()
    with pytest.raises(JournalUnusable, match="format"):
        opened(tmp_path)


@pytest.fixture
def full(tmp_path: Path) -> Iterator[JournalFile]:
    journal = opened(tmp_path)
    yield journal
    journal.close()


def test_a_full_disk_is_told_and_leaves_what_was_kept(full: JournalFile) -> None:
    full.write([Settlement((mark(1, settled=Settled.COPIED),))])
    pages = full._database.execute("PRAGMA page_count").fetchone()[0]
    full._database.execute(f"PRAGMA max_page_count = {pages}")
    many = tuple(replace(mark(1), key=Key(INBOX, 1, uid)) for uid in range(2, 3000))
    with pytest.raises(JournalUnusable, match="cannot be written") as told:
        full.write([Intent(INBOX, BEFORE, many)])
    assert told.value.full
    full._database.execute("PRAGMA max_page_count = 1000000")
    assert list(full.intended()) == []
    full.write([Intent(INBOX, BEFORE, many)])
    assert len(list(full.marks(INBOX))) == 2999
