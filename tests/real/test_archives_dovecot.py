"""A mailbox of a real Dovecot goes into an archive and back into another one: nothing is lost, added or changed."""

import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from migrator.archive.source import ZipSource
from migrator.archive.target import ZipTarget
from migrator.archive.verify import verify
from migrator.viewer.viewer import Viewer
from schedules.clock import SystemClock
from tests.real.dovecot import Dovecot
from tests.real.mailboxes import COUNTS, PASSWORD, Place, fill, moved, told, wired


def there(dovecot: Dovecot, user: str) -> Place:
    dovecot.add_user(user, PASSWORD)
    return Place(dovecot.imap, user)


def unzipped(part: Path) -> str:
    return subprocess.run(["unzip", "-t", part], capture_output=True, text=True, check=True).stdout


@pytest.mark.real("dovecot", "unzip")
@pytest.mark.parametrize("viewer", [None, Viewer()], ids=["plain", "with viewer"])
async def test_from_dovecot_into_an_archive_and_back(dovecot: Dovecot, tmp_path: Path, viewer: Viewer | None) -> None:
    kind = "shown" if viewer else "plain"
    old, new = there(dovecot, f"zip-{kind}@moves.example"), there(dovecot, f"unzip-{kind}@moves.example")
    fill(old, {**COUNTS, "Trash": 1})
    before, path = told(old), tmp_path / "a" / "mail.zip"
    for name in ("out", "back"):
        (tmp_path / name).mkdir()
    target = ZipTarget(path, source="x", now=SystemClock().now, viewer=viewer, part_octets=400_000)
    receipt = await moved(old, target, tmp_path / "out")
    assert (receipt.complete, receipt.findings) == (True, ())
    assert verify(path).findings == []
    parts = sorted(path.parent.glob("*.zip"))
    assert len(parts) > 2
    for part in parts:
        assert "No errors detected" in unzipped(part)
        assert ZipFile(part).testzip() is None
    source = ZipSource(path)
    held = {one.name: one for one in await source.folders()}
    assert {wired(name, old) for name, one in held.items() if one.subscribed} == before.subscribed
    assert {wired(name, old): str(one.special_use) for name, one in held.items() if one.special_use} == before.uses
    assert before.uses == {"Sent": "\\Sent", "Trash": "\\Trash"}
    assert (await moved(source, new, tmp_path / "back")).complete
    assert told(new) == told(old) == before
