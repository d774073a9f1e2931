"""Maildrops on a scripted server, read in a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from migrator.imap.login import Credentials, Password
from migrator.imap.session import Security, Server
from migrator.imap.sessions import Access
from migrator.mailbox import INBOX, Message, Missing, Wanted
from migrator.pop3.source import LARGEST, Pop3Source

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HANAKO = Password("hanako", "geheim-9")


def access(port: int, credentials: Credentials = HANAKO, *, patience: float = 60.0) -> Access:
    return Access(Server("127.0.0.1", port, Security.NONE), credentials, patience)


@asynccontextmanager
async def source(
    port: int, spool: Path, credentials: Credentials = HANAKO, *, patience: float = 60.0, largest: int = LARGEST
) -> AsyncIterator[Pop3Source]:
    opened = await Pop3Source.open(
        access(port, credentials, patience=patience), spool=spool, now=lambda: NOW, largest=largest
    )
    try:
        yield opened
    finally:
        await opened.close()


async def read(from_: Pop3Source, uids: tuple[range, ...] | None = None) -> list[Message | Missing]:
    return [found async for found in from_.messages([Wanted(INBOX, 1, uids)])]


async def read_into(found: list[Message | Missing], from_: Pop3Source) -> None:
    """What came before an error counts."""
    async for one in from_.messages([Wanted(INBOX, 1)]):
        found.append(one)  # noqa: PERF401


def octets(found: Message | Missing) -> bytes:
    assert isinstance(found, Message), found
    return b"".join(found.content.chunks())
