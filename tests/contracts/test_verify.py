"""What is wrong with a backup is found: rows changed or gone, bodies that are not the ones taken in, files cut off."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mailsvc.records import backup
from mailsvc.records.facts import NotABackup
from mailsvc.records.store import Records
from tests.contracts.made import NOW, accepted
from tests.contracts.test_backup import tell, verify


@contextmanager
def tampered(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file)) as plain, plain:
        yield plain


@pytest.fixture
async def made(tmp_path: Path) -> Path:
    """A backup of two messages, one of them large."""
    with Records.open(f"sqlite:///{tmp_path / 'records.db'}", create=True) as records:
        async with records.committer.running():
            await accepted(records, octets=b"first letter " * 300)
            await accepted(records, octets=b"second letter" * 200_000)
            backup.make(records, tmp_path / "made.backup", NOW, tell)
    return tmp_path / "made.backup"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM deliveries WHERE rowid = 1", "table deliveries has 1 rows, but had 2"),
        ("UPDATE deliveries SET recipient = 'mallory@x.example'", "deliveries is not as it was"),
        ("DELETE FROM body_chunks WHERE number = 2", "body_chunks has"),
        ("UPDATE body_chunks SET data = x'00' || substr(data, 2)", "is not the one that was taken in"),
        ("DELETE FROM messages", "belongs to one of messages that is not there"),
        ("DROP TABLE usage", "table usage is missing"),
        ("CREATE TABLE strange (a)", "strange was not there"),
    ],
)
def test_what_was_changed_is_found(made: Path, statement: str, problem: str) -> None:
    with tampered(made) as plain:
        plain.execute(statement)
    assert any(problem in told for told in verify(made).problems)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER evil AFTER INSERT ON messages BEGIN UPDATE messages SET mail_from = 'x@y.example'; END",
        "DROP TRIGGER audit_no_update; CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT 1; END",
        "CREATE VIEW evil AS SELECT * FROM audit",
    ],
)
def test_what_would_act_by_itself_once_restored_is_found(made: Path, statement: str) -> None:
    with tampered(made) as plain:
        plain.executescript(statement)
    assert "is none that this program makes" in verify(made).problems[0]


def test_a_flipped_bit_in_a_body_is_found(made: Path) -> None:
    octets = bytearray(made.read_bytes())
    octets[octets.index(b"first letter first letter")] ^= 1
    made.write_bytes(octets)
    (problem,) = verify(made).problems
    assert "is not the one that was taken in" in problem


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_cut_off_is_found(made: Path, share: float) -> None:
    made.write_bytes(made.read_bytes()[: int(made.stat().st_size * share)])
    try:
        assert verify(made).problems
    except NotABackup:
        assert share < 1


def test_what_is_no_backup_is_told(made: Path, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear reader, this is a letter. " * 40)
    for file in (tmp_path / "letter", tmp_path / "records.db"):
        with pytest.raises(NotABackup):
            verify(file)
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "nothing")
    with tampered(made) as plain:
        plain.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NotABackup, match=r"9999.*newer program"):
        verify(made)
