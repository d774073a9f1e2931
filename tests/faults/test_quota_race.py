"""Promise `quota-race`: 50 parallel deliveries at 99.9 MB of 100, and at most one message over."""

import asyncio
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from mailsvc.records import staging
from mailsvc.records.store import Connection, Records
from tests.faults.quota_race import ENTRY, HANAKO, NOW, OCTETS, nearly_full, racing
from tests.real.postgresql import Postgresql, postgresql
from tests.rules.standing.world import WORLD
from tests.support.run_folder import RunFolder

ROOT = Path(__file__).parents[2]


def _published(connection: Connection) -> None:
    generation = staging.begin(connection, HANAKO.domain, NOW, "tests")
    staging.stage(connection, generation, [ENTRY])
    staging.publish(connection, [generation], NOW)


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/records.db"
    with Records.open(url, create=True) as records:
        records.act(_published)
    nearly_full(tmp_path)
    return url


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([OCTETS] * 50, id="announced"),
        pytest.param([0] * 50, id="not announced"),
        pytest.param([1] * 50, id="lied about"),
        pytest.param([0, 1, OCTETS, OCTETS * 2, 0] * 10, id="all of it"),
    ],
)
@pytest.mark.parametrize("seed", range(4))
async def test_fifty_at_once_bring_one_over(sqlite: str, tmp_path: Path, sizes: list[int], seed: int) -> None:
    async with racing(sqlite, tmp_path, seed) as race:
        assert await race.run("m", sizes) == 1
        assert await race.reservations.reserved(HANAKO) == 0
        assert await race.run("later", sizes) == 0


async def test_what_was_reserved_and_did_not_come_leaves_the_room(sqlite: str, tmp_path: Path) -> None:
    async with racing(sqlite, tmp_path, 1) as race:
        for number in range(20):
            await race.verdicts.recipient(WORLD, None, HANAKO, size=OCTETS, transaction=f"gone {number}")
            race.verdicts.release(f"gone {number}")
        assert await race.run("m", [OCTETS] * 50) == 1


@pytest.fixture
def pg(run_folder: RunFolder, tmp_path: Path) -> Iterator[str]:
    server: Postgresql = postgresql(run_folder)
    name = server.new_database()
    with Records.open(server.url(name)) as records:
        records.act(_published)
    nearly_full(tmp_path)
    yield server.url(name)
    server.drop(name)


@pytest.mark.real("postgresql")
async def test_two_services_at_once_bring_one_over(pg: str, tmp_path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    start = partial(asyncio.create_subprocess_exec, cwd=ROOT, stdin=pipe, stdout=pipe)
    both = [
        await start(sys.executable, "-m", "tests.faults.quota_race", pg, str(tmp_path), name, "27")
        for name in ("a", "b")
    ]
    for process in both:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(process.communicate(b"go\n") for process in both))
    assert sum(int(out) for out, _ in said) <= 1  # none, where each saw the other's wish first: 452, and again later
