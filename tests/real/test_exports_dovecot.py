"""Exports from a real IMAP server: by its master user, by the subscriber's own password, in every form."""

import hashlib
import imaplib
import json
import mailbox
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.real.dovecot import dovecot
from tests.real.house import LastpostHouse, Words, house
from tests.support.deadline import wait_until
from tests.support.run_folder import RunFolder

pytestmark = pytest.mark.real("dovecot")
LETTERS = [f"Subject: letter {number}\r\n\r\nbody {number}\r\n".encode() for number in range(12)]
FOLDER = "&ZeVnLIqe-"  # a Japanese name in modified UTF-7


def fill(port: int, address: str, password: str) -> None:
    with imaplib.IMAP4("127.0.0.1", port) as client:
        client.login(address, password)
        client.create(f'"{FOLDER}"')
        for number, octets in enumerate(LETTERS):
            code, _ = client.append("INBOX" if number % 2 else f'"{FOLDER}"', "", None, octets)
            assert code == "OK"


def done(us: LastpostHouse, *words: str) -> Path:
    """Export, and wait until it is handed over; where it is."""
    (asked,) = json.loads(us.lastpost("export", *words, "--json"))

    def state() -> str:
        (job,) = json.loads(us.lastpost("jobs", "show", str(asked["job"]), "--json"))
        assert job["state"] != "failed", job
        return str(job["state"])

    wait_until(lambda: state() == "done", "the export")
    return Path(str(asked["place"]))


def subjects(path: Path) -> list[str]:
    with closing(mailbox.mbox(path, create=False)) as opened:
        return [str(mail["Subject"]) for mail in opened]


def sums(bodies: list[bytes]) -> list[str]:
    return sorted(hashlib.sha256(one.replace(b"\r\n", b"\n").rstrip(b"\n")).hexdigest() for one in bodies)


def literally(text: str) -> str:
    """A text that `Words` gives back as it is."""
    return text.replace("{", "{{").replace("}", "}}")


@pytest.mark.parametrize("way", ["master", "own"])
def test_a_mailbox_of_the_old_server_comes_home(tmp_path: Path, run_folder: RunFolder, way: str) -> None:
    old = dovecot(run_folder)
    address = f"hanako@{way}.example"
    old.add_user(address, "hers")
    fill(old.imap, address, "hers")
    secret = tmp_path / "secret"
    secret.write_text("master\n" if way == "master" else "hers\n")
    secret.chmod(0o600)
    own = () if way == "master" else ("--secret", str(secret))
    url = f"imap://master@127.0.0.1:{old.imap}?authz={{user}}@{{domain}}&tls=none"
    named = f", secret: {{file: '{secret}'}}" if way == "master" else ""
    deliver = f"  {way}.example: {{deliver: 'smtp://127.0.0.1:9?tls=none'}}\n"
    source = f"{way}.example: {{mailboxes: '{url}'{named}}}"
    taking = f"jobs: {{folder: '{tmp_path}/jobs'}}\nexports: {{folder: '{tmp_path}/exports', sources: {{{source}}}}}\n"
    words = Words(domains=literally(deliver), more=literally(taking))
    with house(tmp_path / "us", plan=None, accounts=f"address\n{address}\n", words=words) as us:
        archive = zipfile.ZipFile(done(us, address, "--format", "zip", *own))
        assert archive.testzip() is None
        emls = [archive.read(name) for name in archive.namelist() if name.endswith(".eml")]
        assert sums(emls) == sums(LETTERS)
        assert any("日本語" in name for name in archive.namelist())
        boxes = done(us, address, "--format", "mbox", *own)
        kept = [subject for path in boxes.rglob("*.mbox") for subject in subjects(path)]
        assert sorted(kept) == sorted(f"letter {number}" for number in range(12))
        maildir = done(us, address, "--format", "maildir", *own)
        assert sums([path.read_bytes() for path in maildir.rglob("cur/*")]) == sums(LETTERS)
        assert us.asked("SELECT count(*) FROM job_secrets") == [(0,)], "no secret outlives its job"


def test_by_the_master_user_and_by_her_own_password_it_is_one_archive(tmp_path: Path, run_folder: RunFolder) -> None:
    """What one of the two ways has brought, the other does not bring again."""
    old = dovecot(run_folder)
    address = "hanako@both.example"  # of this test alone: all tests of a run share the server
    old.add_user(address, "hers")
    fill(old.imap, address, "hers")
    secrets = {"master": tmp_path / "master", "hers": tmp_path / "hers"}
    for word, path in secrets.items():
        path.write_text(f"{word}\n")
        path.chmod(0o600)
    url = f"imap://master@127.0.0.1:{old.imap}?authz={{user}}@{{domain}}&tls=none"
    deliver = "  both.example: {deliver: 'smtp://127.0.0.1:9?tls=none'}\n"
    source = f"both.example: {{mailboxes: '{url}', secret: {{file: '{secrets['master']}'}}}}"
    taking = f"jobs: {{folder: '{tmp_path}/jobs'}}\nexports: {{folder: '{tmp_path}/exports', sources: {{{source}}}}}\n"
    words = Words(domains=literally(deliver), more=literally(taking))
    with house(tmp_path / "us", plan=None, accounts=f"address\n{address}\n", words=words) as us:
        first = done(us, address, "--format", "mbox")
        assert done(us, address, "--format", "mbox", "--secret", str(secrets["hers"])) == first
        assert done(us, address, "--format", "mbox") == first
        kept = [subject for path in first.rglob("*.mbox") for subject in subjects(path)]
        assert sorted(kept) == sorted(f"letter {number}" for number in range(12)), "each once"
