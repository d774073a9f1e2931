"""With a real Cyrus as source and target: everything is kept, or named; a proxy user opens somebody's mailbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.cyrus import Cyrus
from tests.real.dovecot import Dovecot
from tests.real.mailboxes import COUNTS, PASSWORD, Place, by_command, client, fill, moved, secret, told

pytestmark = pytest.mark.real("cyrus", "dovecot")

# Cyrus makes no folders whose names hold a percent sign or a backslash.
TAKEN = {name: count for name, count in COUNTS.items() if not {"%", "\\"} & set(name)} | {"Trash": 1, "&2D3fUQ-": 5}

KEYWORDS = 100  # that Cyrus keeps in a folder


@pytest.fixture
def cyrus(short_tmp: Path) -> Iterator[Cyrus]:
    with Cyrus(short_tmp) as running:
        yield running


def at_cyrus(cyrus: Cyrus, user: str) -> Place:
    cyrus.add_user(user, PASSWORD)
    return Place(cyrus.port, user)


def at_dovecot(dovecot: Dovecot, user: str) -> Place:
    dovecot.add_user(user, PASSWORD)
    return Place(dovecot.imap, user)


async def test_from_dovecot_to_cyrus_and_back_nothing_is_lost_added_or_changed(
    dovecot: Dovecot, cyrus: Cyrus, tmp_path: Path
) -> None:
    old, middle = at_dovecot(dovecot, "a@cyrus.example"), at_cyrus(cyrus, "hanako")
    end = at_dovecot(dovecot, "b@cyrus.example")
    fill(old, TAKEN)
    before = told(old)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    receipt = await moved(old, middle, tmp_path / "one")
    assert receipt.complete, receipt.findings
    assert told(middle) == told(old) == before
    assert (await moved(old, middle, tmp_path / "one")).complete
    assert told(middle) == before
    assert (await moved(middle, end, tmp_path / "two")).complete
    assert told(end) == told(middle) == before


async def test_what_cyrus_does_not_take_is_named(dovecot: Dovecot, cyrus: Cyrus, tmp_path: Path) -> None:
    old, new = at_dovecot(dovecot, "c@cyrus.example"), at_cyrus(cyrus, "jiro")
    fill(old, COUNTS)
    receipt = await moved(old, new, tmp_path)
    named = {"/".join(one.folder): one for one in receipt.folders if one.folder != one.into}
    assert set(named) == {"x\\y*", "🝑 100%"}
    assert all(one.into[0] in one.notes[0] for one in named.values())
    before = told(old).messages
    for wire, name in (("x\\y*", "x\\y*"), ("&2D3fUQ- 100%", "🝑 100%")):
        before[named[name].into[0]] = before.pop(wire)
    assert told(new).messages == before


def test_a_proxy_user_moves_somebodys_mailbox(cyrus: Cyrus, tmp_path: Path) -> None:
    place = at_cyrus(cyrus, "taro")
    fill(place, {"INBOX": 3, "Sent": 4})
    before = told(place)
    url = f"imap://proxy@127.0.0.1:{cyrus.port}?tls=none&authz=taro"
    words = "--from", url, "--to", f"maildir:{tmp_path / 'box'}", "--from-secret", secret(tmp_path, "proxy")
    ran = by_command(tmp_path, *words, "--read-back")
    assert (ran.returncode, "7 messages found" in ran.stderr) == (0, True), ran.stderr
    assert told(place) == before
    into = f"imap://proxy@127.0.0.1:{cyrus.port}?tls=none&authz=saburo"
    other = at_cyrus(cyrus, "saburo")
    back = "--from", f"maildir:{tmp_path / 'box'}", "--to", into, "--to-secret", secret(tmp_path, "proxy")
    ran = by_command(tmp_path, *back, "--read-back")
    assert ran.returncode == 0, ran.stderr
    assert told(other).messages == before.messages


def test_who_may_not_act_for_others_is_refused(cyrus: Cyrus, tmp_path: Path) -> None:
    at_cyrus(cyrus, "taro")
    at_cyrus(cyrus, "saburo")
    url = f"imap://saburo@127.0.0.1:{cyrus.port}?tls=none&authz=taro"
    words = "--from", url, "--to", f"maildir:{tmp_path / 'box'}", "--from-secret", secret(tmp_path)
    ran = by_command(tmp_path, *words)
    assert ran.returncode == 1, ran.stderr
    assert "AUTHENTICATE PLAIN was refused" in ran.stderr
    assert PASSWORD not in ran.stderr


async def test_more_keywords_than_a_folder_keeps_are_named(dovecot: Dovecot, cyrus: Cyrus, tmp_path: Path) -> None:
    old, new = at_dovecot(dovecot, "k@cyrus.example"), at_cyrus(cyrus, "shiro")
    date = '"01-Jan-2001 00:00:00 +0900"'
    with client(old) as server:
        for number in range(KEYWORDS + 10):
            server.append("INBOX", f"(\\Seen word{number:03d})", date, b"Subject: %d\r\n\r\n" % number)
    receipt = await moved(old, new, tmp_path)
    assert receipt.complete
    assert sorted(receipt.folders[0].notes) == [
        f"the target does not keep the flag word{KEYWORDS + number:03d}" for number in range(10)
    ]
    assert kept(new) == [
        ("\\Seen", f"word{number:03d}") if number < KEYWORDS else ("\\Seen",) for number in range(KEYWORDS + 10)
    ]
    with client(old) as server:
        server.select("INBOX")
        server.store("1", "FLAGS", "(\\Flagged word001 late)")
        server.store("2", "FLAGS", "(\\Flagged word000)")
    again = await moved(old, new, tmp_path)
    assert again.complete
    assert "the target does not keep the flag late" in again.folders[0].notes
    assert kept(new)[:2] == [("\\Flagged", "word001"), ("\\Flagged", "word000")]


def kept(place: Place) -> list[tuple[str, ...]]:
    return [flags for _, flags, _ in told(place).messages["INBOX"]]
