"""What is common to mailboxes on this disk: what the disk says, what it lets in, and how messages are numbered."""

import errno
import os
from pathlib import Path

import pytest

from migrator.disk.errors import told
from migrator.disk.numbers import UIDVALIDITY, check
from migrator.disk.room import disk_room
from migrator.mailbox import (
    INBOX,
    FolderName,
    MailboxAway,
    MailboxError,
    MailboxLimited,
    MailboxRefused,
    Room,
    StaleFolder,
)


@pytest.mark.parametrize(
    ("number", "folder", "raised"),
    [
        (errno.ENOSPC, None, MailboxLimited),
        (errno.EDQUOT, INBOX, MailboxLimited),
        (errno.ENOENT, None, MailboxRefused),
        (errno.ENOTDIR, INBOX, StaleFolder),
        (errno.EACCES, INBOX, MailboxRefused),
        (errno.ELOOP, None, MailboxRefused),
        (errno.EIO, INBOX, MailboxAway),
    ],
)
def test_what_the_disk_says_is_told_with_its_place(
    number: int, folder: FolderName | None, raised: type[MailboxError], tmp_path: Path
) -> None:
    with pytest.raises(raised) as caught, told(tmp_path, folder=folder):
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is raised
    if isinstance(caught.value, MailboxLimited):
        assert (str(caught.value), caught.value.code) == (f"there is no room for {tmp_path}", "OVERQUOTA")
    elif not isinstance(caught.value, StaleFolder):
        assert str(caught.value) == f"{tmp_path}: {os.strerror(number)}"


def test_what_is_not_yet_there_has_the_room_of_what_is_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = os.statvfs(tmp_path)  # others write to it meanwhile
    monkeypatch.setattr(os, "statvfs", lambda path: {tmp_path: disk}[path])
    assert disk_room(tmp_path / "a" / "b") == Room(disk.f_bavail * disk.f_frsize)


def test_only_what_is_remembered_by_other_numbers_is_stale() -> None:
    check(INBOX, None)
    check(INBOX, UIDVALIDITY)
    with pytest.raises(StaleFolder):
        check(INBOX, 2)
