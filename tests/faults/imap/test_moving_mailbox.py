"""`moving-mailbox` and `uidvalidity`: a source that changes while it is read."""

from pathlib import Path

import pytest

from migrator.mailbox import INBOX, Message, Missing, StaleFolder, Wanted
from tests.faults.imap.ends import letter, listed, octets, read, read_into, source
from tests.peers.imap import Command, Reply
from tests.peers.imap_box import Box, BoxPeer, Mail


def box(count: int = 3) -> Box:
    return Box([Mail(uid, letter(uid)) for uid in range(1, count + 1)])


async def test_what_was_expunged_meanwhile_is_named_as_gone(tmp_path: Path) -> None:
    async with BoxPeer({"INBOX": box()}) as peer, source(peer.port, tmp_path) as old:
        await old.folders()
        del peer.boxes["INBOX"].mails[1]
        found = await read(old, uids=(range(1, 4),), uidvalidity=7)
    assert [(one.uid, one.gone) for one in found if isinstance(one, Missing)] == [(2, True)]
    assert [one.item.uid for one in found if isinstance(one, Message)] == [1, 3]


async def test_what_arrives_meanwhile_is_read_where_all_are_wanted(tmp_path: Path) -> None:
    async with BoxPeer({"INBOX": box()}) as peer, source(peer.port, tmp_path) as old:
        await old.folders()
        peer.boxes["INBOX"].put(letter(4))
        assert [octets(one) for one in await read(old)] == [letter(uid) for uid in range(1, 5)]


async def test_flags_that_change_meanwhile_disturb_nothing(tmp_path: Path) -> None:
    disturbed = Box(
        [Mail(1, letter(1), lies=[b"* 1 FETCH (FLAGS (\\Seen))\r\n* 9 EXISTS\r\n* 1 RECENT\r\n* 3 EXPUNGE"])]
    )
    async with BoxPeer({"INBOX": disturbed}) as peer, source(peer.port, tmp_path) as old:
        assert [octets(one) for one in await read(old)] == [letter(1)]


@pytest.mark.parametrize("read_by", ["messages", "items"])
async def test_a_folder_that_is_gone_is_stale(read_by: str, tmp_path: Path) -> None:
    async with BoxPeer({"INBOX": Box(), "old": box()}) as peer, source(peer.port, tmp_path) as old:
        await old.folders()
        del peer.boxes["old"]
        reading = read(old, ("old",)) if read_by == "messages" else listed(old, ("old",))
        with pytest.raises(StaleFolder, match="none such") as stale:
            await reading
        assert stale.value.folder == ("old",)
        with pytest.raises(StaleFolder):
            await read(old, ("never", "was"))


async def test_a_folder_that_is_numbered_anew_is_stale_and_none_of_it_is_given(tmp_path: Path) -> None:
    boxes = {"INBOX": box(), "b": box(), "c": box()}
    async with BoxPeer(boxes) as peer, source(peer.port, tmp_path) as old:
        peer.boxes["b"].uidvalidity = 8
        found: list[Message | Missing] = []
        with pytest.raises(StaleFolder, match="UIDVALIDITY is 8, and was 7") as stale:
            await read_into(found, old, [Wanted((name,), 7) for name in ("INBOX", "b", "c")])
        assert stale.value.folder == ("b",)
        assert {one.folder for one in found} == {INBOX}
        assert len(await read(old, ("b",), uidvalidity=8)) == 3


async def test_messages_of_a_folder_that_did_not_open_are_nobody_s(tmp_path: Path) -> None:
    """A server that keeps the folder before open would give its messages for the one that is asked for."""

    class Sticky(BoxPeer):
        def answer(self, command: Command, session: dict[str, str]) -> Reply:
            if command.text.startswith(b'EXAMINE "b"'):
                return Reply(tagged=b"NO not now")
            return super().answer(command, session)

    boxes = {"INBOX": box(), "b": box()}
    async with Sticky(boxes) as peer, source(peer.port, tmp_path) as old:
        found: list[Message | Missing] = []
        with pytest.raises(StaleFolder):
            await read_into(found, old, [Wanted(INBOX), Wanted(("b",))])
    assert [one.folder for one in found] == [INBOX] * 3


async def test_an_empty_folder_that_refuses_any_fetch_is_empty(tmp_path: Path) -> None:
    async with (
        BoxPeer(script={"UID FETCH": Reply(tagged=b"BAD no messages")}) as peer,
        source(peer.port, tmp_path) as old,
    ):
        assert await read(old) == []
        assert [one async for one in old.items(INBOX)] == []


async def test_nothing_in_the_source_is_changed(tmp_path: Path) -> None:
    async with BoxPeer({"INBOX": box()}) as peer, source(peer.port, tmp_path) as old:
        await old.folders()
        await read(old)
        [one async for one in old.items(INBOX)]
        await old.counted()
    said = {b" ".join(one.text.split(b" ")[: 2 if one.text.startswith(b"UID") else 1]) for one in peer.commands}
    assert said <= {b"LOGIN", b"CAPABILITY", b"LIST", b"LSUB", b"STATUS", b"EXAMINE", b"UID FETCH", b"LOGOUT"}
    assert all(b"BODY.PEEK[]" in one.text or b"BODY" not in one.text for one in peer.said("UID FETCH"))
