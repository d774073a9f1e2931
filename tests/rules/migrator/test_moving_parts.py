"""The small parts of a move: batches, what has come, changes of the journal written together."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.content import Kept, Spooled
from migrator.journals.file import JournalFile
from migrator.journals.journal import Intent, Key, Mark, Settled, Settlement
from migrator.mailbox import INBOX, FolderName, Item, Message
from migrator.steps.batches import BATCH_OCTETS, Batch, Gathering
from migrator.steps.came import Came
from migrator.steps.scribe import Scribe
from migrator.steps.together import closing, together
from migrator.steps.tries import GIVE_UP, Tries
from tests.rules.migrator.memory_mailboxes import DATE, NONE

ARCHIVE: FolderName = ("Archive",)


def mark(uid: int, size: int, folder: FolderName = INBOX) -> Mark:
    return Mark(Key(folder, 1, uid), size, bytes(32), NONE)


def message(uid: int, folder: FolderName = INBOX) -> Message:
    return Message(folder, Item(uid, NONE), DATE, Kept(b""))


sizes = st.lists(
    st.tuples(
        st.sampled_from([INBOX, ARCHIVE]), st.sampled_from([0, 7, 2_000_000, BATCH_OCTETS, 9_000_000]), st.booleans()
    ),
    max_size=130,
)


@given(sizes)
def test_batches_hold_everything_in_order_and_never_too_much(sizes: list[tuple[FolderName, int, bool]]) -> None:
    tries, batches = Tries(), list[Batch]()
    gathering = Gathering(tries)
    for uid, (folder, size, suspect) in enumerate(sizes, 1):
        one = mark(uid, size, folder)
        tries.broke([one] * (GIVE_UP - 1) if suspect else [])
        batches += gathering.take(folder, one, message(uid, folder))
    batches += gathering.rest()
    assert [one.key.uid for batch in batches for one in batch.marks] == list(range(1, len(sizes) + 1))
    assert gathering.rest() == []
    for batch in batches:
        assert len(batch.marks) == len(batch.messages) <= min(tries.together(one.key) for one in batch.marks)
        assert len({one.key.folder for one in batch.marks}) == 1
        assert batch.octets <= BATCH_OCTETS or len(batch.marks) == 1
        assert batch.suspect == any(tries.together(one.key) == 1 for one in batch.marks)
        assert len(batch.marks) == 1 or not batch.suspect


@given(st.lists(st.integers(1, 60)))
def test_a_uid_is_new_once_in_whatever_order_they_come(uids: list[int]) -> None:
    came, seen = Came(), set[int]()
    for uid in uids:
        assert came.take(uid) == (uid not in seen)
        seen.add(uid)
    assert len(came) == len(seen)


class Slow:
    """A journal whose disk waits until it is let go on."""

    def __init__(self, journal: JournalFile) -> None:
        self.journal = journal
        self.wrote: list[int] = []
        self.go_on = threading.Event()
        self.fails = False

    def write(self, changes: Sequence[Intent | Settlement]) -> None:
        self.go_on.wait(60)
        if self.fails:
            raise OSError("the disk is gone")
        self.wrote.append(len(changes))
        self.journal.write(changes)

    def __getattr__(self, name: str) -> object:
        return getattr(self.journal, name)


def settlement(uid: int) -> Settlement:
    return Settlement((replace(mark(uid, 1), settled=Settled.COPIED),))


async def test_changes_that_come_while_the_disk_is_busy_are_written_together(journal: JournalFile) -> None:
    slow = Slow(journal)
    scribe = Scribe(slow)  # type: ignore[arg-type]  # it passes everything else on
    asking = [asyncio.create_task(scribe.write(settlement(uid))) for uid in range(1, 4)]
    await asyncio.sleep(0)
    asking += [asyncio.create_task(scribe.write(settlement(uid))) for uid in range(4, 9)]
    slow.go_on.set()
    await asyncio.gather(*asking)
    assert sum(slow.wrote) == 8
    assert len(slow.wrote) <= 3
    assert len(list(journal.marks(INBOX))) == 8


async def test_who_waits_for_a_disk_that_fails_is_told_and_who_waits_no_more_is_not(journal: JournalFile) -> None:
    slow = Slow(journal)
    slow.fails = True
    scribe = Scribe(slow)  # type: ignore[arg-type]  # it passes everything else on
    asking = [asyncio.create_task(scribe.write(settlement(uid))) for uid in range(1, 4)]
    await asyncio.sleep(0)
    asking[1].cancel()
    slow.go_on.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    await scribe.close()
    assert [type(one) for one in found] == [OSError, asyncio.CancelledError, OSError]


async def test_the_first_failure_ends_what_goes_on_together() -> None:
    ended = list[str]()

    async def hang() -> int:
        try:
            await asyncio.Event().wait()
            return 1
        finally:
            ended.append("hang")

    async def fail() -> int:
        await asyncio.sleep(0)
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await together([hang(), fail()])
    assert ended == ["hang"]


async def test_what_gives_items_is_ended_where_its_block_is_left() -> None:
    ended = list[str]()

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(9):
                yield number
        finally:
            ended.append("numbers")

    async with closing(numbers()) as found:
        async for number in found:
            if number == 3:
                break
    assert ended == ["numbers"]


@given(st.lists(st.binary(max_size=300_000), max_size=4))
def test_spooled_octets_are_read_again_as_they_were_written(pieces: list[bytes]) -> None:
    spooled, kept = Spooled(Path("/tmp")), Kept(b"".join(pieces))
    for piece in pieces:
        spooled.write(piece)
    for _ in range(2):
        assert b"".join(spooled.chunks()) == kept.octets
    assert (spooled.size, spooled.sha256) == (kept.size, kept.sha256)
    spooled.forget()
    kept.forget()
