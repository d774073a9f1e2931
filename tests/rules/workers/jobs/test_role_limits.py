"""`imap-limits`: what hosts and providers ask of all jobs together, and tokens that end."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.kit.mailboxes import Side as Mailbox
from mailsvc.kit.oauth import ByCommand, Renewal, Tokens
from mailsvc.kit.presets import GENERIC, Preset
from mailsvc.records import job_budgets
from mailsvc.records.job import Side
from mailsvc.records.tables import host_limits, job_secrets
from mailsvc.workers.jobs.run import USED_UP
from migrator.job import Event, State
from migrator.mailbox import MailboxLimited, MailboxRefused, Source, Target
from tests.rules.migrator.memory_mailboxes import MemorySource, MemoryTarget
from tests.rules.workers.jobs.yard import QUICK, Yard

OLD = "imap.old.example"
URL = f"imaps://hanako@{OLD}?auth=token"


def limited(code: str, wait: timedelta | None = None) -> MailboxLimited:
    return MailboxLimited(f"[{code}] later", code=code, wait=wait, host=OLD)


@pytest.mark.parametrize("code", ["THROTTLED", "LIMIT", "UNAVAILABLE"])
async def test_a_host_that_asks_for_patience_rests_for_all_its_jobs(yard: Yard, code: str) -> None:
    def opening(_side: Mailbox) -> None:
        raise limited(code, timedelta(minutes=20))

    yard.opening = opening
    before = yard.clock.now()
    first = await yard.ask("hanako", source_host=OLD)
    second = await yard.ask("jiro", source_host=OLD, priority=1)
    async with yard.working(pace=replace(QUICK, at_once=1)):
        failed = await yard.when(first, lambda found: found.failed > 0)
        await asyncio.sleep(10 * QUICK.tick)
        other = yard.job(second)
    assert failed.next_at is not None
    assert failed.next_at - before > timedelta(minutes=19)
    assert (other.state, other.attempts) == (State.WAITING, 0)
    with yard.records.read() as connection:
        (row,) = connection.execute(host_limits.select()).all()
    assert (row.host, row.rests, row.why) == (OLD, 1, f"[{code}] later")


@pytest.mark.parametrize("code", ["OVERQUOTA", "INUSE"])
async def test_a_mailbox_that_is_full_or_in_use_waits_alone_and_tells(yard: Yard, code: str) -> None:
    def opening(side: Mailbox) -> None:
        if "hanako" in str(side.url):
            raise limited(code)

    yard.opening = opening
    yard.fill("jiro", 2)
    first = await yard.ask("hanako", source_host=OLD)
    second = await yard.ask("jiro", source_host=OLD, priority=1)
    async with yard.working(pace=replace(QUICK, at_once=1)):
        await yard.until(second, State.DONE)
        waiting = await yard.when(first, lambda found: found.failed > 0)
    assert waiting.problem == f"[{code}] later"
    with yard.records.read() as connection:
        assert connection.execute(host_limits.select()).all() == []


def budget(octets: int) -> Preset:
    return replace(GENERIC, down=octets)


LARGE = 3_000_000  # octets: far fewer of them are on their way at once than there are


async def test_a_mailbox_that_has_used_up_its_day_waits_and_goes_on_with_what_is_left(yard: Yard) -> None:
    letters = [b"%d" % number + b"x" * LARGE for number in range(10, 24)]
    yard.box("/old/hanako").folder("INBOX").add(*letters)
    job = await yard.ask("hanako", source_host=OLD)
    pace = replace(QUICK, terms=lambda _host: budget(2 * LARGE))
    async with yard.working(pace=pace):
        waiting = await yard.when(job, lambda found: found.failed > 0)
    moved = len(yard.came("hanako"))
    assert waiting.problem == USED_UP
    assert 0 < moved < len(letters)
    assert waiting.next_at is not None
    assert timedelta(hours=23) < waiting.next_at - yard.clock.now() <= timedelta(hours=25)
    with yard.records.read() as connection:
        used = job_budgets.spent(connection, "maildir:/old/hanako", yard.clock.now())
    assert used.down == waiting.progress.octets >= 2 * LARGE
    assert await yard.act(Event.RETRY, job) == [State.WAITING]
    async with yard.working(pace=pace):  # there is still no room: it does not even begin
        again = await yard.when(job, lambda found: found.attempts == 2 and found.state is State.WAITING)
    assert len(yard.came("hanako")) == moved
    assert again.problem == USED_UP
    await yard.act(Event.RETRY, job)
    async with yard.working():
        await yard.until(job, State.DONE)
    assert yard.came("hanako") == letters


class ByToken(Yard):
    """Whose source is a server that takes tokens."""

    @asynccontextmanager
    async def opens(self, source: Mailbox, target: Mailbox) -> AsyncIterator[tuple[Source, Target]]:
        assert source.secret is not None
        assert target.secret is None
        self.secrets.append(source.secret.reveal())
        self.opening(source)
        yield MemorySource(self.box("/old/hanako")), MemoryTarget(self.box("/new/hanako"))

    def asked_of(self, folder: Path, answer: Mapping[str, object]) -> None:
        """Tokens come from a program that keeps what it was given."""
        program = (
            "import pathlib, sys; given = sys.stdin.readline().strip(); "
            f"path = pathlib.Path({str(folder)!r}) / 'given'; "
            "path.write_text((path.read_text() if path.exists() else '') + given + '\\n'); "
            f"print({json.dumps(answer)!r})"
        )
        way = ByCommand((sys.executable, "-c", program), timeout=300.0)
        self.tokens = Tokens([Renewal(frozenset({OLD}), way)], now=self.clock.now, environ={})


@pytest.fixture
async def office(yard: Yard) -> ByToken:
    return ByToken(yard.records)


async def token_job(office: ByToken) -> str:
    return await office.ask(source=URL, source_host=OLD, secrets={Side.SOURCE: b"refresh-1"})


async def test_a_job_gets_a_token_for_what_it_keeps_and_keeps_what_comes_in_its_place(
    office: ByToken, tmp_path: Path
) -> None:
    letters = office.fill("hanako", 3)
    office.asked_of(tmp_path, {"access_token": "abc", "refresh_token": "refresh-2"})
    fail = [limited("INUSE")]

    def opening(_side: Mailbox) -> None:
        if fail:
            raise fail.pop()

    office.opening = opening
    job = await token_job(office)
    async with office.working():
        await office.when(job, lambda found: found.failed > 0)
        with office.records.read() as connection:
            assert [one.sealed for one in connection.execute(job_secrets.select())] == [b"refresh-2"]
        await office.act(Event.RETRY, job)
        await office.until(job, State.DONE)
    assert office.secrets == ["abc", "abc"]
    assert (tmp_path / "given").read_text() == "refresh-1\nrefresh-2\n"
    assert office.came("hanako") == letters
    assert "refresh" not in repr(office.log.__dict__)


async def test_a_token_that_ends_in_the_middle_is_got_anew(office: ByToken, tmp_path: Path) -> None:
    office.asked_of(tmp_path, {"access_token": "abc", "expires_in": 30})

    def opening(_side: Mailbox) -> None:
        raise MailboxRefused("AUTHENTICATE was refused")

    office.opening = opening
    job = await token_job(office)
    async with office.working():
        waiting = await office.when(job, lambda found: found.failed > 0)
    assert waiting.state is State.WAITING
    assert "a token has ended" in waiting.problem


async def test_a_token_that_is_refused_before_its_end_fails(office: ByToken, tmp_path: Path) -> None:
    office.asked_of(tmp_path, {"access_token": "abc", "expires_in": 3600})

    def opening(_side: Mailbox) -> None:
        raise MailboxRefused("AUTHENTICATE was refused")

    office.opening = opening
    async with office.working():
        failed = await office.until(await token_job(office), State.FAILED)
    assert failed.problem == "AUTHENTICATE was refused"


@pytest.mark.parametrize(("code", "state"), [(75, State.WAITING), (1, State.FAILED)])
async def test_where_no_token_comes_the_job_waits_or_fails(office: ByToken, code: int, state: State) -> None:
    way = ByCommand((sys.executable, "-c", f"raise SystemExit({code})"), timeout=300.0)
    office.tokens = Tokens([Renewal(frozenset({OLD}), way)], now=office.clock.now, environ={})
    job = await token_job(office)
    async with office.working():
        told = await office.when(job, lambda found: bool(found.problem))
    assert told.state is state
    assert f"code {code}" in told.problem


async def test_without_a_way_the_secret_is_the_token(office: ByToken) -> None:
    office.fill("hanako", 1)
    async with office.working():
        await office.until(await token_job(office), State.DONE)
    assert office.secrets == ["refresh-1"]
