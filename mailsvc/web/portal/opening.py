"""Links opened by the records: used up into sessions, looked at by cookie, prolonged.

    opened = await Opening(records, settings, now=...).use(token)     # None: no link that can be used now
    found = await opening.seen(cookie)                                # of whoever has a session

A look that finds nothing usable writes nothing, and is the same look whatever the reason. Raises RecordsAway.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailsvc.kit.settings import ExportSettings
from mailsvc.records import audit, exports, links
from mailsvc.records.exports import Export, ExportFile
from mailsvc.records.links import Link, NewSession, digest
from mailsvc.records.store import Connection, Records


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was begun: `secret` is what its cookie holds."""

    link: Link
    secret: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A link that lives, what it leads to, and whether its session lives too."""

    link: Link
    export: Export
    files: Sequence[ExportFile]
    is_open: bool


class Opening:
    """Opens links of one installation; `new_secret` makes what cookies hold."""

    def __init__(
        self,
        records: Records,
        settings: ExportSettings,
        *,
        now: Callable[[], datetime],
        new_secret: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:
        self._records = records
        self._settings = settings
        self._now = now
        self._new_secret = new_secret

    async def use(self, token: str, cookies: Mapping[str, str]) -> Opened | None:
        """Use a link up; whoever has its session already, by the one of `cookies` of its job, has a new one instead."""
        now, known = self._now(), digest(token)
        link = await self._records.ask(lambda connection: links.find(connection, known))
        if link is None or not link.lives(now):
            return None
        if link.is_open(now):
            mine = cookies.get(link.job)
            return None if mine is None else await self._reopened_by_its_own(link, mine)
        return await self._begun(lambda connection, new: links.use(connection, known, new, now), now)

    async def again(self, cookie: str, job: str) -> Opened | None:
        """Begin a new session in place of one that has ended, or will soon."""
        now, known = self._now(), digest(cookie)
        link = await self._records.ask(lambda connection: links.of_session(connection, known))
        if link is None or link.job != job or not link.lives(now):
            return None
        return await self._begun(lambda connection, new: links.reopen(connection, known, new, now), now)

    async def end(self, cookie: str) -> None:
        """End a session."""
        known = digest(cookie)
        if await self._records.ask(lambda connection: links.of_session(connection, known)) is not None:
            await self._records.committer.commit(lambda connection: links.end_session(connection, known))

    async def seen(self, cookie: str, job: str) -> Seen | None:
        """What a session leads to; None where there is none of this job, or its link is dead. Prolongs it."""
        now, known = self._now(), digest(cookie)

        def look(connection: Connection) -> Seen | None:
            link = links.of_session(connection, known)
            if link is None or link.job != job or not link.lives(now):
                return None
            export = exports.find(connection, job)
            if export is None:
                return None
            return Seen(link, export, exports.files_of(connection, job), link.is_open(now))

        found = await self._records.ask(look)
        if found is not None and found.is_open:
            await self._prolonged(found.link, known, now)
        return found

    async def _prolonged(self, link: Link, session: str, now: datetime) -> None:
        """Once half of its time is over."""
        until = min(now + self._settings.session, link.expires_at)
        if link.session_until is None or until - link.session_until <= self._settings.session / 2:
            return
        await self._records.committer.commit(lambda connection: links.prolong(connection, session, until, now))

    async def _reopened_by_its_own(self, link: Link, cookie: str) -> Opened | None:
        known = digest(cookie)
        mine = await self._records.ask(lambda connection: links.of_session(connection, known))
        if mine is None or mine.token_sha256 != link.token_sha256:
            return None
        return await self.again(cookie, link.job)

    async def _begun(self, begin: Callable[[Connection, NewSession], Link | None], now: datetime) -> Opened | None:
        secret = self._new_secret()
        new = NewSession(digest(secret), now + self._settings.session)

        def work(connection: Connection) -> Link | None:
            link = begin(connection, new)
            if link is not None:
                audit.write(connection, at=now, actor=f"link {link.id}", act="links use", subject=link.address)
            return link

        link = await self._records.committer.commit(work)
        return Opened(link, secret) if link else None
