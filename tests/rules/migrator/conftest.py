"""A move from one mailbox in memory into another."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.journals.file import JournalFile
from migrator.steps import tries
from schedules.clock import MovableClock
from tests.rules.migrator.memory_mailboxes import Box
from tests.rules.migrator.scene import Scene

# A folder where syncing costs nothing, for tests in which no machine loses power.
SHARED_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few messages make several batches."""
    monkeypatch.setattr(tries, "TOGETHER", (50, 10, 3, 1))


@pytest.fixture
def quick() -> Iterator[Path]:
    """A temporary folder in memory where there is such a thing."""
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def old() -> Box:
    """The mailbox that is left."""
    return Box()


@pytest.fixture
def new() -> Box:
    """The mailbox that takes over."""
    box = Box()
    box.folder("INBOX")
    return box


@pytest.fixture
def journal(quick: Path) -> Iterator[JournalFile]:
    """An empty journal."""
    with JournalFile.open(quick / "journal", source="old", target="new") as opened:
        yield opened


@pytest.fixture
def scene(old: Box, new: Box, journal: JournalFile, clock: MovableClock) -> Scene:
    """Both, ready to be moved."""
    return Scene(old, new, journal, clock)
