"""Maildirs on disk for tests, and messages to put into them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from migrator.content import Kept
from migrator.mailbox import INBOX, FolderName, Item, MailFolder, Message, Missing, Wanted
from migrator.maildir.source import MaildirSource
from migrator.maildir.target import MaildirTarget

AT = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
MAIL = b"Subject: hello\r\n\r\nhello\r\n"


def folder(root: Path, name: str = "") -> Path:
    """An empty folder of the Maildir `root`; "" is INBOX."""
    path = root / name
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True, exist_ok=True)
    return path


def lay(path: Path, name: str, octets: bytes = MAIL, *, part: str = "cur") -> Path:
    file = path / part / name
    file.write_bytes(octets)
    return file


def message(
    uid: int, octets: bytes = MAIL, flags: Sequence[str] = (), *, into: FolderName = INBOX, at: datetime = AT
) -> Message:
    return Message(into, Item(uid, frozenset(flags), len(octets)), at, Kept(octets))


def target(root: Path, move: str = "imaps://hanako@old.example") -> MaildirTarget:
    return MaildirTarget(root, move=move, host="store")


async def ready(root: Path, *names: FolderName, move: str = "imaps://hanako@old.example") -> MaildirTarget:
    """A target with these folders, and INBOX."""
    made = target(root, move)
    await made.folders()
    assert not await made.make([MailFolder(name) for name in (INBOX, *names)])
    return made


async def all_of(source: MaildirSource, *names: FolderName) -> list[Message | Missing]:
    return [one async for one in source.messages([Wanted(name) for name in names or (INBOX,)])]


async def read(source: MaildirSource, *names: FolderName) -> list[Message]:
    """Every message, none of which is missing."""
    found = await all_of(source, *names)
    whole = [one for one in found if isinstance(one, Message)]
    assert whole == found
    return whole


def octets(message: Message) -> bytes:
    return b"".join(message.content.chunks())
