"""Folders made on a server: parents first, with special use (RFC 6154) and subscription, all asked at once.

    shortfalls = await made(session, tree, folders)

What is there already is not made again. A parent that holds no messages is made by its children.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from migrator.imap.answers import Answer
from migrator.imap.errors import Declined
from migrator.imap.folders import name_part
from migrator.imap.session import Session
from migrator.imap.telling import patience
from migrator.imap.tree import Tree
from migrator.mailbox import INBOX, FolderName, MailFolder, Shortfall

Answering = asyncio.Future[Answer]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for one folder."""

    folder: MailFolder
    made: Answering | None = None
    used: Answering | None = None
    subscribed: Answering | None = None


async def made(session: Session, tree: Tree, folders: Sequence[MailFolder]) -> Mapping[FolderName, Shortfall]:
    """Make these, and say what could not be. Raises Declined where the server asks for patience, Gone, Garbled."""
    parents = {one.name[:depth] for one in folders for depth in range(1, len(one.name))}
    asked = [await _ask(session, tree, one, parents) for one in sorted(folders, key=lambda one: len(one.name))]
    short: dict[FolderName, Shortfall] = {}
    for one in asked:
        shortfall = await _shortfall(session, tree, one)
        if shortfall is not None:
            short[one.folder.name] = shortfall
    return short


async def _ask(session: Session, tree: Tree, folder: MailFolder, parents: Collection[FolderName]) -> _Asked:
    name, line = name_part(tree.wire(folder.name)), session.line
    there = folder.name in tree.known or folder.name == INBOX
    if not there and not folder.holds_messages and folder.name in parents:
        return _Asked(folder)
    made = used = subscribed = None
    if not there and folder.special_use is not None and "CREATE-SPECIAL-USE" in session.can:
        made = await line.start(b"CREATE ", name, f" (USE ({folder.special_use}))".encode("ascii"))
    elif not there:
        made = await line.start(b"CREATE ", name)
    if folder.subscribed and not (there and folder.name in tree.known and tree.known[folder.name].subscribed):
        subscribed = await line.start(b"SUBSCRIBE ", name)
    return _Asked(folder, made, used, subscribed)


async def _shortfall(session: Session, tree: Tree, asked: _Asked) -> Shortfall | None:
    folder, name = asked.folder, name_part(tree.wire(asked.folder.name))
    use_lost = folder.special_use is not None
    if asked.made is not None:
        answer = await asked.made
        if answer.word != "OK" and use_lost and "CREATE-SPECIAL-USE" in session.can:
            answer = await session.line.ask(b"CREATE ", name)
        elif answer.word == "OK" and "CREATE-SPECIAL-USE" in session.can:
            use_lost = False
        if answer.word != "OK" and answer.code != "ALREADYEXISTS":
            _patient("CREATE", answer)
            return Shortfall(f"it could not be made: {answer.text}")
    elif folder.name in tree.known:
        use_lost = use_lost and tree.known[folder.name].special_use != str(folder.special_use).lower()
    why = [f"it is not marked as {folder.special_use}"] if use_lost else []
    if asked.subscribed is not None and (said := await asked.subscribed).word != "OK":
        why.append(f"it is not subscribed: {said.text}")
    return Shortfall("; ".join(why), there=True) if why else None


def _patient(command: str, said: Answer) -> None:
    if patience(said.code, said.text) not in {"", "LIMIT", "OVERQUOTA"}:
        raise Declined(command, said.word, said.code, said.text)
