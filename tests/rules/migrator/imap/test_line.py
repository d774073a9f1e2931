"""A line to a server: pipelined, counted, and quick to say what broke."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from migrator.imap.commands import Sent
from migrator.imap.errors import Bye, Declined, Garbled, Gone, ImapError, Silent, Untrusted
from migrator.imap.line import Line
from migrator.imap.reading import Response
from tests.peers.imap import Command, ImapPeer, Reply
from tests.support.deadline import movable_loop, settle, until


async def opened(peer: ImapPeer, *, patience: float = 60.0, tls: ssl.SSLContext | None = None) -> Line:
    return await Line.open("127.0.0.1", peer.port, tls=tls, patience=patience, name="localhost" if tls else "")


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    return server, client


async def test_a_command_gets_its_untagged_responses_and_its_answer() -> None:
    seen: list[Response] = []
    async with ImapPeer({"NOOP": Reply([b"* 3 EXISTS", b"* 1 RECENT"], b"OK [READ-WRITE] there")}) as peer:
        line = await opened(peer)
        said = await line.run(b"NOOP", take=seen.append)
        assert (said.word, said.code, said.text) == ("OK", "READ-WRITE", "there")
        assert [one.first for one in seen] == [b"* 3 EXISTS", b"* 1 RECENT"]
        await line.close()
    assert peer.said("LOGOUT")


async def test_a_noop_that_is_answered_late_takes_nothing_from_what_was_asked_behind_it() -> None:
    """Dovecot does so: a listing would be lost, and an empty one believed."""
    seen: list[bytes] = []

    class Late(ImapPeer):
        def answer(self, command: Command, session: dict[str, str]) -> Reply:
            if command.text == b"NOOP":
                session["late"] = command.tag.decode()
                return Reply(raw=b"")
            return Reply([b'* LIST () "/" INBOX'], b"OK done\r\n" + session["late"].encode() + b" OK at last")

    async with Late() as peer:
        line = await opened(peer)
        noop = await line.start(b"NOOP")
        assert (await line.run(b'LIST "" "*"', take=lambda one: seen.append(one.first))).word == "OK"
        assert (await noop).text == "at last"
        line.abandon()
    assert seen == [b'* LIST () "/" INBOX']


async def test_commands_are_pipelined_and_their_responses_kept_apart() -> None:
    seen: dict[str, list[bytes]] = {"a": [], "b": []}
    script = {"UID FETCH 1": Reply([b"* 1 FETCH (UID 1)"], delay=0.05), "UID FETCH 2": Reply([b"* 2 FETCH (UID 2)"])}
    async with ImapPeer(script) as peer:
        line = await opened(peer)
        first = await line.start(b"UID FETCH 1 (UID)", take=lambda one: seen["a"].append(one.first))
        second = await line.start(b"UID FETCH 2 (UID)", take=lambda one: seen["b"].append(one.first))
        assert {(await first).word, (await second).word} == {"OK"}
        assert seen == {"a": [b"* 1 FETCH (UID 1)"], "b": [b"* 2 FETCH (UID 2)"]}
        await line.close()


@pytest.mark.parametrize(
    ("literals", "signs"), [("", [b"{5}", b"{5000}"]), ("-", [b"{5+}", b"{5000}"]), ("+", [b"{5+}", b"{5000+}"])]
)
async def test_literals_go_out_as_the_server_takes_them(literals: str, signs: list[bytes]) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 1000

    async with ImapPeer() as peer:
        line = await opened(peer)
        line.literals = literals
        await line.run(b"APPEND a ", Sent(5, b"a\r\nb!"), b" ", Sent(5000, chunks()))
        (sent,) = peer.said("APPEND")
        assert sent.literals == [b"a\r\nb!", b"x" * 5000]
        assert all(sign in sent.text for sign in signs)
        await line.close()


async def test_a_literal_the_server_refuses_is_never_sent() -> None:
    async with RefusingPeer() as peer:
        line = await opened(peer)
        with pytest.raises(Declined, match="TOOBIG") as refused:
            await line.run(b"APPEND a ", Sent(9, b"123456789"))
        assert (refused.value.word, refused.value.code) == ("NO", "TOOBIG")
        assert (await line.run(b"NOOP")).word == "OK"
        await line.close()


async def test_a_slow_server_is_sent_no_more_than_it_takes() -> None:
    """Back-pressure: what is to be sent waits where it is, and not in memory."""
    asked: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(400):
            asked.append(number)
            yield b"x" * 262_144

    async with (peer := DeafPeer()):
        line = await opened(peer)
        line.literals = "+"
        sending = asyncio.create_task(line.run(b"APPEND a ", Sent(400 * 262_144, chunks())))
        before = 0
        while before != len(asked) or not asked:
            before = len(asked)
            await asyncio.sleep(0.2)
        assert len(asked) < 100  # of them most are in the kernel's hands
        peer.listens.set()
        assert (await sending).word == "OK"
        assert len(asked) == 400
        line.abandon()


class DeafPeer(ImapPeer):
    """Reads nothing before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.listens = asyncio.Event()

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting + b"\r\n")
        await self.listens.wait()
        tag, *_ = (await reader.readline()).split()
        left = 400 * 262_144 + 2
        while left:
            left -= len(await reader.read(left))
        writer.write(tag + b" OK taken\r\n")


class RefusingPeer(ImapPeer):
    """Answers NO where it should say to go on."""

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting + b"\r\n")
        while line := await reader.readline():
            tag = line.split()[0]
            writer.write(tag + (b" NO [TOOBIG] no\r\n" if line.endswith(b"}\r\n") else b" OK done\r\n"))


@pytest.mark.parametrize("word", ["NO", "BAD"])
async def test_a_refusal_names_the_command_and_not_what_it_was_about(word: str) -> None:
    async with ImapPeer({"LOGIN": Reply(tagged=f"{word} [AUTHENTICATIONFAILED] wrong".encode())}) as peer:
        line = await opened(peer)
        with pytest.raises(Declined) as refused:
            await line.run(b'LOGIN "hanako" "s3cret"')
        assert str(refused.value) == f"LOGIN was refused: {word} [AUTHENTICATIONFAILED] wrong"
        await line.close()


async def test_a_cut_is_seen_at_once_by_all_that_wait() -> None:
    fetched = Reply([b"* 1 FETCH (UID 7 BODY[] {1000}\r\n" + b"x" * 1000 + b")"], cut=300)
    async with ImapPeer({"UID FETCH": fetched}) as peer:
        line = await opened(peer, patience=6000)
        waiting = [await line.start(b"UID FETCH 1:* (BODY.PEEK[])"), await line.start(b"NOOP")]
        for one in waiting:
            with pytest.raises(Gone):
                await asyncio.wait_for(one, 300)
        with pytest.raises(Gone):
            await line.run(b"NOOP")


async def test_a_server_that_falls_silent_is_given_up() -> None:
    pass_by = movable_loop()
    async with ImapPeer({"NOOP": Reply(tagged=None)}) as peer:
        line = await opened(peer)
        asked = await line.start(b"NOOP")
        await until(lambda: peer.said("NOOP"), "it is asked")
        pass_by(61)
        with pytest.raises(Silent, match="asked for NOOP"):
            await asked


async def test_patience_does_not_end_while_we_hold_the_line() -> None:
    pass_by = movable_loop()
    async with ImapPeer({"NOOP": Reply([b"* 1 EXISTS"], delay=90)}) as peer:
        line = await opened(peer)
        asked = await line.start(b"NOOP")
        await until(lambda: peer.said("NOOP"), "it is asked")
        line.hold()
        for _ in range(4):
            await settle()
            pass_by(30)
        line.go_on()
        assert (await asked).word == "OK"
        await line.close()


async def test_a_bye_is_why_the_line_ended() -> None:
    script = {"NOOP": Reply([b"* BYE [UNAVAILABLE] maintenance"], tagged=None, close=True)}
    async with ImapPeer(script) as peer:
        line = await opened(peer)
        with pytest.raises(Bye, match="maintenance") as bye:
            await line.run(b"NOOP")
        assert bye.value.code == "UNAVAILABLE"


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        (b"* BYE [UNAVAILABLE] too many", Bye),
        (b"* PREAUTH hello", Declined),
        (b"* NO never", Garbled),
        (b"x" * 20_000_000, ImapError),
    ],
)
async def test_greetings_that_lead_nowhere(greeting: bytes, error: type[ImapError]) -> None:
    async with ImapPeer(greeting=greeting) as peer:
        with pytest.raises(error):
            await opened(peer)


async def test_what_is_no_imap_ends_the_line() -> None:
    for garbage in (b"* 1 FETCH (BODY[] {99999999}\r\n", b"zzz9 OK whom?\r\n"):
        async with ImapPeer({"NOOP": Reply(raw=garbage)}) as peer:
            line = await opened(peer)
            with pytest.raises(Garbled):
                await line.run(b"NOOP")


async def test_nobody_there() -> None:
    async with ImapPeer() as peer:
        port = peer.port
    with pytest.raises(Gone, match="cannot be reached"):
        await Line.open("127.0.0.1", port, tls=None, patience=1)


@pytest.mark.parametrize("from_the_start", [True, False])
async def test_tls_from_the_first_octet_and_by_starttls(from_the_start: bool) -> None:
    server, client = contexts()
    async with ImapPeer(tls=server) if from_the_start else ImapPeer(starttls=server) as peer:
        line = await opened(peer, tls=client if from_the_start else None)
        if not from_the_start:
            await line.secure(client, "localhost")
        assert (await line.run(b"NOOP")).word == "OK"
        await line.close()


async def test_a_certificate_of_another_name_is_refused() -> None:
    server, client = contexts()
    async with ImapPeer(starttls=server) as peer:
        line = await opened(peer)
        with pytest.raises(Untrusted, match=r"mail\.example"):
            await line.secure(client, "mail.example")
    async with ImapPeer(tls=server) as peer:
        with pytest.raises(Untrusted, match="not to be trusted"):
            await Line.open("127.0.0.1", peer.port, tls=client, patience=5.0, name="mail.example")
    assert not peer.commands


async def test_what_comes_in_clear_behind_starttls_is_refused() -> None:
    _, client = contexts()
    for injected in (b"* 1 EXISTS", b"* CAPABILITY", b"x"):
        async with ImapPeer({"STARTTLS": Reply(tagged=b"OK begin\r\n" + injected)}) as peer:
            line = await opened(peer)
            with pytest.raises(Garbled, match="more than its OK to STARTTLS"):
                await line.secure(client, "localhost")
