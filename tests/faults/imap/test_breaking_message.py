"""A message at which its server breaks the connection each time is named, and all the rest is moved."""

from pathlib import Path

import pytest

from migrator.journals.file import JournalFile
from migrator.mailbox import MailboxAway, MailboxLimited
from migrator.moving import PAUSES, move
from migrator.receipts.receipt import Receipt
from schedules.clock import MovableClock
from tests.faults.imap.ends import letter, source, target
from tests.peers.imap import Command, Reply
from tests.peers.imap_box import Box, BoxPeer, Mail

GARBAGE = b"* 5 FETCH (UID 105 BODY[] (what))"


class Breaking(BoxPeer):
    """Breaks wherever the message of UID 105 is to come: before it, within it, or by what is no message."""

    how = "within"

    def answer(self, command: Command, session: dict[str, str]) -> Reply:
        reply = super().answer(command, session)
        at = next((at for at, line in enumerate(reply.untagged) if b"(UID 105 " in line and b"BODY[]" in line), None)
        if at is None or not self.how:
            return reply
        before = list(reply.untagged[:at])
        match self.how:
            case "garbled":
                return Reply([*before, GARBAGE, *reply.untagged[at + 1 :]])
            case "patience":
                return Reply([*before, b"* BYE [THROTTLED] slowly"], tagged=None, close=True)
            case _:
                cut = sum(len(line) + 2 for line in before) + (0 if self.how == "before" else 110)
                return Reply(reply.untagged, cut=cut)


def boxes() -> dict[str, Box]:
    return {
        name: Box([Mail(uid, letter(uid)) for uid in range(first, first + 10)])
        for name, first in (("INBOX", 1), ("b", 101), ("c", 1))
    }


async def moved(old: BoxPeer, new: BoxPeer, folder: Path, clock: MovableClock) -> Receipt:
    async def at_once(_: float) -> None:
        """Nobody waits here."""

    with JournalFile.open(folder / "journal", source="old", target="new") as journal:
        async with source(old.port, folder) as from_, target(new.port) as to:
            return await move(from_, to, journal, clock=clock, pauses=PAUSES, queued=True, sleep=at_once)


@pytest.mark.parametrize("how", ["before", "within", "garbled"])
async def test_it_is_named_and_the_next_run_tries_it_again(how: str, tmp_path: Path, clock: MovableClock) -> None:
    async with Breaking(boxes()) as old, BoxPeer() as new:
        old.how = how
        for _ in range(2):
            receipt = await moved(old, new, tmp_path, clock)
            refused = [(one.folder, named.uid, named.why) for one in receipt.folders for named in one.refused]
            assert refused == [(("b",), 105, "the connection to the source breaks each time that it is read")]
            assert [len(box.mails) for box in new.boxes.values()] == [10, 9, 10]
        assert len(old.said("LOGIN")) < 30
        old.how = ""
        assert (await moved(old, new, tmp_path, clock)).complete
        assert sorted(mail.octets for mail in new.boxes["b"].mails) == sorted(letter(uid) for uid in range(101, 111))


async def test_one_at_which_its_server_asks_for_patience_is_none(tmp_path: Path, clock: MovableClock) -> None:
    async with Breaking(boxes()) as old, BoxPeer() as new:
        old.how = "patience"
        with pytest.raises(MailboxLimited):
            await moved(old, new, tmp_path, clock)
        old.how = ""
        assert (await moved(old, new, tmp_path, clock)).complete


async def test_a_source_that_is_numbered_anew_after_it_broke_is_looked_at_again(
    tmp_path: Path, clock: MovableClock
) -> None:
    class Renumbering(Breaking):
        broke = 0

        def answer(self, command: Command, session: dict[str, str]) -> Reply:
            if command.text.startswith(b'EXAMINE "b"'):
                self.broke += 1
                if self.broke == 3:
                    self.boxes["b"].uidvalidity += 1
                    self.how = ""
            return super().answer(command, session)

    async with Renumbering(boxes()) as old, BoxPeer() as new:
        try:
            receipt = await moved(old, new, tmp_path, clock)
        except MailboxAway:
            receipt = await moved(old, new, tmp_path, clock)
        assert receipt.complete
        assert [len(box.mails) for box in new.boxes.values()] == [10, 10, 10]
        assert not any(one.vanished for one in receipt.folders)
