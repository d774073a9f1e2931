import sqlite3
import sys
from pathlib import Path

import pytest

from tests.faults.lost_pages import Kind, LostPages
from tests.support.programs import Program

pytestmark = pytest.mark.real("gcc")

PRELUDE = """
import os, sys
os.chdir(sys.argv[1])
def put(name, data, sync):
    fd = os.open(name, os.O_CREAT | os.O_WRONLY)
    os.write(fd, data)
    if sync: os.fsync(fd)
    os.close(fd)
def sync_folder(path="."):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
"""
ROWS = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/db", isolation_level=None)
for word in sys.argv[2].split(","): db.execute("PRAGMA " + word)
db.execute("CREATE TABLE t (n)")
for n in range(50):
    db.execute("INSERT INTO t VALUES (?)", (n,))
    print(n, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def run(folder: Path, code: str, *arguments: str) -> tuple[LostPages, str]:
    disk = folder / "disk"
    disk.mkdir(exist_ok=True)
    power = LostPages(disk, folder)
    command = [sys.executable, "-c", code, str(disk), *arguments]
    with Program(command, folder / "log", environ=power.environ) as program:
        program.wait()
    return power, program.output()


def left(folder: Path) -> dict[str, bytes]:
    disk = folder / "disk"
    return {str(path.relative_to(disk)): path.read_bytes() for path in disk.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("steps", "after"),
    [
        ("put('a', b'one', True); sync_folder()", {"a": b"one"}),
        ("put('a', b'one', False); sync_folder()", {"a": b""}),
        ("put('a', b'one', True)", {}),
        ("put('a', b'one', True); os.rename('a', 'b'); sync_folder()", {"b": b"one"}),
        ("put('a', b'one', True); sync_folder(); os.rename('a', 'b')", {"a": b"one"}),
        ("put('a', b'one', True); sync_folder(); os.link('a', 'b'); os.unlink('a'); sync_folder()", {"b": b"one"}),
        ("put('a', b'one', True); sync_folder(); os.unlink('a')", {"a": b"one"}),
        ("put('a', b'one', True); sync_folder(); put('a', b'ONE', False)", {"a": b"one"}),
        ("put('a', b'one', True); sync_folder(); os.ftruncate(os.open('a', os.O_RDWR), 1)", {"a": b"one"}),
        ("os.mkdir('d'); put('d/a', b'one', True); sync_folder('d')", {}),
        ("os.mkdir('d'); put('d/a', b'one', True); sync_folder('d'); sync_folder()", {"d/a": b"one"}),
        ("os.mkdir('d'); put('a', b'one', True); os.rename('a', 'd/a'); sync_folder()", {"a": b"one"}),
    ],
)
def test_only_what_was_synced_survives(tmp_path: Path, steps: str, after: dict[str, bytes]) -> None:
    power, output = run(tmp_path, PRELUDE + steps)
    assert output == ""
    power.cut()
    assert left(tmp_path) == after


def test_without_a_cut_the_files_are_what_the_program_made(tmp_path: Path) -> None:
    run(tmp_path, PRELUDE + "put('a', b'one', False); put('b', b'two', True)")
    assert left(tmp_path) == {"a": b"one", "b": b"two"}


def test_a_synced_file_has_its_octets_at_their_offsets(tmp_path: Path) -> None:
    steps = """
fd = os.open('a', os.O_CREAT | os.O_RDWR)
os.pwrite(fd, b'xyz', 5); os.write(fd, b'ab'); os.writev(fd, [b'c', b'd']); os.ftruncate(fd, 7)
ap = os.open('a', os.O_WRONLY | os.O_APPEND); os.write(ap, b'END')
os.fsync(fd); os.pwrite(fd, b'lost', 0); sync_folder()
"""
    power, output = run(tmp_path, PRELUDE + steps)
    assert output == ""
    power.cut()
    assert left(tmp_path) == {"a": b"abcd\0xyEND"}


def test_what_was_there_before_counts_as_durable(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "old").write_bytes(b"old")
    power, _ = run(tmp_path, PRELUDE + "put('old', b'NEW', False)")
    power.cut()
    assert left(tmp_path) == {"old": b"old"}


def test_a_cut_at_an_earlier_record(tmp_path: Path) -> None:
    power, _ = run(tmp_path, PRELUDE + "put('a', b'one', True); sync_folder(); put('b', b'two', True); sync_folder()")
    kinds = [record.kind for record in power.records()]
    assert kinds == [Kind.CREATE, Kind.WRITE, Kind.SYNC_FILE, Kind.SYNC_FOLDER] * 2
    power.cut(upto=4)
    assert left(tmp_path) == {"a": b"one"}


def rows(folder: Path) -> list[int]:
    with sqlite3.connect(folder / "disk" / "db") as db:
        found = [row[0] for row in db.execute("SELECT n FROM t")]
    db.close()
    return found


# A rollback journal's removal is synced with EXTRA only: FULL may lose the last row there, and the shim shows it.
@pytest.mark.parametrize(("journal", "synchronous"), [("WAL", "FULL"), ("DELETE", "EXTRA")])
def test_sqlite_that_syncs_keeps_every_acknowledged_row(tmp_path: Path, journal: str, synchronous: str) -> None:
    power, output = run(tmp_path, ROWS, f"journal_mode={journal},synchronous={synchronous}")
    assert len(output.split()) == 50
    power.cut()
    assert rows(tmp_path) == list(range(50))


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_sqlite_that_does_not_sync_loses_rows(tmp_path: Path, synchronous: str) -> None:
    power, output = run(tmp_path, ROWS, f"journal_mode=WAL,synchronous={synchronous}")
    assert len(output.split()) == 50
    power.cut()
    try:
        survived = rows(tmp_path)
    except sqlite3.Error:
        survived = []
    assert len(survived) < 50
