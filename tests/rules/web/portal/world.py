"""The door of links over real records and files, with a clock that tests move.

async with portal(tmp_path) as world:
    token = await world.link(b"octets of a part")
    answer = await world.ask("POST", f"/take/{token}")
"""

import asyncio
import hashlib
import http.client
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from mailsvc.kit.settings import ExportSettings
from mailsvc.records import exports, jobs, links
from mailsvc.records.exports import Export, ExportFile, ExportForm
from mailsvc.records.job import JobKind, NewJob, move_digest
from mailsvc.records.links import NewLink, digest
from mailsvc.records.store import Connection, Records
from mailsvc.web.portal import Portal, portal_app
from schedules.clock import MovableClock
from schedules.names import Address
from tests.rules.gateway.house import QuietLog
from tests.rules.web.served import Served, served

T = TypeVar("T")
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HANAKO = "hanako@closing.example"
MONTH, HOUR = timedelta(days=30), timedelta(hours=1)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def cookie(self) -> str:
        """What a browser sends back."""
        return self.headers["set-cookie"].partition(";")[0]


@dataclass
class World:
    folder: Path
    records: Records
    clock: MovableClock
    log: QuietLog
    served: Served
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
    ) -> Answer:
        return await asyncio.to_thread(self._ask, method, path, dict(headers or {}), form)

    def _ask(self, method: str, path: str, headers: dict[str, str], form: Mapping[str, str] | None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=60)
        body = urlencode(form).encode() if form is not None else None
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    async def act(self, work: Callable[[Connection], T]) -> T:
        return await self.records.committer.commit(work)

    async def link(self, *parts: bytes, until: timedelta = MONTH, address: str = HANAKO) -> str:
        """A link to an archive of these parts; its token."""
        number = next(self._numbers)
        stems = [f"mail{number}" + (f"-{one}" if one > 1 else "") for one in range(1, len(parts) + 1)]
        files = {f"{stem}.zip": octets for stem, octets in zip(stems, parts, strict=True)}
        return await self._handed_over(number, ExportForm.ZIP, self.folder / f"mail{number}.zip", files, until, address)

    async def packed(self, files: Mapping[str, bytes]) -> str:
        """A link to these files of an export as mbox; its token."""
        number = next(self._numbers)
        return await self._handed_over(number, ExportForm.MBOX, self.folder / "mbox", files, MONTH, HANAKO)

    async def _handed_over(
        self, number: int, form: ExportForm, place: Path, octets: Mapping[str, bytes], until: timedelta, address: str
    ) -> str:
        for name, content in octets.items():
            await asyncio.to_thread(_write, place.parent / name, content)
        files = [
            ExportFile(one, name, len(content), hashlib.sha256(content).hexdigest())
            for one, (name, content) in enumerate(octets.items(), 1)
        ]
        job, token = f"{number:026d}", f"token-{number}-of-very-many-bits-indeed"

        def work(connection: Connection) -> None:
            source, target = f"maildir:/old/{number}", f"{form}:{place}"
            new = NewJob(job, JobKind.EXPORT, source, target, move_digest(source, target), "admin", address=address)
            jobs.add(connection, new, self.clock.now())
            exports.add(connection, Export(job, form, str(place)))
            exports.hand_over(connection, job, files, self.clock.now())
            until_then = self.clock.now() + until
            links.make(connection, NewLink(digest(token), job, address, "admin", until_then), self.clock.now())

        await self.act(work)
        return token

    async def opened(self, token: str, **headers: str) -> tuple[str, dict[str, str]]:
        """Press the button; the path of the files, and the cookie as a header."""
        answer = await self.ask("POST", f"/take/{token}", headers=headers)
        assert answer.status == 303, answer.text
        return answer.headers["location"].partition("?")[0], {"Cookie": answer.cookie}


def _none(_mailbox: Address) -> None:
    return None


def _write(path: Path, octets: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)


@asynccontextmanager
async def portal(
    folder: Path, *, more_time: Callable[[Address], datetime | None] | None = None, **settings: object
) -> AsyncIterator[World]:
    made = ExportSettings.model_validate({"public_url": "http://127.0.0.1", **settings})
    with Records.open(f"sqlite:///{folder}/records.db", create=True) as records:
        async with records.committer.running():
            clock, log = MovableClock(NOW), QuietLog()
            zone = ZoneInfo("Asia/Tokyo")
            app = portal_app(Portal(records, made, "closing.example", zone, clock.now, log, more_time or _none))
            async with served(app, proxies=[str(one) for one in made.proxies]) as here:
                yield World(folder, records, clock, log, here)
