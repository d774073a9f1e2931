"""The process around a house: its log, its signals, from start to end."""

import os
import sys
from pathlib import Path

from mailsvc.house.builder import open_house
from mailsvc.house.frame import Surroundings
from mailsvc.house.signals import reloader, stop_signals
from mailsvc.kit.settings import LogForm, read_settings
from mailsvc.kit.settings.live import LiveSettings
from mailsvc.kit.telemetry import configure


async def serve(file: Path) -> None:
    """Run the service by the settings in `file` until SIGTERM or SIGINT, then drain and end; SIGHUP reads them again.

    Raises BadFile, and RoleEnded when a part of it fails.
    """
    settings = read_settings(file, os.environ)
    form = settings.log.form
    json = form is LogForm.JSON or (form is LogForm.AUTO and not sys.stderr.isatty())
    log = configure(sys.stderr, json=json, level=settings.log.level)
    live = LiveSettings(settings, lambda: read_settings(file, os.environ))
    around = Surroundings.real(settings, log)
    async with stop_signals(reloader(live, log)) as stopped, open_house(live, around) as house:
        log.info("serving", roles=list(house.roles.states))
        await house.until(stopped)
        log.info("draining")
    log.info("ended")
