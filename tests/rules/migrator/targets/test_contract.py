"""What every target owes a move, whatever it is: an archive, mbox files, a Maildir, a mailbox on an IMAP server."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from migrator.archive.source import ZipSource
from migrator.archive.target import ZipTarget
from migrator.imap.source import ImapSource
from migrator.imap.target import ImapTarget
from migrator.mailbox import (
    INBOX,
    FolderName,
    FolderState,
    MailboxRefused,
    MailFolder,
    Message,
    Refused,
    Source,
    StaleFolder,
    Stored,
    Target,
    Wanted,
)
from migrator.maildir.source import MaildirSource
from migrator.maildir.target import MaildirTarget
from migrator.mbox.source import MboxSource
from migrator.mbox.target import MboxTarget
from tests.faults.imap.ends import access
from tests.peers.imap_box import BoxPeer
from tests.rules.migrator.archive.made import NOW, message, octets

SENT = ("送信済み", "a:b")
HERS, HIS = "imaps://hanako@old.example:993", "imaps://jiro@old.example:993"
LETTERS = [
    message(1, b"Subject: one\r\n\r\nFrom here\r\n", ["\\Seen", "$Label1"]),
    message(2, b"no line's end"),
    message(3, b"\xff\0\r\n>From \r\n\r\n"),
    message(4, b"Subject: one\r\n\r\nFrom here\r\n"),
]
TARGETS: Mapping[str, Callable[[Path, str], Target]] = {
    "zip": lambda root, source: ZipTarget(root, source=source, now=lambda: NOW),
    "mbox": lambda root, source: MboxTarget(root, source=source),
    "maildir": lambda root, source: MaildirTarget(root, move=source, host="store"),
}
SOURCES: Mapping[str, Callable[[Path], Source]] = {"zip": ZipSource, "mbox": MboxSource, "maildir": MaildirSource}


class Files:
    """Files of one kind, written by run after run."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.root = kind, folder / ("box.zip" if kind == "zip" else "box")

    async def target(self, source: str) -> Target:
        return TARGETS[self.kind](self.root, source)

    async def source(self) -> Source:
        return SOURCES[self.kind](self.root)

    async def run(self, source: str = HERS) -> Target:
        """The next run, in which both folders are there."""
        target = await self.target(source)
        await target.folders()
        assert await target.make([MailFolder(INBOX), MailFolder(SENT, subscribed=True)]) == {}
        return target

    async def read(self, folder: FolderName = INBOX) -> list[tuple[bytes, frozenset[str]]]:
        """Octets and flags of every message, none of which may be missing."""
        source = await self.source()
        try:
            await source.folders()
            found = [one async for one in source.messages([Wanted(folder)])]
            return [(octets(one), one.item.flags) for one in found if isinstance(one, Message)]
        finally:
            await source.close()


class OnServer(Files):
    """A mailbox on a server, filled by run after run."""

    def __init__(self, peer: BoxPeer, folder: Path) -> None:
        super().__init__("imap", folder)
        self._peer = peer

    async def target(self, source: str) -> Target:
        del source
        return await ImapTarget.open(access(self._peer.port), most=2)  # one carries: the order is kept

    async def source(self) -> Source:
        return await ImapSource.open(access(self._peer.port), spool=self.root.parent)


@pytest.fixture(params=[*TARGETS])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return Files(request.param, tmp_path)


@pytest.fixture(params=[*TARGETS, "imap", "imap, one by one"])
async def boxes(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Files]:
    """Of every kind; a server that takes one message at a time, too."""
    if request.param in TARGETS:
        yield Files(request.param, tmp_path)
        return
    can = "UIDPLUS UNSELECT" + (" LITERAL+ MULTIAPPEND" if request.param == "imap" else "")
    async with BoxPeer(can=can) as peer:
        yield OnServer(peer, tmp_path)


def as_put(*messages: Message) -> list[tuple[bytes, frozenset[str]]]:
    return [(octets(one), one.item.flags) for one in messages]


def uids(outcomes: object) -> list[int]:
    assert isinstance(outcomes, list | tuple)
    return [one.uid for one in outcomes if isinstance(one, Stored) and one.uid is not None]


async def test_each_message_has_its_outcome_and_comes_back_as_it_was(boxes: Files) -> None:
    target = await boxes.run()
    stored = uids(await target.put(INBOX, LETTERS))
    assert (len(stored), stored) == (4, sorted(set(stored)))
    await target.put(SENT, LETTERS[:1])
    await target.finish()
    await target.close()
    assert (await boxes.read(), await boxes.read(SENT)) == (as_put(*LETTERS), as_put(LETTERS[0]))


async def test_what_was_put_is_found_from_a_mark_on_and_read_back_until_and_after_the_end(boxes: Files) -> None:
    target = await boxes.run()
    await target.put(INBOX, LETTERS[:1])
    mark = await target.mark(INBOX)
    letters = [*LETTERS[1:3], message(5, b"bare\nLF\r\n")]
    stored = uids(await target.put(INBOX, letters))
    wanted = [(uid, one.content.size, one.content.sha256) for uid, one in zip(stored, letters, strict=True)]
    for _ in range(2):
        assert [one async for one in target.since(INBOX, mark)] == wanted
        assert [one async for one in target.since(INBOX, mark, {13})] == wanted[:1]
        assert [one async for one in target.digests(INBOX, [stored[0], max(stored) + 9, stored[2]])] == wanted[::2]
        assert [one async for one in target.since(SENT, await target.mark(SENT))] == []
        assert [one.state and one.state.messages for one in await target.folders() if one.name == INBOX] == [4]
        await target.finish()
    await target.close()
    assert mark.messages == 1


async def test_a_folder_that_is_gone_or_numbered_otherwise_is_stale(boxes: Files) -> None:
    target = await boxes.run()
    mark = await target.mark(INBOX)
    with pytest.raises(StaleFolder):
        await anext(aiter(target.since(INBOX, FolderState(mark.uidvalidity + 1, 1, 0))))
    with pytest.raises(StaleFolder):
        await target.mark(("gone",))
    puts = [target.put(folder, LETTERS[:2]) for folder in (INBOX, ("gone",), SENT)]
    here, gone, there = await asyncio.gather(*puts, return_exceptions=True)
    assert (len(uids(here)), type(gone), len(uids(there))) == (2, StaleFolder, 2), "one that is gone spoils no other"
    await target.finish()
    await target.close()


async def test_flags_that_change_are_kept_also_by_a_later_run(boxes: Files) -> None:
    first = await boxes.run()
    stored = uids(await first.put(INBOX, LETTERS[:2]))
    await first.finish()
    await first.close()
    later = await boxes.run()
    dropped = await later.reflag(INBOX, {stored[0]: frozenset({"\\Answered"}), max(stored) + 9: frozenset()})
    assert dropped == frozenset()
    await later.finish()
    await later.close()
    assert [flags for _, flags in await boxes.read()] == [{"\\Answered"}, frozenset()]


async def test_a_run_that_ended_early_is_gone_on_with_and_numbers_rise(boxes: Files) -> None:
    before = 0
    for one in LETTERS[:3]:
        target = await boxes.run()
        (number,) = uids(await target.put(INBOX, [one]))
        assert before < number < (await target.mark(INBOX)).uidnext
        before = number
        await target.close()
    target = await boxes.run()
    await target.finish()
    await target.close()
    assert await boxes.read() == as_put(*LETTERS[:3])


async def test_no_room_is_an_outcome_and_what_was_stored_stays(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    target = await files.run()
    await target.put(INBOX, LETTERS[:1])

    def no_room(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        for call in ("write", "pwrite"):
            full.setattr(os, call, no_room)
        refused = await target.put(INBOX, LETTERS[1:])
    assert [one.code for one in refused if isinstance(one, Refused)] == ["OVERQUOTA"] * 3
    await target.put(INBOX, LETTERS[1:])
    await target.finish()
    await target.close()
    assert await files.read() == as_put(*LETTERS)
    assert ((await target.room()).octets or 0) > 0


@pytest.mark.parametrize("kind", ["zip", "mbox"])
async def test_the_beginning_of_another_move_is_never_gone_on_with(kind: str, tmp_path: Path) -> None:
    files = Files(kind, tmp_path)
    begun = await files.run()
    await begun.put(INBOX, LETTERS[:1])
    await begun.close()
    other = TARGETS[kind](files.root, HIS)
    for _ in range(2):
        with pytest.raises(MailboxRefused, match=f"the beginning of a move from {HERS}: run that one to its end, or"):
            await other.folders()
        with pytest.raises(MailboxRefused, match="run that one to its end"):
            await other.make([MailFolder(INBOX)])
    await other.close()
    again = await files.run()
    await again.finish()
    await again.close()
    assert await files.read() == as_put(LETTERS[0])
    later = await files.run(HIS)
    await later.put(INBOX, LETTERS[1:2])
    await later.finish()
    await later.close()
    assert await files.read() == as_put(*LETTERS[:2])


def test_where_it_is_is_told(files: Files) -> None:
    told = {TARGETS[files.kind](files.root, HERS).described, SOURCES[files.kind](files.root).described}
    assert told == {f"{files.kind}:{files.root}"}
