"""Who is woken, and by what: a lane at rest costs nothing, and a shortage ends no count."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.rules.outbox.world import PACE, at_work, world
from tests.support.deadline import until


async def test_a_lane_at_rest_wakes_nobody(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        outbox = here.outbox()
        outbox._lanes.away("smtp a", here.clock.monotonic(), "no connection")
        outbox.wake({"smtp a"})
        assert not outbox._wake.is_set()
        outbox.wake({"smtp a", "maildir b"})
        assert outbox._wake.is_set()


async def test_the_queue_is_counted_again_after_a_shortage_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:
        outbox = here.outbox(pace=replace(PACE, count=0.01))
        tries: list[str] = []

        async def no_thread(_: Callable[[], object]) -> None:
            tries.append("a try")
            await asyncio.sleep(0)
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as shortage:
            shortage.setattr(outbox._attempts, "in_thread", no_thread)
            async with at_work(outbox):
                await until(lambda: len(tries) > 2, "it tries again")
