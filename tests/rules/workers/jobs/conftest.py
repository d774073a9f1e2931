"""A yard of mailboxes in memory, and the committer at work; `stops` tells which jobs have heard that they end."""

from collections.abc import AsyncIterator

import pytest

from mailsvc.records.store import Records
from mailsvc.workers.jobs.in_hand import InHand
from tests.rules.workers.jobs.yard import Yard
from tests.support.noting import noting


@pytest.fixture
async def yard(records: Records) -> AsyncIterator[Yard]:
    async with records.committer.running():
        yield Yard(records)


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> list[InHand]:
    """The jobs that were asked to stop."""
    asked: list[InHand] = []
    monkeypatch.setattr(InHand, "stop", noting(InHand.stop, lambda one, *_: asked.append(one)))
    return asked
