"""What a POP3 server can do to us: lie, say no in the middle, go away, never end."""

import asyncio
from pathlib import Path

import pytest

from migrator.mailbox import INBOX, MailboxAway, MailboxError, MailboxLimited, MailboxRefused, Message, Missing, Wanted
from migrator.pop3.source import Pop3Source
from tests.peers.pop3 import Pop3Peer, Reply, stuffed
from tests.rules.migrator.pop3.drops import NOW, access, octets, read, read_into, source
from tests.support.deadline import movable_loop, settle, until
from tests.support.ports import free_port

MAILS = [b"Subject: %d\r\n\r\n%s\r\n" % (number, b"x" * 50 * number) for number in range(8)]


def why(found: Message | Missing) -> str:
    return found.why if isinstance(found, Missing) else ""


@pytest.mark.parametrize(
    ("script", "error", "said"),
    [
        ({"UIDL": b"-ERR what?\r\n"}, MailboxRefused, "knows no UIDL"),
        ({"UIDL": b"-ERR [SYS/TEMP] later\r\n"}, MailboxLimited, "later"),
        ({"AUTH": b"-ERR unable to lock maildrop\r\n"}, MailboxLimited, "unable to lock"),
        ({"AUTH": b"-ERR maildrop already locked\r\n"}, MailboxLimited, "already locked"),
        ({"AUTH": b"-ERR [AUTH] mailbox locked, call us\r\n"}, MailboxRefused, "call us"),
        ({"AUTH": b"-ERR your account is locked\r\n"}, MailboxRefused, "account is locked"),
        ({"AUTH": b"-ERR [IN-USE] not now\r\n"}, MailboxLimited, "not now"),
        ({"STAT": b"+OK many\r\n"}, MailboxRefused, "speaks no POP3"),
        ({"STAT": b"+OK 99999999999 1\r\n"}, MailboxRefused, "are not taken"),
        ({"STAT": b"* OK\r\n"}, MailboxRefused, "speaks no POP3"),
        ({"STAT": b"+OK " + b"9" * 100_000}, MailboxRefused, "line without end"),
        ({"UIDL": b"+OK\r\n" + b"1 a\r\n" * 100}, MailboxRefused, "list without end"),
        ({"UIDL": b"+OK\r\n1 \r\n.\r\n"}, MailboxRefused, "is no list"),
        ({"UIDL": b"+OK\r\n1 a\r\n.\r\n"}, MailboxAway, "do not name the same"),
        ({"LIST": b"+OK\r\n1 2\r\n2 -3\r\n.\r\n"}, MailboxRefused, "speaks no POP3"),
        ({"CAPA": b"+OK\r\n" + b"X\r\n" * 200}, MailboxRefused, "list without end"),
    ],
)
async def test_what_is_no_maildrop_is_told(
    tmp_path: Path, script: dict[str, bytes], error: type[MailboxError], said: str
) -> None:
    async with Pop3Peer(MAILS[:2], script={name: Reply(reply) for name, reply in script.items()}) as peer:
        with pytest.raises(error, match=said):
            await Pop3Source.open(access(peer.port), spool=tmp_path, now=lambda: NOW)


async def test_no_to_one_message_names_it_and_the_rest_comes(tmp_path: Path) -> None:
    no = Reply(b"-ERR [SYS/PERM] its file is damaged\r\n")
    async with Pop3Peer(MAILS, script={"RETR 3": no}) as peer, source(peer.port, tmp_path) as opened:
        found = await read(opened)
    assert [why(one) for one in found if why(one)] == ["[SYS/PERM] its file is damaged"]
    assert [octets(one) for one in found if isinstance(one, Message)] == MAILS[:2] + MAILS[3:]


@pytest.mark.parametrize("code", ["SYS/TEMP", "IN-USE"])
async def test_no_for_now_in_the_middle_asks_for_patience_and_a_later_run_goes_on(tmp_path: Path, code: str) -> None:
    script = {"RETR 3": [Reply(f"-ERR [{code}] later\r\n".encode())]}
    async with Pop3Peer(MAILS, script=script) as peer, source(peer.port, tmp_path) as opened:
        with pytest.raises(MailboxLimited, match="later"):
            await read(opened)
        assert [octets(one) for one in await read(opened)] == MAILS
    assert peer.connections == 2


async def test_more_than_announced_ends_at_a_bound_and_the_rest_comes(tmp_path: Path) -> None:
    endless = Reply(b"+OK\r\n" + b"x" * 10_000_000)
    async with Pop3Peer(MAILS, script={"RETR 3": endless}) as peer, source(peer.port, tmp_path) as opened:
        found = await read(opened)
    assert [why(one) for one in found if why(one)] == ["the server announced 116 octets, and sends many more"]
    assert sorted(octets(one) for one in found if isinstance(one, Message)) == sorted(MAILS[:2] + MAILS[3:])


async def test_what_is_announced_as_too_large_is_never_asked_for(tmp_path: Path) -> None:
    async with Pop3Peer(MAILS) as peer, source(peer.port, tmp_path, largest=300) as opened:
        found = await read(opened)
    assert sum(bool(why(one)) for one in found) == 2
    assert len(peer.said("RETR")) == 6


async def test_a_drop_is_seen_at_once(tmp_path: Path) -> None:
    cut = Reply(b"+OK\r\n" + stuffed(MAILS[3]), cut=60)
    async with Pop3Peer(MAILS, script={"RETR 4": [cut]}) as peer, source(peer.port, tmp_path, patience=6000) as opened:
        found = list[Message | Missing]()
        with pytest.raises(MailboxAway, match="broke"):
            await asyncio.wait_for(read_into(found, opened), 300)
        assert [octets(one) for one in found] == MAILS[:3]
        assert [octets(one) for one in await read(opened)] == MAILS


async def test_a_message_at_which_it_breaks_each_time_is_named_in_the_end(tmp_path: Path) -> None:
    cut = Reply(b"+OK\r\n" + stuffed(MAILS[3]), cut=60)
    async with Pop3Peer(MAILS, script={"RETR 4": cut}) as peer, source(peer.port, tmp_path) as opened:
        for _ in range(3):
            with pytest.raises(MailboxAway):
                await read(opened)
        found = await read(opened)
    assert [why(one) for one in found if why(one)] == ["the connection broke each of the 3 times that it was asked for"]
    assert len(found) == len(MAILS)


async def _read_all(port: int, spool: Path) -> None:
    async with source(port, spool) as opened:
        await read(opened)


@pytest.mark.parametrize("command", ["CAPA", "STAT", "RETR 1"])
async def test_silence_is_not_waited_for_for_ever(tmp_path: Path, command: str) -> None:
    pass_by = movable_loop()
    async with Pop3Peer(MAILS, script={command: Reply(b"+OK", delay=600)}) as peer:
        reading = asyncio.create_task(_read_all(peer.port, tmp_path))
        await until(lambda: peer.said(command), "it is asked")
        pass_by(61)
        with pytest.raises(MailboxAway, match="said nothing for 60 s"):
            await reading


@pytest.mark.parametrize(
    ("command", "octets"),
    [("STAT", b"+OK " + b"1" * 99), ("RETR 1", b"+OK\r\n" + b"x" * 99)],
    ids=["answer", "message"],
)
async def test_octet_by_octet_is_not_waited_for_for_ever_either(tmp_path: Path, command: str, octets: bytes) -> None:
    pass_by = movable_loop()
    async with Pop3Peer(MAILS, script={command: Reply(octets, drip=90)}) as peer:
        reading = asyncio.create_task(_read_all(peer.port, tmp_path))
        await until(lambda: peer.said(command), "it is asked")
        for _ in range(6):
            before = peer.dripped
            pass_by(20)
            await until(lambda before=before: reading.done() or peer.dripped > before, "an octet more")  # type: ignore[misc]
            await settle()
        await until(reading.done, "it is given up")
        with pytest.raises(MailboxAway, match=r"has sent [1-9][0-9]* octets for 60 s"):
            await reading
    assert peer.dripped < 9


async def test_nobody_there_is_away(tmp_path: Path) -> None:
    with pytest.raises(MailboxAway, match="cannot be reached"):
        await Pop3Source.open(access(free_port()), spool=tmp_path, now=lambda: NOW)


async def test_what_was_removed_by_somebody_else_is_gone(tmp_path: Path) -> None:
    async with Pop3Peer(MAILS, script={"RETR 2": [Reply(b"", cut=0)]}) as peer, source(peer.port, tmp_path) as opened:
        listed = [item async for item in opened.items(INBOX)]
        with pytest.raises(MailboxAway):
            await read(opened)
        del peer.mails[5]
        wanted = tuple(range(item.uid, item.uid + 1) for item in listed)
        found = await read(opened, wanted)
    assert len(found) == len(MAILS) - 1


async def test_a_slow_taker_slows_the_server(tmp_path: Path) -> None:
    mails = [b"Subject: %d\r\n\r\n" % number + b"x" * 76 * 8000 + b"\r\n" for number in range(40)]
    async with Pop3Peer(mails) as peer, source(peer.port, tmp_path) as opened:
        coming = opened.messages([Wanted(INBOX)])
        await anext(coming)
        await asyncio.sleep(0.3)
        assert len(peer.said("RETR")) < 12
        await coming.aclose()


async def test_what_is_left_in_the_middle_makes_a_new_session(tmp_path: Path) -> None:
    async with Pop3Peer(MAILS) as peer, source(peer.port, tmp_path) as opened:
        coming = opened.messages([Wanted(INBOX)])
        assert octets(await anext(coming)) == MAILS[0]
        await coming.aclose()
        assert [octets(one) for one in await read(opened)] == MAILS
    assert peer.connections == 2
