"""`imap-cut`: a connection cut at any byte gives no partial message, stores none, and is seen at once."""

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.content import Kept
from migrator.journals.file import JournalFile
from migrator.mailbox import INBOX, MailboxAway, Message, Missing, Wanted
from migrator.moving import move
from migrator.receipts.receipt import Receipt
from schedules.clock import SystemClock
from tests.faults.imap.ends import letter, message, octets, read_into, source, target
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.peers.proxy import Cut, CutProxy

LETTERS = {uid: letter(uid, 40) for uid in range(1, 6)}


async def test_a_source_that_is_cut_gives_whole_messages_or_none(tmp_path: Path) -> None:
    peer = BoxPeer({"INBOX": Box([Mail(uid, one) for uid, one in LETTERS.items()])})
    async with peer:
        for cut in range(450, 3900, 111):
            found: list[Message | Missing] = []
            async with CutProxy(peer.port, to_client=Cut(cut)) as proxy:
                try:
                    async with source(proxy.port, tmp_path, patience=20) as old:
                        await read_into(found, old, [Wanted(INBOX)])
                except MailboxAway:
                    assert len(found) < len(LETTERS)
                else:
                    assert len(found) == len(LETTERS)
            assert {one.item.uid: octets(one) for one in found if isinstance(one, Message)} == {
                uid: LETTERS[uid] for uid in range(1, len(found) + 1)
            }


@pytest.mark.parametrize("reset", [True, False])
async def test_a_source_that_drops_within_a_message_is_seen_to_within_a_second(tmp_path: Path, reset: bool) -> None:
    peer = BoxPeer({"INBOX": Box([Mail(1, letter(1, 30_000))])})
    async with peer, CutProxy(peer.port, to_client=Cut(100_000, reset=reset)) as proxy:
        async with source(proxy.port, tmp_path, patience=60) as old:
            with pytest.raises(MailboxAway, match=r"closed|broke|reset"):
                await read_into([], old, [Wanted(INBOX)])
        assert asyncio.get_running_loop().time() - proxy.cut_at[0] < 1


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize(("to_server", "to_client"), [(100_000, None), (None, 240)])
async def test_a_target_that_drops_is_seen_to_within_a_second(
    reset: bool, to_server: int | None, to_client: int | None
) -> None:
    """In the midst of what it is sent, and before it has answered."""
    cuts = [Cut(after, reset=reset) if after is not None else None for after in (to_server, to_client)]
    peer = BoxPeer()
    async with (
        peer,
        CutProxy(peer.port, to_server=cuts[0], to_client=cuts[1]) as proxy,
        target(proxy.port, patience=60) as new,
    ):
        with pytest.raises(MailboxAway, match=r"closed|broke|reset"):
            await new.put(INBOX, [message(letter(1, 30_000))])
        assert asyncio.get_running_loop().time() - proxy.cut_at[0] < 1


@given(cut=st.integers(80, 4200), can=st.sampled_from(["UIDPLUS LITERAL+ MULTIAPPEND", "UIDPLUS LITERAL+", ""]))
async def test_a_target_that_is_cut_holds_whole_messages_and_is_away(cut: int, can: str) -> None:
    peer = BoxPeer(can=can)
    async with peer, CutProxy(peer.port, to_server=Cut(cut)) as proxy:
        try:
            async with target(proxy.port) as new:
                outcomes = await new.put(INBOX, [message(one, uid=uid) for uid, one in LETTERS.items()])
        except MailboxAway:
            outcomes = []
    stored = [mail.octets for mail in peer.boxes["INBOX"].mails]
    assert set(stored) <= set(LETTERS.values())
    assert not outcomes or len(stored) == len(LETTERS)


async def test_what_came_since_is_found_by_its_digest_after_a_lost_answer() -> None:
    peer = BoxPeer()
    async with peer:
        peer.boxes["INBOX"].put(letter(0))
        async with target(peer.port) as new:
            before = await new.mark(INBOX)
        async with CutProxy(peer.port, to_client=Cut(360), times=1) as proxy:
            try:
                async with target(proxy.port) as new:
                    await new.put(INBOX, [message(one) for one in LETTERS.values()])
            except MailboxAway:
                pass
        async with target(peer.port) as new:
            found = [one async for one in new.since(INBOX, before)]
    assert found == [(uid + 1, len(one), Kept(one).sha256) for uid, one in LETTERS.items()]


def there(peer: BoxPeer) -> Counter[tuple[str, bytes]]:
    return Counter((name, mail.octets) for name, box in peer.boxes.items() for mail in box.mails)


@given(
    cuts=st.lists(st.tuples(st.integers(0, 9_000), st.booleans(), st.booleans(), st.booleans()), max_size=3),
    can=st.sampled_from(["UIDPLUS LITERAL+ MULTIAPPEND", "UIDPLUS LITERAL+", "LITERAL-", ""]),
)
async def test_however_whole_moves_are_cut_a_last_one_has_everything_once_or_named(
    cuts: list[tuple[int, bool, bool, bool]], can: str
) -> None:
    """Messages without Message-ID, twins among them, and different ones that share one."""
    mails = [b"", b"twin\r\n", b"twin\r\n", *(b"Message-ID: <a@b>\r\n\r\n%d\r\n" % number for number in range(5))]
    old = BoxPeer({name: Box([Mail(uid, one) for uid, one in enumerate(mails, 1)]) for name in ("INBOX", "b")})
    with TemporaryDirectory() as folder:
        async with old, BoxPeer(can=can) as new:
            for after, at_source, to_client, reset in cuts:
                cut = Cut(after, reset=reset)
                peer = old if at_source else new
                async with CutProxy(
                    peer.port, to_client=cut if to_client else None, to_server=None if to_client else cut, times=1
                ) as proxy:
                    ports = (proxy.port, new.port) if at_source else (old.port, proxy.port)
                    with suppress(MailboxAway):
                        await moved(*ports, Path(folder))
                assert set(there(new)) <= set(there(old))
            receipt = await moved(old.port, new.port, Path(folder))
    assert receipt.complete
    assert not there(old) - there(new)
    twice = sum(len(one.possible_duplicates) for one in receipt.folders)
    assert (there(new) - there(old)).total() <= twice
    assert "UIDPLUS" not in can or not twice


async def moved(old: int, new: int, folder: Path) -> Receipt:
    async def at_once(_: float) -> None:
        """Scripted servers do not lag."""

    with JournalFile.open(folder / "journal", source="old", target="new") as journal:
        async with source(old, folder) as from_, target(new) as to:
            return await move(from_, to, journal, clock=SystemClock(), sleep=at_once)
