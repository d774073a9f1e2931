"""What subscribers take home, in a house: exports handed over, given more time, and fetched by links."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from functools import partial
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from mailsvc.deeds.export_time import ExportTime
from mailsvc.deeds.more_time import more_time
from mailsvc.deeds.running_exports import ExportJobs, NotCounted, RunningExports, contact_of
from mailsvc.house.frame import Frame
from mailsvc.house.ground import Ground
from mailsvc.kit.files import make_folder
from mailsvc.kit.net import listen
from mailsvc.kit.settings import Settings
from mailsvc.notices.exports_gone import ExportsGone
from mailsvc.notices.exports_ready import ExportsReady, Means
from mailsvc.standing.almanac import edition_of
from mailsvc.standing.usage_counts import FactsAway
from mailsvc.web.portal import Portal, portal_app
from mailsvc.web.server import serve
from schedules.names import Address
from schedules.words import Capability


def running_exports(settings: Settings) -> RunningExports:
    """Where gates hear of exports; a house that keeps none knows of none."""
    return ExportJobs() if settings.exports.folder is not None else NotCounted()


def export_time(ground: Ground) -> ExportTime:
    """The deed that gives more time."""
    settings = ground.frame.settings
    return ExportTime(
        ground.records,
        ground.post,
        running_exports(settings),
        lambda: ground.frame.settings.exports.extend_at_most,
        edition_of,
        host=settings.service.hostname,
    )


def handing_over(ground: Ground, wake: Callable[[Collection[str]], None]) -> Coroutine[None, None, None]:
    """The role "exports": where the settings name a folder for them, else nothing."""
    settings = ground.frame.settings
    folder = settings.exports.folder
    if folder is None:
        return resting()
    make_folder(folder)
    means = Means(
        settings.exports,
        settings.service.hostname,
        settings.service.zoneinfo,
        now=ground.now,
        contact=contact_of,
        may=partial(_may, ground, export_time(ground)),
        wake_outbox=wake,
    )
    log = ground.frame.log
    ready = ExportsReady(ground.records, ground.post, means, log)
    return _together(ready.run(), ExportsGone(ground.records, settings.exports.keep, ground.now, log).run())


def portal_of(ground: Ground) -> ASGIApp | None:
    """The door of links, where the settings say under which URL it is found."""
    settings = ground.frame.settings
    exports, service = settings.exports, settings.service
    if exports.folder is None or not exports.public_url:
        return None
    return portal_app(
        Portal(
            ground.records,
            exports,
            _known_as(settings),
            service.zoneinfo,
            ground.now,
            ground.frame.log,
            lambda mailbox: more_time(ground.almanac.of(mailbox.domain), mailbox, ground.now()),
        )
    )


def _known_as(settings: Settings) -> str:
    """What subscribers know the service by before it is known who they are: its one domain, else where they came."""
    (first, *others) = settings.domains
    alone = not others and not first.startswith("*.")
    return first if alone else urlsplit(settings.exports.public_url).hostname or ""


async def links(frame: Frame, portal: ASGIApp | None) -> None:
    """Start the role "links": the door on a listener of its own, where it has one."""
    where = frame.settings.exports.listen
    if portal is None or where is None:
        await frame.role("links", resting())
        return
    up = asyncio.Event()
    serving = serve(portal, listen(where.host, where.port), up=up.set, proxies=proxies(frame.settings))
    await frame.role("links", serving, up)


def proxies(settings: Settings) -> tuple[str, ...]:
    """Whose X-Forwarded-For is believed."""
    return tuple(str(network) for network in settings.exports.proxies)


async def _together(*parts: Coroutine[None, None, None]) -> None:
    """Parts of one role: it ends with the first of them."""
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(part)


async def resting() -> None:
    """Nothing, until the house ends."""
    await asyncio.Event().wait()


async def _may(ground: Ground, time: ExportTime, mailbox: Address) -> bool:
    """Whether an export may go on by its plan; what is not known ends none."""
    now = ground.now()
    try:
        standing = await ground.standings.of(mailbox, now, usage=False)
    except FactsAway:
        return True
    if standing.rulings is None or standing.rulings[Capability.EXPORT].allowed:
        return True
    edition = ground.almanac.of(mailbox.domain)
    return not await ground.records.ask(lambda connection: time.is_over(connection, edition, mailbox, now))
