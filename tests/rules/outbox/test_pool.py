"""Sessions are kept between messages, and one that has gone away meanwhile costs nobody an attempt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from mailsvc.outbox.hop_hello import Hop
from mailsvc.outbox.hop_trouble import HopAway
from mailsvc.outbox.hopline import HopLine
from mailsvc.outbox.parcel import Fate, Parcel
from mailsvc.outbox.pool import Pool
from tests.peers.smtp import EXTENSIONS, Answer, SmtpPeer
from tests.peers.tcp import TcpPeer, abort
from tests.rules.outbox.parcels import HANAKO, QUICK, content, parcel
from tests.support.deadline import until

OTHER = "other@closing.example"


@asynccontextmanager
async def pool(*, idle: float = 30.0, most: int = 100) -> AsyncIterator[Pool]:
    made = Pool(hello="lastpost.example", timeouts=QUICK, idle=idle, most=most)
    try:
        yield made
    finally:
        await made.close()


async def fate(one: Pool, peer: TcpPeer, sent: Parcel | None = None) -> Fate:
    answers = await one.hand_over(Hop("127.0.0.1", peer.port), sent or parcel())
    return answers[HANAKO].fate


async def test_one_greeting_serves_many_messages() -> None:
    async with SmtpPeer() as peer, pool() as one:
        assert [await fate(one, peer) for _ in range(5)] == [Fate.TAKEN] * 5
        assert peer.connections == 1
    assert [command.split()[0] for command in peer.commands] == ["EHLO", *["MAIL", "RCPT", "DATA"] * 5, "QUIT"]


async def test_hops_that_differ_share_no_session() -> None:
    async with SmtpPeer() as peer, pool() as one:
        await one.hand_over(Hop("127.0.0.1", peer.port), parcel())
        await one.hand_over(Hop("127.0.0.1", peer.port, name="mx.example"), parcel())
        assert peer.connections == 2


async def test_who_delivers_at_once_has_a_session_each() -> None:
    async with SmtpPeer({"end": Answer("250 ok", delay=0.05)}) as peer, pool() as one:
        await asyncio.gather(*(fate(one, peer) for _ in range(3)))
        await asyncio.gather(*(fate(one, peer) for _ in range(3)))
        assert peer.connections == 3


async def test_a_session_ends_after_its_share_of_messages() -> None:
    async with SmtpPeer() as peer, pool(most=2) as one:
        for _ in range(5):
            await fate(one, peer)
        assert peer.connections == 3
        await until(lambda: peer.commands.count("QUIT") == 2, "the used ones are left with a word")


async def test_a_session_that_nobody_uses_is_left() -> None:
    async with SmtpPeer() as peer, pool(idle=0.05) as one:
        await fate(one, peer)
        await until(lambda: peer.commands[-1] == "QUIT", "it is left")
        assert await fate(one, peer) is Fate.TAKEN
        assert peer.connections == 2


async def test_a_session_that_the_hop_has_closed_is_replaced() -> None:
    async with SmtpPeer() as peer, pool() as one:
        await fate(one, peer)
        for session in list(peer._sessions):
            session.cancel()
        await until(lambda: not peer._sessions, "the hop has closed it")
        assert await fate(one, peer) is Fate.TAKEN
        assert peer.connections == 2


@pytest.mark.parametrize("farewell", [Answer("421 4.4.2 too long idle", close=True), Answer.CUT])
@pytest.mark.parametrize("extensions", [EXTENSIONS, ()])
async def test_a_session_that_ends_at_our_next_mail_is_replaced(farewell: Answer, extensions: tuple[str, ...]) -> None:
    script = {"MAIL": [Answer("250 2.1.0 ok"), farewell]}
    async with SmtpPeer(script, extensions=extensions) as peer, pool() as one:
        assert [await fate(one, peer), await fate(one, peer)] == [Fate.TAKEN, Fate.TAKEN]
        assert peer.connections == 2
    assert len(peer.taken) == 2


async def test_a_fresh_session_that_ends_at_mail_is_an_attempt_that_failed() -> None:
    async with SmtpPeer({"MAIL": Answer.CUT}) as peer, pool() as one:
        assert await fate(one, peer) is Fate.LATER
        assert peer.connections == 1


async def test_a_hop_that_is_gone_is_away_whatever_was_kept() -> None:
    async with pool() as one:
        async with SmtpPeer() as peer:
            await fate(one, peer)
            hop = Hop("127.0.0.1", peer.port)
        with pytest.raises(HopAway):
            await one.hand_over(hop, parcel())


@pytest.mark.parametrize("at", ["RCPT", "DATA", "end"])
async def test_after_a_fault_nothing_is_kept(at: str) -> None:
    async with SmtpPeer({at: [Answer(b"garbage\r\n")]}) as peer, pool() as one:
        assert await fate(one, peer) in {Fate.LATER, Fate.UNKNOWN}
        assert await fate(one, peer) is Fate.TAKEN
        assert peer.connections == 2


@pytest.mark.parametrize("extensions", [EXTENSIONS, ()])
@pytest.mark.parametrize(
    "script",
    [
        {"MAIL": [Answer("550 5.7.1 no")]},
        {"RCPT": [Answer("550 5.1.1 nobody")]},
        {"DATA": [Answer("451 4.3.0 later")]},
        {"end": [Answer("554 5.6.0 no")]},
    ],
)
async def test_after_a_refusal_the_session_is_used_again(
    script: dict[str, list[Answer]], extensions: tuple[str, ...]
) -> None:
    async with SmtpPeer(script, extensions=extensions) as peer, pool() as one:
        assert await fate(one, peer) in {Fate.NEVER, Fate.LATER}
        assert await fate(one, peer) is Fate.TAKEN
        assert peer.connections == 1
        mails = [place for place, command in enumerate(peer.commands) if command.startswith("MAIL")]
        assert ("RSET" in peer.commands[mails[0] : mails[1]]) is not bool({"MAIL", "end"} & script.keys())


async def test_what_this_hop_can_never_carry_costs_no_session() -> None:
    async with SmtpPeer(extensions=("SIZE 20",)) as peer, pool() as one:
        assert [await fate(one, peer) for _ in range(3)] == [Fate.NEVER] * 3
        assert peer.connections == 1


async def test_a_session_is_dropped_when_its_message_cannot_be_read() -> None:
    def torn() -> object:
        raise OSError("the disk is gone")

    broken = Parcel("a@b.example", (HANAKO,), 10, torn)  # type: ignore[arg-type]
    async with SmtpPeer() as peer, pool() as one:
        with pytest.raises(OSError, match="disk"):
            await fate(one, peer, broken)
        assert await fate(one, peer) is Fate.TAKEN
        assert peer.connections == 2
    assert len(peer.taken) == 1


class Counted(TcpPeer):
    """Takes mail and notes how many pieces it came in."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        await reader.readline()
        writer.write(b"250-me\r\n250 PIPELINING\r\n")
        self.pieces.append(await reader.read(65_536))
        writer.write(b"250 ok\r\n250 ok\r\n354 go on\r\n")
        self.pieces.append(await reader.read(65_536))
        writer.write(b"250 taken\r\n")
        await reader.readline()
        abort(writer)


async def test_a_small_message_goes_out_in_two_pieces() -> None:
    async with Counted() as peer, pool() as one:
        sent = Parcel("a@b.example", (HANAKO,), 20, content(b"Received: x\r\n", b"a: b\r\n\r\n", b"hello\r\n"))
        assert await fate(one, peer, sent) is Fate.TAKEN
    assert peer.pieces[0].endswith(b"DATA\r\n")
    assert peer.pieces[1] == b"Received: x\r\na: b\r\n\r\nhello\r\n.\r\n"


async def test_a_hop_that_floods_while_nobody_listens_is_cut_off() -> None:
    poured, cut_off = 0, asyncio.Event()

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal poured
        with suppress(OSError):
            while poured < 200_000_000:
                writer.write(b"250-x\r\n" * 10_000)
                poured += 70_000
                await writer.drain()
        cut_off.set()
        writer.close()

    async with await asyncio.start_server(flood, "127.0.0.1", 0) as server:
        line = await HopLine.open("127.0.0.1", server.sockets[0].getsockname()[1], within=60)
        async with asyncio.timeout(60):
            await cut_off.wait()
    assert line.broken == "the next hop floods us"
    assert poured < 50_000_000
