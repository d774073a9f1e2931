"""How many octets a mailbox holds, as its server says: by its quota, by its folders' sizes, or message by message.

    held = await usage(session)
    held.octets, held.told_by

Cheapest first. Of several quota roots the smallest use counts: INBOX is in all of them, and the widest may be
everybody's. A server that keeps no quota of a mailbox (some keep none without a limit) is asked for STATUS=SIZE (RFC
8438), one that has neither for the size of each message, which takes long in a large mailbox. Folders that are not the
user's own, or that cannot be opened, are left out.
Raises Declined, Gone, Garbled.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from migrator.imap.errors import Declined
from migrator.imap.folders import Folder, listed, opened_for_reading
from migrator.imap.quota import UNIT, resources
from migrator.imap.reading import Response
from migrator.imap.session import Session
from migrator.imap.tokens import tokens
from migrator.imap.tree import Tree
from migrator.imap.words import is_word, number_of


class ToldBy(StrEnum):
    """What a server was asked for."""

    QUOTA = "QUOTA"
    STATUS = "STATUS=SIZE"
    MESSAGES = "RFC822.SIZE"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a mailbox holds. Of a quota the server rounds to 1,024 octets."""

    octets: int
    told_by: ToldBy


async def usage(session: Session) -> Usage:
    """Ask what the mailbox of a session holds."""
    storage = [one.used for one in await resources(session) if one.name == "STORAGE"]
    if storage:
        return Usage(min(storage) * UNIT, ToldBy.QUOTA)
    folders = await _own(session)
    sized = sum(folder.octets for folder in folders if folder.octets is not None)
    unsized = [folder for folder in folders if folder.octets is None]
    if not unsized:
        return Usage(sized, ToldBy.STATUS)
    return Usage(sized + await _summed(session, unsized), ToldBy.MESSAGES)


async def _own(session: Session) -> list[Folder]:
    """The folders that hold the user's own messages, and no views of others."""
    tree = Tree.of(await listed(session), utf8=session.utf8, gmail="X-GM-EXT-1" in session.can)
    return [tree.folder(one.name) for one in tree.folders if one.holds_messages and not one.left_out]


async def _summed(session: Session, folders: Iterable[Folder]) -> int:
    octets = 0

    def take(response: Response) -> None:
        nonlocal octets
        match tokens(response):
            case [b"*", _, kind, list() as items] if is_word(kind, b"FETCH"):
                pairs = zip(items[::2], items[1::2], strict=False)
                octets += sum(number_of(value) or 0 for name, value in pairs if is_word(name, b"RFC822.SIZE"))

    for folder in folders:
        if folder.messages == 0:
            continue
        try:
            opened = await opened_for_reading(session, folder)
        except Declined:
            continue
        if opened.messages:
            await session.line.run(b"UID FETCH 1:* (RFC822.SIZE)", take=take)
    return octets
