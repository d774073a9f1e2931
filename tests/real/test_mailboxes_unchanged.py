r"""A move changes nothing at its source: no file, no flag, no \Recent, no modification sequence."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from tests.real.courier import Courier
from tests.real.cyrus import Cyrus
from tests.real.dovecot import Dovecot
from tests.real.mailboxes import PASSWORD, Place, by_command, client, fill, secret

COUNTS = {"INBOX": 5, "Sent": 40, "A/B c": 3}
NEW = b"Subject: nobody has seen it yet\r\n\r\n"
Known = Mapping[str, bytes]


def state(place: Place, *items: str) -> Known:
    """What STATUS says of each folder, which changes nothing itself."""
    with client(place) as server:
        return {name: server.status(place.wire(name), f"({' '.join(items)})")[1][0] for name in COUNTS}


def files(home: Path) -> Mapping[str, str]:
    """Every message's file, where it lies, and what it holds; keywords too."""
    kept = [path for path in home.rglob("*") if path.parent.name in {"cur", "new", "tmp"} or "keywords" in path.name]
    return {str(one.relative_to(home)): sha256(one.read_bytes()).hexdigest() for one in kept if one.is_file()}


def delivered(home: Path, number: int) -> None:
    """A message that no client has seen: a server gives it \\Recent once."""
    (home / "new" / f"1700000000.M{number}P1.mx").write_bytes(NEW.replace(b"\r\n", b"\n"))


def moved_in_every_way(folder: Path, place: Place, count: int) -> None:
    url = f"imap://{place.user.replace('@', '%40')}@127.0.0.1:{place.port}?tls=none"
    words = "--from", url, "--to", f"maildir:{folder / 'box'}", "--from-secret", secret(folder)
    for more in ("--dry-run", "--read-back", "--json"):
        ran = by_command(folder, *words, more)
        assert ran.returncode == 0, ran.stderr
        assert more == "--dry-run" or f"{count} messages found" in ran.stderr


@pytest.mark.real("dovecot")
def test_dovecots_files_flags_and_modification_sequences_are_as_before(dovecot: Dovecot, tmp_path: Path) -> None:
    user = "still@unchanged.example"
    dovecot.add_user(user, PASSWORD)
    place, home = Place(dovecot.imap, user), dovecot.home(user) / "Maildir"
    fill(place, COUNTS)
    for number in range(3):
        delivered(home, number)
    asked = "MESSAGES", "RECENT", "UNSEEN", "UIDNEXT", "UIDVALIDITY", "HIGHESTMODSEQ"
    before, kept = state(place, *asked), files(home)
    assert b"RECENT 8" in before["INBOX"]
    moved_in_every_way(tmp_path, place, sum(COUNTS.values()) + 3)
    assert state(place, *asked) == before
    assert files(home) == kept
    assert len(list((home / "new").iterdir())) == 3


@pytest.mark.real("cyrus")
def test_cyrus_flags_and_modification_sequences_are_as_before(short_tmp: Path, tmp_path: Path) -> None:
    with Cyrus(short_tmp) as cyrus:
        cyrus.add_user("hanako", PASSWORD)
        place = Place(cyrus.port, "hanako")
        fill(place, COUNTS)
        asked = "MESSAGES", "RECENT", "UNSEEN", "UIDNEXT", "UIDVALIDITY", "HIGHESTMODSEQ"
        before = state(place, *asked)
        moved_in_every_way(tmp_path, place, sum(COUNTS.values()))
        assert state(place, *asked) == before


@pytest.mark.real("courier")
def test_couriers_files_and_flags_are_as_before(short_tmp: Path, tmp_path: Path) -> None:
    with Courier(short_tmp) as courier:
        courier.add_user("still@unchanged.example", PASSWORD)
        place = Place(courier.port, "still@unchanged.example", "INBOX.", ".")
        home = courier.root / "var/mail/still@unchanged.example/Maildir"
        fill(place, COUNTS, ended=True)
        for number in range(3):
            delivered(home, number)
        asked = "MESSAGES", "RECENT", "UNSEEN", "UIDNEXT", "UIDVALIDITY"
        before, kept = state(place, *asked), files(home)
        moved_in_every_way(tmp_path, place, sum(COUNTS.values()) + 3)
        assert state(place, *asked) == before
        # Courier itself gives a file its place in cur when a folder is opened, also by EXAMINE; it stays \Recent.
        assert files(home) == {_opened(name): octets for name, octets in kept.items()}


def _opened(name: str) -> str:
    return name.replace("new/", "cur/") + ":2," if name.startswith("new/") else name
