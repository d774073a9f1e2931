"""`export-kill`, `file-kill`: a move into mbox files that is killed goes on; a file under its name is always whole."""

import mailbox
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from migrator.mailbox import Message, Wanted
from migrator.mbox.source import MboxSource
from tests.faults.limits import fill, small_disk
from tests.faults.move_killed import check_killed
from tests.faults.test_maildir_moves import filled
from tests.faults.test_maildir_moves import moved as moved_to
from tests.rules.migrator.maildir.trees import lay

EVERY = 5  # of the kill points, in a short run
Told = Counter[tuple[str, bytes, frozenset[str]]]


def moved(tmp_path: Path, *, kill_at: int = 0) -> "subprocess.CompletedProcess[str]":
    return moved_to(tmp_path, tmp_path / "new", kill_at=kill_at, kind="mbox")


async def told(root: Path) -> Told:
    """Folder, octets and flags of every message."""
    source, found = MboxSource(root), Told()
    for folder in await source.folders():
        async for one in source.messages([Wanted(folder.name)]):
            assert isinstance(one, Message), one
            found["/".join(folder.name), b"".join(one.content.chunks()), one.item.flags] += 1
    await source.close()
    return found


def whole(root: Path) -> dict[str, int]:
    """How many messages stand in each file under its final name, as Python's own reader counts them."""
    found = {}
    for path in root.rglob("*.mbox"):
        box = mailbox.mbox(path, create=False)
        assert all(box.get_bytes(key).endswith(b"x\n") for key in box.iterkeys())
        found[path.name] = len(box)
        box.close()
    return found


def new_mail(old: Path) -> None:
    lay(old, "2000.M1P1.a:2,", b"Subject: new\r\n\r\nx\r\n")


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, int]:
    """How many steps a first run has, and a second one that appends."""
    folder = tmp_path_factory.mktemp("watched")
    old = filled(folder / "old")
    first = moved(folder)
    new_mail(old)
    second = moved(folder)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    return int(first.stdout.splitlines()[-1]), int(second.stdout.splitlines()[-1])


async def check_killed_at(tmp_path: Path, point: int, *, appending: bool) -> None:
    old, new = filled(tmp_path / "old"), tmp_path / "new"
    if appending:
        assert moved(tmp_path).returncode == 0
        new_mail(old)
    killed = moved(tmp_path, kill_at=point)
    check_killed(killed, point)
    assert all(count in {3, 4} for count in whole(new).values())
    ran = moved(tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = await told(new)
    assert sum(found.values()) == (10 if appending else 9)
    assert {folder: sum(n for (name, _, _), n in found.items() if name == folder) for folder, _, _ in found} == {
        "INBOX": 4 if appending else 3, "Sent": 3, "A/B": 3
    }  # fmt: skip
    assert sorted(path.name for path in new.rglob("*") if path.is_file()) == [
        "B.mbox", "INBOX.mbox", "Sent.mbox", "manifest.json"
    ]  # fmt: skip


@pytest.mark.parametrize("appending", [False, True], ids=["new", "appending"])
async def test_killed_at_some_steps_it_goes_on(tmp_path: Path, steps: tuple[int, int], *, appending: bool) -> None:
    last = steps[appending]
    assert last > 20
    for point in range(1, last + 1, max(1, last // EVERY)):
        await check_killed_at(tmp_path / str(point), point, appending=appending)


@pytest.mark.long
@pytest.mark.parametrize("appending", [False, True], ids=["new", "appending"])
async def test_killed_at_every_step_it_goes_on(tmp_path: Path, steps: tuple[int, int], *, appending: bool) -> None:
    for point in range(1, steps[appending] + 1):
        await check_killed_at(tmp_path / str(point), point, appending=appending)


@pytest.mark.real("tmpfs")
async def test_a_full_disk_keeps_what_is_whole_and_goes_on_once_there_is_room(tmp_path: Path) -> None:
    filled(tmp_path / "old", size=200_000)
    with small_disk(tmp_path / "new") as disk:
        ballast = fill(disk, leave=900_000)
        paused = moved(tmp_path)
        assert paused.returncode == 4, paused.stderr
        assert "no room" in paused.stderr
        assert not list(disk.rglob("*.mbox"))
        ballast.unlink()
        ran = moved(tmp_path)
        assert ran.returncode == 0, ran.stderr
        assert sum((await told(disk)).values()) == 9
