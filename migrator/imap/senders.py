"""Who carries messages to a server: one connection, pipelined; several where each message must wait to be let in.

    senders = Senders(sessions, most=7)
    answers = await senders.send(wire, messages)

A server without LITERAL+ (RFC 7888) asks for each literal with a round trip. Up to `most` connections share the
messages then; where the server lets fewer in, they are fewer.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from migrator.imap.appending import Appended, Appender, ToAppend
from migrator.imap.commands import SMALL_LITERAL
from migrator.imap.errors import ImapError
from migrator.imap.folders import Folder
from migrator.imap.keywords import Keeps
from migrator.imap.session import Session
from migrator.imap.sessions import Sessions


class Senders:
    """Their first session is `main()`, which others may ask things too as long as they open no folder."""

    def __init__(self, sessions: Sessions, most: int) -> None:
        self.keeping: dict[bytes, Keeps] = {}
        self._sessions = sessions
        self._most = most
        self._crew: list[Appender] = []
        self._alone = asyncio.Lock()
        self._tried = 1
        self._numbers: dict[bytes, int] = {}

    async def main(self) -> Session:
        """The session that carries, opened anew where it broke."""
        return (await self._first()).session

    async def counting(self) -> Session:
        """The same, when it is to count what is in folders: whatever has been stored is seen."""
        first = await self._first()
        await first.look_up()
        return first.session

    async def send(self, folder: Folder, messages: Sequence[ToAppend]) -> list[Appended]:
        """Append messages; answers in their order. Raises Gone and Garbled: then nobody knows which have arrived."""
        session = await self.main()
        if len(messages) > 1 and self._waits(session, messages):
            return await self._shared(folder, messages)
        together = "MULTIAPPEND" in session.can
        appender = await self._first() if together else await self._of(folder)
        async with appender.turn:
            sending = await appender.send(folder, messages)
        return await sending.answers()

    async def _of(self, folder: Folder) -> Appender:
        """Where each message is work for the server, folders take turns between two; within one the order is kept."""
        crew = await self._up_to(min(2, self._most))
        return crew[self._numbers.setdefault(folder.wire, len(self._numbers)) % len(crew)]

    async def _first(self) -> Appender:
        async with self._alone:
            self._crew = [one for one in self._crew if one.session.line.broken is None]
            if not self._crew:
                self._crew.append(Appender(await self._sessions.taken(), self.keeping))
            return self._crew[0]

    def _waits(self, session: Session, messages: Sequence[ToAppend]) -> bool:
        """Whether the server must let messages in one by one."""
        match session.line.literals:
            case "+":
                return False
            case "-":
                return any(one.content.size > SMALL_LITERAL for one in messages)
            case _:
                return True

    async def _shared(self, folder: Folder, messages: Sequence[ToAppend]) -> list[Appended]:
        """Whoever is free takes the next message; nobody is left behind when one fails."""
        left = deque(enumerate(messages))
        found: dict[int, Appended] = {}

        async def carry(appender: Appender) -> None:
            sent = []
            while left:
                number, message = left.popleft()
                sent.append((number, await appender.send(folder, [message])))
            for number, sending in sent:
                (found[number],) = await sending.answers()

        crew = await self._up_to(self._most)
        failed = [one for one in await asyncio.gather(*map(carry, crew), return_exceptions=True) if one is not None]
        if failed:
            raise failed[0]
        return [found[number] for number in range(len(messages))]

    async def _up_to(self, wanted: int) -> list[Appender]:
        """So many appenders, or as many as the server lets in; nobody asks it again."""
        await self._first()
        async with self._alone:
            missing, self._tried = max(0, wanted - self._tried), max(wanted, self._tried)
            await asyncio.gather(*(self._join() for _ in range(missing)))
            return list(self._crew)

    async def _join(self) -> None:
        with suppress(ImapError):  # fewer carry then
            self._crew.append(Appender(await self._sessions.opened(), self.keeping))
