"""`lastpost migrate mailbox` between servers, as it is typed: URLs, secrets, exit codes, and what is said to whom."""

import asyncio
import ssl
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
import trustme

from mailsvc.cli.main import run
from tests.peers.imap import Command, ImapPeer, Reply
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.peers.threaded import threaded
from tests.rules.cli.conftest import Line, Ran
from tests.rules.migrator.maildir.trees import folder, lay

ALL = "UIDPLUS LITERAL+ MULTIAPPEND UNSELECT NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE STATUS=SIZE ID"
READING = {b"LOGIN", b"CAPABILITY", b"ID", b"NAMESPACE", b"LIST", b"STATUS", b"EXAMINE", b"UID", b"NOOP", b"LOGOUT"}
LETTERS = [b"Subject: %d\r\n\r\nhello\r\n" % number for number in range(5)]


def mails(*octets: bytes) -> list[Mail]:
    return [Mail(10 * uid, one, "\\Seen") for uid, one in enumerate(octets, 1)]


def old(can: str = ALL, **script: Reply) -> BoxPeer:
    return BoxPeer({"INBOX": Box(mails(*LETTERS)), "Sent": Box(mails(*LETTERS[:2]))}, can=can, script=script)


class User:
    """Who types: `states` is where journals go, `secret` a file with the password."""

    def __init__(self, line: Line) -> None:
        self.line, self.states = line, line.folder / "state"
        self.secret = self.kept("geheim-7\n")

    def kept(self, text: str) -> Path:
        file = self.line.folder / "secret"
        file.write_bytes(text.encode())
        file.chmod(0o600)
        return file

    def __call__(self, here: str, there: str, *words: str) -> Ran:
        secrets = [
            word
            for option, url in (("--from-secret", here), ("--to-secret", there))
            if url.startswith("imap")
            for word in (option, str(self.secret))
        ]
        ran = self.line("migrate", "mailbox", "--from", here, "--to", there, *secrets, *words)
        assert "geheim" not in ran.err + ran.out
        return ran


@pytest.fixture
def user(lastpost: Line, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setenv("XDG_STATE_HOME", str(lastpost.folder / "state"))
    return User(lastpost)


def url(peer: ImapPeer, name: str = "hanako%40old.example", *, wishes: str = "tls=none") -> str:
    return f"imap://{name}@127.0.0.1:{peer.port}?{wishes}"


def said(peer: ImapPeer) -> set[bytes]:
    return {command.text.split(b" ")[0].upper() for command in peer.commands}


def test_everything_moves_with_code_0_and_a_second_run_brings_what_came_since(user: User) -> None:
    with threaded(old()) as here, threaded(BoxPeer(can=ALL)) as there:
        (told,) = user(url(here), url(there), "--json").array()
        receipt = told["receipt"]
        assert isinstance(receipt, dict)
        assert [(one["found"], one["copied"]) for one in receipt["folders"]] == [(5, 5), (2, 2)]
        assert [mail.octets for mail in there.boxes["INBOX"].mails] == LETTERS
        put = len(there.said("APPEND"))
        again = user(url(here), url(there))
        assert (again.code, len(there.said("APPEND"))) == (0, put)
        here.boxes["Sent"].put(b"late\r\n", "\\Flagged")
        assert user(url(here), url(there)).code == 0
        assert len(there.said("APPEND")) == put + 1
        assert [mail.flags for mail in there.boxes["Sent"].mails] == ["\\Seen", "\\Seen", "\\Flagged"]
        assert said(here) <= READING
        assert {command.text for command in here.said("LOGIN")} == {b'LOGIN "hanako@old.example" "geheim-7"'}


@pytest.mark.parametrize("kept", ["geheim 7", "geheim 7\n", "geheim 7\r\n"])
def test_the_last_newline_is_not_part_of_the_secret(user: User, kept: str) -> None:
    user.kept(kept)
    with threaded(old()) as here:
        assert user(url(here), "maildir:new").code == 0
    assert {command.text for command in here.said("LOGIN")} == {b'LOGIN "hanako@old.example" "geheim 7"'}


@pytest.mark.parametrize("kept", ["geheim 7\n\n", "geheim\n7\n", "\n"])
def test_any_other_newline_is_and_cannot_be_sent(user: User, kept: str) -> None:
    user.kept(kept)
    with threaded(old()) as here:
        ran = user(url(here), "maildir:new")
    assert (ran.code, "one line of text" in ran.err, here.commands) == (1, True, [])


@pytest.mark.parametrize(
    ("can", "wishes", "reply", "told"),
    [
        ("", "", Reply(tagged=b"NO [AUTHENTICATIONFAILED] wrong"), "wrong"),
        ("LOGINDISABLED", "", Reply(), "wants TLS"),
        ("", "&authz=hanako", Reply(), "AUTH=PLAIN"),
        ("AUTH=PLAIN", "&auth=token", Reply(), "takes no tokens"),
    ],
)
def test_who_is_not_let_in_is_told_with_code_1(user: User, can: str, wishes: str, reply: Reply, told: str) -> None:
    with threaded(old(f"{ALL} {can}", LOGIN=reply)) as here:
        ran = user(url(here, wishes=f"tls=none{wishes}"), "maildir:new")
    assert (ran.code, ran.out, told in ran.err) == (1, "", True)
    assert "run the same command again" in ran.err
    assert not (user.line.folder / "new").exists()


class Refusing(ImapPeer):
    """Refuses a token, and says why first (RFC 7628 3.2.2)."""

    reason = b64encode(b'{"status":"401","scope":"https://mail.example/"}')

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting + b"\r\n")
        while line := await reader.readline():
            tag, _, text = line.strip().partition(b" ")
            self.commands.append(Command(tag, text))
            if text.startswith(b"AUTHENTICATE"):
                writer.write(b"+ " + self.reason + b"\r\n")
                await reader.readline()
                writer.write(tag + b" NO [AUTHENTICATIONFAILED] denied\r\n")


@pytest.mark.parametrize("offered", ["AUTH=OAUTHBEARER", "AUTH=XOAUTH2"])
def test_a_token_that_is_refused_is_told_with_the_server_s_reason(user: User, offered: str) -> None:
    with threaded(Refusing(greeting=f"* OK [CAPABILITY IMAP4rev1 SASL-IR {offered}] ready".encode())) as here:
        ran = user(url(here, wishes="tls=none&auth=token"), "maildir:new")
    assert (ran.code, ran.out) == (1, "")
    assert "denied (status=401 scope=https://mail.example/)" in ran.err
    (asked,) = here.said(f"AUTHENTICATE {offered.removeprefix('AUTH=')}")
    assert b64decode(asked.text.split(b" ")[2]).endswith(b"auth=Bearer geheim-7\1\1")


@pytest.mark.parametrize("debug", ["0", "1"])
def test_a_secret_stands_in_no_traceback(user: User, monkeypatch: pytest.MonkeyPatch, debug: str) -> None:
    monkeypatch.setenv("LASTPOST_DEBUG", debug)
    with threaded(old(LOGIN=Reply(tagged=b"NO never"))) as here:
        words = ["migrate", "mailbox", "--from", url(here), "--to", "maildir:new", "--from-secret", str(user.secret)]
        assert run(words) == 1
    caught = user.line.capsys.readouterr()
    assert ("Traceback" in caught.err) == (debug == "1")
    assert "geheim" not in caught.err + caught.out


def test_a_master_user_opens_the_mailbox_of_another(user: User) -> None:
    with threaded(old(f"{ALL} AUTH=PLAIN SASL-IR", AUTHENTICATE=Reply())) as here:
        ran = user(url(here, "master", wishes="tls=none&authz=hanako%40old.example"), "maildir:new")
    assert (ran.code, "hanako@old.example at 127.0.0.1" in ran.out) == (0, True), ran.err
    plain = {b64decode(command.text.split(b" ")[2]) for command in here.said("AUTHENTICATE PLAIN")}
    assert plain == {b"hanako@old.example\0master\0geheim-7"}


def test_a_master_user_who_is_shown_nothing_has_not_succeeded(user: User) -> None:
    quota = Reply([b'* QUOTAROOT INBOX ""', b'* QUOTA "" (STORAGE 900 1000 MESSAGE 500 9999)'])
    with threaded(BoxPeer(can=f"{ALL} QUOTA", script={"GETQUOTAROOT": quota})) as here:
        for words in ((), ("--dry-run",)):
            ran = user(url(here), "maildir:new", *words)
            assert ran.code == 3
            assert "shows no message, but counts 500 of 921600 octets" in ran.out


def test_a_folder_that_is_counted_and_not_shown_is_no_success_either(user: User) -> None:
    class Blind(BoxPeer):
        """Lets nobody see a message (RFC 4314 6: without the right to read)."""

        def _uid_fetch(self, _: Command, __: dict[str, str]) -> Reply:
            return Reply()

        def _uid_search(self, _: Command, __: dict[str, str]) -> Reply:
            return Reply([b"* SEARCH"])

    with threaded(Blind({"INBOX": Box(mails(*LETTERS))}, can=ALL)) as here:
        ran = user(url(here), "maildir:new")
    assert ran.code == 3
    assert "INBOX: the source counts 5 messages, and never showed 5 of them" in ran.out
    assert f"the source shows no message, but counts 5 of {sum(map(len, LETTERS))} octets" in ran.out


@pytest.fixture
def authority(user: User) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(str(user.line.folder / "ca.pem"))
    return made


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
@pytest.mark.parametrize(("wishes", "code"), [("?ca=ca.pem", 0), ("", 1)])
def test_a_server_is_verified_by_the_ca_file_that_the_url_names(
    user: User, authority: trustme.CA, scheme: str, wishes: str, code: int
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    peer = BoxPeer({"INBOX": Box(mails(*LETTERS))}, can=f"{ALL} STARTTLS", script={"STARTTLS": Reply()})
    if scheme == "imap":
        peer.starttls = server
    else:
        peer._tls = server
    with threaded(peer) as here:
        ran = user(f"{scheme}://h@127.0.0.1:{here.port}{wishes}", "maildir:new")
    assert (ran.code, "not to be trusted" in ran.err) == (code, bool(code)), ran.err
    assert bool(here.said("LOGIN")) == (not code)


def test_a_server_without_starttls_is_not_spoken_to_in_clear(user: User) -> None:
    with threaded(old()) as here:
        ran = user(f"imap://h@127.0.0.1:{here.port}", "maildir:new")
    assert (ran.code, "does not offer STARTTLS" in ran.err, here.said("LOGIN")) == (1, True, [])


@pytest.mark.parametrize(("wish", "asked"), [("&compress=deflate", True), ("", False)])
def test_a_link_is_deflated_where_the_url_asks_for_it(user: User, wish: str, asked: bool) -> None:
    refusing = {"COMPRESS": Reply(tagged=b"NO not after all")}
    with threaded(old(f"{ALL} COMPRESS=DEFLATE", **refusing)) as here:
        assert user(url(here, wishes=f"tls=none{wish}"), "maildir:new").code == 0
    assert bool(here.said("COMPRESS DEFLATE")) == asked


def test_a_full_target_pauses_with_code_4_and_the_next_run_goes_on(user: User) -> None:
    room = [3]

    def refuse(_: bytes) -> bytes:
        room[0] -= 1
        return b"NO [OVERQUOTA] full" if room[0] < 0 else b""

    with threaded(old()) as here, threaded(BoxPeer(can="UIDPLUS LITERAL+", refuse=refuse)) as there:
        ran = user(url(here), url(there), "--json")
        assert (ran.code, ran.out) == (4, "")
        assert "paused" in ran.err
        assert "run the same command again to go on" in ran.err
        room[0] = 99
        assert user(url(here), url(there)).code == 0
        assert sorted(mail.octets for mail in there.boxes["INBOX"].mails) == LETTERS


def test_what_the_target_refuses_is_named_with_code_3(user: User) -> None:
    refusing = BoxPeer(can=ALL, refuse=lambda octets: b"NO [TOOBIG] too big" if octets == LETTERS[3] else b"")
    with threaded(old()) as here, threaded(refusing) as there:
        ran = user(url(here), url(there))
        (told,) = user(url(here), url(there), "--json").array()
    assert isinstance(told["receipt"], dict)
    assert told["receipt"]["folders"][0]["refused"] == [{"uid": 40, "why": "[TOOBIG] too big", "size": len(LETTERS[3])}]
    assert (ran.code, "INBOX: message 40 refused: [TOOBIG] too big" in ran.out) == (3, True)
    assert "1 message refused: each is named" in ran.err


def test_reading_back_asks_for_each_message_by_the_uid_it_was_given(user: User) -> None:
    new = BoxPeer({"INBOX": Box([Mail(7, b"was there before\r\n")])}, can=ALL)
    with threaded(old()) as here, threaded(new) as there:
        ran = user(url(here), url(there), "--read-back")
        assert ran.code == 0, ran.err
        asked = [command.text.split(b" ")[2] for command in there.said("UID FETCH")]
        assert asked == [b"8:12", b"1:2"]
        there.boxes["INBOX"].mails[2].octets += b"added\r\n"
        del there.boxes["Sent"].mails[0]
        ran = user(url(here), url(there), "--read-back")
    assert ran.code == 3
    assert "INBOX: 1 messages have other octets in the target than were sent" in ran.out
    assert "Sent: 1 messages that were put into the target are there no more" in ran.out


def test_a_maildir_is_moved_into_a_server(user: User) -> None:
    box = folder(user.line.folder / "old")
    lay(box, "1.a:2,S", b"Subject: lf\n\nbare\n")
    with threaded(BoxPeer(can=ALL)) as there:
        assert user("maildir:old", url(there)).code == 0
    (mail,) = there.boxes["INBOX"].mails
    assert (mail.octets, mail.flags) == (b"Subject: lf\r\n\r\nbare\r\n", "\\Seen")
