"""No more than 50 ms of work under one write lock, whatever is written: a subscriber's RCPT would wait for it.

One in a hundred (at least two) is left out: Python collects its garbage when it likes.
"""

import asyncio
import itertools
import shutil
import time
import tracemalloc
from pathlib import Path

import pytest

from mailsvc.records import bodies, messages, staging
from mailsvc.records.store import Records
from tests.contracts.made import CLOSING, NOW, accepted, entry, message, new_id, published, to
from tests.contracts.timed import timed

LIMIT = 0.050


@pytest.fixture
def path(tmp_path: Path, sqlite_template: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "records.db"))


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return timed(monkeypatch)


def longest(held: list[float]) -> float:
    return sorted(held)[-max(3, len(held) // 100)]


def test_an_import_of_fifty_thousand_addresses(path: Path, held: list[float]) -> None:
    entries = (entry(f"u{n * 7919 % 50_000}@closing.example", contract=f"c{n}", holder=f"h{n}") for n in range(50_000))
    with Records.open(f"sqlite:///{path}") as records:
        generation = records.act(lambda connection: staging.begin(connection, CLOSING, NOW, "admin"))
        assert staging.stage_all(records, generation, entries) == 50_000
        records.act(lambda connection: staging.publish(connection, [generation], NOW))
        records.act(lambda connection: published(connection, entry("only@closing.example")))
        while records.act(lambda connection: staging.sweep_generations(connection, 1000)):
            continue
    assert len(held) > 100
    assert longest(held) < LIMIT


async def test_a_body_of_a_hundred_megabytes_locks_and_remembers_little(path: Path, held: list[float]) -> None:
    piece = b"x" * 65_536
    with Records.open(f"sqlite:///{path}") as records:
        async with records.committer.running():
            tracemalloc.start()
            writer = bodies.BodyWriter(records, new_id)
            for _ in range(100_000_000 // len(piece)):
                await writer.write(piece)
            staged = await writer.finish()
            await messages.accept(records, message(staged), [to("a@b.example")], staged)
            size = 0
            async for octets in bodies.read_body(records, staged.id):
                size += len(octets)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert size == staged.size
    assert peak < 12_000_000
    assert len(held) >= 95
    assert longest(held) < LIMIT


async def test_many_large_messages_at_once(path: Path, held: list[float]) -> None:
    with Records.open(f"sqlite:///{path}") as records:
        async with records.committer.running():
            for _ in range(3):
                await asyncio.gather(*(accepted(records, octets=b"y" * 1_000_000) for _ in range(20)))
    assert len(held) > 15
    assert longest(held) < LIMIT


def test_slices_shrink_where_a_transaction_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(seconds) * 1.0)
    entries = [entry(f"u{n}@closing.example") for n in range(1000)]
    parts = [len(part) for part in staging.slices(entries)]
    assert parts[:6] == [100, 100, 50, 25, 25, 25]
    assert sum(parts) == 1000


def test_slices_grow_where_it_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    parts = [len(part) for part in staging.slices([entry("a@closing.example")] * 20_000)]
    assert parts[:2] == [100, 112]
    assert max(parts) == 200
