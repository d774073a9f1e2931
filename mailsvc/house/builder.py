"""The order in which the parts of a house open: records first, doors last; they close the other way round.

So what was promised is on disk before the committer ends. `/healthz` answers 200 once every role serves.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from mailsvc.alarm.role import AlarmRole
from mailsvc.deeds.carry import Carrier
from mailsvc.deeds.tell_administrators import TellAdministrators
from mailsvc.desk.accounts_staging import discard_left_behind
from mailsvc.desk.desk import open_records
from mailsvc.gateway.gateway import Gateway
from mailsvc.gateway.life import Life
from mailsvc.gateway.parts import HouseParts, postmaster_domain
from mailsvc.house.frame import Frame, House, Surroundings
from mailsvc.kit.net import client_tls, listen
from mailsvc.kit.settings import Settings
from mailsvc.kit.settings.gateway import BareNewline
from mailsvc.kit.settings.live import LiveSettings
from mailsvc.kit.targets import HopTls
from mailsvc.letters.post import Post
from mailsvc.outbox.attempts import Attempts, Means
from mailsvc.outbox.backoff import Backoff
from mailsvc.outbox.outbox import Outbox, Pace
from mailsvc.outbox.routes import Routes
from mailsvc.outbox.smtp import Timeouts
from mailsvc.records import deliveries, ledger
from mailsvc.records.store import Connection, Records
from mailsvc.standing import Almanac, Standings, UsageBook, Verdicts, Watch
from mailsvc.standing.standings import mailbox_folders
from mailsvc.standing.watch import Suspect
from mailsvc.web.health import health_app
from mailsvc.web.server import serve as serve_http
from mailsvc.workers.sweeper import Sweeper
from schedules.names import Address

ROLES = ("committer", "almanac", "watch", "outbox", "alarm", "sweeper", "http", "gateway")


class _Builder:
    """Opens part after part into the frame."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.settings = frame.settings

    async def build(self) -> House:
        """All of it."""
        frame = self.frame
        records = self._records()
        await frame.role("committer", records.committer.run())
        almanac = Almanac(records, self.settings.service.zoneinfo)
        almanac.refresh()
        await frame.role("almanac", almanac.watch())
        watch = Watch(frame.clock, records, self.settings.clock, frame.log)
        self._tell_of_doubt(watch.start())
        await frame.role("watch", watch.run())
        outbox = self._outbox(records)
        await frame.role("outbox", outbox.run())
        await frame.role("alarm", self._alarm(records, almanac, watch).run())
        retention = self.settings.records.keep_traces
        sweeper = Sweeper(records, lambda: _trusted(watch) or watch.now(), retention, frame.log)
        await frame.role("sweeper", sweeper.run())
        await self._http()
        await self._gateway(records, almanac, watch, outbox)
        return House(frame.clock, almanac, frame.roles, frame.live, frame.ended)

    def _records(self) -> Records:
        frame = self.frame
        records = frame.stack.enter_context(open_records(self.settings))
        frame.stack.enter_context(records.serving())
        if self.settings.records.is_sqlite:  # one service at a time: what a killed one had in hand is nobody's
            records.act(lambda connection: _end_leases(connection, frame.clock.now()))
        records.act(lambda connection: discard_left_behind(connection, frame.clock.now()))
        records.committer.observe = frame.metrics.commit_seconds.observe
        return records

    def _outbox(self, records: Records) -> Outbox:
        frame, settings = self.frame, self.settings.outbox
        means = Means(
            routes=Routes(lambda: self.settings),
            backoff=Backoff(settings.first_retry, settings.longest_retry),
            hostname=self.settings.service.hostname,
            contexts={HopTls.STARTTLS: client_tls(verify=False), HopTls.REQUIRED: client_tls()},
            timeouts=Timeouts(connect=settings.connect_timeout.total_seconds()),
            bare="normalise" if self.settings.gateway.bare_newline is BareNewline.NORMALISE else "refuse",
        )
        threads = frame.stack.enter_context(ThreadPoolExecutor(settings.per_lane_concurrency, "maildir"))
        attempts = Attempts(records, means, frame.clock, frame.random, threads)
        pace = Pace(lease=settings.lease, share=settings.per_lane_concurrency)
        return Outbox(records, attempts, frame.clock, pace, frame.metrics, frame.log, owner=frame.owner)

    def _alarm(self, records: Records, almanac: Almanac, watch: Watch) -> AlarmRole:
        frame, service = self.frame, self.settings.service
        post = Post(
            records,
            sender=service.letters_from or Address.parse(f"postmaster@{service.hostname}"),
            hostname=service.hostname,
            zone=service.zoneinfo,
            new_id=frame.new_id,
            lane=Routes(lambda: self.settings).lane,
        )
        kinds = [TellAdministrators(records, post, service.administrators, host=service.hostname)]
        carrier = Carrier(
            records,
            lambda: almanac.editions,
            kinds,
            frame.clock,
            frame.log,
            owner=frame.owner,
            trusted=lambda: _trusted(watch),
        )
        return AlarmRole(frame.clock, lambda: almanac.editions, kinds, carrier, frame.log, watch_tick=watch.tick)

    async def _http(self) -> None:
        where = self.settings.http.listen
        app = health_app(self.frame.roles, self.frame.metrics, self.settings.http)
        up = asyncio.Event()
        await self.frame.role("http", serve_http(app, listen(where.host, where.port), up=up.set), up)

    async def _gateway(self, records: Records, almanac: Almanac, watch: Watch, outbox: Outbox) -> None:
        frame = self.frame
        book = UsageBook(records, lambda: self.settings.quota, mailbox_folders(self.settings), stamp=watch.stamp)
        standings, routes = Standings(records, almanac, book, self.settings), Routes(lambda: self.settings)
        parts = HouseParts(
            records=records,
            verdicts=Verdicts(standings, watch, routes, frame.log),
            watch=watch,
            routes=routes,
            clock=frame.clock,
            new_id=frame.new_id,
            hostname=self.settings.service.hostname,
            postmaster_domain=postmaster_domain(self.settings),
            soft_bounce=self.settings.soft_bounce,
            metrics=frame.metrics,
            log=frame.log,
            wake_outbox=outbox.wake,
            closed=lambda: self.settings.gateway.closed,
        )
        gateway = Gateway(self.settings, Life(parts), frame.clock, frame.metrics, frame.log)
        await gateway.start()
        frame.stack.push_async_callback(gateway.stop)
        frame.roles.up("gateway")
        frame.stack.callback(frame.roles.down, "gateway")

    def _tell_of_doubt(self, doubt: Suspect | None) -> None:
        if doubt is not None:
            self.frame.log.error(
                "clock-in-doubt", why=doubt.why, remedy="`lastpost clock acknowledge` once it is right"
            )


def _end_leases(connection: Connection, now: datetime) -> None:
    deliveries.end_leases(connection, now)
    ledger.end_leases(connection, now)


def _trusted(watch: Watch) -> datetime | None:
    """What time it would be without the jump; None while the clock is believed."""
    doubt = watch.suspect
    return doubt.trusted_now if doubt else None


@asynccontextmanager
async def open_house(settings: Settings | LiveSettings, around: Surroundings) -> AsyncIterator[House]:
    """Put the parts together, open the doors, and close everything in order at the end of the block.

    Raises what keeps it from opening: CannotListen, BadTls, RecordsError, AlreadyServing, BadFile, RoleEnded.
    """
    live = settings if isinstance(settings, LiveSettings) else LiveSettings(settings)
    async with AsyncExitStack() as stack:
        yield await _Builder(Frame(live, around, stack, ROLES)).build()
