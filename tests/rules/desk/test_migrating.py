"""What ends a move, told as resumable or refused; and where its journal is."""

import asyncio
import errno
import socket
from pathlib import Path

import pytest

from mailsvc.desk.migrating import Move, Resumable, Side, journal_for, migrate, rehearse, state_folder
from mailsvc.desk.refusals import Refused
from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls, MaildirUrl, parse_mailbox
from mailsvc.kit.secrets import Secret
from migrator.imap.target import ImapTarget
from migrator.journals.file import JournalBusy, JournalUnusable
from migrator.mailbox import MailboxAway, MailboxLimited, MailboxRefused, StaleFolder
from migrator.moving import Paused
from migrator.progress import Silent
from migrator.receipts.receipt import NotCounted, Receipt
from schedules.clock import SystemClock
from tests.peers.imap import Reply
from tests.peers.imap_box import BoxPeer
from tests.peers.pop3 import Pop3Peer
from tests.rules.migrator.maildir.trees import folder, lay


@pytest.fixture
def moving(tmp_path: Path) -> Move:
    lay(folder(tmp_path / "old"), "1.a")
    here, there = MaildirUrl(tmp_path / "old"), MaildirUrl(tmp_path / "new")
    return Move(Side(here), Side(there), tmp_path / "state" / "j")


async def moved(moving: Move) -> Receipt:
    return await migrate(moving, clock=SystemClock(), progress=Silent(), stop=asyncio.Event())


@pytest.mark.parametrize(
    "error",
    [
        MailboxAway("gone"),
        MailboxLimited("full", code="OVERQUOTA"),
        Paused(),
        StaleFolder(("A",), "gone"),
        JournalUnusable("no room", full=True),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_may_pass_is_resumable(moving: Move, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    raising(monkeypatch, error)
    with pytest.raises(Resumable, match="run the same command again"):
        await moved(moving)


@pytest.mark.parametrize(
    "error",
    [MailboxRefused("no"), NotCounted("3 found"), JournalUnusable("damaged"), JournalBusy("in use")],
    ids=lambda error: type(error).__name__,
)
async def test_what_stays_is_refused(moving: Move, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    raising(monkeypatch, error)
    with pytest.raises(Refused):
        await moved(moving)


async def test_another_error_of_the_system_is_told_as_it_is(moving: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, PermissionError(errno.EACCES, "Permission denied"))
    with pytest.raises(PermissionError):
        await moved(moving)


def raising(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def raised(*_: object, **__: object) -> None:
        await asyncio.sleep(0)
        raise error

    monkeypatch.setattr("mailsvc.desk.migrating.move", raised)


@pytest.mark.parametrize(("code", "raised"), [(socket.EAI_NONAME, Refused), (socket.EAI_AGAIN, Resumable)])
async def test_a_host_that_is_not_there_is_a_mistake_and_one_nobody_answers_for_is_not(
    moving: Move, monkeypatch: pytest.MonkeyPatch, code: int, raised: type[Exception]
) -> None:
    async def asked(_host: str) -> None:
        await asyncio.sleep(0)
        raise socket.gaierror(code, "resolver")

    monkeypatch.setattr("mailsvc.kit.mailboxes.asked_of_system", asked)
    url = ImapUrl("h", "nowhere.example", 993, MailboxTls.TLS)
    with pytest.raises(raised, match=r"nowhere\.example"):
        await moved(Move(moving.source, Side(url, Secret("geheim")), moving.journal))


async def test_one_side_that_fails_closes_the_other(moving: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        await asyncio.sleep(0.01)
        raise MailboxAway("gone")

    closed = []

    async def close(_: object) -> None:
        await asyncio.sleep(0)
        closed.append(True)

    monkeypatch.setattr(ImapTarget, "open", away)
    monkeypatch.setattr("migrator.maildir.source.MaildirSource.close", close)
    url = ImapUrl("h", "127.0.0.1", 1, MailboxTls.NONE)
    with pytest.raises(Resumable):
        await moved(Move(moving.source, Side(url, Secret("geheim")), moving.journal))
    assert closed == [True]


async def test_two_sides_that_let_nobody_in_are_told_in_one_run(moving: Move) -> None:
    wrong = Reply(tagged=b"NO [AUTHENTICATIONFAILED] wrong")
    async with BoxPeer(script={"LOGIN": wrong}) as old, BoxPeer(script={"LOGIN": wrong}) as new:
        here, there = (
            Side(ImapUrl("h", "127.0.0.1", port, MailboxTls.NONE), Secret("geheim")) for port in (old.port, new.port)
        )
        with pytest.raises(Refused, match=rf"{old.port}: LOGIN.*; and h at 127.0.0.1:{new.port}: LOGIN") as both:
            await moved(Move(here, there, moving.journal))
        assert str(both.value).count("look at the user in the URL and at the secret") == 1
        with pytest.raises(Refused, match=r"needs a secret: put .*; and h at .*: LOGIN.*look at the user") as both:
            await moved(Move(Side(here.url), there, moving.journal))


async def test_an_imap_mailbox_needs_a_secret(moving: Move) -> None:
    with pytest.raises(Refused, match="needs a secret"):
        await moved(Move(Side(ImapUrl("h", "127.0.0.1", 1, MailboxTls.NONE)), moving.target, moving.journal))


async def test_a_rehearsal_makes_no_journal(moving: Move) -> None:
    assert (await rehearse(moving, clock=SystemClock())).messages == 1
    assert not moving.journal.parent.exists()
    await moved(moving)
    assert (await rehearse(moving, clock=SystemClock())).messages == 0


def test_states_are_kept_where_the_user_says() -> None:
    home = Path("/home/hanako")
    assert state_folder({"XDG_STATE_HOME": "/state"}, home) == Path("/state/lastpost")
    for said in ({}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": "relative"}):
        assert state_folder(said, home) == Path("/home/hanako/.local/state/lastpost")


def test_each_move_has_its_journal() -> None:
    one, other = parse_mailbox("maildir:/a"), parse_mailbox("imaps://h@old.example")
    names = {journal_for(Path("/s"), *pair) for pair in ((one, other), (other, one))}
    assert len(names) == 2
    assert journal_for(Path("/s"), one, parse_mailbox("imaps://h@old.example?ca=/x")) in names


async def test_from_pop3_into_mbox_files_by_their_urls(tmp_path: Path) -> None:
    async with Pop3Peer([b"Subject: a\r\n\r\nFrom here\r\n"]) as peer:
        drop = parse_mailbox(f"pop3://h@127.0.0.1:{peer.port}?tls=none")
        box, journal = parse_mailbox(f"mbox:{tmp_path / 'box'}"), tmp_path / "journal"
        for _ in range(2):
            receipt = await moved(Move(Side(drop, Secret("geheim")), Side(box), journal))
            assert receipt.complete
        with pytest.raises(Refused, match="POP3 only reads"):
            await moved(Move(Side(box), Side(drop, Secret("geheim")), tmp_path / "other"))
    assert (tmp_path / "box/INBOX.mbox").read_bytes().endswith(b"Subject: a\n\n>From here\n\n")
    here = await moved(Move(Side(box), Side(parse_mailbox(f"maildir:{tmp_path / 'new'}")), tmp_path / "third"))
    assert [one.copied for one in here.folders] == [1]
