"""A target that stores what it was given long after the connection broke: what is there twice then is named."""

from itertools import pairwise
from pathlib import Path

import pytest

from migrator.journals.file import JournalFile
from migrator.moving import move
from migrator.receipts.receipt import Receipt
from schedules.clock import MovableClock
from tests.faults.imap.ends import letter, source, target
from tests.peers.imap import Command, Reply
from tests.peers.imap_box import Box, BoxPeer, Mail

LETTERS = [letter(number) for number in range(12)]
CANS = ["UIDPLUS LITERAL+ MULTIAPPEND UNSELECT", "UIDPLUS LITERAL+", "LITERAL-", ""]


class Late(BoxPeer):
    """Breaks at the `breaks`th APPEND, and stores that one `late` seconds after, by a clock that is moved."""

    def __init__(self, can: str, *, breaks: int, late: float) -> None:
        super().__init__(can=can)
        self._left = breaks
        self._due = late
        self._kept: list[Command] = []

    def answer(self, command: Command, session: dict[str, str]) -> Reply:
        if command.text.startswith(b"APPEND"):
            self._left -= 1
            if self._left == 0:
                self._kept.append(command)
                return Reply(cut=0)
        return super().answer(command, session)

    async def sleep(self, seconds: float) -> None:
        """Time that passes while a move waits."""
        self._due -= seconds
        while self._due <= 0 and self._kept:
            super().answer(self._kept.pop(), {})


async def moved(old: BoxPeer, new: Late, folder: Path, clock: MovableClock) -> Receipt:
    with JournalFile.open(folder / "journal", source="old", target="new") as journal:
        async with source(old.port, folder) as from_, target(new.port, most=1) as to:
            return await move(from_, to, journal, clock=clock, pauses=(0.01, 0.01), sleep=new.sleep)


def twice(peer: BoxPeer) -> list[bytes]:
    held = sorted(mail.octets for mail in peer.boxes["INBOX"].mails)
    return [one for one, other in pairwise(held) if one == other]


@pytest.mark.parametrize("can", CANS)
async def test_what_is_stored_within_our_patience_is_there_once(can: str, tmp_path: Path, clock: MovableClock) -> None:
    async with BoxPeer({"INBOX": Box([Mail(1, LETTERS[1])])}) as old, Late(can, breaks=1, late=1.2) as new:
        receipt = await moved(old, new, tmp_path, clock)
        assert twice(new) == []
    assert (receipt.found, receipt.folders[0].possible_duplicates) == (1, ())


@pytest.mark.parametrize("can", CANS)
async def test_what_is_stored_after_our_looks_is_named(can: str, tmp_path: Path, clock: MovableClock) -> None:
    """Each message that is there twice is named, and none that is not, though most are of one size."""
    mails = [Mail(uid, one) for uid, one in enumerate(LETTERS, 1)]
    async with BoxPeer({"INBOX": Box(mails)}) as old, Late(can, breaks=1, late=2.0) as new:
        receipt = await moved(old, new, tmp_path, clock)
        doubles = twice(new)
        assert doubles
    (inbox,) = receipt.folders
    assert sorted(LETTERS[one.uid - 1] for one in inbox.possible_duplicates) == doubles
    assert {"stored it twice" in one.why for one in inbox.possible_duplicates} == {True}
    assert (receipt.found, inbox.copied + inbox.already_there) == (len(LETTERS), len(LETTERS) - len(doubles))


async def test_a_run_in_which_nothing_was_put_again_looks_at_nothing(tmp_path: Path, clock: MovableClock) -> None:
    async with BoxPeer({"INBOX": Box([Mail(1, LETTERS[1])])}) as old, Late(CANS[0], breaks=9, late=1) as new:
        await moved(old, new, tmp_path, clock)
        assert not new.said("UID FETCH")
