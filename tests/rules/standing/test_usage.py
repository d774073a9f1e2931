"""How full a mailbox is, since when, and what is written down of it."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from filters.mail import Usage
from mailsvc.records import usage as kept
from mailsvc.records.usage import UsageRow
from mailsvc.standing import UsageBook
from mailsvc.standing.standings import mailbox_folders
from schedules.clock import MovableClock
from tests.rules.standing.world import BEFORE, LIMIT, World, address, make_world
from tests.support.noting import noting as watched

GRACE = timedelta(days=14)
HANAKO = address("hanako")


class Noting:
    """A world whose usage book writes down what it finds."""

    def __init__(self, folder: Path) -> None:
        self.clock = MovableClock(BEFORE)
        self.in_doubt = False
        self.world = make_world(folder, stamp=self.stamp, monotonic=self.clock.monotonic)

    def stamp(self) -> datetime | None:
        return None if self.in_doubt else self.clock.now()

    async def of(self, limit: int | None = None) -> Usage | None:
        return await self.world.usage.of(HANAKO, limit, self.clock.now())

    def row(self) -> UsageRow | None:
        with self.world.records.read() as connection:
            return kept.get(connection, HANAKO)

    def over_since(self) -> datetime | None:
        row = self.row()
        assert row is not None
        return row.over_since

    def again(self) -> UsageBook:
        """The book of another process on the same records."""
        world = self.world
        return UsageBook(
            world.records,
            lambda: world.settings.quota,
            mailbox_folders(world.settings),
            stamp=self.stamp,
            monotonic=self.clock.monotonic,
        )


@pytest.fixture
def noting(tmp_path: Path) -> Iterator[Noting]:
    made = Noting(tmp_path)
    yield made
    made.world.records.close()


async def test_a_mailbox_with_room_is_counted_and_nothing_written(noting: Noting) -> None:
    noting.world.fill("hanako", 1234)
    async with noting.world.records.committer.running():
        assert await noting.of() == Usage(1234, LIMIT, None, grace_over=False, fresh=False)
    assert noting.row() is None


async def test_no_limit_counts_nothing(noting: Noting) -> None:
    noting.world.fill("hanako", 1234)
    assert await noting.of(0) is None


async def test_its_own_limit_goes_before_the_settings(noting: Noting) -> None:
    noting.world.fill("hanako", 1234)
    async with noting.world.records.committer.running():
        found = await noting.of(1000)
    assert found is not None
    assert (found.limit, found.over_since) == (1000, BEFORE)


async def test_a_full_mailbox_has_its_grace_time_and_then_a_fresh_count(noting: Noting) -> None:
    noting.world.fill("hanako", LIMIT)
    async with noting.world.records.committer.running():
        first = await noting.of()
        assert first == Usage(LIMIT, LIMIT, BEFORE, grace_over=False, fresh=False)
        noting.clock.advance(GRACE - timedelta(seconds=1))
        assert await noting.of() == first
        noting.clock.advance(timedelta(seconds=1))
        assert await noting.of() == Usage(LIMIT, LIMIT, BEFORE, grace_over=True, fresh=True)
    row = noting.row()
    assert row is not None
    assert (row.over_since, row.octets) == (BEFORE, LIMIT)


async def test_the_grace_time_goes_on_through_a_restart(noting: Noting) -> None:
    noting.world.fill("hanako", LIMIT + 5)
    async with noting.world.records.committer.running():
        await noting.of()
        noting.clock.advance(GRACE)
        found = await noting.again().of(HANAKO, None, noting.clock.now())
    assert found == Usage(LIMIT + 5, LIMIT, BEFORE, grace_over=True, fresh=True)


async def test_clearing_the_mailbox_ends_it_at_once(noting: Noting) -> None:
    file = noting.world.fill("hanako", LIMIT)
    async with noting.world.records.committer.running():
        await noting.of()
        noting.clock.advance(GRACE)
        assert await noting.of() == Usage(LIMIT, LIMIT, BEFORE, grace_over=True, fresh=True)
        file.unlink()
        assert await noting.of() == Usage(0, LIMIT, None, grace_over=False, fresh=False)
        assert noting.over_since() is None
        noting.world.fill("hanako", LIMIT)
        later = await noting.of()
    assert later == Usage(LIMIT, LIMIT, noting.clock.now(), grace_over=False, fresh=False)


async def test_a_row_of_an_earlier_life_is_forgotten_once_there_is_room(noting: Noting) -> None:
    noting.world.records.act(lambda c: kept.put(c, HANAKO, UsageRow(LIMIT, BEFORE - 2 * GRACE, BEFORE)))
    noting.world.fill("hanako", 10)
    async with noting.world.records.committer.running():
        await noting.of()
        assert noting.over_since() is None
        noting.world.fill("hanako", LIMIT, "more")
        found = await noting.of()
    assert found is not None
    assert (found.over_since, found.grace_over) == (BEFORE, False)


async def test_a_row_that_another_process_has_cleared_is_not_remembered(noting: Noting) -> None:
    noting.world.fill("hanako", LIMIT)
    async with noting.world.records.committer.running():
        await noting.of()
        noting.clock.advance(GRACE)
        cleared = UsageRow(0, None, noting.clock.now())
        await noting.world.records.committer.commit(lambda c: kept.put(c, HANAKO, cleared))
        found = await noting.of()
    assert found is not None
    assert (found.over_since, found.grace_over) == (noting.clock.now(), False)


async def test_nothing_is_written_while_the_clock_is_in_doubt(noting: Noting) -> None:
    noting.in_doubt = True
    noting.world.fill("hanako", LIMIT)
    assert await noting.of() == Usage(LIMIT, LIMIT, None, grace_over=False, fresh=False)
    assert noting.row() is None


async def test_nothing_is_written_by_a_book_that_only_explains(world: World) -> None:
    world.fill("hanako", LIMIT)
    found = await world.usage.of(HANAKO, None, BEFORE + 100 * GRACE)
    assert found == Usage(LIMIT, LIMIT, None, grace_over=False, fresh=False)


async def test_a_fresh_count_sees_through_a_folder_whose_mtime_lies(noting: Noting) -> None:
    file = noting.world.fill("hanako", LIMIT)
    new = file.parent
    os.utime(new, ns=(1, 1))
    async with noting.world.records.committer.running():
        await noting.of()
        file.unlink()
        os.utime(new, ns=(1, 1))
        assert await noting.of() == Usage(LIMIT, LIMIT, BEFORE, grace_over=False, fresh=False)
        noting.clock.advance(GRACE)
        assert await noting.of() == Usage(0, LIMIT, None, grace_over=False, fresh=True)
    assert noting.over_since() is None


async def test_fresh_counts_of_an_idle_mailbox_are_good_for_a_minute(
    noting: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = noting.world.fill("hanako", LIMIT)
    os.utime(file.parent, ns=(1, 1))
    listed: list[str] = []

    def look(path: str | Path) -> None:
        listed.append(str(path))

    monkeypatch.setattr("migrator.maildir.delivery.os.scandir", watched(os.scandir, look))
    async with noting.world.records.committer.running():
        await noting.of()
        noting.clock.advance(GRACE)
        await noting.of()
        before = listed.count(str(file.parent))
        await noting.of()
        assert listed.count(str(file.parent)) == before
        noting.clock.advance(timedelta(seconds=61))
        await noting.of()
        assert listed.count(str(file.parent)) == before + 1


async def test_a_large_mailbox_is_counted_whole(noting: Noting) -> None:
    for number in range(1500):
        noting.world.fill("hanako", 10, f"a-rather-long-name-for-a-message-{number}")
    async with noting.world.records.committer.running():
        found = await noting.of()
    assert found is not None
    assert found.used == 15_000


async def test_the_book_forgets_the_mailboxes_asked_for_longest_ago(
    noting: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailsvc.standing.usage._REMEMBERED", 2)
    async with noting.world.records.committer.running():
        for local in ("a", "b", "a", "c"):
            noting.world.fill(local, 3)
            await noting.world.usage.of(address(local), None, BEFORE)
    assert {str(known.local) for known in noting.world.usage._known} == {"a", "c"}
