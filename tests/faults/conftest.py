"""A prepared installation for the tests of promises."""

from pathlib import Path

import pytest

from tests.faults.service import Service


@pytest.fixture
def house(tmp_path: Path) -> Service:
    folder = tmp_path / "house"
    folder.mkdir()
    made = Service(folder)
    made.prepare()
    return made
