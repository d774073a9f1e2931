"""COMPRESS=DEFLATE (RFC 4978): both ways, in pieces, and never more at once than fits the memory."""

import asyncio
import zlib
from pathlib import Path

import pytest

from migrator.imap.fetching import Fetched
from migrator.imap.sessions import Access
from migrator.imap.source import ImapSource
from migrator.imap.streaming import Run, Stream
from migrator.mailbox import INBOX, MailboxAway, Wanted
from tests.faults.imap.ends import access, letter, octets, read
from tests.peers.imap import Command, Reply, literal
from tests.peers.imap_box import Box, BoxPeer, Mail


class Deflating(BoxPeer):
    """Speaks deflated once it is asked to; `bomb` is said to a FETCH instead of messages."""

    bomb = b""

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting + b"\r\n")
        inflate = deflate = None
        waiting, kept = b"", dict[str, str]()
        while piece := await reader.read(65_536):
            waiting += inflate.decompress(piece) if inflate else piece
            while b"\r\n" in waiting:
                line, _, waiting = waiting.partition(b"\r\n")
                tag, _, text = line.partition(b" ")
                self.commands.append(Command(tag, text))
                if text == b"COMPRESS DEFLATE":
                    writer.write(tag + b" OK begin\r\n")
                    inflate, deflate = zlib.decompressobj(-15), zlib.compressobj(9, wbits=-15)
                    continue
                said = self.answer(self.commands[-1], kept).octets(tag)
                if self.bomb and text.startswith(b"UID FETCH"):
                    said = self.bomb
                writer.write(deflate.compress(said) + deflate.flush(zlib.Z_SYNC_FLUSH) if deflate else said)

    def _compress(self, _: Command, __: dict[str, str]) -> Reply:
        return Reply()


async def opened(peer: BoxPeer, spool: Path) -> ImapSource:
    squeezed: Access = access(peer.port, compress=True)
    return await ImapSource.open(squeezed, spool=spool)


async def test_messages_come_deflated(tmp_path: Path) -> None:
    letters = [letter(uid, uid * uid * 40) for uid in range(1, 40)]
    mails = [Mail(uid, one) for uid, one in enumerate(letters, 1)]
    async with Deflating({"INBOX": Box(mails)}, can="COMPRESS=DEFLATE") as peer:
        old = await opened(peer, tmp_path)
        assert [octets(one) for one in await read(old)] == letters
        assert peer.said("COMPRESS")
        await old.close()


async def test_a_few_octets_that_stand_for_very_many_end_the_line(tmp_path: Path) -> None:
    async with Deflating({"INBOX": Box([Mail(1, b"x")])}, can="COMPRESS=DEFLATE") as peer:
        peer.bomb = b"* " + b"x" * 40_000_000
        old = await opened(peer, tmp_path)
        with pytest.raises(MailboxAway, match="longer than"):
            await read(old, INBOX)
        await old.close()


async def test_a_server_that_does_not_compress_after_all_is_spoken_to_plainly(tmp_path: Path) -> None:
    script = {"COMPRESS": Reply(tagged=b"NO not here")}
    async with BoxPeer({"INBOX": Box([Mail(1, letter(1))])}, can="COMPRESS=DEFLATE", script=script) as peer:
        old = await opened(peer, tmp_path)
        assert [octets(one) for one in await read(old)] == [letter(1)]
        await old.close()


async def test_messages_that_take_few_octets_on_the_wire_wait_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[int] = []
    put = Stream._put

    def counted(stream: Stream, run: Run, message: Fetched) -> None:
        came.append(message.weight)
        put(stream, run, message)

    monkeypatch.setattr(Stream, "_put", counted)
    # 100 MB, of which the wire has some 100 kB.
    head = b"* 1 FETCH (UID %d FLAGS () RFC822.SIZE 250000 BODY[] "
    async with Deflating({"INBOX": Box([Mail(1, b"x")])}, can="COMPRESS=DEFLATE") as peer:
        peer.bomb = b"".join(head % uid + literal(b"x" * 250_000) + b")\r\n" for uid in range(1, 401))
        old = await opened(peer, tmp_path)
        found = most = 0
        async for _ in old.messages([Wanted(INBOX)]):
            found += 1
            most = max(most, len(came) - found)
            if found == 400:
                break
        await old.close()
    assert (found, most * 250_000 < 10_000_000) == (400, True)
