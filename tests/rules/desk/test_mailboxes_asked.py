"""Explanations and the doctor, where a mailbox is behind an IMAP server."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from filters.mail import ClientKind
from mailsvc.desk.doctor.finding import Severity
from mailsvc.desk.doctor.mailboxes import check_mailboxes
from mailsvc.desk.explaining import Explained, explain
from mailsvc.records import usage
from mailsvc.records.usage import UsageRow
from schedules.names import Address
from tests.peers.imap import Reply
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.peers.threaded import threaded
from tests.rules.desk.world import EXAMPLE_CSV, NOW, SETTINGS, World, opened
from tests.support.ports import free_port

KEPT = '    deliver: "maildir:mail/{domain}/{user}"\n'
FULL = Reply([b'* QUOTA "" (STORAGE 99000 99000)'])


@contextmanager
def behind(folder: Path, port: int, *, accounts: bool = True) -> Iterator[World]:
    (folder / "secret").write_text("geheim\n")
    (folder / "secret").chmod(0o600)
    url = f'    mailboxes: "imap://m@127.0.0.1:{port}?tls=none&authz={{user}}@{{domain}}"\n'
    text = SETTINGS.replace(KEPT, f"    deliver: lmtp://127.0.0.1:24\n{url}", 1)
    with opened(folder, text + "quota: {imap: {secret: {file: secret}}}\n") as world:
        if accounts:
            world.take(EXAMPLE_CSV.read_bytes())
        patience(world, 300.0)
        yield world


def patience(world: World, seconds: float) -> None:
    """So long a server is waited for, whatever settings allow."""
    object.__setattr__(world.desk.settings.quota.imap, "deadline", timedelta(seconds=seconds))


def script(**more: Reply) -> Mapping[str, Reply]:
    return {"AUTHENTICATE": Reply(), **more}


def told(world: World) -> Explained:
    return explain(world.desk, "hanako@closing.example", None, ClientKind.WORLD)


def test_an_explanation_says_how_full_the_mailbox_is_and_who_says_so(tmp_path: Path) -> None:
    boxes = {"INBOX": Box([Mail(1, b"x" * 1_500_000)])}
    sized = BoxPeer(boxes, can="AUTH=PLAIN SASL-IR STATUS=SIZE", script=script())
    with threaded(sized) as peer, behind(tmp_path, peer.port) as world:
        found = told(world)
    assert found.usage is not None
    assert (found.usage.used, found.usage.limit) == (1_500_000, 100_000_000)
    assert found.fields()["holds"] == found.usage
    assert str(found.usage) == f"1.5 of 100.0 MB by 127.0.0.1:{peer.port} (STATUS=SIZE)"
    assert (found.reply[:3], found.note) == ("250", "")


def test_one_that_is_full_is_explained_so(tmp_path: Path) -> None:
    can = "AUTH=PLAIN SASL-IR QUOTA"
    with threaded(BoxPeer(can=can, script=script(GETQUOTAROOT=FULL))) as peer, behind(tmp_path, peer.port) as world:
        assert told(world).reply.startswith("452 4.2.2")


def test_where_nobody_says_now_that_is_told_and_what_was_said_last_with_its_age(tmp_path: Path) -> None:
    with behind(tmp_path, free_port()) as world:
        found = told(world)
        assert (found.reply[:3], found.usage) == ("250", None)
        assert "how full the mailbox is, nobody says now: 127.0.0.1:" in found.note
        row = UsageRow(100_000_000, NOW, NOW - timedelta(minutes=5))
        world.desk.records.act(lambda conn: usage.put(conn, Address.parse("hanako@closing.example"), row))
        found = told(world)
    assert (found.reply[:9], str(found.usage)) == ("452 4.2.2", "100.0 of 100.0 MB by an earlier count, 300 s ago")


def test_one_seen_from_here_is_counted_by_its_files(tmp_path: Path) -> None:
    with opened(tmp_path) as world:
        world.take(EXAMPLE_CSV.read_bytes())
        assert str(told(world).usage) == "0.0 of 100.0 MB by its Maildir"


@pytest.mark.parametrize(
    ("can", "severity", "what"),
    [
        ("AUTH=PLAIN SASL-IR QUOTA", Severity.NOTE, "says how full its mailboxes are, by QUOTA"),
        ("AUTH=PLAIN SASL-IR STATUS=SIZE", Severity.NOTE, "by STATUS=SIZE"),
        ("AUTH=PLAIN SASL-IR", Severity.WARNING, "counts message by message"),
        ("IDLE", Severity.ERROR, "does not say how full its mailboxes are, so none is found full: acting for somebody"),
    ],
)
def test_the_doctor_asks_each_server(tmp_path: Path, can: str, severity: Severity, what: str) -> None:
    with threaded(BoxPeer(can=can, script=script(GETQUOTAROOT=FULL))) as peer, behind(tmp_path, peer.port) as world:
        (found,) = check_mailboxes(world.desk)
    assert (found.severity, found.check, what in found.what) == (severity, "mailboxes", True), found


def test_one_mailbox_that_is_not_there_is_no_finding(tmp_path: Path) -> None:
    refused = [Reply(tagged=b"NO [AUTHENTICATIONFAILED] who?"), Reply()]
    can = "AUTH=PLAIN SASL-IR STATUS=SIZE"
    with threaded(BoxPeer(can=can, script={"AUTHENTICATE": refused})) as peer, behind(tmp_path, peer.port) as world:
        assert [one.severity for one in check_mailboxes(world.desk)] == [Severity.NOTE]


def test_the_doctor_needs_an_account_to_ask_about_and_a_server(tmp_path: Path) -> None:
    with behind(tmp_path, free_port(), accounts=False) as world:
        (found,) = check_mailboxes(world.desk)
        assert (found.severity, "no account to ask" in found.what) == (Severity.NOTE, True)
    (tmp_path / "other").mkdir()
    with opened(tmp_path / "other") as world:
        assert list(check_mailboxes(world.desk)) == []


def test_a_server_that_is_slow_is_named(tmp_path: Path) -> None:
    slow = script(GETQUOTAROOT=Reply(FULL.untagged, delay=0.05))
    quotas = BoxPeer(can="AUTH=PLAIN SASL-IR QUOTA", script=slow)
    with threaded(quotas) as peer, behind(tmp_path, peer.port) as world:
        patience(world, 0.01)
        _, found = check_mailboxes(world.desk)
    assert (found.severity, "no session waits any more" in found.what) == (Severity.WARNING, True)
