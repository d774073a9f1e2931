"""`export-kill`, `file-kill`: a move into an archive that is killed, or finds its disk full, goes on with all of it."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from zipfile import ZipFile

import pytest

from migrator.archive.listing import listed
from migrator.archive.source import ZipSource
from migrator.archive.verify import verify
from migrator.mailbox import Message, Wanted
from tests.faults.limits import fill, small_disk
from tests.faults.move_killed import check_killed
from tests.rules.migrator.maildir.trees import folder, lay

ROOT = Path(__file__).parents[2]
MESSAGES = 9
EVERY = 12  # of the kill points, in a short run


def filled(root: Path, size: int = 30, *, first: int = 0) -> Path:
    """A Maildir with twins, flags and keywords in three folders."""
    for name in ("", ".Sent", ".A.B"):
        box = folder(root, name)
        (box / "dovecot-keywords").write_text("0 $Label1\n")
        for number in range(first, first + MESSAGES // 3):
            octets = b"Subject: %d\r\n\r\n" % (number // 2) + b"x" * size + b"\r\n"
            lay(box, f"{1000 + number}.M{number}P1.a:2,{'Sa' if number else ''}", octets)
    (root / "subscriptions").write_text("Sent\nA.B\n")
    return root


def moved(tmp_path: Path, new: Path, *, kill_at: int = 0) -> "subprocess.CompletedProcess[str]":
    words = ["migrate", "mailbox", "--from", f"maildir:{tmp_path / 'old'}", "--to", f"zip:{new}?viewer=no"]
    return run(tmp_path, words, kill_at)


def run(tmp_path: Path, words: list[str], kill_at: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.faults.move_killed", str(kill_at), *words]
    environ = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=180, check=False)


def held(new: Path) -> Counter[tuple[str, bytes, frozenset[str]]]:
    """Folder, octets and flags of every message in the finished parts."""

    async def read() -> list[Message]:
        source = ZipSource(new)
        names = [one.name for one in await source.folders()]
        found = [one async for one in source.messages([Wanted(name) for name in names])]
        assert all(isinstance(one, Message) for one in found)
        whole = [one for one in found if isinstance(one, Message)]
        await source.close()
        return whole

    return Counter(
        ("/".join(one.folder), b"".join(one.content.chunks()), one.item.flags) for one in asyncio.run(read())
    )


def wanted(messages: int = MESSAGES // 3, size: int = 30) -> Counter[tuple[str, bytes, frozenset[str]]]:
    return Counter(
        (name, b"Subject: %d\r\n\r\n" % (number // 2) + b"x" * size + b"\r\n",
         frozenset({"\\Seen", "$Label1"} if number else ()))
        for name in ("INBOX", "Sent", "A/B")
        for number in range(messages)
    )  # fmt: skip


def check_whole(new: Path) -> None:
    """Whatever has its final name is whole, for us and for others."""
    for part in new.parent.glob("*.zip"):
        with ZipFile(part) as opened:
            assert opened.testzip() is None
    if new.exists():
        assert verify(new).findings == []


def check_killed_at(tmp_path: Path, point: int, *, parts: int = 1) -> None:
    filled(tmp_path / "old")
    new = tmp_path / "new" / "mail.zip"
    if parts == 2:
        assert moved(tmp_path, new).returncode == 0
        filled(tmp_path / "old", first=MESSAGES // 3)
    killed = moved(tmp_path, new, kill_at=point)
    check_killed(killed, point)
    check_whole(new)
    ran = moved(tmp_path, new)
    assert ran.returncode == 0, ran.stderr
    check_whole(new)
    assert held(new) == wanted(parts * MESSAGES // 3)
    assert sum(1 for _ in listed(new)) == parts * MESSAGES
    names = ["mail.zip"] if parts == 1 else ["mail-2.zip", "mail.zip"]
    assert sorted(path.name for path in new.parent.iterdir()) == names


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> int:
    folder_of_run = tmp_path_factory.mktemp("watched")
    filled(folder_of_run / "old")
    ran = moved(folder_of_run, folder_of_run / "new" / "mail.zip")
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def delta_steps(tmp_path_factory: pytest.TempPathFactory) -> int:
    folder_of_run = tmp_path_factory.mktemp("watched")
    filled(folder_of_run / "old")
    moved(folder_of_run, folder_of_run / "new" / "mail.zip")
    filled(folder_of_run / "old", first=MESSAGES // 3)
    ran = moved(folder_of_run, folder_of_run / "new" / "mail.zip")
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout.splitlines()[-1])


def test_killed_at_some_steps_it_goes_on(tmp_path: Path, steps: int) -> None:
    assert steps > 20
    for point in range(1, steps + 1, max(1, steps // EVERY)):
        check_killed_at(tmp_path / str(point), point)


def test_killed_while_it_gets_its_name_it_goes_on(tmp_path: Path, steps: int) -> None:
    for point in range(steps - 9, steps + 1, 3):
        check_killed_at(tmp_path / str(point), point)


def test_a_delta_killed_at_some_steps_goes_on(tmp_path: Path, delta_steps: int) -> None:
    for point in range(2, delta_steps + 1, delta_steps // 4):
        check_killed_at(tmp_path / str(point), point, parts=2)


def check_taken_apart(tmp_path: Path, every: int) -> None:
    filled(tmp_path / "old")
    assert moved(tmp_path, tmp_path / "mail.zip").returncode == 0

    def taken_apart(into: Path, kill_at: int = 0) -> tuple["subprocess.CompletedProcess[str]", dict[str, bytes]]:
        ran = run(tmp_path, ["archive", "extract", str(tmp_path / "mail.zip"), "--to", str(into)], kill_at)
        return ran, {str(one.relative_to(into)): one.read_bytes() for one in into.rglob("*") if one.is_file()}

    ran, whole = taken_apart(tmp_path / "whole")
    steps = int(ran.stdout.splitlines()[-1])
    assert (ran.returncode, len(whole), steps > 4 * MESSAGES) == (0, MESSAGES + 1, True)
    for point in range(2, steps + 1, max(1, steps // every)):
        killed, there = taken_apart(tmp_path / str(point), point)
        check_killed(killed, point)
        there.pop(".extracting", None)
        assert there.items() <= whole.items()
        again, there = taken_apart(tmp_path / str(point))
        assert (again.returncode, there) == (0, whole), again.stderr


def test_taking_apart_killed_at_some_steps_goes_on_and_half_a_file_never_has_a_name(tmp_path: Path) -> None:
    check_taken_apart(tmp_path, 3)


@pytest.mark.long
def test_taking_apart_killed_at_every_step_goes_on(tmp_path: Path) -> None:
    check_taken_apart(tmp_path, 1_000)


@pytest.mark.long
def test_killed_at_every_step_it_goes_on(tmp_path: Path, steps: int) -> None:
    for point in range(1, steps + 1):
        check_killed_at(tmp_path / str(point), point)


@pytest.mark.long
def test_a_delta_killed_at_every_step_goes_on(tmp_path: Path, delta_steps: int) -> None:
    for point in range(1, delta_steps + 1):
        check_killed_at(tmp_path / str(point), point, parts=2)


@pytest.mark.real("tmpfs")
def test_a_full_disk_pauses_it_and_room_lets_it_go_on(tmp_path: Path) -> None:
    filled(tmp_path / "old", size=200_000)
    with small_disk(tmp_path / "disk") as disk:
        new = disk / "mail.zip"
        ballast = fill(disk, leave=900_000)
        paused = moved(tmp_path, new)
        assert paused.returncode == 4, paused.stderr
        assert "no room" in paused.stderr
        assert "run the same command again" in paused.stderr
        assert not new.exists()
        ballast.unlink()
        ran = moved(tmp_path, new)
        assert ran.returncode == 0, ran.stderr
        check_whole(new)
        assert held(new) == wanted(size=200_000)


@pytest.mark.real("tmpfs")
def test_a_disk_that_is_full_when_all_is_put_leaves_no_part_and_no_receipt(tmp_path: Path) -> None:
    filled(tmp_path / "old", size=200_000)
    assert moved(tmp_path, tmp_path / "tried" / "mail.zip").returncode == 0
    with ZipFile(tmp_path / "tried" / "mail.zip") as tried:
        pages = tried.infolist()[-1].header_offset // 4096 + 1
    all_put = 0
    for more in (1, 2, 3):
        with small_disk(tmp_path / f"disk{more}") as disk:
            new = disk / "mail.zip"
            ballast = fill(disk, leave=(pages + more) * 4096)
            paused = moved(tmp_path, new)
            if paused.returncode == 0:
                continue
            assert (paused.returncode, "no room" in paused.stderr) == (4, True), paused.stderr
            assert not new.exists()
            all_put += new.with_name("mail.zip.ledger").read_bytes().count(b'"kind":"message"') == MESSAGES
            ballast.unlink()
            assert moved(tmp_path, new).returncode == 0
            assert held(new) == wanted(size=200_000)
    assert all_put
