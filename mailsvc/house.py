"""The house: the only place where the parts of a running service are put together.

    async with stop_signals() as stopped, open_house(settings, Surroundings.real(settings, log)) as house:
        await house.until(stopped)

Parts open from the records upward and close the other way round: doors first, the committer last, so that what was
promised is on disk. Every role is declared before anything starts; `/healthz` answers 200 once all of them serve.
A role that ends is a fault of the whole: `until` raises RoleEnded, and the process ends with it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from random import Random, SystemRandom

from prometheus_client import CollectorRegistry

from mailsvc.alarm.role import AlarmRole
from mailsvc.deeds.carry import Carrier
from mailsvc.deeds.tell_administrators import TellAdministrators
from mailsvc.desk.accounts_staging import discard_left_behind
from mailsvc.desk.desk import open_records
from mailsvc.gateway.gateway import Gateway
from mailsvc.gateway.life import Life
from mailsvc.gateway.parts import HouseParts, postmaster_domain
from mailsvc.kit.ids import id_maker
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.net import client_tls, listen
from mailsvc.kit.roles import Roles
from mailsvc.kit.settings import LogForm, Settings
from mailsvc.kit.settings.gateway import BareNewline
from mailsvc.kit.targets import HopTls
from mailsvc.kit.telemetry import Log, configure
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
from mailsvc.workers.owner import worker_name
from mailsvc.workers.sweeper import Sweeper
from schedules.clock import SystemClock
from schedules.names import Address

ROLES = ("committer", "almanac", "watch", "outbox", "alarm", "sweeper", "http", "gateway")


class RoleEnded(Exception):
    """A role of the service ended by itself, so the service ends; the cause is chained."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a house stands in: time, chance, its log, and how full its health is told."""

    clock: SystemClock
    random: Random
    log: Log
    extra_roles: tuple[str, ...] = ()  # roles that whoever opens the house brings up itself

    @classmethod
    def real(cls, settings: Settings, log: Log, *, extra_roles: tuple[str, ...] = ()) -> "Surroundings":
        """The machine's own clock, moved by the settings' clock file, and its own randomness."""
        return cls(SystemClock(settings.clock.file), SystemRandom(), log, extra_roles)


@dataclass(frozen=True, slots=True)
class House:
    """A running service."""

    clock: SystemClock
    almanac: Almanac
    roles: Roles
    ended: "asyncio.Future[None]"

    async def until(self, stopped: asyncio.Event) -> None:
        """Return when asked to stop. Raises RoleEnded when a role ends before."""
        self.ended.add_done_callback(lambda _: stopped.set())
        await stopped.wait()
        if self.ended.done():
            self.ended.result()


class _Builder:
    """Opens part after part, from the records upward; the stack closes them the other way round."""

    def __init__(self, settings: Settings, around: Surroundings, stack: AsyncExitStack) -> None:
        self.settings = settings
        self.clock = around.clock
        self.random = around.random
        self.log = around.log
        self.stack = stack
        self.metrics = Metrics(CollectorRegistry())
        self.roles = Roles()
        self.roles.declare(*ROLES, *around.extra_roles)
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.new_id = id_maker(self.clock, self.random)
        self.owner = worker_name(settings.service.hostname, os.getpid(), self.random)

    async def build(self) -> House:
        """All of it."""
        records = self._records()
        await self._role("committer", records.committer.run())
        almanac = Almanac(records, self.settings.service.zoneinfo)
        almanac.refresh()
        await self._role("almanac", almanac.watch())
        watch = Watch(self.clock, records, self.settings.clock, self.log)
        self._tell_of_doubt(watch.start())
        await self._role("watch", watch.run())
        outbox = self._outbox(records)
        await self._role("outbox", outbox.run())
        await self._role("alarm", self._alarm(records, almanac, watch).run())
        retention = self.settings.records.keep_traces
        await self._role("sweeper", Sweeper(records, lambda: _trusted(watch) or watch.now(), retention, self.log).run())
        await self._http()
        await self._gateway(records, almanac, watch, outbox)
        return House(self.clock, almanac, self.roles, self.ended)

    def _records(self) -> Records:
        records = self.stack.enter_context(open_records(self.settings))
        self.stack.enter_context(records.serving())
        if self.settings.records.is_sqlite:  # one service at a time: what a killed one had in hand is nobody's
            records.act(lambda connection: _end_leases(connection, self.clock.now()))
        records.act(lambda connection: discard_left_behind(connection, self.clock.now()))
        records.committer.observe = self.metrics.commit_seconds.observe
        return records

    def _outbox(self, records: Records) -> Outbox:
        settings = self.settings.outbox
        means = Means(
            routes=Routes(self.settings),
            backoff=Backoff(settings.first_retry, settings.longest_retry),
            hostname=self.settings.service.hostname,
            contexts={HopTls.STARTTLS: client_tls(verify=False), HopTls.REQUIRED: client_tls()},
            timeouts=Timeouts(connect=settings.connect_timeout.total_seconds()),
            bare="normalise" if self.settings.gateway.bare_newline is BareNewline.NORMALISE else "refuse",
        )
        threads = self.stack.enter_context(ThreadPoolExecutor(settings.per_lane_concurrency, "maildir"))
        attempts = Attempts(records, means, self.clock, self.random, threads)
        pace = Pace(lease=settings.lease, share=settings.per_lane_concurrency)
        return Outbox(records, attempts, self.clock, pace, self.metrics, self.log, owner=self.owner)

    def _alarm(self, records: Records, almanac: Almanac, watch: Watch) -> AlarmRole:
        service = self.settings.service
        post = Post(
            records,
            sender=service.letters_from or Address.parse(f"postmaster@{service.hostname}"),
            hostname=service.hostname,
            zone=service.zoneinfo,
            new_id=self.new_id,
            lane=Routes(self.settings).lane,
        )
        kinds = [TellAdministrators(records, post, service.administrators, host=service.hostname)]
        carrier = Carrier(
            records,
            lambda: almanac.editions,
            kinds,
            self.clock,
            self.log,
            owner=self.owner,
            trusted=lambda: _trusted(watch),
        )
        return AlarmRole(self.clock, lambda: almanac.editions, kinds, carrier, self.log, watch_tick=watch.tick)

    async def _http(self) -> None:
        where = self.settings.http.listen
        app = health_app(self.roles, self.metrics, self.settings.http)
        up = asyncio.Event()
        await self._role("http", serve_http(app, listen(where.host, where.port), up=up.set), up)

    async def _gateway(self, records: Records, almanac: Almanac, watch: Watch, outbox: Outbox) -> None:
        book = UsageBook(records, self.settings.quota, mailbox_folders(self.settings), stamp=watch.stamp)
        standings, routes = Standings(records, almanac, book, self.settings), Routes(self.settings)
        parts = HouseParts(
            records=records,
            verdicts=Verdicts(standings, watch, routes, self.log),
            watch=watch,
            routes=routes,
            clock=self.clock,
            new_id=self.new_id,
            hostname=self.settings.service.hostname,
            postmaster_domain=postmaster_domain(self.settings),
            soft_bounce=self.settings.soft_bounce,
            metrics=self.metrics,
            log=self.log,
            wake_outbox=outbox.wake,
            closed=lambda: self.settings.gateway.closed,
        )
        gateway = Gateway(self.settings, Life(parts), self.clock, self.metrics, self.log)
        await gateway.start()
        self.stack.push_async_callback(gateway.stop)
        self.roles.up("gateway")
        self.stack.callback(self.roles.down, "gateway")

    async def _role(self, name: str, work: Coroutine[None, None, None], up: asyncio.Event | None = None) -> None:
        """Start a role and wait until it serves; at the end of the house it is cancelled and heard out.

        Raises RoleEnded where this role, or one before it, has ended already: no door opens on half a house.
        """
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda done: self._ended(name, done))
        self.stack.push_async_callback(_hear_out, task)
        self.stack.callback(self.roles.down, name)
        serving = asyncio.ensure_future(up.wait() if up else asyncio.sleep(0))
        await asyncio.wait({task, serving}, return_when=asyncio.FIRST_COMPLETED)
        serving.cancel()
        if self.ended.done():
            self.ended.result()
        self.roles.up(name)

    def _tell_of_doubt(self, doubt: Suspect | None) -> None:
        if doubt is not None:
            self.log.error("clock-in-doubt", why=doubt.why, remedy="`lastpost clock acknowledge` once it is right")

    def _ended(self, name: str, task: "asyncio.Task[None]") -> None:
        """A role that ends by itself ends the house."""
        if task.cancelled() or self.ended.done():
            return
        self.roles.down(name)
        ended = RoleEnded(f"the {name} ended")
        ended.__cause__ = task.exception()
        self.log.error("role-ended", role=name, why=str(ended.__cause__), exc_info=ended.__cause__)
        self.ended.set_exception(ended)
        self.ended.exception()  # the log has it, whether or not anybody waits


def _end_leases(connection: Connection, now: datetime) -> None:
    deliveries.end_leases(connection, now)
    ledger.end_leases(connection, now)


def _trusted(watch: Watch) -> datetime | None:
    """What time it would be without the jump; None while the clock is believed."""
    doubt = watch.suspect
    return doubt.trusted_now if doubt else None


async def _hear_out(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def open_house(settings: Settings, around: Surroundings) -> AsyncIterator[House]:
    """Put the parts together, open the doors, and close everything in order at the end of the block.

    Raises what keeps it from opening: CannotListen, BadTls, RecordsError, AlreadyServing, BadFile, RoleEnded.
    """
    async with AsyncExitStack() as stack:
        builder = _Builder(settings, around, stack)
        yield await builder.build()


async def serve(settings: Settings) -> None:
    """Run the service until SIGTERM or SIGINT, then drain and end. Raises RoleEnded when a part of it fails."""
    form = settings.log.form
    json = form is LogForm.JSON or (form is LogForm.AUTO and not sys.stderr.isatty())
    log = configure(sys.stderr, json=json, level=settings.log.level)
    async with stop_signals() as stopped, open_house(settings, Surroundings.real(settings, log)) as house:
        log.info("serving", roles=list(house.roles.states))
        await house.until(stopped)
        log.info("draining")
    log.info("ended")


@asynccontextmanager
async def stop_signals() -> AsyncIterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set; SIGHUP changes nothing, since settings are read at a start."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    meanings = {signal.SIGINT: stopped.set, signal.SIGTERM: stopped.set, signal.SIGHUP: _carry_on}
    for number, meaning in meanings.items():
        loop.add_signal_handler(number, meaning)
    try:
        yield stopped
    finally:
        for number in meanings:
            loop.remove_signal_handler(number)


def _carry_on() -> None:
    """A terminal that closes is no reason to stop taking mail."""
