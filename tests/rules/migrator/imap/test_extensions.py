"""Each extension is used where a server offers it, and plain IMAP4rev1 is spoken where it does not."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from migrator.content import Spooled
from migrator.imap.login import NoWay, Password
from migrator.imap.session import IDENTITY, Security, Server, Session
from migrator.imap.target import ImapTarget
from migrator.mailbox import INBOX, FolderState, MailFolder, Message, Outcome, Room, SpecialUse, Stored, Wanted
from tests.faults.imap.ends import access, letter, message, source, target
from tests.peers.imap import Command, Reply
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.support.noting import noting

LETTERS = [letter(number, 400) for number in range(3)]  # each of more than LITERAL- lets go unasked


def texts(peer: BoxPeer, start: str) -> list[bytes]:
    return [command.text for command in peer.said(start)]


async def put(can: str, *octets: bytes) -> tuple[BoxPeer, Sequence[Outcome]]:
    async with BoxPeer(can=can) as peer, target(peer.port, most=1) as new:
        outcomes = await new.put(INBOX, [message(one) for one in octets])
    assert [mail.octets for mail in peer.boxes["INBOX"].mails] == list(octets)
    return peer, outcomes


@pytest.mark.parametrize(("can", "sign"), [("LITERAL+", b"+}"), ("LITERAL-", b"}"), ("", b"}")])
async def test_literals(can: str, sign: bytes) -> None:
    peer, _ = await put(can, *LETTERS)
    assert [text.endswith(b"{%d" % len(LETTERS[0]) + sign) for text in texts(peer, "APPEND")] == [True] * 3
    small, _ = await put(can, b"small\r\n")
    assert texts(small, "APPEND")[0].endswith(b"{7+}" if can else b"{7}")


@pytest.mark.parametrize(("can", "commands"), [("LITERAL+ MULTIAPPEND", 1), ("LITERAL+", 3), ("", 3)])
async def test_multiappend(can: str, commands: int) -> None:
    peer, _ = await put(can, *LETTERS)
    assert len(peer.said("APPEND")) == commands


@pytest.mark.parametrize("together", ["MULTIAPPEND", ""])
@pytest.mark.parametrize(("can", "uids"), [("UIDPLUS", [1, 2, 3]), ("", [None] * 3)])
async def test_uidplus(can: str, uids: list[int | None], together: str) -> None:
    _, outcomes = await put(f"{can} {together} LITERAL+", *LETTERS)
    assert [one.uid for one in outcomes if isinstance(one, Stored)] == uids


@pytest.mark.parametrize("can", ["ID", ""])
async def test_id(can: str) -> None:
    async with BoxPeer(can=can) as peer, target(peer.port) as new:
        await new.folders()
    assert texts(peer, "ID") == [b"ID " + IDENTITY] * bool(can)


@pytest.mark.parametrize("can", ["NAMESPACE", ""])
async def test_namespace(can: str, tmp_path: Path) -> None:
    boxes = {"INBOX": Box(), "#shared/team": Box()}
    peer = BoxPeer(boxes, can=can, namespace='(("" "/")) NIL (("#shared/" "/"))')
    async with peer, source(peer.port, tmp_path) as old:
        left_out = [one.name for one in await old.folders() if one.left_out]
    assert left_out == [("#shared", "team")] * bool(can)
    assert len(peer.said("NAMESPACE")) == bool(can)


@pytest.mark.parametrize(
    ("can", "listed", "counted"),
    [
        ("LIST-EXTENDED LIST-STATUS SPECIAL-USE STATUS=SIZE", b"SUBSCRIBED SPECIAL-USE STATUS (%s SIZE)", 0),
        ("LIST-EXTENDED LIST-STATUS", b"SUBSCRIBED STATUS (%s)", 0),
        ("LIST-EXTENDED SPECIAL-USE", b"SUBSCRIBED SPECIAL-USE", 2),
        ("STATUS=SIZE", b"", 2),
        ("", b"", 2),
    ],
)
async def test_list_extended_list_status_special_use_and_status_size(
    can: str, listed: bytes, counted: int, tmp_path: Path
) -> None:
    boxes = {"INBOX": Box([Mail(1, LETTERS[0])], subscribed=True), "Sent": Box(attributes="\\Sent")}
    async with BoxPeer(boxes, can=can) as peer, source(peer.port, tmp_path) as old:
        inbox, sent = await old.folders()
    assert (inbox.subscribed, sent.subscribed, sent.special_use) == (True, False, SpecialUse.SENT)
    assert inbox.octets == (len(LETTERS[0]) if "STATUS=SIZE" in can else None)
    returned = b" RETURN (" + listed.replace(b"%s", b"MESSAGES UIDNEXT UIDVALIDITY") + b")" if listed else b""
    assert texts(peer, "LIST") == [b'LIST "" "*"' + returned]
    assert (len(peer.said("LSUB")), len(peer.said("STATUS"))) == (not listed, counted)


class Counting(BoxPeer):
    """Keeps mod-sequences, and tells them who asks (RFC 7162)."""

    def _status(self, command: Command, session: dict[str, str]) -> Reply:
        (line,) = super()._status(command, session).untagged
        asked = b"HIGHESTMODSEQ" in command.text
        return Reply([line[:-1] + b" HIGHESTMODSEQ 715194045007)" if asked else line])


@pytest.mark.parametrize("can", ["CONDSTORE", "QRESYNC", ""])
async def test_condstore(can: str, tmp_path: Path) -> None:
    async with Counting(can=can) as peer, source(peer.port, tmp_path) as old:
        (inbox,) = await old.folders()
    assert inbox.state == FolderState(7, 1, 0, 715_194_045_007 if can else None)


@pytest.mark.parametrize("can", ["CREATE-SPECIAL-USE", ""])
async def test_create_special_use(can: str) -> None:
    async with BoxPeer(can=can) as peer, target(peer.port) as new:
        short = await new.make([MailFolder(("Sent",), special_use=SpecialUse.SENT)])
    assert texts(peer, "CREATE") == [b'CREATE "Sent"' + b" (USE (\\Sent))" * bool(can)]
    assert [one.why for one in short.values()] == ["it is not marked as \\Sent"] * (not can)


@pytest.mark.parametrize(
    ("can", "asked", "room"),
    [
        ("QUOTA APPENDLIMIT=1000", ["GETQUOTAROOT"], Room(92_160, 47, 1000)),
        ("QUOTA APPENDLIMIT", ["GETQUOTAROOT", "STATUS INBOX (APPENDLIMIT)"], Room(92_160, 47, 2000)),
        ("APPENDLIMIT", ["STATUS INBOX (APPENDLIMIT)"], Room(largest=2000)),
        ("", [], Room()),
    ],
)
async def test_quota_and_appendlimit(can: str, asked: list[str], room: Room) -> None:
    script = {
        "GETQUOTAROOT": Reply([b'* QUOTAROOT INBOX "u"', b'* QUOTA "u" (STORAGE 10 100 MESSAGE 3 50)']),
        "STATUS INBOX": Reply([b"* STATUS INBOX (APPENDLIMIT 2000)"]),
    }
    async with BoxPeer(can=can, script=script) as peer, target(peer.port) as new:
        assert await new.room() == room
    assert [start for start in ("GETQUOTAROOT", "STATUS INBOX (APPENDLIMIT)") if peer.said(start)] == asked


@pytest.mark.parametrize(("can", "largest"), [("APPENDLIMIT=1000", 1000), ("", 500)])
async def test_what_a_provider_has_published_is_told_where_its_server_says_nothing_and_decides_nothing(
    can: str, largest: int
) -> None:
    async with BoxPeer(can=can) as peer:
        new = await ImapTarget.open(access(peer.port), said=500)
        try:
            assert (await new.room()).largest == largest
            (stored,) = await new.put(INBOX, [message(b"Subject: x\r\n\r\n" + b"x" * 600 + b"\r\n")])
        finally:
            await new.close()
    assert isinstance(stored, Stored)


@pytest.mark.parametrize(
    ("can", "name", "append"),
    [
        ("LITERAL+ ENABLE UTF8=ACCEPT", '"台北"', b") UTF8 (~{%d+})"),
        ("LITERAL+ ENABLE", '"&U,BTFw-"', b") {%d+}"),
        ("LITERAL+", '"&U,BTFw-"', b") {%d+}"),
    ],
)
async def test_utf8_accept(can: str, name: str, append: bytes) -> None:
    octets = "Subject: 台北\r\n\r\n".encode()
    async with BoxPeer(can=can) as peer, target(peer.port, most=1) as new:
        await new.make([MailFolder(("台北",))])
        await new.put(("台北",), [message(octets)])
    assert texts(peer, "ENABLE") == [b"ENABLE UTF8=ACCEPT"] * ("UTF8" in can)
    assert texts(peer, "CREATE") == [f"CREATE {name}".encode()]
    (appended,) = texts(peer, "APPEND")
    assert appended.startswith(f"APPEND {name} ".encode())
    assert appended.endswith(append.split(b") ")[1] % len(octets))
    assert peer.boxes[name.strip('"')].mails[0].octets == octets


async def test_a_server_that_will_not_speak_utf_8_after_all_is_written_to_in_utf_7() -> None:
    script = {"ENABLE": Reply(tagged=b"NO not today")}
    async with BoxPeer(can="ENABLE UTF8=ACCEPT", script=script) as peer, target(peer.port) as new:
        await new.make([MailFolder(("台北",))])
    assert texts(peer, "CREATE") == [b'CREATE "&U,BTFw-"']


@pytest.mark.parametrize("can", ["COMPRESS=DEFLATE", ""])
@pytest.mark.parametrize("wanted", [True, False])
async def test_compress_is_asked_for_where_it_is_offered_and_wanted(can: str, wanted: bool) -> None:
    async with BoxPeer(can=can, script={"COMPRESS": Reply(tagged=b"NO not now")}) as peer:
        opened = await Session.open(access(peer.port).server, Password("hanako", "pw"), patience=60.0, compress=wanted)
        await opened.close()
    assert len(peer.said("COMPRESS")) == bool(can and wanted)


class Capable(BoxPeer):
    """Greets without a word of what it can, and says another thing after STARTTLS and after LOGIN."""

    def __init__(self, *says: str, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(can="STARTTLS")
        self.greeting = b"* OK ready"
        self.starttls = tls
        self.says = list(says)

    def answer(self, command: Command, session: dict[str, str]) -> Reply:
        if command.text == b"CAPABILITY":
            return Reply([b"* CAPABILITY IMAP4rev1 " + self.says.pop(0).encode()])
        return Reply() if command.text == b"STARTTLS" else super().answer(command, session)


@asynccontextmanager
async def starting_tls(peer: Capable, client: ssl.SSLContext) -> AsyncIterator[Session]:
    server = Server("localhost", peer.port, Security.STARTTLS, client, address="127.0.0.1")
    opened = await Session.open(server, Password("hanako", "pw"), patience=60.0)
    yield opened
    await opened.close()


@pytest.fixture
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority, server, client = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    return server, client


async def test_starttls_and_what_was_said_in_clear_counts_no_more(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, client = contexts
    peer = Capable("STARTTLS LOGINDISABLED MULTIAPPEND", "LITERAL+", "UIDPLUS ID", tls=server)
    async with peer, starting_tls(peer, client) as session:
        assert session.can == {"IMAP4REV1", "UIDPLUS", "ID"}
    said = [command.text.split(b" ")[0] for command in peer.commands]
    assert said[:5] == [b"CAPABILITY", b"STARTTLS", b"CAPABILITY", b"LOGIN", b"CAPABILITY"]


async def test_a_server_without_starttls_is_told_nothing(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async with Capable("AUTH=PLAIN") as peer:
        with pytest.raises(NoWay, match="does not offer STARTTLS"):
            async with starting_tls(peer, contexts[1]):
                pytest.fail("nothing is secured")
    assert {command.text for command in peer.commands} <= {b"CAPABILITY", b"LOGOUT"}


async def test_a_source_is_read_no_faster_than_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-pressure: while nobody takes what came, the line is held, and little of it is kept here."""
    came: list[int] = []
    monkeypatch.setattr(Spooled, "write", noting(Spooled.write, lambda _, octets: came.append(len(octets))))
    boxes = {"INBOX": Box([Mail(uid, b"x" * 1_000_000) for uid in range(1, 61)])}
    async with BoxPeer(boxes) as peer, source(peer.port, tmp_path) as old:
        coming = old.messages([Wanted(INBOX)])
        assert isinstance(await anext(coming), Message)
        before = 0
        while before != len(came):  # until nothing comes any more
            before = len(came)
            await asyncio.sleep(0.2)
        assert 1_000_000 <= sum(came) < 16_000_000
        assert len([one async for one in coming if isinstance(one, Message)]) == 59
    assert sum(came) == 60_000_000
