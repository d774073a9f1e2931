"""A maildrop on a POP3 server: every octet, known by its UIDL, and nothing changed there."""

import hashlib
import ssl
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.imap.login import Password, Token
from migrator.imap.session import Security, Server
from migrator.imap.sessions import Access
from migrator.mailbox import INBOX, MailboxLimited, MailboxRefused, Message, StaleFolder, Wanted
from migrator.pop3.source import Pop3Source
from tests.peers.pop3 import Pop3Peer, Reply
from tests.rules.migrator.pop3.drops import NOW, access, octets, read, source

MAILS = [
    b"Subject: one\r\n\r\n.\r\n..\r\ntext\r\n",
    b"",
    b"\r\n.\r\n",
    b"Subject: large\r\n\r\n" + b".x" * 300_000 + b"\r\n",
    b"no end\xff\x00\r\nlone\nand\rsigns\r\n",
]


@pytest.mark.parametrize("can", [None, ("USER",), ("USER", "SASL PLAIN", "PIPELINING")], ids=["none", "few", "all"])
async def test_every_octet_comes_and_nothing_is_deleted(tmp_path: Path, can: tuple[str, ...] | None) -> None:
    async with Pop3Peer(MAILS, can=can) as peer, source(peer.port, tmp_path) as opened:
        (folder,) = await opened.folders()
        assert folder.name == INBOX
        assert folder.state is not None
        assert folder.state.messages == 5
        found = await read(opened)
        assert [octets(one) for one in found] == [mail or b"\r\n" for mail in MAILS]
        items = [one async for one in opened.items(INBOX)]
        assert {one.uid for one in items} == {one.item.uid for one in found if isinstance(one, Message)}
        assert [one.uid for one in items] == sorted(one.uid for one in items)
        assert await opened.counted() == (5, sum(map(len, MAILS)))
    assert peer.commands[-1] == "QUIT"
    assert {command.split()[0] for command in peer.commands} <= {
        "CAPA", "AUTH", "USER", "PASS", "STAT", "UIDL", "LIST", "RETR", "QUIT"
    }  # fmt: skip


@given(st.lists(st.lists(st.sampled_from([b".", b"\r\n", b"..", b"x", b"\r", b"\n", b" "])).map(b"".join), max_size=4))
@settings(max_examples=25, deadline=None)
async def test_dots_stay_as_they_were(mails: list[bytes]) -> None:
    whole = [mail + b"\r\n" for mail in mails]
    async with Pop3Peer(whole) as peer, source(peer.port, Path("/tmp")) as opened:
        assert [octets(one) for one in await read(opened)] == whole


async def test_a_message_is_the_same_one_in_every_session_and_twins_are_two(tmp_path: Path) -> None:
    async with Pop3Peer([b"a\r\n", b"twin\r\n", b"twin\r\n"]) as peer:
        async with source(peer.port, tmp_path) as opened:
            uids = [one.uid async for one in opened.items(INBOX)]
        peer.mails = [b"new\r\n", b"twin\r\n", b"twin\r\n"]
        async with source(peer.port, tmp_path) as opened:
            later = [one.uid async for one in opened.items(INBOX)]
    assert len(set(uids)) == 3
    assert len(set(uids) & set(later)) == 2


async def test_a_maildrop_of_nothing_but_twins_is_listed_at_once(tmp_path: Path) -> None:
    """Each looking through all before it would take a server's word for hours of work."""
    async with Pop3Peer([b"twin\r\n"] * 40_000) as peer:
        start = time.process_time()
        async with source(peer.port, tmp_path) as opened:
            uids = [one.uid async for one in opened.items(INBOX)]
        assert time.process_time() - start < 10
    assert uids == list(range(uids[0], uids[0] + 40_000))


async def test_what_comes_meanwhile_is_seen_by_the_next_look(tmp_path: Path) -> None:
    async with Pop3Peer([b"a\r\n"]) as peer, source(peer.port, tmp_path) as opened:
        (before,) = await opened.folders()
        peer.mails.append(b"b\r\n")
        assert [octets(one) for one in await read(opened)] == [b"a\r\n"]
        (after,) = await opened.folders()
        assert before.state != after.state
        assert [octets(one) for one in await read(opened)] == [b"a\r\n", b"b\r\n"]


async def test_a_server_that_wants_logins_to_be_rare_is_asked_once(tmp_path: Path) -> None:
    async with Pop3Peer([b"a\r\n"], can=["USER", "LOGIN-DELAY 900"]) as peer, source(peer.port, tmp_path) as opened:
        for _ in range(3):
            await opened.folders()
    assert peer.connections == 1


async def test_where_nothing_may_stay_nobody_says_quit(tmp_path: Path) -> None:
    async with Pop3Peer([b"a\r\n"], can=["USER", "EXPIRE 0"]) as peer, source(peer.port, tmp_path) as opened:
        await read(opened)
    assert not peer.said("QUIT")


@pytest.mark.parametrize(
    ("head", "date"),
    [
        (b"Received: from a\r\n by b; Wed, 17 Jul 1996 02:44:25 -0700\r\nReceived: x; Thu, 1 Jan 1970 00:00:00 +0\r\n",
         datetime(1996, 7, 17, 2, 44, 25, tzinfo=timezone(timedelta(hours=-7)))),
        (b"Received: nonsense\r\nDate: Sat, 3 Feb 2001 04:05:06 +0900\r\n",
         datetime(2001, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=9)))),
        (b"Date: someday\r\n", NOW),
        (b"Date: Sat, 3 Feb 1850 04:05:06 +0900\r\n", NOW),
        (b"Subject: x\r\n\r\nDate: Sat, 3 Feb 2001 04:05:06 +0900\r\n", NOW),
        (b"Date: Sat, 3 Feb 2001 04:05:06\r\n", datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)),
    ],
)  # fmt: skip
async def test_the_date_is_that_of_received_else_of_date_else_now(tmp_path: Path, head: bytes, date: datetime) -> None:
    async with Pop3Peer([head + b"\r\n"]) as peer, source(peer.port, tmp_path) as opened:
        (found,) = await read(opened)
        assert isinstance(found, Message)
        assert (found.date, found.date.utcoffset()) == (date, date.utcoffset())
        (folder,) = await opened.folders()
        assert "no dates of arrival" in folder.note


class TestLoggingIn:
    async def test_plain_where_it_is_offered(self, tmp_path: Path) -> None:
        async with Pop3Peer() as peer, source(peer.port, tmp_path, Password("master", "pw", "hanako")):
            pass
        assert peer.secrets == [b"hanako\0master\0pw"]
        assert not peer.said("USER")

    @pytest.mark.parametrize("can", [None, ("USER",)])
    async def test_user_and_pass_else_and_apop_never(self, tmp_path: Path, can: tuple[str, ...] | None) -> None:
        async with Pop3Peer(can=can) as peer, source(peer.port, tmp_path):
            pass
        assert peer.said("USER") + peer.said("PASS") == ["USER hanako", "PASS geheim-9"]
        assert not peer.said("APOP")

    @pytest.mark.parametrize(
        ("can", "credentials", "said"),
        [
            (["SASL CRAM-MD5"], Password("h", "pw"), "no PLAIN and no USER"),
            (["USER"], Password("master", "pw", "hanako"), "acting for somebody else"),
            (["USER", "SASL PLAIN"], Token("h", "t"), "takes no tokens"),
            (["USER"], Password("h", "a\r\nDELE 1"), "line's end"),
        ],
    )
    async def test_no_way_is_told(
        self, tmp_path: Path, can: list[str], credentials: Password | Token, said: str
    ) -> None:
        async with Pop3Peer(can=can) as peer:
            with pytest.raises(MailboxRefused, match=said):
                await Pop3Source.open(access(peer.port, credentials), spool=tmp_path, now=lambda: NOW)
        assert not peer.said("DELE")

    @pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
    async def test_a_token_and_why_it_is_refused(self, tmp_path: Path, mechanism: str) -> None:
        can = [f"SASL {mechanism}"]
        async with Pop3Peer(can=can) as peer, source(peer.port, tmp_path, Token("h@x", "ya29", "pop.x", 995)):
            pass
        assert b"auth=Bearer ya29\1\1" in peer.secrets[0]
        script: dict[str, Reply | list[Reply]] = {
            "AUTH": Reply(b"+ \r\n"),
            "": [Reply(b"+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n"), Reply(b"-ERR [AUTH] no\r\n")],
        }
        async with Pop3Peer(can=can, script={**script, "CAPA": Reply(f"+OK\r\n{can[0]}\r\n.\r\n".encode())}) as peer:
            with pytest.raises(MailboxRefused, match="status=invalid_token") as refused:
                await Pop3Source.open(access(peer.port, Token("h@x", "ya29")), spool=tmp_path, now=lambda: NOW)
        assert "ya29" not in str(refused.value)

    @pytest.mark.parametrize(
        ("answer", "code", "wait"),
        [
            (b"-ERR [IN-USE] somebody reads it", "INUSE", None),
            (b"-ERR [LOGIN-DELAY] too soon", "LIMIT", timedelta(seconds=900)),
            (b"-ERR [SYS/TEMP] disk", "UNAVAILABLE", None),
        ],
    )
    async def test_patience_is_asked_for(
        self, tmp_path: Path, answer: bytes, code: str, wait: timedelta | None
    ) -> None:
        async with Pop3Peer(can=["USER", "LOGIN-DELAY 900"], script={"PASS": Reply(answer + b"\r\n")}) as peer:
            with pytest.raises(MailboxLimited) as limited:
                await Pop3Source.open(access(peer.port), spool=tmp_path, now=lambda: NOW)
        assert (limited.value.code, limited.value.wait, limited.value.host) == (code, wait, "127.0.0.1")

    @pytest.mark.parametrize("answer", [b"-ERR [AUTH] wrong", b"-ERR [SYS/PERM] gone", b"-ERR wrong"])
    async def test_a_refusal_is_one(self, tmp_path: Path, answer: bytes) -> None:
        async with Pop3Peer(can=["USER"], script={"PASS": Reply(answer + b"\r\n")}) as peer:
            with pytest.raises(MailboxRefused, match=r"PASS was refused") as refused:
                await Pop3Source.open(access(peer.port), spool=tmp_path, now=lambda: NOW)
        assert "geheim" not in str(refused.value)


class TestTls:
    @pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
    async def test_the_certificate_counts(self, tmp_path: Path, security: Security) -> None:
        authority = trustme.CA()
        theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(theirs)
        ours = ssl.create_default_context()
        at_once = security is Security.TLS
        can = ["USER", "STLS"]
        peer_ = Pop3Peer([b"a\r\n"], can=can, tls=theirs if at_once else None, starttls=None if at_once else theirs)
        async with peer_ as peer:
            server = Server("127.0.0.1", peer.port, security, ours)
            with pytest.raises(MailboxRefused, match="not to be trusted"):
                await Pop3Source.open(Access(server, Password("h", "pw"), 5.0), spool=tmp_path, now=lambda: NOW)
            authority.configure_trust(ours)
            opened = await Pop3Source.open(Access(server, Password("h", "pw"), 5.0), spool=tmp_path, now=lambda: NOW)
            assert [octets(one) for one in await read(opened)] == [b"a\r\n"]
            await opened.close()

    async def test_without_stls_no_name_is_said(self, tmp_path: Path) -> None:
        async with Pop3Peer() as peer:
            server = Server("127.0.0.1", peer.port, Security.STARTTLS, ssl.create_default_context())
            with pytest.raises(MailboxRefused, match="does not offer STLS"):
                await Pop3Source.open(Access(server, Password("h", "pw"), 5.0), spool=tmp_path, now=lambda: NOW)
        assert peer.commands == ["CAPA"]


async def test_another_folder_is_none(tmp_path: Path) -> None:
    async with Pop3Peer() as peer, source(peer.port, tmp_path) as opened:
        for wanted in (Wanted(("Sent",)), Wanted(INBOX, 2)):
            with pytest.raises(StaleFolder):
                _ = [one async for one in opened.messages([wanted])]


async def test_what_is_large_is_hashed_on_its_way(tmp_path: Path) -> None:
    async with Pop3Peer(MAILS) as peer, source(peer.port, tmp_path) as opened:
        found = await read(opened)
        assert [one.content.sha256 for one in found if isinstance(one, Message)] == [
            hashlib.sha256(mail or b"\r\n").digest() for mail in MAILS
        ]
