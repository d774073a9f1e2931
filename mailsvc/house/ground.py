"""The ground floor of a house: records, time, what is known of addresses, and where mail goes."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailsvc.desk.accounts_staging import discard_left_behind
from mailsvc.desk.desk import open_records
from mailsvc.house.frame import Frame
from mailsvc.kit.dns import Dns
from mailsvc.kit.settings import Settings
from mailsvc.kit.srs import Srs, srs_of
from mailsvc.letters.post import Post
from mailsvc.notices.quota_warnings import CannotCount
from mailsvc.outbox.routes import Routes
from mailsvc.records import deliveries, job_claims, ledger
from mailsvc.records.store import Connection, Records
from mailsvc.standing import Almanac, FactsAway, Standings, UsageBook, Verdicts, Watch
from mailsvc.standing.rates import rates_in
from mailsvc.standing.reservations import reservations_in
from mailsvc.standing.standings import mailbox_folders
from mailsvc.standing.throttle import Throttle
from mailsvc.standing.usage_asked import AskedServers
from mailsvc.standing.usage_counts import Counting
from mailsvc.standing.usage_imap import ImapAsking, counting_of
from schedules.names import Address, DomainName


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything else stands on."""

    frame: Frame
    records: Records
    almanac: Almanac
    watch: Watch
    routes: Routes
    dns: Dns
    srs: Srs | None
    standings: Standings
    throttle: Throttle
    usage: UsageBook
    verdicts: Verdicts
    post: Post

    def now(self) -> datetime:
        """The time that is believed: after a jump of the clock, what it would be without."""
        return believed(self.watch)

    async def used(self, mailbox: Address) -> int | None:
        """How many octets a mailbox holds; None where nobody knows. Raises CannotCount."""
        try:
            counted = await self.usage.held(mailbox, self.now())
        except FactsAway as why:
            raise CannotCount(str(why)) from why
        return counted.octets if counted else None

    def ours(self, domain: DomainName) -> bool:
        """Whether a domain is one of ours by the settings in force."""
        return self.frame.settings.domain(domain) is not None


async def lay(frame: Frame, filling: Callable[[Address], None]) -> Ground:
    """Open the records, then everything that reads them; `filling` hears of mailboxes that fill up."""
    settings = frame.settings
    records = _records(frame)
    await frame.role("committer", records.committer.run())
    almanac = Almanac(records, settings.service.zoneinfo)
    almanac.refresh()
    await frame.role("almanac", almanac.watch())
    watch = Watch(frame.clock, records, settings.clock, frame.log)
    doubt = watch.start()
    if doubt is not None:
        frame.log.error("clock-in-doubt", why=doubt.why, remedy="`lastpost clock acknowledge` once it is right")
    await frame.role("watch", watch.run())
    return _known(frame, records, almanac, watch, filling)


def _known(
    frame: Frame, records: Records, almanac: Almanac, watch: Watch, filling: Callable[[Address], None]
) -> Ground:
    settings, service = frame.settings, frame.settings.service
    routes = Routes(lambda: frame.settings, lambda domain: almanac.of(domain).successor(domain, believed(watch)))
    srs = _srs(frame)
    reservations = reservations_in(records, frame.clock)
    frame.stack.push_async_callback(reservations.close)
    book = UsageBook(
        records,
        lambda: frame.settings.quota,
        lambda mailbox: mailbox_folders(frame.settings)(mailbox),  # noqa: PLW0108 - the settings in force
        asked=_asked(frame),
        reservations=reservations,
        stamp=watch.stamp,
        filling=filling,
    )
    standings = Standings(records, almanac, book, settings, srs=srs)
    frame.live.follow(standings.renew)
    frame.live.follow(lambda _: book.renew())
    throttle = Throttle(rates_in(records, lambda: frame.settings.rate))
    verdicts = Verdicts(standings, watch, routes, frame.log, usage=book, throttle=throttle)
    post = Post(
        records,
        sender=letters_from(settings),
        hostname=service.hostname,
        zone=service.zoneinfo,
        new_id=frame.new_id,
        lane=routes.lane,
    )
    dns = Dns(settings.resolver.servers, settings.resolver.timeout.total_seconds(), frame.clock.monotonic)
    return Ground(frame, records, almanac, watch, routes, dns, srs, standings, throttle, book, verdicts, post)


def believed(watch: Watch) -> datetime:
    """The trusted time where the clock is in doubt, else the time."""
    doubt = watch.suspect
    return doubt.trusted_now if doubt else watch.now()


def _asked(frame: Frame) -> Callable[[Address], Counting | None]:
    """Who is asked about mailboxes that cannot be seen from here, by the settings in force."""
    imap = ImapAsking(os.environ)
    frame.live.follow(lambda _: imap.forget())

    def away(server: str, why: str) -> None:
        frame.log.warning("usage-unknown", server=server, why=why)

    servers = AskedServers(imap.ask, frame.clock.monotonic, away=away)
    frame.stack.push_async_callback(servers.close)
    return lambda mailbox: counting_of(frame.settings, mailbox, servers)


def letters_from(settings: Settings) -> Address:
    """Who writes letters and reports."""
    return settings.service.letters_from or Address.parse(f"postmaster@{settings.service.hostname}")


def _records(frame: Frame) -> Records:
    records = frame.stack.enter_context(open_records(frame.settings))
    frame.stack.enter_context(records.serving())
    if frame.settings.records.is_sqlite:  # one service at a time: what a killed one had in hand is nobody's
        records.act(lambda connection: _end_leases(connection, frame.clock.now()))
    records.act(lambda connection: discard_left_behind(connection, frame.clock.now()))
    records.committer.observe = frame.metrics.commit_seconds.observe
    return records


def _srs(frame: Frame) -> Srs | None:
    """Rewritten senders, by the secrets in force."""
    srs = srs_of(frame.settings.forwarding, os.environ)
    if srs is not None:
        frame.live.follow(
            lambda now: srs.believe([one.resolve(os.environ) for one in now.forwarding.srs_secrets or ()])
        )
    return srs


def _end_leases(connection: Connection, now: datetime) -> None:
    deliveries.end_leases(connection, now)
    ledger.end_leases(connection, now)
    job_claims.end_leases(connection, now)
