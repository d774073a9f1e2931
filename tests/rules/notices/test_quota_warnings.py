"""Who is warned of a mailbox that fills up: once each time, at 80 and at 95 per cent, in two languages."""

import asyncio
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from filters.mail import AddressKind
from mailsvc.kit.settings import Quota
from mailsvc.letters.post import Post
from mailsvc.notices.quota_warnings import CannotCount, QuotaWarnings, Wording
from mailsvc.records import staging, usage
from mailsvc.records.directory import Entry
from mailsvc.records.store import Connection, RecordsAway
from mailsvc.records.tables import deliveries
from migrator.maildir.delivery import MaildirError
from migrator.maildir.usage import MaildirCount
from schedules.names import Address
from tests.rules.notices.scene import HANAKO, JIRO, NOW, OURS, TOKYO, Scene
from tests.support.deadline import until

LIMIT = 100_000_000
MEGABYTE = 1_000_000


class Filling:
    """A scene with Maildirs, and the warnings of one service."""

    def __init__(self, stage: Scene, folder: Path) -> None:
        self.stage = stage
        self.folder = folder
        self.naps: list[float] = []
        self.end: datetime | None = None
        stage.records.act(partial(_publish, entries=[_entry(HANAKO), _entry(JIRO, quota=10 * MEGABYTE)]))
        self.warnings = self.another()

    def another(self) -> QuotaWarnings:
        """The warnings of one more service on the same records."""
        stage = self.stage
        post = Post(
            stage.records,
            sender=Address.parse("goodbye@surviving.example"),
            hostname="mx.closing.example",
            zone=TOKYO,
            new_id=stage.new_id,
            lane=lambda address: f"lane of {address.domain}",
        )
        wording = Wording("mx.closing.example", TOKYO, lambda _: self.end)
        return QuotaWarnings(
            stage.records,
            post,
            lambda: Quota(limit=LIMIT, grace=timedelta(days=14)),
            self.used,
            stage.clock.now,
            wording,
            stage.log,
            wake_outbox=stage.woken.append,
            sleep=self.nap,
        )

    async def used(self, mailbox: Address) -> int | None:
        await asyncio.sleep(0)
        try:
            return MaildirCount(self.folder / mailbox.key).count().octets if mailbox.domain == OURS else None
        except MaildirError as why:
            raise CannotCount(str(why)) from why

    async def nap(self, seconds: float) -> None:
        self.naps.append(seconds)

    async def holds(self, megabytes: int, mailbox: Address = HANAKO) -> list[str]:
        """Let the mailbox hold so much; the subjects of all letters there have been."""
        new = self.folder / mailbox.key / "new"
        new.mkdir(parents=True, exist_ok=True)
        for old in new.iterdir():
            old.unlink()
        (new / f"1.{megabytes}.host,S={megabytes * MEGABYTE}").touch()
        self.warnings.noticed(mailbox)
        await self.warnings.round()
        return self.subjects(await self.stage.letters())

    @staticmethod
    def subjects(letters: list[EmailMessage]) -> list[str]:
        return [str(letter["Subject"]).partition(" / ")[2] for letter in letters]

    def warned(self, mailbox: Address = HANAKO) -> int:
        with self.stage.records.read() as connection:
            row = usage.get(connection, mailbox)
        return row.warned if row else 0


def _entry(address: Address, quota: int | None = None) -> Entry:
    return Entry(address, kind=AddressKind.BASE, quota=quota)


def _publish(connection: Connection, entries: list[Entry]) -> None:
    generation = staging.begin(connection, OURS, NOW, "tests")
    staging.stage(connection, generation, entries)
    staging.publish(connection, [generation], NOW)


def warning(percent: int) -> str:
    return f"Your mailbox is {percent} % full (closing.example)"


@pytest.fixture
def filling(stage: Scene, tmp_path: Path) -> Filling:
    return Filling(stage, tmp_path / "mail")


async def test_a_mailbox_is_warned_once_at_80_and_once_at_95(filling: Filling) -> None:
    assert await filling.holds(79) == []
    assert await filling.holds(80) == [warning(80)]
    assert await filling.holds(94) == [warning(80)]
    assert await filling.holds(95) == [warning(80), warning(95)]
    assert await filling.holds(120) == [warning(80), warning(95)]
    assert filling.warned() == 95
    assert set(filling.stage.recipients()) == {str(HANAKO)}
    assert filling.stage.woken == [{"lane of closing.example"}] * 2


async def test_one_that_fills_at_once_gets_one_letter(filling: Filling) -> None:
    assert await filling.holds(100) == ["Your mailbox is full (closing.example)"]
    [letter] = await filling.stage.letters()
    text = letter.get_content()
    assert "メールボックスがいっぱいです (使用量 100.0 MB / 上限 100.0 MB)。" in text
    assert "Your mailbox is full: it holds 100.0 MB of 100.0 MB." in text


async def test_a_mailbox_at_the_edge_is_not_written_to_again_and_again(filling: Filling) -> None:
    letters = [await filling.holds(megabytes) for megabytes in (95, 91, 95, 90, 96, 89, 80, 94)]
    assert letters[-1] == [warning(95)]
    assert filling.warned() == 80
    assert await filling.holds(95) == [warning(95)] * 2
    assert await filling.holds(74) == [warning(95)] * 2
    assert filling.warned() == 0
    assert await filling.holds(81) == [warning(95), warning(95), warning(80)]


async def test_the_letter_says_how_full_what_happens_and_how_to_make_room(filling: Filling) -> None:
    filling.end = datetime.fromisoformat("2024-03-31T15:00:00+00:00")
    await filling.holds(82)
    [letter] = await filling.stage.letters()
    text = letter.get_content()
    for words in (
        "使用量が上限の 80% に達しました (使用量 82.0 MB / 上限 100.0 MB)",
        "いっぱいの状態が 14 日続くと",
        "受信は 2024-04-01 00:00 JST に終了します",
        "it holds 82.0 MB of 100.0 MB",
        "full for 14 days",
        "ends on 2024-04-01 00:00 JST",
        "postmaster@closing.example",
    ):
        assert words in text
    assert letter["Auto-Submitted"] == "auto-generated"


async def test_an_end_that_has_come_is_not_named(filling: Filling) -> None:
    filling.end = NOW
    await filling.holds(82)
    [letter] = await filling.stage.letters()
    assert "終了します" not in letter.get_content()


async def test_its_own_limit_goes_before_the_settings(filling: Filling) -> None:
    assert await filling.holds(7, JIRO) == []
    assert await filling.holds(8, JIRO) == [warning(80)]


async def test_nobody_is_warned_who_is_not_counted_here(filling: Filling) -> None:
    await filling.holds(99, Address.parse("postmaster@closing.example"))
    filling.warnings.noticed(Address.parse("x@elsewhere.example"))
    await filling.warnings.round()
    assert await filling.stage.letters() == []


async def test_of_two_services_one_writes(filling: Filling) -> None:
    await filling.holds(10)
    (filling.folder / "hanako" / "new" / "2.more.host,S=85000000").touch()
    both = [filling.warnings, filling.another()]
    for one in both:
        one.noticed(HANAKO)
    await asyncio.gather(*(one.round() for one in both))
    assert filling.subjects(await filling.stage.letters()) == [warning(95)]


async def test_mail_that_comes_together_is_looked_at_once_by_the_role(filling: Filling) -> None:
    await filling.holds(10)
    (filling.folder / "hanako" / "new" / "2.more.host,S=72000000").touch()
    role = asyncio.create_task(filling.warnings.run())
    for _ in range(100):
        filling.warnings.noticed(HANAKO)
    await until(lambda: filling.warned() == 80, "the letter is written")
    role.cancel()
    await asyncio.gather(role, return_exceptions=True)
    assert filling.naps == [2.0]


async def test_what_could_not_be_looked_at_stays_noticed(filling: Filling, monkeypatch: pytest.MonkeyPatch) -> None:
    await filling.holds(10)
    (filling.folder / "hanako" / "new" / "2.more.host,S=72000000").touch()

    async def away(_: object) -> None:
        raise RecordsAway("gone")

    filling.warnings.noticed(HANAKO)
    with monkeypatch.context() as broken:
        broken.setattr(filling.stage.records.committer, "commit", away)
        with pytest.raises(RecordsAway):
            await filling.warnings.round()
    assert filling.warned() == 0
    await filling.warnings.round()
    assert filling.warned() == 80


async def test_a_maildir_that_cannot_be_read_is_logged_and_left(filling: Filling) -> None:
    (filling.folder / "hanako").mkdir(parents=True)
    (filling.folder / "hanako" / "new").write_text("a file where a folder belongs")
    filling.warnings.noticed(HANAKO)
    await filling.warnings.round()
    assert "quota-warning-failed" in filling.stage.log.events()


def test_more_than_there_is_room_for_leaves_out_the_first(filling: Filling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsvc.notices.quota_warnings._REMEMBERED", 2)
    for key in ("a", "b", "c"):
        filling.warnings.noticed(Address(key, OURS))
    assert [key for key, _ in filling.warnings._noticed] == ["b", "c"]


async def test_mark_and_letter_are_one(filling: Filling, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise RecordsAway("full")

    with monkeypatch.context() as broken:
        broken.setattr("mailsvc.letters.post.messages.accept_in", refused)
        with pytest.raises(RecordsAway):
            await filling.holds(85)
    assert filling.warned() == 0
    with filling.stage.records.read() as connection:
        assert connection.execute(select(deliveries)).first() is None
