"""Sessions with one server for one mailbox: opened when they are needed, used again, and replaced when they broke.

    access = Access(server, credentials, patience=60)
    sessions = Sessions(access, spool, most=4)
    async with sessions.one() as session: ...       # nobody else uses it meanwhile
    await sessions.close()

A session whose block ended by an error, or while something was still asked of it, is not used again.
Raises what `Session.open` raises.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from migrator.imap.login import Credentials
from migrator.imap.reading import Spool
from migrator.imap.session import Server, Session


@dataclass(frozen=True, slots=True)
class Access:
    """How to get at a mailbox. `patience`: how many seconds a server may say nothing while something is asked of it."""

    server: Server
    credentials: Credentials
    patience: float = 60.0
    compress: bool = False  # worth it where the link is slow, and the machine is not

    def __str__(self) -> str:
        authz = getattr(self.credentials, "authz", "")
        return f"{authz or self.credentials.user} at {self.server}"


class Sessions:
    """At most `most` sessions at once; who needs another waits."""

    def __init__(self, access: Access, spool: Spool, *, most: int) -> None:
        self.access = access
        self._spool = spool
        self._room = asyncio.Semaphore(most)
        self._idle: list[Session] = []
        self._open: set[Session] = set()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Session]:
        """A session of one's own."""
        async with self._room:
            session = await self._ready()
            try:
                yield session
            except BaseException:
                await self._drop(session)
                raise
            if session.line.broken is None and not session.line.busy:
                self._idle.append(session)
            else:
                await self._drop(session)

    async def taken(self) -> Session:
        """A session, idle or new, which is the caller's to keep until `close`."""
        return await self._ready()

    async def opened(self) -> Session:
        """A new session, which is the caller's to keep until `close`."""
        access = self.access
        session = await Session.open(
            access.server, access.credentials, patience=access.patience, compress=access.compress, spool=self._spool
        )
        self._open.add(session)
        return session

    def keep(self, session: Session) -> None:
        """Give back one that is `opened`, for others to use."""
        self._idle.append(session)

    async def close(self) -> None:
        """End every session."""
        ending, self._open = self._open, set()
        self._idle.clear()
        await asyncio.gather(*(session.close() for session in ending))

    async def _ready(self) -> Session:
        while self._idle:
            session = self._idle.pop()
            if session.line.broken is None:
                return session
            await self._drop(session)
        return await self.opened()

    async def _drop(self, session: Session) -> None:
        self._open.discard(session)
        session.line.abandon()
