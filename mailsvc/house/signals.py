"""Signals: SIGINT and SIGTERM stop the service, SIGHUP has it read its settings again.

Without anything to read again SIGHUP changes nothing: a terminal that closes is no reason to stop taking mail.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mailsvc.kit.settings.live import LiveSettings, Reloaded
from mailsvc.kit.telemetry import Log
from schedules.positions import BadFile


@asynccontextmanager
async def stop_signals(reload: Callable[[], None] = lambda: None) -> AsyncIterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set; SIGHUP calls `reload`."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    meanings = {signal.SIGINT: stopped.set, signal.SIGTERM: stopped.set, signal.SIGHUP: reload}
    for number, meaning in meanings.items():
        loop.add_signal_handler(number, meaning)
    try:
        yield stopped
    finally:
        for number in meanings:
            loop.remove_signal_handler(number)


def reloader(live: LiveSettings, log: Log) -> Callable[[], None]:
    """What SIGHUP does: settings that cannot be read are told and change nothing."""

    def reload() -> None:
        found = _reloaded(live)
        if isinstance(found, BadFile):
            log.error("settings-not-reloaded", why=str(found), remedy="mend the file and send SIGHUP again")
            return
        log.info("settings-reloaded", changed=list(found.changed))
        if found.waiting:
            log.warning("settings-wait-for-a-restart", sections=list(found.waiting))

    return reload


def _reloaded(live: LiveSettings) -> Reloaded | BadFile:
    try:
        return live.reload()
    except BadFile as bad:
        return bad
