"""The demo's own old IMAP server: who gets in, what is shown, that nothing changes, and that numbers stay."""

import asyncio
import imaplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailsvc.demo.old_imap import Users, serving
from mailsvc.demo.old_mail import letters, put_old_mail, written
from mailsvc.demo.old_shelf import Shelf
from mailsvc.kit.net import listen
from migrator.folder_names import decoded, encoded

HANAKO, JIRO = "hanako@closing.example", "jiro@closing.example"
USERS = Users({HANAKO: "hers", JIRO: "his"}, "lastpost", "key")


@contextmanager
def served(folder: Path) -> Iterator[int]:
    socket = listen("127.0.0.1", 0)
    port: int = socket.getsockname()[1]
    loop, up, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with serving(Shelf(folder / "mail", folder / "numbers.json"), USERS, socket):
            up.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert up.wait(60)
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    put_old_mail(folder / "mail" / "closing.example")
    return folder


@pytest.fixture(scope="module")
def port(home: Path) -> Iterator[int]:
    with served(home) as found:
        yield found


@contextmanager
def entered(port: int, user: str = HANAKO, password: str = "hers") -> Iterator[imaplib.IMAP4]:
    client = imaplib.IMAP4("127.0.0.1", port, timeout=60)
    client.login(user, password)
    yield client
    client.logout()


def plain(port: int, said: str) -> str:
    client = imaplib.IMAP4("127.0.0.1", port, timeout=60)
    try:
        return str(client.authenticate("PLAIN", lambda _: said.encode())[0])
    except imaplib.IMAP4.error as refused:
        return str(refused)
    finally:
        client.logout()


def test_the_master_user_acts_for_each_mailbox_and_nobody_else_does(port: int) -> None:
    assert plain(port, f"{HANAKO}\0lastpost\0key") == "OK"
    assert plain(port, f"\0{JIRO}\0his") == "OK"
    for said in (
        f"{HANAKO}\0{JIRO}\0his",
        f"{HANAKO}\0lastpost\0guess",
        "\0lastpost\0key",
        "nobody@closing.example\0lastpost\0key",
        f"\0{HANAKO}\0his",
        "nonsense",
    ):
        assert plain(port, said) != "OK", said


def test_folders_and_messages_are_those_of_the_letters(port: int) -> None:
    hers = [letter for letter in letters() if letter.owner == "hanako"]
    with entered(port) as client:
        _, lines = client.list()
        names = [decoded(line.rpartition(b' "')[2].rstrip(b'"')) for line in lines if isinstance(line, bytes)]
        assert set(names) == {letter.folder for letter in hers} | {"INBOX"}
        for folder in {letter.folder for letter in hers}:
            client.select(f'"{encoded(folder).decode()}"', readonly=True)
            _, found = client.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")
            octets = sorted(part[1] for part in found if isinstance(part, tuple))
            assert octets == sorted(written(letter) for letter in hers if letter.folder == folder)


def test_it_is_only_read(port: int, home: Path) -> None:
    before = sorted(str(path) for path in (home / "mail").rglob("*"))
    with entered(port) as client:
        client.select("INBOX", readonly=True)
        for words in (("STORE", "1", "+FLAGS", "(\\Deleted)"), ("COPY", "1", "INBOX"), ("FETCH", "1", "(BODY[])")):
            with pytest.raises(imaplib.IMAP4.error):
                client.uid(*words)
        with pytest.raises(imaplib.IMAP4.error):
            client.create("new")
    assert sorted(str(path) for path in (home / "mail").rglob("*")) == before


@pytest.mark.parametrize(
    "line",
    ["a UID FETCH x (UID)", "a LIST", "a STATUS", "a UID", "a EXAMINE &broken", "a", '"', "a STATUS INBOX (X)"],
)
def test_what_makes_no_sense_is_answered_and_the_session_goes_on(port: int, line: str) -> None:
    with entered(port) as client:
        client.send(f"{line}\r\nz NOOP\r\n".encode())
        while not (said := client.readline()).startswith(b"z "):
            assert said
        assert said == b"z OK done\r\n"


def test_numbers_stay_when_mail_comes_and_the_server_starts_anew(tmp_path: Path) -> None:
    put_old_mail(tmp_path / "mail" / "closing.example")
    before = {mail.octets(): mail.uid for mail in Shelf(tmp_path / "mail", tmp_path / "n").mails(HANAKO, "INBOX") or ()}
    (tmp_path / "mail/closing.example/hanako/new/1.M1P1.early").write_bytes(b"Subject: early\r\n\r\n")
    after = {mail.octets(): mail.uid for mail in Shelf(tmp_path / "mail", tmp_path / "n").mails(HANAKO, "INBOX") or ()}
    assert after == {**before, b"Subject: early\r\n\r\n": max(before.values()) + 1}
