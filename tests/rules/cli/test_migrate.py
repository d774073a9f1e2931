"""`lastpost migrate mailbox` and `lastpost receipt verify`, as somebody without any set-up types them."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.receipts.signing import public_pem, signing_key
from tests.rules.cli.conftest import Line, Ran
from tests.rules.migrator.maildir.trees import MAIL, folder, lay
from tests.support.ports import free_port


@pytest.fixture
def old(lastpost: Line, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maildir with three messages in two folders; no home, and states in a folder of their own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(lastpost.folder / "state"))
    box = folder(lastpost.folder / "old")
    lay(box, "1.a:2,S")
    lay(box, "2.b", part="new")
    lay(folder(box, ".Sent"), "3.c:2,")
    return box


def moved(line: Line, *more: str) -> Ran:
    return line("migrate", "mailbox", "--from", "maildir:old", "--to", "maildir:new", *more)


def state(line: Line) -> list[Path]:
    return sorted((line.folder / "state" / "lastpost").iterdir())


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.parent.name == "cur"]


def test_a_mailbox_moves_and_a_second_run_moves_what_came_since(lastpost: Line, old: Path) -> None:
    first = moved(lastpost)
    assert first.code == 0, first.err
    assert "3 messages found; all of them are in the target" in first.err
    assert "INBOX\tINBOX\t2\t2\t0\t0\t0\t0\t50" in first.out
    assert sorted(path.read_bytes() for path in files(lastpost.folder / "new")) == [MAIL] * 3
    lay(old, "4.d", b"late\n")
    second = moved(lastpost)
    assert (second.code, "4 messages found" in second.err) == (0, True)
    assert len(files(lastpost.folder / "new")) == 4
    assert sorted(path.name for path in old.rglob("*.a*")) == ["1.a:2,S"]


def test_a_rehearsal_writes_nothing(lastpost: Line, old: Path) -> None:
    ran = moved(lastpost, "--dry-run")
    assert (ran.code, ran.err) == (0, "nothing was written\n")
    assert "3 messages, 0.0 MB" in ran.out
    assert "Sent\tSent\t1\t1\t25\t0" in ran.out
    assert sorted(path.name for path in lastpost.folder.iterdir()) == [old.name]
    (plan,) = moved(lastpost, "--dry-run", "--json").array()
    assert isinstance(plan["folders"], list)
    assert {tuple(one["folder"]): one["messages"] for one in plan["folders"]} == {("INBOX",): 2, ("Sent",): 1}
    moved(lastpost)
    assert "0 messages" in moved(lastpost, "--dry-run").out


@pytest.mark.usefixtures("old")
def test_its_receipt_is_signed_and_can_be_verified(lastpost: Line) -> None:
    (lastpost.folder / "r.json").write_text(moved(lastpost, "--json", "--read-back").out)
    journal, key = state(lastpost)
    assert stat.S_IMODE(key.stat().st_mode) == stat.S_IMODE(journal.stat().st_mode) == 0o600
    pem = lastpost.folder / "public.pem"
    pem.write_text(public_pem(signing_key(key)))
    for words, said in (((), "only a key that you name"), (("--key", str(pem)), "by the key you named")):
        ran = lastpost("receipt", "verify", "r.json", *words)
        assert (ran.code, said in ran.err) == (0, True), ran.err
    (told,) = lastpost("receipt", "verify", "r.json", "--key", str(pem), "--json").array()
    assert (told["found"], told["complete"], told["read_back"], told["trusted"]) == (3, True, True, True)


@pytest.mark.parametrize("damage", ["changed", "other key", "no receipt", "two", "no text"])
@pytest.mark.usefixtures("old")
def test_one_that_is_not_as_it_was_signed_is_told(lastpost: Line, damage: str) -> None:
    text = moved(lastpost, "--json").out
    words: tuple[str, ...] = ()
    match damage:
        case "changed":
            text = text.replace('"copied": 2', '"copied": 1')
        case "other key":
            signing_key(lastpost.folder / "other.pem")
            words = ("--key", "other.pem")
        case "no receipt":
            text = "[]"
        case "two":
            text = text.rstrip().removesuffix("]") + "," + text.removeprefix("[")
        case _:
            text = "\udcff"
    (lastpost.folder / "r.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    ran = lastpost("receipt", "verify", "r.json", *words)
    assert (ran.code, "is not to be relied upon" in ran.err) == (3, True), ran.err


@pytest.mark.usefixtures("old")
def test_a_key_that_is_none_is_refused(lastpost: Line) -> None:
    (lastpost.folder / "r.json").write_text(moved(lastpost, "--json").out)
    (lastpost.folder / "key").write_text("nonsense")
    ran = lastpost("receipt", "verify", "r.json", "--key", "key")
    assert (ran.code, "Ed25519 public key" in ran.err) == (1, True)
    assert lastpost("receipt", "verify", "nowhere").code == 1


def test_what_is_refused_is_named_with_code_3(lastpost: Line, old: Path) -> None:
    (old / "cur" / "9.link").symlink_to("/etc/passwd")
    ran = moved(lastpost)
    assert (ran.code, "1 message refused" in ran.err) == (3, True), ran.err
    assert "symbolic link" in ran.out
    assert len(files(lastpost.folder / "new")) == 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--from", "maildir:nowhere", "--to", "maildir:new"), 1, "No such file"),
        (("--from", "maildir:old", "--to", "maildir:./old"), 2, "same mailbox"),
        (("--from", "pop3://x", "--to", "maildir:new"), 2, "imaps://USER@HOST"),
        (("--from", "maildir:old", "--to", "imap://h@192.0.2.1?tls=none"), 2, "--insecure"),
        (("--from", "maildir:old", "--to", "imap://h@192.0.2.1?tls=none", "--insecure"), 2, "needs a secret"),
        (("--from", "maildir:old", "--to", "imaps://h@192.0.2.1"), 2, "needs a secret"),
        (("--from", "maildir:old", "--to", "maildir:new", "--from-secret", "s"), 2, "has no secret"),
        (("--from", "maildir:old", "--to", "imaps://h@192.0.2.1", "--to-secret", "nowhere"), 1, "cannot be read"),
        (("--from", "maildir:old", "--to", "imaps://h@127.0.0.1?ca=nowhere", "--to-secret", "s"), 1, "cannot be used"),
        (("--from", "maildir:old", "--to", "maildir:new", "--progress", "loud"), 2, "auto, lines or json"),
        (("--from", "maildir:old", "--to", "imaps://h:geheim@192.0.2.1"), 2, "holds a password"),
        (("--from", "maildir:old", "--to", "imaps://a@b@192.0.2.1"), 2, "write it as a%40b"),
        (("--from", "maildir:old"), 2, "--to"),
        (("--from", "maildir:old", "--to", "maildir:new", "--journal", "old/cur/1.a:2,S"), 1, "--journal FILE"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    lastpost: Line, old: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    (old.parent / "s").write_text("geheim\n")
    (old.parent / "s").chmod(0o600)
    ran = lastpost("migrate", "mailbox", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "geheim" not in ran.err


@pytest.mark.parametrize(
    ("to", "side", "code", "said"),
    [
        ("maildir:new", "to", 2, "folder of this machine"),
        ("imap://h@127.0.0.1?tls=none", "both", 2, "folder of this machine"),
        ("imap://h@127.0.0.1?tls=none", "to", 2, "in clear"),
        ("imaps://h@new.example?ca=/etc/shadow", "to", 2, "trusts"),
        ("imaps://h@new.example:6379", "to", 2, "993 or 143"),
        ("imaps://h@2130706433", "to", 2, "no name of a host"),
        ("imaps://h@0x7f.1", "to", 2, "no name of a host"),
        ("imaps://h@0177.0.0.1", "to", 2, "no name of a host"),
        ("imaps://h@0x7f", "to", 1, "no host that mail is moved"),
        ("imaps://h@127.0.0.1", "to", 1, "no host that mail is moved"),
        ("imaps://h@[::1]", "to", 1, "no host that mail is moved"),
        ("imaps://h@[::ffff:10.0.0.1]", "to", 1, "no host that mail is moved"),
        ("imap://h@169.254.169.254", "to", 1, "no host that mail is moved"),
        ("imap://h@localhost", "to", 1, "no host that mail is moved"),
        ("imaps://h@new.example", "somewhere", 2, "--public-only"),
    ],
)
def test_where_a_stranger_typed_the_url_only_the_internet_is_connected_to(
    lastpost: Line, old: Path, to: str, side: str, code: int, said: str
) -> None:
    secret = old.parent / "s"
    secret.write_text("geheim\n")
    secret.chmod(0o600)
    words = ("--to-secret", str(secret)) if to.startswith("imap") else ()
    ran = lastpost("migrate", "mailbox", "--from", "maildir:old", "--to", to, "--public-only", side, *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "geheim" not in ran.err


def test_a_server_that_is_away_leaves_a_move_to_be_resumed(lastpost: Line, old: Path) -> None:
    secret = old.parent / "s"
    secret.write_text("geheim\n")
    secret.chmod(0o600)
    to = f"imap://h@127.0.0.1:{free_port()}?tls=none"
    ran = lastpost("migrate", "mailbox", "--from", "maildir:old", "--to", to, "--to-secret", str(secret))
    assert (ran.code, ran.out) == (4, "")
    assert "run the same command again to go on" in ran.err


@pytest.mark.usefixtures("old")
def test_one_move_is_made_by_one_run_at_a_time(lastpost: Line) -> None:
    from mailsvc.kit.mailbox_urls import parse_mailbox
    from migrator.journals.file import JournalFile

    here, there = str(parse_mailbox("maildir:old")), str(parse_mailbox("maildir:new"))
    with JournalFile.open(lastpost.folder / "j", source=here, target=there):
        ran = moved(lastpost, "--journal", "j")
    assert (ran.code, "in use by another run" in ran.err) == (1, True)


@pytest.mark.usefixtures("old")
def test_the_settings_may_name_the_key_that_signs(made: Line) -> None:
    settings = made.folder / "lastpost.yaml"
    settings.write_text(settings.read_text() + "\nmoving:\n  receipt_key: keys/receipts.pem\n")
    (made.folder / "r.json").write_text(moved(made, "--json").out)
    assert [path.suffix for path in state(made)] == [".journal"]
    assert made("receipt", "verify", "r.json", "--key", "keys/receipts.pem").code == 0


@pytest.mark.usefixtures("old")
def test_a_key_that_cannot_be_used_does_not_undo_the_move(lastpost: Line) -> None:
    (lastpost.folder / "receipt-key.pem").write_text("nonsense")
    ran = moved(lastpost, "--json", "--journal", str(lastpost.folder / "j"))
    assert (ran.code, ran.out, "the move itself is done" in ran.err) == (1, "", True)
    assert len(files(lastpost.folder / "new")) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_goes_on_where_it_was(lastpost: Line, old: Path, number: signal.Signals) -> None:
    for one in range(4000):
        lay(old, f"{10 + one}.x", b"Subject: %d\r\n\r\n" % one)
    words = ["migrate", "mailbox", "--from", "maildir:old", "--to", "maildir:new"]
    command = [sys.executable, "-m", "tests.faults.move_killed", f"2000:{number.name}", *words]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    stopped = subprocess.run(command, capture_output=True, text=True, cwd=lastpost.folder, env=environ, check=False)
    assert stopped.returncode == 4, stopped.stderr
    assert "stopping" in stopped.stderr
    assert "paused" in stopped.stderr
    assert 0 < len(files(lastpost.folder / "new")) < 4003
    ran = moved(lastpost)
    assert (ran.code, "4003 messages found; all of them" in ran.err) == (0, True), ran.err
    assert len(files(lastpost.folder / "new")) == 4003
