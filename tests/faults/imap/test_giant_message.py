"""`giant-message`: what is too large is refused when it is announced; what is large takes disk and no memory."""

from pathlib import Path

import pytest

from migrator.mailbox import INBOX, MailboxLimited, Message, Missing, Room, Stored, Wanted
from tests.faults.imap.ends import letter, octets, read, source, target
from tests.peers.imap_box import Box, BoxPeer, Mail

LARGE = 3_000_000
GIB = 1_073_741_824
ANNOUNCED = b"* 2 FETCH (UID 2 FLAGS () RFC822.SIZE %d BODY[] {1073741824}\r\n" + b"x" * 100_000


def around(giant: Mail) -> Box:
    return Box([Mail(1, letter(1)), giant, Mail(3, letter(3))])


@pytest.mark.parametrize("honest", [True, False])
@pytest.mark.parametrize("uids", [None, (range(1, 4),)])
async def test_a_gibibyte_is_refused_at_its_announcement(
    honest: bool, uids: tuple[range, ...] | None, tmp_path: Path
) -> None:
    size = GIB if honest else 99
    boxes = {"INBOX": around(Mail(2, b"", size=size, lies=[ANNOUNCED % size] * 9)), "b": around(Mail(2, letter(2)))}
    async with BoxPeer(boxes) as peer, source(peer.port, tmp_path) as old:
        wanted = [Wanted(INBOX, None, uids), Wanted(("b",), None, uids)]
        found = [one async for one in old.messages(wanted)]
    assert [(one.folder[0], one.item.uid) for one in found if isinstance(one, Message)] == [
        ("INBOX", 1),
        ("INBOX", 3),
        ("b", 1),
        ("b", 2),
        ("b", 3),
    ]
    (missing,) = [one for one in found if isinstance(one, Missing)]
    assert (missing.uid, missing.gone, str(GIB) in missing.why) == (2, False, True)
    asked = 9 - len(peer.boxes["INBOX"].mails[1].lies)
    assert asked == 1 if honest else asked <= 4


async def test_what_is_large_lies_on_disk_until_it_is_forgotten(tmp_path: Path) -> None:
    large = b"Subject: large\r\n\r\n" + b"x" * LARGE
    async with BoxPeer({"INBOX": around(Mail(2, large))}) as peer, source(peer.port, tmp_path) as old:
        _, one, _ = await read(old)
        assert isinstance(one, Message)
        assert (one.content.size, octets(one), octets(one)) == (len(large), large, large)
        async with BoxPeer() as other, target(other.port) as new:
            before = await new.mark(INBOX)
            assert [type(found) for found in await new.put(INBOX, [one, one])] == [Stored, Stored]
            assert [mail.octets for mail in other.boxes["INBOX"].mails] == [large, large]
            assert [found async for found in new.since(INBOX, before)] == [
                (uid, len(large), one.content.sha256) for uid in (1, 2)
            ]
        one.content.forget()


async def test_a_disk_that_is_full_asks_for_patience(tmp_path: Path) -> None:
    large = b"x" * LARGE
    async with BoxPeer({"INBOX": Box([Mail(1, large)])}) as peer, source(peer.port, tmp_path / "gone") as old:
        with pytest.raises(MailboxLimited, match="cannot be kept here") as limited:
            await read(old)
    assert limited.value.code == "DISKFULL"


async def test_a_message_larger_than_the_target_takes_is_told_before() -> None:
    async with BoxPeer(can="UIDPLUS LITERAL+ APPENDLIMIT=35651584") as peer, target(peer.port) as new:
        assert await new.room() == Room(largest=35_651_584)
