"""mbox files put and read in a test."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from migrator.content import Kept
from migrator.mailbox import INBOX, FolderName, Item, MailFolder, Message, Missing, Outcome, Source, Wanted
from migrator.mbox.target import MboxTarget

WHEN = datetime(1996, 7, 17, 2, 44, 25, tzinfo=UTC)
TOKYO = datetime(2001, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=9)))


def message(octets: bytes, *flags: str, date: datetime = WHEN, folder: FolderName = INBOX) -> Message:
    return Message(folder, Item(1, frozenset(flags)), date, Kept(octets))


async def put(
    root: Path, messages: Sequence[Message], folder: FolderName = INBOX, *, finish: bool = True
) -> Sequence[Outcome]:
    """What a run does that puts these."""
    target = MboxTarget(root, source="x")
    try:
        if folder not in {one.name for one in await target.folders()}:
            assert not await target.make([MailFolder(folder, subscribed=True)])
        outcomes = await target.put(folder, messages)
        if finish:
            await target.finish()
    finally:
        await target.close()
    return outcomes


async def read(source: Source, folder: FolderName = INBOX, uids: tuple[range, ...] | None = None) -> list[Message]:
    """Every message; none may be missing."""
    found = await read_all(source, folder, uids)
    assert all(isinstance(one, Message) for one in found), found
    return [one for one in found if isinstance(one, Message)]


async def read_all(
    source: Source, folder: FolderName = INBOX, uids: tuple[range, ...] | None = None
) -> list[Message | Missing]:
    await source.folders()
    return [one async for one in source.messages([Wanted(folder, None, uids)])]


def octets(one: Message) -> bytes:
    return b"".join(one.content.chunks())


def files(root: Path) -> list[str]:
    """The names of what stands there."""
    return sorted(path.name for path in root.iterdir())
