"""Fixtures of tests of the desk."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.rules.desk.world import SETTINGS, World, opened


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        yield world


@pytest.fixture(scope="module")
def opener() -> Iterator[Callable[..., World]]:
    """Opens installations that stay open until the module's tests are done."""
    with ExitStack() as stack:
        yield lambda folder, settings=SETTINGS: stack.enter_context(opened(folder, settings))
