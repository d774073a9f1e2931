"""Between a real Dovecot and a Maildir, there and back, by the command line; and a Maildir of ours under Dovecot."""

import hashlib
import imaplib
import shutil
import subprocess
from pathlib import Path

import pytest

from migrator.mailbox import INBOX, MailFolder
from migrator.maildir.target import MaildirTarget
from tests.real.dovecot import Dovecot
from tests.real.mailboxes import PASSWORD, by_command, secret

pytestmark = pytest.mark.real("dovecot")

FOLDERS = {"INBOX": 3, "Sent": 60, '"A/B c"': 5, '"&U,BTFw- &2D3fUQ-"': 4, '"x\\\\y"': 2, "empty": 0}
Told = tuple[str, tuple[bytes, ...], bytes]


def logged_in(dovecot: Dovecot, user: str) -> imaplib.IMAP4:
    client = imaplib.IMAP4("127.0.0.1", dovecot.imap, timeout=60)
    client.login(user, PASSWORD)
    return client


def octets(number: int) -> bytes:
    """The third and fourth are twins without Message-ID, the second is large."""
    if number == 1:
        return b"Subject: large\r\n\r\n" + b"z" * 1_500_000 + b"\r\n"
    return b"Subject: twins\r\n\r\n" if number in {2, 3} else b"Subject: %d\r\n\r\n.\r\n\r\n\xff\r\n" % number


def fill(dovecot: Dovecot, user: str) -> None:
    dovecot.add_user(user, PASSWORD)
    with logged_in(dovecot, user) as client:
        for folder, count in FOLDERS.items():
            client.create(folder)
            if folder != "empty":
                client.subscribe(folder)
            for number in range(count):
                flags = "(\\Seen $Label1 foo)" if number % 2 else "(\\Flagged \\Answered \\Draft \\Deleted)"
                client.append(folder, flags, f'"0{1 + number % 9}-Jan-2001 00:00:00 +0900"', octets(number))


def told(dovecot: Dovecot, user: str) -> tuple[list[object], dict[str, list[Told]]]:
    """Subscriptions, and SHA-256, flags and date of every message in every folder."""
    found: dict[str, list[Told]] = {}
    with logged_in(dovecot, user) as client:
        subscribed = sorted(str(line) for line in client.lsub()[1] if line)
        for line in client.list()[1]:
            assert isinstance(line, bytes)
            name = line.split(b'"/" ')[1].decode()
            if client.select(name, readonly=True)[0] == "OK":
                found[name] = [told_of(one) for one in fetched(client)]
    return list(subscribed), found


def fetched(client: imaplib.IMAP4) -> list[tuple[bytes, bytes]]:
    answered = client.uid("fetch", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1]
    return [one for one in answered if isinstance(one, tuple)]


def told_of(one: tuple[bytes, bytes]) -> Told:
    flags = tuple(sorted(flag for flag in imaplib.ParseFlags(one[0]) if flag != b"\\Recent"))
    return hashlib.sha256(one[1]).hexdigest(), flags, one[0].split(b'INTERNALDATE "')[1][:26]


def url(dovecot: Dovecot, user: str) -> str:
    return f"imap://{user.replace('@', '%40')}@127.0.0.1:{dovecot.imap}?tls=none"


def test_there_and_back_everything_is_as_it_was(dovecot: Dovecot, tmp_path: Path) -> None:
    here, there, box = "from@maildirs.example", "to@maildirs.example", f"maildir:{tmp_path / 'box'}"
    fill(dovecot, here)
    dovecot.add_user(there, PASSWORD)
    before, key = told(dovecot, here), secret(tmp_path)
    out = "--from", url(dovecot, here), "--to", box, "--from-secret", key
    back = "--from", box, "--to", url(dovecot, there), "--to-secret", key
    for words in (out, back):
        for more in ("--dry-run", "--read-back", "--json"):
            ran = by_command(tmp_path, *words, more)
            assert ran.returncode == 0, ran.stderr
    assert told(dovecot, here) == before
    assert told(dovecot, there) == before
    assert {name: len(found) for name, found in before[1].items()} == {**FOLDERS}


def test_what_changes_at_the_source_comes_with_the_next_run(dovecot: Dovecot, tmp_path: Path) -> None:
    user, box = "delta@maildirs.example", tmp_path / "box"
    fill(dovecot, user)
    words = "--from", url(dovecot, user), "--to", f"maildir:{box}", "--from-secret", secret(tmp_path)
    assert by_command(tmp_path, *words).returncode == 0
    with logged_in(dovecot, user) as client:
        client.append("empty", "()", '"01-Jan-2001 00:00:00 +0900"', b"Subject: late\r\n\r\n")
        client.select("INBOX")
        client.store("1", "FLAGS", "(\\Seen new)")
    ran = by_command(tmp_path, *words)
    assert ran.returncode == 0, ran.stderr
    assert len(list((box / ".empty" / "cur").iterdir())) == 1
    assert "new" in (box / "dovecot-keywords").read_text()
    assert next(path.name.rpartition(":2,")[2] for path in sorted((box / "cur").iterdir())).startswith("S")


def test_dovecot_reads_the_maildir_as_it_was(dovecot: Dovecot, tmp_path: Path) -> None:
    user, reader = "orig@maildirs.example", "reader@maildirs.example"
    fill(dovecot, user)
    words = "--from", url(dovecot, user), "--to", f"maildir:{tmp_path / 'box'}", "--from-secret", secret(tmp_path)
    assert by_command(tmp_path, *words).returncode == 0
    shutil.copytree(tmp_path / "box", dovecot.home(reader) / "Maildir")
    dovecot.add_user(reader, PASSWORD)
    assert told(dovecot, reader) == told(dovecot, user)


def test_a_maildir_that_dovecot_works_in_is_moved_while_it_does(dovecot: Dovecot, tmp_path: Path) -> None:
    user, box = "live@maildirs.example", tmp_path / "box"
    fill(dovecot, user)
    words = "--from", f"maildir:{dovecot.home(user) / 'Maildir'}", "--to", f"maildir:{box}"
    assert by_command(tmp_path, *words).returncode == 0
    (dovecot.home(user) / "Maildir" / "new" / "1700000000.M1P1.mx").write_bytes(b"Subject: not numbered yet\n\n")
    assert by_command(tmp_path, *words).returncode == 0
    with logged_in(dovecot, user) as client:
        client.select("INBOX")  # Dovecot numbers it, and moves it to cur
        client.store("1:*", "+FLAGS", "(\\Seen)")
    ran = by_command(tmp_path, *words, "--read-back")
    assert ran.returncode == 0, ran.stderr
    assert len(list((box / "cur").iterdir())) == FOLDERS["INBOX"] + 1


@pytest.mark.parametrize("debug", ["0", "1"])
def test_a_wrong_password_is_told_and_never_shown(dovecot: Dovecot, tmp_path: Path, debug: str) -> None:
    dovecot.add_user("who@maildirs.example", PASSWORD)
    words = "--from", url(dovecot, "who@maildirs.example"), "--to", f"maildir:{tmp_path / 'box'}"
    ran = by_command(tmp_path, *words, "--from-secret", secret(tmp_path, "falsch-7"), LASTPOST_DEBUG=debug)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "AUTHENTICATIONFAILED" in ran.stderr
    assert "falsch-7" not in ran.stderr
    assert not (tmp_path / "box").exists()


def test_a_master_user_opens_somebodys_mailbox(dovecot: Dovecot, tmp_path: Path) -> None:
    user = "master-test@maildirs.example"
    fill(dovecot, user)
    master = f"imap://{user.replace('@', '%40')}%2Amaster@127.0.0.1:{dovecot.imap}?tls=none"
    words = "--from", master, "--to", f"maildir:{tmp_path / 'box'}", "--from-secret", secret(tmp_path, "master")
    ran = by_command(tmp_path, *words)
    assert ran.returncode == 0, ran.stderr
    assert f"{sum(FOLDERS.values())} messages found" in ran.stderr


async def test_dovecot_with_listescape_reads_names_with_dots_and_we_read_its_own(dovecot: Dovecot) -> None:
    user = "dots@maildirs.example"
    dovecot.add_user(user, PASSWORD)
    box = MaildirTarget(dovecot.home(user) / "Maildir", move="x")
    await box.make([MailFolder(INBOX), MailFolder(("a.b", "台.北"), subscribed=True)])
    dovecot.add_user(user, PASSWORD)  # gives it all that is in its home
    assert "a.b/台.北" in doveadm(dovecot, "list", "-u", user)
    assert doveadm(dovecot, "list", "-s", "-u", user) == ["a.b/台.北"]
    doveadm(dovecot, "create", "-u", user, "n.m/o", "q\\2ez", "q\\z")
    names = {one.name for one in await box.folders()}
    assert names == {INBOX, ("a.b", "台.北"), ("n.m", "o"), ("q\\2ez",), ("q\\z",)}


def doveadm(dovecot: Dovecot, *words: str) -> list[str]:
    command = [
        "doveadm",
        "-c",
        str(dovecot.folder / "dovecot.conf"),
        "-o",
        "mail_plugins=listescape",
        "mailbox",
        *words,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
