"""Exports that are done are handed over: their files measured, a link made, the letter that carries it queued.

    role = ExportsReady(records, post, Means(...), log)
    await role.run()            # until cancelled

What is ready is found in the records, so that a kill at any point leaves an export that is handed over later, once:
files, link, letter and the mark are one transaction. Where the disk is full it is tried again each minute. Of an
earlier export into the same place the links are revoked: there is one that leads to everything. Exports whose time by
the plan is over are cancelled. Records that are away are waited for; an export whose files or letter cannot be made
says why, and administrators make it a link themselves.
"""

import asyncio
import errno
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mailsvc.kit.settings import ExportSettings
from mailsvc.kit.telemetry import Log
from mailsvc.letters.letter import BadLetter, Letter
from mailsvc.letters.post import Post, ReadyLetter
from mailsvc.letters.templates import write
from mailsvc.notices.export_files import NoFiles, files_at
from mailsvc.outbox.routes import NoRoute
from mailsvc.records import audit, exports, job_acts, job_list, links
from mailsvc.records.exports import Export, ExportFile
from mailsvc.records.job_list import Wanted
from mailsvc.records.links import NewLink, digest
from mailsvc.records.store import Connection, Records, RecordsAway
from migrator.job import Event, State
from schedules.names import Address

BY = "lastpost"  # who made a link that nobody asked for by hand
PAGE = "/take/"  # behind the public URL, in front of a token
_AT_ONCE = 10
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_REST = timedelta(minutes=1)
_SUMS = 10  # checksums in a letter; of more files the page tells them
_LOOKED_AT = 50  # open exports, each time


@dataclass(frozen=True, slots=True)
class Means:
    """What handing over needs to know. `contact` says where a subscriber is told, `may` whether the plan allows it."""

    settings: ExportSettings
    host: str
    zone: ZoneInfo
    now: Callable[[], datetime]
    contact: Callable[[Connection, Address], Address]
    may: Callable[[Address], Awaitable[bool]]
    wake_outbox: Callable[[Collection[str]], None]
    token: Callable[[], str] = lambda: secrets.token_urlsafe(32)
    seconds: float = 2.0  # between two looks


@dataclass(frozen=True, slots=True)
class _Ready:
    """An export that only waits to be written down as handed over."""

    export: Export
    files: Sequence[ExportFile]
    link: NewLink | None = None
    letter: ReadyLetter | None = None
    problem: str = ""


class ExportsReady:
    """Hands over what is done."""

    def __init__(self, records: Records, post: Post, means: Means, log: Log) -> None:
        self._records = records
        self._post = post
        self._means = means
        self._log = log
        self._resting: dict[str, datetime] = {}  # exports for which the disk has no room, and until when
        self._seen = ""  # the open export that was looked at last

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.round()
            except RecordsAway as why:
                self._log.warning("exports-wait", why=str(why))
            await asyncio.sleep(self._means.seconds)

    async def round(self) -> None:
        """Hand over what is done, and end what may not go on. Raises RecordsAway."""
        for export in await self._records.ask(lambda connection: exports.ended(connection, _AT_ONCE)):
            if export.job not in self._resting or self._resting[export.job] <= self._means.now():
                await self._hand_over(export)
        await self._end_what_must()

    async def _end_what_must(self) -> None:
        """Look at the next few that are open, so that of many thousands each round takes no time."""
        after = self._seen
        few = await self._records.ask(lambda connection: exports.running(connection, after=after, limit=_LOOKED_AT))
        for job, address in few:
            if not await self._means.may(Address.parse(address)):
                await self._cancel(job, address)
        self._seen = few[-1][0] if len(few) == _LOOKED_AT else ""

    async def _hand_over(self, export: Export) -> None:
        now = self._means.now()
        self._resting.pop(export.job, None)
        try:
            files = await asyncio.to_thread(files_at, Path(export.place), export.form)
            ready = await self._made(export, files, now)
        except (OSError, NoFiles, NoRoute, BadLetter) as why:
            if isinstance(why, OSError) and why.errno in _FULL:
                self._resting[export.job] = now + _REST
                self._log.warning("export-waits-for-room", job=export.job, why=str(why))
                return
            ready = _Ready(export, (), problem=str(why) or type(why).__name__)
        done = await self._records.committer.commit(lambda connection: _written(connection, ready, now))
        if done:
            self._log.info("export-handed-over", job=export.job, link=ready.link is not None, why=ready.problem)
            if ready.letter is not None:
                self._means.wake_outbox({delivery.lane for delivery in ready.letter.deliveries})

    async def _made(self, export: Export, files: Sequence[ExportFile], now: datetime) -> _Ready:
        settings = self._means.settings
        if not settings.public_url:
            return _Ready(export, files)
        token, until = self._means.token(), now + settings.link
        link = NewLink(digest(token), export.job, export.address, BY, until)
        try:
            letter = await self._post.ready(await self._letter(export, files, token, until), now)
        except (NoRoute, BadLetter) as why:
            return _Ready(export, files, problem=f"no letter could be sent: {why}")
        return _Ready(export, files, link, letter)

    async def _letter(self, export: Export, files: Sequence[ExportFile], token: str, until: datetime) -> Letter:
        means, mailbox = self._means, Address.parse(export.address)

        def asked(connection: Connection) -> tuple[Address, bool]:
            job = job_list.find(connection, export.job, until)
            return means.contact(connection, mailbox), job is not None and job.state is State.DONE_WITH_NAMED

        contact, named = await self._records.ask(asked)
        facts = {
            "address": export.address,
            "domain": str(mailbox.domain),
            "url": f"{means.settings.public_url}{PAGE}{token}",
            "until": until.astimezone(means.zone).strftime("%Y-%m-%d %H:%M %Z"),
            "files": len(files),
            "size": told_size(sum(one.size for one in files)),
            "sums": [(one.name, one.sha256) for one in files] if len(files) <= _SUMS else [],
            "form": str(export.form),
            "named": named,
            "contact": f"postmaster@{mailbox.domain}",
            "host": means.host,
        }
        return write("export-ready", facts, to=(contact,), key=f"export-ready {digest(token)}")

    async def _cancel(self, job: str, address: str) -> None:
        """Its plan's export-end has come, and whatever time it was given is over."""
        now = self._means.now()

        def cancelled(connection: Connection) -> bool:
            done = job_acts.act(connection, Wanted(ids=[job]), Event.CANCEL, now)
            if done.changes:
                audit.write(
                    connection, at=now, actor=BY, act="export end", subject=address, detail={"job": job}, reason="plan"
                )
            return bool(done.changes)

        if await self._records.committer.commit(cancelled):
            self._log.warning("export-ended-by-plan", job=job, address=address)


def told_size(octets: int) -> str:
    """A size as subscribers read it."""
    for name, unit in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if octets >= unit:
            return f"{octets / unit:.1f} {name}"
    return f"{octets} B"


def _written(connection: Connection, ready: _Ready, now: datetime) -> bool:
    """In one transaction: the files, the link in place of earlier ones, the letter; False where it was done already."""
    export = ready.export
    if not exports.hand_over(connection, export.job, ready.files, now, problem=ready.problem):
        return False
    if ready.link is not None:
        _supersede(connection, export, now)
        links.make(connection, ready.link, now)
        detail = {"job": export.job, "expires": ready.link.expires_at.isoformat()}
        audit.write(connection, at=now, actor=BY, act="links make", subject=export.address, detail=detail)
    if ready.letter is not None:
        ready.letter.queue(connection)
    return True


def _supersede(connection: Connection, export: Export, now: datetime) -> None:
    """Revoke the links that lead to what an export has by now replaced, or to the same."""
    for link in links.listing(connection, address=export.address):
        other = exports.find(connection, link.job)
        if other is not None and other.place == export.place and link.revoked_at is None:
            links.revoke(connection, [link.token_sha256], now)
