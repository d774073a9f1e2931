"""The order in which the parts of a house open: records first, doors last; they close the other way round.

So what was promised is on disk before the committer ends. `/healthz` answers 200 once every role serves.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from mailsvc.house import mail
from mailsvc.house.frame import Frame, House, Surroundings
from mailsvc.house.ground import Ground, lay
from mailsvc.house.takehome import handing_over, links, portal_of, proxies
from mailsvc.house.working import working
from mailsvc.house.writing import Scribes, Writing, alarm
from mailsvc.kit.net import listen
from mailsvc.kit.settings import Settings
from mailsvc.kit.settings.live import LiveSettings
from mailsvc.standing.rates import outdated
from mailsvc.web.health import health_app
from mailsvc.web.portal import beside
from mailsvc.web.server import serve as serve_http
from mailsvc.workers.sweeper import Sweeper

ROLES = (
    "committer",
    "almanac",
    "watch",
    "outbox",
    "notices",
    "warnings",
    "returns",
    "alarm",
    "sweeper",
    "exports",
    "http",
    "links",
    "policyd",
    "gateway",
    "jobs",
)


async def build(frame: Frame) -> House:
    """All of it."""
    # Each hears of the other: the ground of full mailboxes, the outbox below of what became of mail.
    ground = await lay(frame, lambda mailbox: writing.warnings.noticed(mailbox))  # noqa: PLW0108
    writing = Scribes(ground, lambda lanes: outbox.wake(lanes)).all()  # noqa: PLW0108
    outbox = mail.outbox(ground, writing)
    await frame.role("outbox", outbox.run())
    await _writers(frame, ground, writing)
    await frame.role("exports", handing_over(ground, outbox.wake))
    await _http(ground)
    await mail.policyd(ground)
    await mail.gateway(ground, writing, outbox)
    await frame.role("jobs", working(ground))  # last, so that at the end another takes them up at once
    return House(frame.clock, ground.almanac, frame.roles, frame.live, frame.ended)


async def _writers(frame: Frame, ground: Ground, writing: Writing) -> None:
    """Whoever writes, rings or clears away."""
    await frame.role("notices", writing.notices.run())
    await frame.role("warnings", writing.warnings.run())
    await frame.role("returns", writing.returner.run())
    await frame.role("alarm", alarm(ground).run())
    retention = frame.settings.records.keep_traces
    sweeper = Sweeper(
        ground.records,
        ground.now,
        retention,
        frame.settings.jobs.keep,
        frame.log,
        outdated=lambda now: outdated(frame.settings.rate, now),
    )
    await frame.role("sweeper", sweeper.run())


async def _http(ground: Ground) -> None:
    """Health, and the door of links: beside it, or on a listener of its own."""
    frame, portal = ground.frame, portal_of(ground)
    where, apart = frame.settings.http.listen, frame.settings.exports.listen is not None
    health = health_app(frame.roles, frame.metrics, frame.settings.http)
    app = health if portal is None or apart else beside(portal, health)
    up = asyncio.Event()
    serving = serve_http(app, listen(where.host, where.port), up=up.set, proxies=proxies(frame.settings))
    await frame.role("http", serving, up)
    await links(frame, portal)


@asynccontextmanager
async def open_house(settings: Settings | LiveSettings, around: Surroundings) -> AsyncIterator[House]:
    """Put the parts together, open the doors, and close everything in order at the end of the block.

    Raises what keeps it from opening: CannotListen, BadTls, BadRules, RecordsError, AlreadyServing, BadFile, RoleEnded.
    """
    live = settings if isinstance(settings, LiveSettings) else LiveSettings(settings)
    async with AsyncExitStack() as stack:
        yield await build(Frame(live, around, stack, ROLES))
