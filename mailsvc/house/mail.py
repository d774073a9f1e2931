"""The way of mail through a house: out by the outbox, in by the gateway, and the policy service beside it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from mailsvc.gateway.examination import Examination
from mailsvc.gateway.gateway import DRAIN_SECONDS, Gateway
from mailsvc.gateway.handoff import Handoff
from mailsvc.gateway.life import Life
from mailsvc.gateway.parts import HouseParts
from mailsvc.gateway.returning import Returning
from mailsvc.house.aftermath import Aftermath
from mailsvc.house.ground import Ground
from mailsvc.house.scanning import LiveScanner
from mailsvc.house.writing import Writing
from mailsvc.kit.net import client_tls
from mailsvc.kit.scanners import policy_of
from mailsvc.kit.settings.gateway import BareNewline
from mailsvc.kit.targets import HopTls
from mailsvc.outbox.attempts import Attempts, Means
from mailsvc.outbox.backoff import Backoff
from mailsvc.outbox.exchangers import Exchangers
from mailsvc.outbox.forwarding import Forwarding
from mailsvc.outbox.ourselves import ourselves
from mailsvc.outbox.outbox import Outbox, Pace
from mailsvc.outbox.smtp import Timeouts
from mailsvc.policyd.policyd import Policyd
from mailsvc.standing import Verdicts


def outbox(ground: Ground, writing: Writing) -> Outbox:
    """Mail on its way out."""
    frame, settings = ground.frame, ground.frame.settings.outbox
    means = Means(
        routes=ground.routes,
        backoff=Backoff(settings.first_retry, settings.longest_retry),
        hostname=frame.settings.service.hostname,
        contexts={HopTls.STARTTLS: client_tls(verify=False), HopTls.REQUIRED: client_tls()},
        timeouts=Timeouts(connect=settings.connect_timeout.total_seconds()),
        bare="normalise" if frame.settings.gateway.bare_newline is BareNewline.NORMALISE else "refuse",
        outgoing=Forwarding(ground.srs, ground.ours, frame.log).outgoing,
        exchangers=Exchangers(ground.dns, frame.random, is_us=ourselves(lambda: frame.settings)),
    )
    threads = frame.stack.enter_context(ThreadPoolExecutor(settings.per_lane_concurrency, "maildir"))
    attempts = Attempts(ground.records, means, frame.clock, frame.random, threads)
    pace = Pace(
        lease=settings.lease,
        share=settings.per_lane_concurrency,
        per_destination=settings.per_destination_concurrency,
    )
    after = Aftermath(ground.records, writing.warnings, writing.pauses, writing.returner, ground.ours, ground.now)
    return Outbox(
        ground.records,
        attempts,
        frame.clock,
        pace,
        frame.metrics,
        frame.log,
        owner=frame.owner,
        after=after.settled,
    )


async def gateway(ground: Ground, writing: Writing, outbox: Outbox) -> None:
    """Mail in: from here on the house takes it."""
    frame = ground.frame
    life = Life(_parts(ground, writing, outbox))
    door = Gateway(frame.settings, life, frame.clock, frame.metrics, frame.log)
    await door.start()
    frame.live.follow(lambda _: door.renew_certificate())
    # Whoever waits for our next hop is waited for: cut off, it would send again what is handed over already.
    frame.stack.push_async_callback(door.stop, DRAIN_SECONDS + _seconds(frame.settings.outbox.handoff_budget))
    _up(ground, "gateway")


async def policyd(ground: Ground) -> None:
    """Verdicts for MTAs that only ask."""
    frame = ground.frame
    verdicts = Verdicts(ground.standings, ground.watch, None, frame.log, throttle=ground.throttle)
    door = Policyd(lambda: frame.settings, verdicts, ground.routes, frame.metrics, frame.log)
    await door.start()
    frame.stack.push_async_callback(door.stop)
    _up(ground, "policyd")


def _parts(ground: Ground, writing: Writing, outbox: Outbox) -> HouseParts:
    frame, live = ground.frame, ground.frame.live
    scanner = LiveScanner(live, frame.clock.monotonic, frame.log)
    frame.stack.push_async_callback(scanner.close)
    examination = Examination(
        ground.records,
        scanner=lambda: scanner.now,
        policy=lambda: policy_of(live.now.virus.unscanned),
        hop_limit=lambda: live.now.forwarding.hop_limit,
        verdicts=ground.verdicts,
        watch=ground.watch,
        ours=lambda mailbox: ground.ours(mailbox.domain),
        metrics=frame.metrics,
        monotonic=frame.clock.monotonic,
    )
    return HouseParts(
        records=ground.records,
        settings=lambda: live.now,
        verdicts=ground.verdicts,
        examination=examination,
        quarantining=writing.quarantining,
        returning=Returning(ground.records, lambda: writing.bounced, writing.pauses, frame.new_id),
        handoff=Handoff(
            ground.records,
            outbox,
            frame.clock,
            lambda: _seconds(live.now.outbox.handoff_budget),
            frame.metrics,
            frame.log,
        ),
        watch=ground.watch,
        routes=ground.routes,
        clock=frame.clock,
        new_id=frame.new_id,
        hostname=frame.settings.service.hostname,
        metrics=frame.metrics,
        log=frame.log,
    )


def _seconds(duration: timedelta) -> float:
    return duration / timedelta(seconds=1)


def _up(ground: Ground, door: str) -> None:
    roles = ground.frame.roles
    roles.up(door)
    ground.frame.stack.callback(roles.down, door)
