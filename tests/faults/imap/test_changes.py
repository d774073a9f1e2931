"""`uidvalidity` and `moving-mailbox` over whole moves: either side changes in mid-run; later passes bring the rest."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from migrator.mailbox import INBOX
from migrator.steps import tries
from schedules.clock import MovableClock
from tests.faults.imap.ends import letter
from tests.faults.imap.test_moves import moved
from tests.peers.imap import Command, Reply
from tests.peers.imap_box import Box, BoxPeer, Mail

TWINS = [b"twin\r\n", b"twin\r\n"]
LETTERS = [*(letter(number) for number in range(130)), *TWINS]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "TOGETHER", (50, 10, 3, 1))


class Changing(BoxPeer):
    """Something happens to it once, just before it answers the Nth of these commands."""

    def __init__(self, boxes: dict[str, Box], command: str, number: int, happens: Callable[[Box], None]) -> None:
        super().__init__(boxes, can="UIDPLUS LITERAL+ MULTIAPPEND")
        self._start, self._left, self._happens = command.encode(), number, happens
        self.happened = False

    def answer(self, command: Command, session: dict[str, str]) -> Reply:
        if command.text.startswith(self._start):
            self._left -= 1
            if not self._left:
                self.happened = True
                self._happens(self.boxes["INBOX"])
        return super().answer(command, session)


def full() -> dict[str, Box]:
    return {"INBOX": Box([Mail(uid, one) for uid, one in enumerate(LETTERS, 1)]), "Sent": Box([Mail(3, letter(7))])}


def renumber(box: Box) -> None:
    box.uidvalidity += 70
    for mail in box.mails:
        mail.uid += 1_000
    box.uidnext += 1_000


def held(peer: BoxPeer) -> Counter[tuple[str, bytes]]:
    return Counter((name, mail.octets) for name, box in peer.boxes.items() for mail in box.mails)


@pytest.mark.parametrize(("command", "number"), [("EXAMINE", 1), ("UID FETCH", 1), ("STATUS", 2), ("UID FETCH", 2)])
async def test_a_source_numbered_anew_at_any_time_leads_to_no_duplicate(
    command: str, number: int, tmp_path: Path, clock: MovableClock
) -> None:
    async with Changing(full(), command, number, renumber) as old, BoxPeer() as new:
        await moved(old, new, tmp_path, clock)
        receipt = await moved(old, new, tmp_path, clock)
        assert receipt.complete
        assert held(new) == held(old)
        assert all(not one.possible_duplicates for one in receipt.folders)
        old.boxes["INBOX"].put(b"late\r\n")
        assert (await moved(old, new, tmp_path, clock)).complete
        assert held(new) == held(old)
    assert old.happened


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_target_numbered_anew_in_mid_run_leads_to_no_duplicate(
    number: int, tmp_path: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "TOGETHER", (50, 10, 3, 1))
    async with BoxPeer(full()) as old, Changing({"INBOX": Box()}, 'APPEND "INBOX"', number, renumber) as new:
        receipt = await moved(old, new, tmp_path, clock, read_back=True)
        assert receipt.complete
        assert held(new) == held(old)
        old.boxes["INBOX"].put(b"late\r\n")
        receipt = await moved(old, new, tmp_path, clock, read_back=True)
        assert receipt.complete
        assert held(new) == held(old)
        assert all(not one.possible_duplicates for one in receipt.folders)
    assert new.happened


async def test_a_target_numbered_anew_between_runs_is_given_what_is_new_alone(
    tmp_path: Path, clock: MovableClock
) -> None:
    async with BoxPeer(full()) as old, BoxPeer() as new:
        await moved(old, new, tmp_path, clock)
        renumber(new.boxes["INBOX"])
        old.boxes["INBOX"].put(b"late\r\n")
        old.boxes["INBOX"].mails[0].flags = "\\Answered"
        receipt = await moved(old, new, tmp_path, clock, read_back=True)
        assert held(new) == held(old)
    assert any("flags changed" in note for one in receipt.folders for note in one.notes)
    assert not receipt.findings


async def test_a_source_that_lives_on_is_moved_as_it_was_and_later_passes_bring_the_rest(
    tmp_path: Path, clock: MovableClock
) -> None:
    """Expunged, added and flagged in mid-run; then a delta, then a final pass, each with less to do."""

    def live(box: Box) -> None:
        del box.mails[10:20]
        box.put(TWINS[0])
        box.put(b"while it ran\r\n", "\\Seen")
        box.mails[0].flags = "\\Flagged"

    async with Changing(full(), "UID FETCH", 1, live) as old, BoxPeer() as new:
        first = await moved(old, new, tmp_path, clock)
        (inbox,) = [one for one in first.folders if one.folder == INBOX]
        assert not inbox.refused
        assert not first.findings
        assert not held(new) - held(old)
        old.boxes["INBOX"].put(b"after it\r\n")
        assert (await moved(old, new, tmp_path, clock)).complete
        assert held(new) == held(old)
        put = len(new.said("APPEND"))
        final = await moved(old, new, tmp_path, clock)
        assert final.complete
        assert len(new.said("APPEND")) == put
        flags = Counter(mail.flags for mail in new.boxes["INBOX"].mails)
    assert flags == Counter(mail.flags for mail in old.boxes["INBOX"].mails)


async def test_what_was_put_and_is_expunged_then_stays_in_the_target_and_is_told(
    tmp_path: Path, clock: MovableClock
) -> None:
    async with BoxPeer(full()) as old, BoxPeer() as new:
        await moved(old, new, tmp_path, clock)
        del old.boxes["INBOX"].mails[5:9]
        receipt = await moved(old, new, tmp_path, clock)
        assert len(new.boxes["INBOX"].mails) == len(LETTERS)
    assert any("4 of them have left the folder since" in note for one in receipt.folders for note in one.notes)
