"""Whole moves between scripted servers at fault: nothing lost, nothing twice, or named."""

from pathlib import Path

import pytest

from migrator.journals.file import JournalFile
from migrator.mailbox import INBOX, MailboxAway, MailboxLimited
from migrator.moving import move
from migrator.receipts.receipt import Receipt
from schedules.clock import MovableClock
from tests.faults.imap.ends import letter, source, target
from tests.peers.imap import Command, Reply
from tests.peers.imap_box import Box, BoxPeer, Mail

LETTERS = [letter(number) for number in range(30)]


def full() -> BoxPeer:
    """Twins, a folder of its own, and a message without anything."""
    mails = [Mail(uid, one, "\\Seen") for uid, one in enumerate([*LETTERS, LETTERS[0], b""], 1)]
    return BoxPeer({"INBOX": Box(mails), "Sent": Box([Mail(9, LETTERS[0])], uidvalidity=8)})


async def moved(old: BoxPeer, new: BoxPeer, folder: Path, clock: MovableClock, *, read_back: bool = False) -> Receipt:
    with JournalFile.open(folder / "journal", source="old", target="new") as journal:
        async with source(old.port, folder) as from_, target(new.port) as to:
            return await move(from_, to, journal, clock=clock, read_back=read_back)


def there(peer: BoxPeer) -> dict[str, list[bytes]]:
    return {name: sorted(mail.octets for mail in box.mails) for name, box in peer.boxes.items()}


@pytest.mark.parametrize("can", ["UIDPLUS LITERAL+ MULTIAPPEND UNSELECT", "UIDPLUS LITERAL+", "LITERAL-", ""])
async def test_everything_is_there_once_and_a_second_run_adds_nothing(
    can: str, tmp_path: Path, clock: MovableClock
) -> None:
    async with full() as old, BoxPeer(can=can) as new:
        receipt = await moved(old, new, tmp_path, clock, read_back=True)
        assert receipt.complete
        assert there(new) == there(old)
        put = len(new.said("APPEND"))
        assert (await moved(old, new, tmp_path, clock)).found == 33
        assert len(new.said("APPEND")) == put
        assert there(new) == there(old)


class Lagging(BoxPeer):
    """Counts a folder as it was when it was selected, until it is told to look, as Dovecot and Courier do."""

    def answer(self, command: Command, session: dict[str, str]) -> Reply:
        word = command.text.split(b" ")[0].upper()
        if word in {b"SELECT", b"UNSELECT", b"NOOP"}:
            session.pop("seen", None)
        self.seen = session.get("seen", ""), session.get("open", "")
        reply = super().answer(command, session)
        if word in {b"SELECT", b"NOOP"} and "open" in session:
            session["seen"] = super()._counts(session["open"])
        return reply

    def _counts(self, name: str) -> str:
        seen, opened = self.seen
        return seen if seen and name == opened else super()._counts(name)


@pytest.mark.parametrize("can", ["UIDPLUS LITERAL+ MULTIAPPEND UNSELECT", "UIDPLUS LITERAL+", ""])
async def test_a_target_that_counts_an_open_folder_as_it_was_is_told_to_look(
    can: str, tmp_path: Path, clock: MovableClock
) -> None:
    async with full() as old, Lagging(can=can) as new:
        receipt = await moved(old, new, tmp_path, clock)
        assert there(new) == there(old)
    assert receipt.complete, receipt.findings


async def test_a_source_numbered_anew_is_known_again(tmp_path: Path, clock: MovableClock) -> None:
    async with full() as old, BoxPeer() as new:
        await moved(old, new, tmp_path, clock)
        box = old.boxes["INBOX"]
        box.uidvalidity, box.mails = 77, [Mail(100 + mail.uid, mail.octets, mail.flags) for mail in box.mails]
        box.uidnext = 200
        box.put(letter(999))
        receipt = await moved(old, new, tmp_path, clock)
        assert there(new) == there(old)
    assert receipt.found == 34


async def test_a_source_numbered_anew_in_the_middle_is_looked_at_again(tmp_path: Path, clock: MovableClock) -> None:
    class Renumbering(BoxPeer):
        def answer(self, command: Command, session: dict[str, str]) -> Reply:
            if command.text.startswith(b'EXAMINE "Sent"') and self.boxes["Sent"].uidvalidity == 8:
                self.boxes["Sent"].uidvalidity = 88
            return super().answer(command, session)

    async with Renumbering(full().boxes) as old, BoxPeer() as new:
        receipt = await moved(old, new, tmp_path, clock)
        assert there(new) == there(old)
    assert receipt.complete


async def test_what_one_side_refuses_or_withholds_is_named_and_the_rest_is_there(
    tmp_path: Path, clock: MovableClock
) -> None:
    new = BoxPeer(refuse=lambda octets: b"NO [TOOBIG] never" if octets == LETTERS[5] else b"")
    async with full() as old, new:
        old.boxes["INBOX"].mails[7].lies.extend([b"* 1 FETCH (UID 8 BODY[] NIL)"] * 20)
        receipt = await moved(old, new, tmp_path, clock)
        (inbox,) = [one for one in receipt.folders if one.folder == INBOX]
        assert {one.uid for one in inbox.refused} == {6, 8}
        assert all(one.why for one in inbox.refused)
        assert len(new.boxes["INBOX"].mails) == 30
    assert not receipt.complete


async def test_a_full_target_pauses_and_goes_on_where_there_is_room(tmp_path: Path, clock: MovableClock) -> None:
    room = [10]

    def refuse(_: bytes) -> bytes:
        room[0] -= 1
        return b"NO [OVERQUOTA] full" if room[0] < 0 else b""

    async with full() as old, BoxPeer(can="UIDPLUS LITERAL+", refuse=refuse) as new:
        with pytest.raises(MailboxLimited, match="full"):
            await moved(old, new, tmp_path, clock)
        room[0] = 1_000
        receipt = await moved(old, new, tmp_path, clock)
        assert there(new) == there(old)
    assert receipt.complete


async def test_a_target_that_rewrites_messages_is_noticed_when_they_are_read_back(
    tmp_path: Path, clock: MovableClock
) -> None:
    """`rewriting-target`: what it makes of the octets is its own affair, and it is said."""

    class Rewriting(BoxPeer):
        def answer(self, command: Command, session: dict[str, str]) -> Reply:
            command.literals = [b"X-Rewritten: yes\r\n" + one for one in command.literals]
            return super().answer(command, session)

    async with full() as old, Rewriting() as new:
        receipt = await moved(old, new, tmp_path, clock, read_back=True)
        assert receipt.found == 33
        assert sum(len(box.mails) for box in new.boxes.values()) == 33
        assert not receipt.refused
        assert any("octets" in note for one in receipt.folders for note in one.notes) or receipt.findings
        await moved(old, new, tmp_path, clock)
        assert sum(len(box.mails) for box in new.boxes.values()) == 33


async def test_an_empty_mailbox_that_has_a_quota_in_use_is_a_finding(tmp_path: Path, clock: MovableClock) -> None:
    quota = Reply([b'* QUOTAROOT INBOX ""', b'* QUOTA "" (STORAGE 10240 102400)'])
    async with BoxPeer(can="QUOTA LITERAL+", script={"GETQUOTAROOT": quota}) as old, BoxPeer() as new:
        receipt = await moved(old, new, tmp_path, clock)
    assert (receipt.found, receipt.complete) == (0, False)
    assert receipt.findings


async def test_an_answer_that_is_lost_is_looked_for(tmp_path: Path, clock: MovableClock) -> None:
    class Losing(BoxPeer):
        """Takes what is put, and breaks before it says so, once."""

        lost = False

        def answer(self, command: Command, session: dict[str, str]) -> Reply:
            reply = super().answer(command, session)
            if command.text.startswith(b"APPEND") and not self.lost:
                self.lost = True
                return Reply(cut=0)
            return reply

    async with full() as old, Losing() as new:
        try:
            receipt = await moved(old, new, tmp_path, clock)
        except MailboxAway:
            receipt = await moved(old, new, tmp_path, clock)
        assert there(new) == there(old)
    assert not receipt.refused
