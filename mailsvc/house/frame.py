"""What every part of a house shares: settings, clock, log, metrics, and the stack that closes them in order.

`Frame.role` starts a role and waits until it serves. A role that ends is a fault of the whole: `House.until` raises
RoleEnded, and the process ends with it.
"""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random, SystemRandom

from prometheus_client import CollectorRegistry

from mailsvc.kit.ids import id_maker
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.roles import Roles
from mailsvc.kit.settings import Settings
from mailsvc.kit.settings.live import LiveSettings
from mailsvc.kit.telemetry import Log
from mailsvc.standing import Almanac
from mailsvc.workers.owner import worker_name
from schedules.clock import SystemClock


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
    live: LiveSettings
    ended: "asyncio.Future[None]"

    async def until(self, stopped: asyncio.Event) -> None:
        """Return when asked to stop. Raises RoleEnded when a role ends before."""
        self.ended.add_done_callback(lambda _: stopped.set())
        await stopped.wait()
        if self.ended.done():
            self.ended.result()


class Frame:
    """What parts are built into; the stack closes them the other way round."""

    def __init__(self, live: LiveSettings, around: Surroundings, stack: AsyncExitStack, roles: tuple[str, ...]) -> None:
        self.live = live
        self.clock = around.clock
        self.random = around.random
        self.log = around.log
        self.stack = stack
        self.metrics = Metrics(CollectorRegistry())
        self.roles = Roles()
        self.roles.declare(*roles, *around.extra_roles)
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.new_id = id_maker(self.clock, self.random)
        self.owner = worker_name(self.settings.service.hostname, os.getpid(), self.random)

    @property
    def settings(self) -> Settings:
        """The settings in force now."""
        return self.live.now

    async def role(self, name: str, work: Coroutine[None, None, None], up: asyncio.Event | None = None) -> None:
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


async def _hear_out(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
