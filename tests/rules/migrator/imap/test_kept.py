"""A whole move between two servers keeps everything, whatever they can; what cannot be kept is named."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from migrator.folder_names import encoded
from migrator.journals.file import JournalFile
from migrator.mailbox import FolderName
from migrator.moving import move
from migrator.receipts.receipt import Receipt
from schedules.clock import MovableClock
from tests.faults.imap.ends import source, target
from tests.peers.imap_box import Box, BoxPeer, Mail

MESSAGES = (  # twins, two that share a Message-ID, one without header, none at all, what is no text
    b"Subject: twin\r\n\r\nsame\r\n",
    b"Subject: twin\r\n\r\nsame\r\n",
    b"Message-ID: <1@x>\r\n\r\none\r\n",
    b"Message-ID: <1@x>\r\n\r\nother\r\n",
    b"\r\nno header\r\n.\r\n..\r\n",
    b"",
    b"\xff\0\xfe bare\nand\rno end",
)
DATES = (b"17-Jul-1996 02:44:25 -0700", b"01-Jan-2001 00:00:00 +0900", b"29-Feb-2024 23:59:59 +0000")
FLAGS = ("\\Seen \\Answered \\Flagged \\Deleted \\Draft", "$Label1 Neu $MDNSent", "", "\\Seen $Forwarded")
NAMES = (
    "a/b/c",
    "a",
    "a* b%",
    'say "hi"',
    "back\\slash",
    "R&D",
    "台北/日本語",
    "\U0001f4ec",
    " blank ",
    "nothing in it",
)
ALL = "UIDPLUS LITERAL+ MULTIAPPEND UNSELECT NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE STATUS=SIZE ID"
SERVERS = {
    "everything": f"{ALL} CREATE-SPECIAL-USE",
    "some": "UIDPLUS LITERAL- NAMESPACE CREATE-SPECIAL-USE",
    "plain": "",
}


@dataclass(frozen=True)
class Told:
    """What a folder must still be when it was moved."""

    messages: list[tuple[bytes, tuple[str, ...], bytes]]
    subscribed: bool
    attributes: str


def full() -> dict[str, Box]:
    def mails(first: int) -> list[Mail]:
        return [
            Mail(3 * uid, octets, FLAGS[(first + uid) % 4], DATES[(first + uid) % 3])
            for uid, octets in enumerate(MESSAGES, 1)
        ]

    boxes = {"INBOX": Box(mails(0), subscribed=True)}
    for number, name in enumerate(NAMES):
        boxes[encoded(name).decode()] = Box(mails(number), uidvalidity=10 + number, subscribed=number % 2 == 0)
    boxes["Gesendet"] = Box(mails(3), uidvalidity=99, attributes="\\Sent", subscribed=True)
    boxes["nothing in it"].mails.clear()
    return boxes


def told(peer: BoxPeer) -> dict[str, Told]:
    return {
        name: Told(
            sorted((mail.octets, tuple(sorted(mail.flags.split())), mail.date) for mail in box.mails),
            box.subscribed,
            box.attributes,
        )
        for name, box in peer.boxes.items()
    }


async def moved(old: BoxPeer, new: BoxPeer, folder: Path, clock: MovableClock) -> Receipt:
    with JournalFile.open(folder / "journal", source="old", target="new") as journal:
        async with source(old.port, folder) as from_, target(new.port) as to:
            return await move(from_, to, journal, clock=clock, read_back=True)


@pytest.mark.parametrize("here", SERVERS)
@pytest.mark.parametrize("there", SERVERS)
async def test_octets_flags_dates_with_their_zones_names_subscriptions_and_uses(
    here: str, there: str, tmp_path: Path, clock: MovableClock
) -> None:
    async with BoxPeer(full(), can=SERVERS[here]) as old, BoxPeer(can=SERVERS[there]) as new:
        before = told(old)
        receipt = await moved(old, new, tmp_path, clock)
        assert receipt.complete
        assert told(old) == before
        if there == "plain":  # it has no way to say what a folder is for, and that is told
            notes = {one.folder: one.notes for one in receipt.folders if one.notes}
            assert notes == {("Gesendet",): ("it is not marked as \\Sent",)}
            new.boxes["Gesendet"].attributes = "\\Sent"
        assert told(new) == before


async def test_messages_arrive_in_their_order(tmp_path: Path, clock: MovableClock) -> None:
    async with BoxPeer(full(), can=SERVERS["everything"]) as old, BoxPeer(can=SERVERS["everything"]) as new:
        await moved(old, new, tmp_path, clock)
        for name, box in old.boxes.items():
            assert [mail.octets for mail in new.boxes[name].mails] == [mail.octets for mail in box.mails]


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        (("x" * 300,), None),
        (("a.b",), None),
        (("a", "b"), "INBOX.a.b"),
        (("inbox",), "INBOX"),
    ],
)
async def test_a_name_that_the_target_does_not_take_is_mapped_and_named(
    name: FolderName, wire: str | None, tmp_path: Path, clock: MovableClock
) -> None:
    old = BoxPeer({"/".join(name): Box([Mail(1, MESSAGES[0])])}, can=SERVERS["everything"])
    new = BoxPeer(can=SERVERS["everything"], delimiter=".", namespace='(("INBOX." ".")) NIL NIL')
    async with old, new:
        (one,) = (await moved(old, new, tmp_path, clock)).folders
        (there,) = [key for key, box in new.boxes.items() if box.mails]
    assert wire in {None, there}
    assert ["does not take the name" in note and "/".join(one.into) in note for note in one.notes] == [True] * (
        not wire
    )
    assert len(there) < 250
    assert there.startswith("INBOX")


async def test_keywords_that_the_target_does_not_keep_are_named_in_the_receipt(
    tmp_path: Path, clock: MovableClock
) -> None:
    boxes = {"INBOX": Box([Mail(1, MESSAGES[0], "\\Seen $Label1 Neu"), Mail(2, MESSAGES[2], "Neu")])}
    new = BoxPeer({"INBOX": Box(keeps="\\Seen \\Flagged $Label1")}, can=SERVERS["everything"])
    async with BoxPeer(boxes) as old, new:
        (inbox,) = (await moved(old, new, tmp_path, clock)).folders
    assert inbox.notes == ("the target does not keep the flag Neu",)
