"""The demo world played: opened or made, its doors opened, its end fixed, told line by line, until a signal comes.

`await play(options, say)` answers with the exit code. The end is counted from the moment the house is healthy, so the
plan is put in force last, and the role `world` is up only then: the first 200 of /healthz finds everything in place.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from mailsvc.demo.old_server import old_server, prepare
from mailsvc.demo.options import DEFAULT_ENDS_IN, Options
from mailsvc.demo.people import DOMAIN
from mailsvc.demo.seed import put_plan_in_force, seed
from mailsvc.demo.telling import Countdown, Say, TellingLog, greet
from mailsvc.demo.world import Ports, World, make_world, open_world, played_alone
from mailsvc.demo.worlds import DEFAULT, announced, home
from mailsvc.house import House, Surroundings, open_house, stop_signals
from mailsvc.kit.settings import Settings, read_settings
from mailsvc.kit.telemetry import Log, configure
from schedules.names import DomainName
from schedules.words import Stage

WORLD_ROLE = "world"
_LOOK_SECONDS = 0.5


async def play(options: Options, random: Random, environ: dict[str, str], say: Say) -> int:
    """Play until SIGINT or SIGTERM; 0 where it ended as asked."""
    state = (options.state or home() / DEFAULT).absolute()
    with played_alone(state):
        world, settings = _world(options, state, random, environ, say)
        with announced(home(), state), _log_file(world) as log:
            await _open(world, settings, options, log, say)
    say("the demo world is closed; everything in it is kept")
    return 0


async def _open(world: World, settings: Settings, options: Options, log: Log, say: Say) -> None:
    surroundings = Surroundings.real(settings, TellingLog(log, say), extra_roles=(WORLD_ROLE,))
    async with (
        stop_signals() as stopped,
        old_server(world, by_dovecot=options.by_dovecot) as old,
        open_house(settings, surroundings) as house,
    ):
        world = await _begin(world, settings, house, options)
        house.roles.up(WORLD_ROLE)
        greet(world, old, say)
        telling = asyncio.create_task(_count_down(house, say))
        try:
            await house.until(stopped)
        finally:
            telling.cancel()


def _world(options: Options, state: Path, random: Random, environ: dict[str, str], say: Say) -> tuple[World, Settings]:
    ports = Ports.from_base(options.port_base) if options.port_base is not None else None
    found = None if options.fresh else open_world(state, ports, options.clock_file)
    world = found or make_world(state, ports or Ports(), options.clock_file, random)
    prepare(world, random)
    settings = read_settings(world.settings, environ)
    if found is None:
        say(f"making a new world in {state}")
        seed(world, settings, random)
    elif options.ends_in is not None and world.end is not None:
        say("this world goes on where it was, so its end stays where it is; --fresh begins a new one")
    return world, settings


async def _begin(world: World, settings: Settings, house: House, options: Options) -> World:
    """Fix the end of a world that has none yet, now that everything listens."""
    if world.end is not None:
        return world
    length = timedelta(seconds=options.ends_in or DEFAULT_ENDS_IN)
    world = replace(world, end=_whole_second(house.clock.now() + length))
    await asyncio.to_thread(put_plan_in_force, world, settings)
    house.almanac.refresh()
    world.save()
    return world


def _whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0) + timedelta(seconds=1 if at.microsecond >= 500_000 else 0)


async def _count_down(house: House, say: Say) -> None:
    """Count down to the end that stands, also after somebody has postponed it."""
    countdown, domain = Countdown(say), DomainName.parse(DOMAIN)
    while True:
        countdown.look(house.clock.now(), house.almanac.of(domain).stage_instant(Stage.RECEIVE_END))
        await asyncio.sleep(_LOOK_SECONDS)


@contextmanager
def _log_file(world: World) -> Iterator[Log]:
    descriptor = os.open(world.state / "lastpost.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)  # it tells who wrote to whom
    with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
        yield configure(stream, json=True, level="info")
