"""Both ends of a move over scripted servers, opened and closed for a test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from migrator.content import Kept
from migrator.imap.login import Password
from migrator.imap.session import Security, Server
from migrator.imap.sessions import Access
from migrator.imap.source import LARGEST, ImapSource
from migrator.imap.target import ImapTarget
from migrator.mailbox import INBOX, FolderName, Item, Message, Missing, Wanted

WHEN = datetime(1996, 7, 17, 2, 44, 25, tzinfo=UTC)


def access(port: int, patience: float = 60.0, *, compress: bool = False, password: str = "pw") -> Access:
    who = Password("hanako@closing.example", password)
    return Access(Server("127.0.0.1", port, Security.NONE), who, patience, compress=compress)


@asynccontextmanager
async def source(
    port: int, spool: Path, patience: float = 60.0, *, largest: int = LARGEST, password: str = "pw"
) -> AsyncIterator[ImapSource]:
    opened = await ImapSource.open(access(port, patience, password=password), spool=spool, largest=largest)
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def target(port: int, patience: float = 60.0, *, most: int = 4) -> AsyncIterator[ImapTarget]:
    opened = await ImapTarget.open(access(port, patience), most=most)
    try:
        yield opened
    finally:
        await opened.close()


def letter(number: int, lines: int = 1) -> bytes:
    return b"Subject: letter %d\r\n\r\n" % number + b"text of a letter\r\n" * lines


def message(octets: bytes, *flags: str, uid: int = 1) -> Message:
    return Message(INBOX, Item(uid, frozenset(flags)), WHEN, Kept(octets))


async def read(
    from_: ImapSource,
    folder: FolderName = INBOX,
    *,
    uidvalidity: int | None = None,
    uids: tuple[range, ...] | None = None,
) -> list[Message | Missing]:
    return [found async for found in from_.messages([Wanted(folder, uidvalidity, uids)])]


async def read_into(found: list[Message | Missing], from_: ImapSource, wanted: Sequence[Wanted]) -> None:
    """What came before an error counts."""
    async for one in from_.messages(wanted):
        found.append(one)  # noqa: PERF401


async def listed(from_: ImapSource, folder: FolderName) -> list[Item]:
    return [item async for item in from_.items(folder)]


def octets(found: Message | Missing) -> bytes:
    assert isinstance(found, Message), found
    return b"".join(found.content.chunks())
