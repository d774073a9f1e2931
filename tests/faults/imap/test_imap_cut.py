"""`imap-cut`: a connection cut at any byte gives no partial message, stores none, and is seen at once."""

import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from migrator.content import Kept
from migrator.mailbox import INBOX, MailboxAway, Message, Missing, Wanted
from tests.faults.imap.ends import letter, message, octets, read_into, source, target
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.peers.proxy import Cut, CutProxy

LETTERS = {uid: letter(uid, 40) for uid in range(1, 6)}


async def test_a_source_that_is_cut_gives_whole_messages_or_none(tmp_path: Path) -> None:
    peer = BoxPeer({"INBOX": Box([Mail(uid, one) for uid, one in LETTERS.items()])})
    async with peer:
        for cut in range(450, 3900, 111):
            found: list[Message | Missing] = []
            began = time.monotonic()
            async with CutProxy(peer.port, to_client=Cut(cut)) as proxy:
                try:
                    async with source(proxy.port, tmp_path, patience=20) as old:
                        await read_into(found, old, [Wanted(INBOX)])
                except MailboxAway:
                    assert len(found) < len(LETTERS)
                else:
                    assert len(found) == len(LETTERS)
            assert time.monotonic() - began < 3
            assert {one.item.uid: octets(one) for one in found if isinstance(one, Message)} == {
                uid: LETTERS[uid] for uid in range(1, len(found) + 1)
            }


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
