"""A target with too little room, and a master user who is shown nothing: told before, named, and gone on with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.dovecot import Dovecot, own_dovecot
from tests.real.mailboxes import PASSWORD, Place, by_command, client, fill, secret, told

pytestmark = pytest.mark.real("dovecot")

QUOTA = """
protocol imap {
  mail_plugins = $mail_plugins imap_quota
}
"""
ACL = """
protocol imap {
  mail_plugins = $mail_plugins acl imap_quota
}
plugin {
  acl = vfile
}
"""
LARGEST = (
    QUOTA
    + """
plugin {
  quota_max_mail_size = 500 k
}
"""
)
LITTLE = 300_000  # octets: less than one large message


@pytest.fixture
def limited(short_tmp: Path) -> Iterator[Dovecot]:
    with own_dovecot(short_tmp, QUOTA) as dovecot:
        yield dovecot


@pytest.fixture
def guarded(short_tmp: Path) -> Iterator[Dovecot]:
    with own_dovecot(short_tmp, ACL) as dovecot:
        yield dovecot


def url(place: Place, wish: str = "") -> str:
    return f"imap://{place.user.replace('@', '%40')}@127.0.0.1:{place.port}?tls=none{wish}"


def there(dovecot: Dovecot, user: str, octets: int = 0) -> Place:
    dovecot.add_user(user, PASSWORD, octets=octets)
    return Place(dovecot.imap, user)


def between(old: Place, new: Place, folder: Path) -> tuple[str, ...]:
    key = secret(folder)
    return "--from", url(old), "--to", url(new), "--from-secret", key, "--to-secret", key


def test_a_target_with_too_little_room_is_named_before_anything_is_written(
    limited: Dovecot, dovecot: Dovecot, tmp_path: Path
) -> None:
    old, new = there(dovecot, "a@quota.example"), there(limited, "b@quota.example", LITTLE)
    fill(old, {"INBOX": 9, "Sent": 20})
    ran = by_command(tmp_path, *between(old, new, tmp_path), "--dry-run")
    assert ran.returncode == 3, ran.stderr
    assert "1.4 MB are to come, and the target has room for 300.0 kB: 1.1 MB too little" in ran.stdout
    assert told(new).messages == {"INBOX": []}
    assert not (tmp_path / "state").exists()


def test_a_full_target_pauses_the_move_which_goes_on_once_there_is_room(
    limited: Dovecot, dovecot: Dovecot, tmp_path: Path
) -> None:
    old, new = there(dovecot, "c@quota.example"), there(limited, "d@quota.example", LITTLE)
    with client(old) as server:
        for number in range(60):
            text = b"Subject: %d\r\n\r\n" % number + b"z\r\n" * 5_000
            server.append("INBOX", "()", '"01-Jan-2001 00:00:00 +0900"', text)
    ran = by_command(tmp_path, *between(old, new, tmp_path))
    assert ran.returncode == 4, ran.stderr
    assert "the target is full, with no room for 15.0 kB more: Quota exceeded" in ran.stderr
    half = told(new).messages["INBOX"]
    assert 0 < len(half) < 60
    assert by_command(tmp_path, *between(old, new, tmp_path)).returncode == 4
    assert told(new).messages["INBOX"] == half
    there(limited, "d@quota.example", 10_000_000)
    ran = by_command(tmp_path, *between(old, new, tmp_path), "--read-back")
    assert ran.returncode == 0, ran.stderr
    assert sorted(told(new).messages["INBOX"]) == sorted(told(old).messages["INBOX"])


def test_what_is_too_large_for_the_target_is_named_and_the_rest_arrives(
    dovecot: Dovecot, short_tmp: Path, tmp_path: Path
) -> None:
    with own_dovecot(short_tmp, LARGEST) as narrow:
        old, new = there(dovecot, "h@quota.example"), there(narrow, "i@quota.example", 0)
        fill(old, {"Sent": 5})
        ran = by_command(tmp_path, *between(old, new, tmp_path))
        assert ran.returncode == 3, ran.stderr
        assert "Sent: message 2 refused: [LIMIT] Mail size is larger" in ran.stdout
        whole = told(old).messages["Sent"]
        assert told(new).messages["Sent"] == [whole[0], *whole[2:]]


def test_a_master_user_acts_for_somebody_by_plain(limited: Dovecot, tmp_path: Path) -> None:
    old = there(limited, "e@quota.example")
    fill(old, {"INBOX": 3, "Sent": 4})
    before = told(old)
    ran = by_command(tmp_path, *as_master(old, tmp_path))
    assert (ran.returncode, "7 messages found" in ran.stderr) == (0, True), ran.stderr
    assert told(old) == before


def test_an_inbox_that_a_master_user_may_not_open_is_a_finding(guarded: Dovecot, tmp_path: Path) -> None:
    old = there(guarded, "f@quota.example")
    fill(old, {"INBOX": 3, "Sent": 4})
    ran = by_command(tmp_path, *as_master(old, tmp_path))
    assert ran.returncode == 3, ran.stderr
    assert "look at: INBOX: its server does not say in which state it is" in ran.stdout


def test_a_mailbox_that_shows_nothing_and_counts_something_is_a_finding(guarded: Dovecot, tmp_path: Path) -> None:
    old = there(guarded, "g@quota.example", 10_000_000)
    fill(old, {"INBOX": 0, "Sent": 40})
    rights = guarded.home(old.user) / "Maildir" / "dovecot-acl"
    rights.write_text("user=master lrs\n")
    for more in ("--dry-run", "--read-back"):
        ran = by_command(tmp_path, *as_master(old, tmp_path), more)
        assert ran.returncode == 3, ran.stderr
        assert "shows no message, but counts" in ran.stdout


def test_a_mailbox_that_is_empty_is_moved_with_success(guarded: Dovecot, tmp_path: Path) -> None:
    old = there(guarded, "j@quota.example", 10_000_000)
    with client(old) as server:
        server.select("INBOX", readonly=True)
    (guarded.home(old.user) / "Maildir" / "dovecot-acl").write_text("user=master lrs\n")
    ran = by_command(tmp_path, *as_master(old, tmp_path))
    assert (ran.returncode, "0 messages found" in ran.stderr) == (0, True), ran.stderr


def as_master(place: Place, folder: Path) -> tuple[str, ...]:
    master = f"imap://master@127.0.0.1:{place.port}?tls=none&authz={place.user.replace('@', '%40')}"
    return "--from", master, "--to", f"maildir:{folder / 'box'}", "--from-secret", secret(folder, "master")
