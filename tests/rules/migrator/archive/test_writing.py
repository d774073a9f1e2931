"""An archive while it is written: one run at a time has it, and what does not come to its end is not there."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.archive.verify import verify
from migrator.content import Kept
from migrator.mailbox import INBOX, Item, MailboxAway, MailboxRefused, MailFolder, Message
from tests.rules.migrator.archive.made import AT, SENT, files, made, message, octets, read, target


async def test_two_runs_never_write_the_same_archive(tmp_path: Path) -> None:
    one, other = target(tmp_path / "hanako.zip"), target(tmp_path / "hanako.zip")
    await one.make([MailFolder(INBOX)])
    with pytest.raises(MailboxAway, match="another run"):
        await other.make([MailFolder(INBOX)])
    await one.put(INBOX, [message(1)])
    await one.finish()
    await other.make([MailFolder(INBOX), MailFolder(SENT)])
    await other.put(INBOX, [message(2)])
    await other.finish()
    await one.close()
    await other.close()
    assert [octets(found) for found in await read(tmp_path / "hanako.zip")] == [octets(message(1)), octets(message(2))]


async def test_a_paused_run_goes_on_in_the_same_part(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    for number in (1, 2, 3):
        into = target(path)
        await into.folders()
        await into.make([MailFolder(INBOX)])
        await into.put(INBOX, [message(number)])
        await into.close()
        assert files(tmp_path) == ["hanako.zip.draft", "hanako.zip.ledger"]
    await made(path)
    assert files(tmp_path) == ["hanako.zip"]
    assert [octets(one) for one in await read(path)] == [octets(message(number)) for number in (1, 2, 3)]


def modes(folder: Path) -> dict[str, int]:
    return {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()}


async def test_what_is_in_an_archive_is_for_its_owner_s_eyes_alone(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    into = target(path)
    await into.make([MailFolder(INBOX)])
    await into.put(INBOX, [message(1)])
    assert modes(tmp_path) == {"hanako.zip.draft": 0o600, "hanako.zip.ledger": 0o600}
    await into.finish()
    await into.close()
    assert modes(tmp_path) == {"hanako.zip": 0o600}


async def test_looking_writes_nothing(tmp_path: Path) -> None:
    into = target(tmp_path / "deep" / "hanako.zip")
    assert await into.folders() == []
    assert (await into.room()).octets
    await into.close()
    assert files(tmp_path) == []


async def test_somebody_else_s_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    path.write_bytes(b"mine")
    with pytest.raises(MailboxRefused, match=r"hanako.zip: it is cut off"):
        await made(path, message(1))
    path.unlink()
    into = target(path)
    await into.make([MailFolder(INBOX)])
    await into.put(INBOX, [message(1)])
    path.write_bytes(b"mine")
    with pytest.raises(MailboxRefused, match="stands where the next part"):
        await into.finish()
    await into.close()
    assert path.read_bytes() == b"mine"
    path.unlink()
    await made(path)
    assert [octets(one) for one in await read(path)] == [octets(message(1))]


class Broken(Kept):
    """A message whose file cannot be read to its end."""

    def chunks(self) -> Iterator[bytes]:
        yield self.octets[:2]
        raise OSError(5, "Input/output error")


async def test_a_batch_that_breaks_leaves_nothing_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    into = target(path)
    await into.make([MailFolder(INBOX)])
    await into.put(INBOX, [message(1)])
    broken = Message(INBOX, Item(2, frozenset()), AT, Broken(b"Subject: x\r\n\r\n"))
    with pytest.raises(MailboxAway):
        await into.put(INBOX, [message(3), broken])
    await into.put(INBOX, [message(4)])
    await into.finish()
    await into.close()
    assert [octets(one) for one in await read(path)] == [octets(message(1)), octets(message(4))]
    assert verify(path).findings == []


async def test_what_a_run_left_that_was_killed_while_it_began_is_done_away_with(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    await made(path, message(1))
    (tmp_path / "hanako.zip.ledger").write_bytes(b'{"kind":"part","pa')
    (tmp_path / "hanako.zip.draft").touch()
    into = target(path)
    await into.folders()
    await into.finish()
    await into.close()
    assert files(tmp_path) == ["hanako.zip"]


async def test_a_damaged_line_of_the_ledger_with_messages_behind_it_is_never_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "hanako.zip"
    into = target(path)
    await into.make([MailFolder(INBOX)])
    await into.put(INBOX, [message(1), message(2)])
    await into.close()
    ledger = tmp_path / "hanako.zip.ledger"
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join([*lines[:2], b"x" + lines[2], *lines[3:]]))
    with pytest.raises(MailboxRefused, match="a line of it is damaged, and messages stand behind it"):
        await target(path).folders()
    ledger.write_bytes(b"".join(lines)[:-9])  # a torn end was never told to be stored
    again = target(path)
    assert [one.state and one.state.messages for one in await again.folders()] == [1]
    (tmp_path / "hanako.zip.draft").write_bytes(b"")
    with pytest.raises(MailboxRefused, match="messages are gone from it"):
        await again.make([MailFolder(SENT)])
    await again.close()
