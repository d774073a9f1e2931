"""A move from one mailbox in memory into another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.journal_file import JournalFile
from tests.rules.migrator.memory_mailboxes import Box


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
def journal(tmp_path: Path) -> Iterator[JournalFile]:
    """An empty journal."""
    with JournalFile.open(tmp_path / "journal", source="old", target="new") as opened:
        yield opened
