"""The journal in a file: what it says was kept is kept, whatever happens to the process."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    with pytest.raises(JournalUnusable, match="cannot be used") as told:
        full.write([Intent(INBOX, BEFORE, many)])
    assert told.value.full
    full._database.execute("PRAGMA max_page_count = 1000000")
    assert list(full.intended()) == []
    full.write([Intent(INBOX, BEFORE, many)])
    assert len(list(full.marks(INBOX))) == 2999


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_says_so_or_what_it_held(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        with JournalFile.open(path, source="old", target="new") as journal:
            journal.write([Settlement(tuple(mark(uid, settled=Settled.COPIED) for uid in range(1, 60)))])
            journal.name({INBOX: INBOX, ("A",): ("B",)})
            journal.note(INBOX, "so")
            journal.finish({INBOX: BEFORE})
        octets = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 40))):
            octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(octets[: data.draw(st.integers(1, len(octets)))] if data.draw(st.booleans()) else octets)
        with suppress(JournalUnusable), JournalFile.open(path, source="old", target="new") as journal:
            list(journal.known(INBOX, 1))
            list(journal.marks(INBOX))
            list(journal.intended())
            journal.names(), journal.notes(), journal.counts(), journal.state(INBOX)


def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "j")) as other:
        other.execute("CREATE TABLE places (url TEXT)")
    with pytest.raises(JournalUnusable, match="database of another program"):
        JournalFile.open(tmp_path / "j", source="old", target="new")
    with closing(sqlite3.connect(tmp_path / "j")) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("places",)]


def test_a_journal_of_a_later_program_is_told_as_such(tmp_path: Path) -> None:
    JournalFile.open(tmp_path / "j", source="old", target="new").close()
    with closing(sqlite3.connect(tmp_path / "j")) as later:
        later.execute("UPDATE facts SET text = '2' WHERE name = 'format'")
        later.commit()
    with pytest.raises(JournalUnusable, match="format 2, and this program reads 1"):
        JournalFile.open(tmp_path / "j", source="old", target="new")


def test_a_link_in_place_of_a_journal_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"")
    (tmp_path / "j").symlink_to(tmp_path / "victim")
    with pytest.raises(JournalUnusable):
        JournalFile.open(tmp_path / "j", source="old", target="new")
    assert (tmp_path / "victim").read_bytes() == b""


def test_no_folder_above_it_is_open_to_others(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        JournalFile.open(tmp_path / "a" / "b" / "j", source="old", target="new").close()
    finally:
        os.umask(old)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "a", tmp_path / "a" / "b")] == [0o700] * 2


def test_flags_with_odd_blanks_come_back_as_they_were(journal: JournalFile) -> None:
    odd = replace(mark(1, settled=Settled.COPIED), flags=frozenset({"a\u00a0b", "c\td", "e\x85"}))
    none = replace(mark(2, settled=Settled.COPIED), flags=frozenset[str]())
    journal.write([Settlement((odd, none))])
    assert list(journal.marks(INBOX)) == [odd, none]
