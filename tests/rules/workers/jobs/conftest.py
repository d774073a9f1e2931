"""A yard of mailboxes in memory, and the committer at work."""

from collections.abc import AsyncIterator

import pytest

from mailsvc.records.store import Records
from tests.rules.workers.jobs.yard import Yard


@pytest.fixture
async def yard(records: Records) -> AsyncIterator[Yard]:
    async with records.committer.running():
        yield Yard(records)
