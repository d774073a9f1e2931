"""Who we are is said in the server's words, and a refusal says why without saying the secret."""

import asyncio
from base64 import b64decode, b64encode

import pytest

from migrator.imap.errors import Declined
from migrator.imap.line import Line
from migrator.imap.login import Credentials, NoWay, Password, Token, log_in
from tests.peers.imap import ImapPeer, Reply

HANAKO = Password("hanako@closing.example", 'a"b\\c')
MASTER = Password("master", "m", authz="hanako@closing.example")
TOKEN = Token("hanako@closing.example", "t0ken", "mail.example", 993)


class Challenging(ImapPeer):
    """Asks for the secret, and asks once more where `reason` is given; keeps what it was told."""

    def __init__(self, *, reason: bytes = b"") -> None:
        super().__init__()
        self.told: list[bytes] = []
        self.reason = reason

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting + b"\r\n")
        while line := await reader.readline():
            tag, *words = line.split()
            if words[0] == b"AUTHENTICATE":
                self.told += words[1:]
                if len(words) == 2:
                    writer.write(b"+ \r\n")
                    self.told.append((await reader.readline()).strip())
                if self.reason:
                    writer.write(b"+ " + self.reason + b"\r\n")
                    self.told.append((await reader.readline()).strip())
                    writer.write(tag + b" NO [AUTHENTICATIONFAILED] denied\r\n")
                    continue
            writer.write(tag + b" OK done\r\n")


async def said(peer: ImapPeer, who: Credentials, *can: str) -> None:
    line = await Line.open("127.0.0.1", peer.port, tls=None, patience=2)
    try:
        await log_in(line, who, frozenset(can))
        assert (await line.run(b"NOOP")).word == "OK"
    finally:
        await line.close()


async def test_login_quotes_what_it_says() -> None:
    async with ImapPeer() as peer:
        await said(peer, HANAKO)
    assert peer.said("LOGIN")[0].text == rb'LOGIN "hanako@closing.example" "a\"b\\c"'


@pytest.mark.parametrize("password", ["日本", "a\r\nX LOGOUT", "a\0b"])
async def test_what_cannot_be_quoted_goes_as_a_literal(password: str) -> None:
    async with ImapPeer() as peer:
        await said(peer, Password("u", password))
    (command,) = peer.said("LOGIN")
    assert command.literals == [password.encode()]


@pytest.mark.parametrize("at_once", [True, False])
async def test_plain_says_whom_to_act_for(at_once: bool) -> None:
    async with Challenging() as peer:
        await said(peer, MASTER, "AUTH=PLAIN", *(["SASL-IR"] if at_once else []))
    assert peer.told[0] == b"PLAIN"
    assert b64decode(peer.told[1]) == b"hanako@closing.example\0master\0m"


@pytest.mark.parametrize(
    ("offered", "told"),
    [
        ("AUTH=OAUTHBEARER", b"n,a=hanako@closing.example,\1host=mail.example\1port=993\1auth=Bearer t0ken\1\1"),
        ("AUTH=XOAUTH2", b"user=hanako@closing.example\1auth=Bearer t0ken\1\1"),
    ],
)
async def test_tokens(offered: str, told: bytes) -> None:
    async with Challenging() as peer:
        await said(peer, TOKEN, offered, "SASL-IR")
    assert b64decode(peer.told[1]) == told


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (b64encode(b'{"status":"401","schemes":"bearer","scope":"mail"}'), "status=401 schemes=bearer scope=mail"),
        (b64encode(b"\x1b[31mno"), "\ufffd[31mno"),
        (b"not base64!", "not base64!"),
    ],
)
@pytest.mark.parametrize("offered", ["AUTH=OAUTHBEARER", "AUTH=XOAUTH2"])
async def test_the_server_s_reason_is_shown_and_the_secret_is_not(reason: bytes, shown: str, offered: str) -> None:
    async with Challenging(reason=reason) as peer:
        with pytest.raises(Declined) as refused:
            await said(peer, TOKEN, offered, "SASL-IR")
    assert shown in str(refused.value)
    assert (refused.value.code, refused.value.word) == ("AUTHENTICATIONFAILED", "NO")
    assert "t0ken" not in repr(refused.value) + repr(TOKEN)
    assert peer.told[2] == (b"" if offered == "AUTH=XOAUTH2" else b64encode(b"\1"))


@pytest.mark.parametrize(
    ("who", "can", "why"),
    [
        (HANAKO, ("LOGINDISABLED",), "wants TLS"),
        (MASTER, (), "AUTH=PLAIN"),
        (TOKEN, ("AUTH=PLAIN",), "takes no tokens"),
    ],
)
async def test_no_way_in_is_said(who: Credentials, can: tuple[str, ...], why: str) -> None:
    async with ImapPeer() as peer:
        with pytest.raises(NoWay, match=why):
            await said(peer, who, *can)
    assert not peer.said("LOGIN")


async def test_a_wrong_password_is_a_refusal() -> None:
    async with ImapPeer({"LOGIN": Reply(tagged=b"NO [AUTHENTICATIONFAILED] wrong")}) as peer:
        with pytest.raises(Declined) as refused:
            await said(peer, HANAKO)
    assert HANAKO.password not in repr(refused.value) + repr(HANAKO)
