"""Who waits for SQLite's write lock gets it at the next gap, however short: an import must not keep mail waiting."""

import asyncio
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from mailsvc.records import staging
from mailsvc.records.errors import RecordsAway
from mailsvc.records.store import Records
from mailsvc.records.tables import marks
from tests.contracts.made import entry
from tests.support.deadline import until
from tests.support.noting import noting


@pytest.fixture
def path(tmp_path: Path, sqlite_template: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "records.db"))


async def test_a_commit_that_waits_asks_again_every_few_milliseconds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own patience would ask ten times a second at last, and be late by half of that."""
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", noting(time.sleep, naps.append))
    url = f"sqlite:///{path}"
    with Records.open(url, busy=300.0) as records, closing(sqlite3.connect(path, isolation_level=None)) as other:
        async with records.committer.running():
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.ensure_future(records.committer.insert([(marks, {"name": "m", "text": "x"})]))
            await until(lambda: len(naps) >= 20, "it asks again")
            assert not waiting.done()
            other.execute("COMMIT")
            await waiting
    assert max(naps) <= 0.02


def test_an_import_leaves_the_lock_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    parts = list(staging.slices([entry("a@closing.example")] * 1000))
    assert naps == [staging.BREATH] * len(parts)


async def test_it_waits_as_long_as_it_was_told_and_no_longer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", noting(time.sleep, naps.append))
    with Records.open(f"sqlite:///{path}", busy=0.3) as records, closing(sqlite3.connect(path)) as other:
        async with records.committer.running():
            other.execute("BEGIN IMMEDIATE")
            began = time.perf_counter()
            with pytest.raises(RecordsAway, match="locked"):
                await records.committer.insert([(marks, {"name": "m", "text": "x"})])
            assert time.perf_counter() - began >= 0.3
            assert sum(naps) <= 0.3 + max(naps), "however slow the machine is: a nap is never shorter than it says"
            other.rollback()
            await records.committer.insert([(marks, {"name": "m", "text": "x"})])
