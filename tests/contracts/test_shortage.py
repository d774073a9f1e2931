"""Without memory or threads the records are away for a moment: nobody who waits for them is ended by it."""

import errno
import os
from collections.abc import AsyncIterator
from contextlib import nullcontext
from threading import Thread

import pytest

from mailsvc.records import checkpoints
from mailsvc.records.errors import RecordsAway
from mailsvc.records.store import Connection, Records
from mailsvc.records.tables import marks
from tests.support.shortage import no_descriptors

SHORTAGES = [MemoryError(), OSError(errno.EMFILE, os.strerror(errno.EMFILE)), OSError(errno.ENOMEM, "no memory")]


@pytest.fixture
def no_threads(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", start)


@pytest.fixture
async def starved(records: Records, no_threads: None) -> AsyncIterator[Records]:
    async with records.committer.running():
        yield records


@pytest.mark.parametrize("shortage", SHORTAGES, ids=repr)
async def test_a_shortage_in_a_transaction_is_no_fault_of_its_caller(committing: Records, shortage: Exception) -> None:
    def work(_: Connection) -> None:
        raise shortage

    with pytest.raises(RecordsAway):
        await committing.committer.commit(work)
    await committing.committer.insert([(marks, {"name": "after", "text": "x"})])


@pytest.mark.parametrize("shortage", SHORTAGES, ids=repr)
async def test_a_shortage_in_a_question_is_no_fault_of_whoever_asks(records: Records, shortage: Exception) -> None:
    def question(_: Connection) -> None:
        raise shortage

    with pytest.raises(RecordsAway):
        await records.ask(question)


async def test_an_os_error_that_is_no_shortage_stays_what_it_is(records: Records) -> None:
    def question(_: Connection) -> None:
        raise FileNotFoundError("a fault of the program")

    with pytest.raises(FileNotFoundError):
        await records.ask(question)


async def test_commits_and_checkpoints_need_no_new_threads(starved: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "LIMIT", 1)
    monkeypatch.setattr(checkpoints, "PATIENCE", 300_000)
    for number in range(12):
        await starved.committer.insert([(marks, {"name": f"m{number}", "text": "x"})])


async def test_a_question_without_a_thread_to_ask_it_is_answered_or_away(records: Records, no_threads: None) -> None:
    if records.where.inline:
        assert await records.ask(lambda _: "answer") == "answer"
    else:
        with pytest.raises(RecordsAway, match="thread"):
            await records.ask(lambda _: "answer")


async def test_commits_go_on_without_descriptors_or_are_away(committing: Records) -> None:
    await committing.committer.insert([(marks, {"name": "before", "text": "x"})])
    sqlite = committing.where.inline  # PostgreSQL's driver opens one for each wait
    with no_descriptors():
        for number in range(12):
            with nullcontext() if sqlite else pytest.raises(RecordsAway):
                await committing.committer.insert([(marks, {"name": f"m{number}", "text": "x"})])
    await committing.committer.insert([(marks, {"name": "after", "text": "x"})])
