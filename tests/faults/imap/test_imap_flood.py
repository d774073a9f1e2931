"""`imap-flood`: BYE, [UNAVAILABLE], PREAUTH in clear, and floods of what nobody asked for."""

import tracemalloc
from pathlib import Path

import pytest

from migrator.mailbox import MailboxAway, MailboxError, MailboxLimited, MailboxRefused
from tests.faults.imap.ends import letter, octets, read, source
from tests.peers.imap import ImapPeer, Reply
from tests.peers.imap_box import Box, BoxPeer, Mail


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        (b"* BYE [UNAVAILABLE] maintenance", MailboxLimited),
        (b"* BYE Too many connections from your address", MailboxLimited),
        (b"* BYE go away", MailboxAway),
        (b"* PREAUTH come in", MailboxRefused),
        (b"220 mail.example ESMTP", MailboxRefused),
    ],
)
async def test_greetings(greeting: bytes, error: type[MailboxError], tmp_path: Path) -> None:
    async with ImapPeer(greeting=greeting) as peer:
        with pytest.raises(error, match=rf"hanako@closing\.example at 127\.0\.0\.1:{peer.port}: "):
            async with source(peer.port, tmp_path):
                pytest.fail("there is no way in")
        assert not peer.said("LOGIN")


@pytest.mark.parametrize(
    ("said", "error", "code"),
    [
        (b"* BYE [UNAVAILABLE] restart", MailboxLimited, "UNAVAILABLE"),
        (b"* BYE idle for too long", MailboxAway, ""),
    ],
)
async def test_a_bye_while_messages_come(said: bytes, error: type[MailboxError], code: str, tmp_path: Path) -> None:
    script = {"UID FETCH": Reply([said], tagged=None, close=True)}
    async with BoxPeer({"INBOX": Box([Mail(1, letter(1))])}, script=script) as peer, source(peer.port, tmp_path) as old:
        with pytest.raises(error) as told:
            await read(old)
        assert getattr(told.value, "code", "") == code


async def test_a_flood_of_untagged_data_takes_no_memory_and_hides_nothing(tmp_path: Path) -> None:
    flood = b"\r\n".join([b"* 1 EXISTS", b"* 1 FETCH (FLAGS ())", b"* OK [ALERT] " + b"x" * 900, b"* X Y Z"] * 2_000)
    mail = Mail(1, letter(1))
    mail.lies.append(flood)
    async with BoxPeer({"INBOX": Box([mail])}) as peer, source(peer.port, tmp_path) as old:
        tracemalloc.start()
        assert [octets(one) for one in await read(old)] == [letter(1)]
        here = tracemalloc.Filter(inclusive=True, filename_pattern="*/migrator/*")
        ours = tracemalloc.take_snapshot().filter_traces([here])
        tracemalloc.stop()
    assert sum(one.size for one in ours.statistics("filename")) < 200_000


async def test_a_line_without_an_end_is_given_up(tmp_path: Path) -> None:
    mail = Mail(1, letter(1), lies=[b"* 1 FETCH (X " + b"y" * 17_000_000])
    async with BoxPeer({"INBOX": Box([mail])}) as peer, source(peer.port, tmp_path) as old:
        with pytest.raises(MailboxAway, match="longer than"):
            await read(old)
