"""`export-kill`: a move into a Maildir that is killed, or finds its disk full, goes on with nothing lost or twice."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from migrator.maildir.listing import listed
from tests.faults.limits import fill, small_disk
from tests.faults.move_killed import check_killed
from tests.rules.migrator.maildir.trees import folder, lay

ROOT = Path(__file__).parents[2]
MESSAGES = 9
EVERY = 9  # of the kill points, in a short run


def filled(root: Path, size: int = 30) -> Path:
    """A Maildir with twins, flags and keywords in three folders."""
    for name in ("", ".Sent", ".A.B"):
        box = folder(root, name)
        (box / "dovecot-keywords").write_text("0 $Label1\n")
        for number in range(MESSAGES // 3):
            octets = b"Subject: %d\r\n\r\n" % (number // 2) + b"x" * size + b"\r\n"
            lay(box, f"{1000 + number}.M{number}P1.a:2,{'Sa' if number else ''}", octets)
    (root / "subscriptions").write_text("Sent\nA.B\n")
    return root


def moved(tmp_path: Path, new: Path, *, kill_at: int = 0, kind: str = "maildir") -> "subprocess.CompletedProcess[str]":
    words = ["migrate", "mailbox", "--from", f"maildir:{tmp_path / 'old'}", "--to", f"{kind}:{new}"]
    command = [sys.executable, "-m", "tests.faults.move_killed", str(kill_at), *words]
    environ = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=180, check=False)


def told(root: Path) -> Counter[tuple[str, bytes, str]]:
    """Folder, octets and flags of every message that can be seen."""
    boxes = [root, *(path for path in root.iterdir() if path.name.startswith(".") and path.is_dir())]
    return Counter(
        (box.name if box != root else "", (box / one.part / one.file).read_bytes(), one.letters)
        for box in boxes
        for one in listed(box)
    )


def subscribed(root: Path) -> set[str]:
    return set((root / "subscriptions").read_text().replace("\t", ".").splitlines()) - {"V.2", ""}


def check_killed_at(tmp_path: Path, point: int) -> None:
    old, new = filled(tmp_path / "old"), tmp_path / "new"
    killed = moved(tmp_path, new, kill_at=point)
    check_killed(killed, point)
    if new.exists():
        assert not told(new) - told(old)  # nothing half can be seen
    ran = moved(tmp_path, new)
    assert ran.returncode == 0, ran.stderr
    assert told(new) == told(old)
    assert subscribed(new) == subscribed(old)
    assert [path for path in new.rglob("tmp/*") if path.is_file()] == []
    assert list(new.rglob("*.lock")) == []


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> int:
    folder_of_run = tmp_path_factory.mktemp("watched")
    filled(folder_of_run / "old")
    ran = moved(folder_of_run, folder_of_run / "new")
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout.splitlines()[-1])


def test_killed_at_some_steps_it_goes_on(tmp_path: Path, steps: int) -> None:
    assert steps > 10 * MESSAGES // 2
    for point in range(1, steps * 9 // 10, max(1, steps // EVERY)):  # how many there are differs by a few
        check_killed_at(tmp_path / str(point), point)


@pytest.mark.long
def test_killed_at_every_step_it_goes_on(tmp_path: Path, steps: int) -> None:
    for point in range(1, steps + 1):
        check_killed_at(tmp_path / str(point), point)


@pytest.mark.real("tmpfs")
def test_a_full_disk_pauses_it_and_room_lets_it_go_on(tmp_path: Path) -> None:
    old = filled(tmp_path / "old", size=200_000)
    with small_disk(tmp_path / "disk") as disk:
        new = disk / "new"
        ballast = fill(disk, leave=900_000)
        paused = moved(tmp_path, new)
        assert paused.returncode == 4, paused.stderr
        assert "no room" in paused.stderr
        assert "run the same command again" in paused.stderr
        assert 0 < told(new).total() < MESSAGES
        assert not told(new) - told(old)
        ballast.unlink()
        ran = moved(tmp_path, new)
        assert ran.returncode == 0, ran.stderr
        assert told(new) == told(old)
