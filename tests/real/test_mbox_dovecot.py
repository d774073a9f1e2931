"""mbox files of ours under a real Dovecot, which imports them, and of Dovecot's under ours."""

import hashlib
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from migrator.imap.source import ImapSource
from migrator.mailbox import Message, Wanted
from migrator.mbox.source import MboxSource
from migrator.mbox.target import MboxTarget
from tests.real.dovecot import Dovecot
from tests.real.mailboxes import PASSWORD, Place, fill, moved, told

pytestmark = pytest.mark.real("dovecot")

FOLDERS = {"INBOX": 7, "Sent": 40, "A/B c": 9, "&U,BTFw-": 5, "empty": 0}


def doveadm(dovecot: Dovecot, *words: str) -> None:
    done = subprocess.run(
        ["doveadm", "-c", str(dovecot.folder / "dovecot.conf"), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def folder_of_nobody(path: Path, files: dict[str, bytes]) -> Path:
    """A folder that Dovecot may write to, with these files."""
    path.mkdir()
    for name, octets in files.items():
        (path / name).write_bytes(octets)
    subprocess.run(["chown", "-R", "nobody:nogroup", path], check=True)
    return path


def place(dovecot: Dovecot, user: str) -> Place:
    dovecot.add_user(user, PASSWORD)
    return Place(dovecot.imap, user)


async def test_from_dovecot_into_mbox_files_and_back_nothing_is_lost_added_or_changed(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    old, new = place(dovecot, "mbox-a@moves.example"), place(dovecot, "mbox-b@moves.example")
    fill(old, FOLDERS)
    before = told(old)
    for name in ("there", "back"):
        (tmp_path / name).mkdir()
    for _ in range(2):
        assert (await moved(old, MboxTarget(tmp_path / "box", source="x"), tmp_path / "there")).complete
    assert (tmp_path / "box/台北.mbox").exists()
    assert (await moved(MboxSource(tmp_path / "box"), new, tmp_path / "back")).complete
    assert told(new) == before


async def test_dovecot_imports_every_message_of_an_mbox_of_ours(dovecot: Dovecot, tmp_path: Path) -> None:
    old, new = place(dovecot, "mbox-c@moves.example"), place(dovecot, "mbox-d@moves.example")
    fill(old, {"INBOX": 7, "Sent": 40}, ended=True)
    assert (await moved(old, MboxTarget(tmp_path / "box", source="x"), tmp_path)).complete
    ours = {name: (tmp_path / f"box/{name}.mbox").read_bytes() for name in ("INBOX", "Sent")}
    files = folder_of_nobody(dovecot.folder / "imported", ours)
    doveadm(dovecot, "import", "-u", new.user, f"mbox:{files}:INBOX={files}/INBOX", "", "ALL")
    before, after = told(old).messages, told(new).messages
    for name in ("INBOX", "Sent"):
        assert Counter(one[0] for one in after[name]) == Counter(one[0] for one in before[name])
        assert {one[0]: one[2] for one in after[name]} == {one[0]: one[2] for one in before[name]}


async def test_what_dovecot_writes_as_mbox_is_read_with_its_flags(dovecot: Dovecot, tmp_path: Path) -> None:
    old = place(dovecot, "mbox-e@moves.example")
    fill(old, {"INBOX": 7, "Sent": 12}, ended=True)
    files = folder_of_nobody(dovecot.folder / "written", {})
    doveadm(dovecot, "backup", "-u", old.user, f"mbox:{files}:INBOX={files}/INBOX")
    source = MboxSource(files)
    listed = {folder.name: folder.state.messages for folder in await source.folders() if folder.state}
    assert (listed["INBOX",], listed["Sent",]) == (7, 12)
    found = [one async for one in source.messages([Wanted(("Sent",))])]
    await source.close()
    by_imap = await ImapSource.open(old.access, spool=tmp_path)
    expected = [one async for one in by_imap.messages([Wanted(("Sent",))])]
    await by_imap.close()
    assert [_body(one) for one in found] == [_body(one) for one in expected]
    assert [_flags(one) for one in found] == [_flags(one) for one in expected]


def _body(one: object) -> str:
    """What follows the header; where nothing does, Dovecot's mbox has a line's end."""
    assert isinstance(one, Message), one
    return hashlib.sha256(b"".join(one.content.chunks()).partition(b"\r\n\r\n")[2] or b"\r\n").hexdigest()


def _flags(one: object) -> set[str]:
    assert isinstance(one, Message), one
    return set(one.item.flags)
