"""Records on SQLite for the rules about reports."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailsvc.records.store import Records
from tests.rules.returns.world import World


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("returns") / "records.db"
    Records.open(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture
async def world(template: Path, tmp_path: Path) -> AsyncIterator[World]:
    path = tmp_path / "records.db"
    shutil.copy(template, path)
    with Records.open(f"sqlite:///{path}") as records:
        async with records.committer.running():
            yield World(records)
