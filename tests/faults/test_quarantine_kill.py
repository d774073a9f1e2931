"""quarantine-kill: kill -9 at each durable step of a move into quarantine, of its notice, and of a release.

The message is in exactly one place; the notice is queued exactly once, with one Message-ID; started again it converges.
"""

import asyncio
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailsvc.desk.desk import open_records
from mailsvc.kit.settings import parse_settings
from mailsvc.letters.letter import message_id
from mailsvc.records import messages, notices, quarantine
from mailsvc.records.bodies import CHUNK, read_body
from mailsvc.records.cases import QuarantineState
from mailsvc.records.store import Records
from tests.faults.kill import DURABLE, SYNC, Traced, sample
from tests.faults.quarantine_steps import ID
from tests.rules.desk.world import SETTINGS, opened
from tests.rules.notices.scene import BODY, NOW, Scene
from tests.support.programs import Program

pytestmark = pytest.mark.real("strace")

LETTER = message_id(f"quarantined hanako@closing.example {NOW.isoformat()}", "mx.closing.example")
FEW = 5
LARGE = 2 * CHUNK + 9
SETTLED = (1, 1, 0, "released")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    with opened(folder):
        return folder


@dataclass(frozen=True)
class Found:
    """What is in the records after a kill."""

    released: int  # messages on their way to the recipients
    letters: Sequence[str]  # Message-IDs
    pending: int  # notices that still wait
    state: str  # of the row in quarantine; empty where there is none

    @property
    def counts(self) -> tuple[int, int, int, str]:
        return self.released, len(self.letters), self.pending, self.state


def look(folder: Path, size: int) -> Found:
    """Read the records, and check what must hold at any instant."""
    settings = parse_settings(SETTINGS, str(folder / "lastpost.yaml"), folder)
    with open_records(settings) as records:
        return asyncio.run(_look(records, BODY + b"x" * size))


async def _look(records: Records, octets: bytes) -> Found:
    stage = Scene(records)
    with records.read() as connection:
        row, message = quarantine.find(connection, ID), messages.find(connection, ID)
        pending = notices.due(connection, [stage.kind.name], NOW, 10)
    if row is not None:
        assert b"".join([chunk async for chunk in read_body(records, row.body_id)]) == octets
    # In one place: kept in quarantine, or on its way to the recipients, with the one body it came with.
    assert (message is not None) == (row is not None and row.state is QuarantineState.RELEASED)
    assert message is None or (row is not None and message.body_id == row.body_id)
    letters = [str(one["Message-ID"]) for one in await stage.letters()]
    assert set(letters) <= {LETTER}
    # Told or to be told, never neither and never both.
    assert len(letters) + len(pending) == (row is not None)
    return Found(int(message is not None), letters, len(pending), str(row.state) if row else "")


def check(prepared: Path, tmp_path: Path, size: int, calls: Sequence[str], wanted: int | None) -> None:
    def steps(folder: Path) -> list[str]:
        shutil.copytree(prepared, folder)
        return [sys.executable, "-m", "tests.faults.quarantine_steps", str(folder), str(size)]

    watched = tmp_path / "watched"
    found = Traced(steps(watched), tmp_path / "watched.log", calls=calls).points()
    assert look(watched, size).counts == SETTLED
    assert sum(point.call in SYNC for point in found) >= 3
    for point in found if wanted is None else sample(found, wanted):
        folder, log = tmp_path / str(point), tmp_path / f"{point}.log"
        command = steps(folder)
        with Traced(command, log, calls=calls).under(point.kill()) as killed:
            ended = killed.wait() == 0  # a thread may have a call less than in another run
            said = killed.output()
        left = look(folder, size)
        assert "kept" not in said or left.state, f"what was kept is lost by a kill at {point}"
        assert "told" not in said or left.letters, f"the notice is lost by a kill at {point}"
        assert not ended or (left.counts == SETTLED and point.number > 1), point
        with Program(command, log) as again:
            assert again.wait() == 0, again.tail()
        assert look(folder, size).counts == SETTLED, f"after a kill at {point}"
        shutil.rmtree(folder)


def test_a_few_kill_points(prepared: Path, tmp_path: Path) -> None:
    check(prepared, tmp_path, 100, DURABLE, FEW)


def test_a_few_kill_points_with_a_large_message(prepared: Path, tmp_path: Path) -> None:
    check(prepared, tmp_path, LARGE, SYNC, FEW)


@pytest.mark.long
@pytest.mark.parametrize(("size", "calls"), [(100, DURABLE), (LARGE, SYNC)])
def test_every_kill_point(prepared: Path, tmp_path: Path, size: int, calls: Sequence[str]) -> None:
    check(prepared, tmp_path, size, calls, None)
