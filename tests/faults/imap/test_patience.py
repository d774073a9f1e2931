"""`imap-limits` and `imap-flood` over whole moves: what a server asks for is given, told, and never asked anew at once.

That nobody insists is shown by counting what the server was asked.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from migrator.journals.file import JournalFile
from migrator.mailbox import MailboxAway, MailboxError, MailboxLimited
from migrator.moving import move
from migrator.progress import Silent
from migrator.receipts.receipt import Receipt
from schedules.clock import MovableClock
from tests.faults.imap.ends import letter, source, target
from tests.peers.imap import Command, Reply
from tests.peers.imap_box import Box, BoxPeer, Mail

PAUSES = (2, 5, 15, 30)
LETTERS = [letter(number) for number in range(120)]


class Telling(Silent):
    """Keeps what a person is told, and what was waited for."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.waited: list[float] = []

    def says(self, sentence: str) -> None:
        if "going on" in sentence:
            self.told.append(sentence)

    async def sleep(self, seconds: float) -> None:
        if seconds in PAUSES or seconds > max(PAUSES):
            self.waited.append(seconds)


class Asking(BoxPeer):
    """Answers some of the commands so, from the `first` one on, `times` times."""

    def __init__(
        self, boxes: dict[str, Box], command: str, reply: Reply, *, first: int = 1, times: int = 10**6
    ) -> None:
        super().__init__(boxes)
        self._which = command.encode()
        self._reply = reply
        self._first, self._last = first, first + times
        self._number = 0

    def answer(self, command: Command, session: dict[str, str]) -> Reply:
        if command.text.startswith(self._which):
            self._number += 1
            if self._first <= self._number < self._last:
                return self._reply
        return super().answer(command, session)


def full() -> dict[str, Box]:
    return {"INBOX": Box([Mail(uid, one) for uid, one in enumerate(LETTERS, 1)])}


async def moved(old: BoxPeer, new: BoxPeer, folder: Path, clock: MovableClock, telling: Telling) -> Receipt:
    with JournalFile.open(folder / "journal", source="old", target="new") as journal:
        async with source(old.port, folder) as from_, target(new.port) as to:
            return await move(from_, to, journal, clock=clock, progress=telling, pauses=PAUSES, sleep=telling.sleep)


def asked(peers: Sequence[BoxPeer], command: str) -> int:
    return sum(len(peer.said(command)) for peer in peers)


CODES = ["THROTTLED", "LIMIT", "INUSE", "UNAVAILABLE"]


@pytest.mark.parametrize(
    ("command", "at_source"), [("LIST", True), ("UID FETCH", True), ("LIST", False), ("APPEND", False)]
)
@pytest.mark.parametrize("code", CODES)
async def test_patience_is_had_as_often_as_agreed_and_then_the_move_pauses(
    command: str, at_source: bool, code: str, tmp_path: Path, clock: MovableClock
) -> None:
    asking = Asking(full() if at_source else {"INBOX": Box()}, command, Reply(tagged=f"NO [{code}] later".encode()))
    other, telling = BoxPeer({"INBOX": Box()} if at_source else full()), Telling()
    old, new = (asking, other) if at_source else (other, asking)
    async with old, new:
        with pytest.raises(MailboxLimited, match="later") as limited:
            await moved(old, new, tmp_path, clock, telling)
    assert limited.value.code == code
    assert telling.waited == list(PAUSES)
    assert [f"[{code}] later" in one for one in telling.told] == [True] * len(PAUSES)
    assert asked([asking], command) <= 3 * (len(PAUSES) + 1)  # batches, or listings


@pytest.mark.parametrize(("command", "at_source"), [("UID FETCH", True), ("APPEND", False)])
@pytest.mark.parametrize(
    "reply",
    [
        Reply(tagged=b"NO [THROTTLED] slowly"),
        Reply([b"* BYE [UNAVAILABLE] restart"], tagged=None, close=True),
        Reply([b"* BYE idle for too long"], tagged=None, close=True),
        Reply([b"* 1 EXISTS"] * 5_000, tagged=b"NO [INUSE] somebody else has it open"),
    ],
)
async def test_who_was_given_patience_goes_on_where_it_was(
    command: str,
    at_source: bool,
    reply: Reply,
    tmp_path: Path,
    clock: MovableClock,
) -> None:
    asking = Asking(full() if at_source else {"INBOX": Box()}, command, reply, times=2)
    other, telling = BoxPeer({"INBOX": Box()} if at_source else full()), Telling()
    old, new = (asking, other) if at_source else (other, asking)
    async with old, new:
        receipt = await moved(old, new, tmp_path, clock, telling)
    assert receipt.complete
    assert sorted(mail.octets for mail in new.boxes["INBOX"].mails) == sorted(LETTERS)
    assert telling.waited[:1] == [2]
    assert len(telling.waited) <= 2
    assert asked([old, new], command) < len(LETTERS) / 4  # not each message by itself


async def test_a_suggested_backoff_is_waited_for(tmp_path: Path, clock: MovableClock) -> None:
    said = b"BAD Request is throttled. Suggested Backoff Time: 299468 milliseconds"
    telling = Telling()
    async with Asking(full(), "UID FETCH", Reply(tagged=said), times=1) as old, BoxPeer() as new:
        assert (await moved(old, new, tmp_path, clock, telling)).complete
    assert telling.waited == [299.468]
    assert "going on in 299.468 s" in telling.told[0]


async def test_a_full_mailbox_is_told_at_once_and_not_asked_again(tmp_path: Path, clock: MovableClock) -> None:
    telling = Telling()
    async with BoxPeer(full()) as old, BoxPeer(refuse=lambda _: b"NO [OVERQUOTA] full") as new:
        with pytest.raises(MailboxLimited, match="full"):
            await moved(old, new, tmp_path, clock, telling)
    assert telling.waited == []
    assert asked([new], "APPEND") <= len(LETTERS) + 10


@pytest.mark.parametrize(("cut", "error"), [(0, MailboxAway), (None, MailboxLimited)])
async def test_a_server_that_ends_every_session_is_not_besieged(
    cut: int | None, error: type[MailboxError], tmp_path: Path, clock: MovableClock
) -> None:
    telling = Telling()
    reply = Reply([b"* BYE [UNAVAILABLE] closed"], tagged=None, close=True, cut=cut)
    async with Asking(full(), "EXAMINE", reply) as old, BoxPeer() as new:
        with pytest.raises(error):
            await moved(old, new, tmp_path, clock, telling)
    assert telling.waited == list(PAUSES)
    assert asked([old], "LOGIN") <= 2 * (len(PAUSES) + 1)
    assert asked([old], "EXAMINE") <= 2 * (len(PAUSES) + 1)
