import asyncio
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from mailsvc.kit.mailboxes import Side as Mailbox
from mailsvc.kit.mailboxes import Unopened
from mailsvc.records import held, jobs
from mailsvc.records.job import Job, Whole
from mailsvc.records.store import Connection, RecordsAway
from mailsvc.records.tables import job_secrets
from migrator.job import Event, State
from migrator.mailbox import FolderName, MailboxAway, MailboxLimited, Message, Outcome, Refused
from migrator.moving import PAUSES
from tests.rules.migrator.memory_mailboxes import Box, MemoryTarget
from tests.rules.workers.jobs.yard import QUICK, SEALED, WITHIN, Yard
from tests.support.deadline import until


async def test_a_job_is_done_its_receipt_kept_and_its_secrets_erased(yard: Yard) -> None:
    letters = yard.fill("hanako", 40)
    job = await yard.ask(secrets=SEALED)
    async with yard.working():
        done = await yard.until(job, State.DONE)
    assert yard.came("hanako") == letters
    assert yard.secrets == ["old password", "new password"]
    assert (done.progress.messages, done.progress.of_messages, done.attempts, done.problem) == (40, 40, 1, "")
    assert json.loads(yard.receipt(job))["source"] == "memory:source"
    with yard.records.read() as connection:
        assert connection.execute(job_secrets.select()).all() == []


async def test_what_could_not_be_moved_is_named(yard: Yard) -> None:
    yard.fill("hanako", 3)

    def refuse(message: Message) -> Refused | None:
        return Refused("too large") if message.item.uid == 2 else None

    yard.target = lambda box: MemoryTarget(box, refuse=refuse)
    job = await yard.ask()
    async with yard.working():
        await yard.until(job, State.DONE_WITH_NAMED)
    assert len(yard.came("hanako")) == 2
    assert "too large" in yard.receipt(job)


async def test_a_later_job_of_the_move_brings_what_has_come_since(yard: Yard) -> None:
    octets = sum(map(len, yard.fill("hanako", 5)))
    async with yard.working():
        await yard.until(await yard.ask(), State.DONE)
        yard.box("/old/hanako").folder("INBOX").add(b"one more\r\n")
        again = await yard.until(await yard.ask(), State.DONE)
        assert (again.progress.messages, again.whole) == (1, Whole(6, octets + len(b"one more\r\n")))
        assert await yard.act(Event.RETRY, again.id) == [State.WAITING]
        assert (await yard.until(again.id, State.DONE)).progress.messages == 0
    assert len(yard.came("hanako")) == 6


async def test_a_mailbox_that_is_away_is_tried_again_later(yard: Yard) -> None:
    yard.fill("hanako", 5)

    def opening(_side: Mailbox) -> None:
        raise MailboxAway("imap.old.example does not answer.")

    yard.opening = opening
    job, before = await yard.ask(), yard.clock.now()
    async with yard.working():
        failed = await yard.when(job, lambda found: found.failed > 0)
    assert failed.problem == "imap.old.example does not answer"
    assert failed.next_at is not None
    assert before <= failed.next_at - timedelta(seconds=30) <= yard.clock.now()


async def test_a_message_at_which_a_connection_breaks_each_time_is_named_by_a_job_too(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing else is there to be settled meanwhile."""
    monkeypatch.setattr("mailsvc.workers.jobs.run.PAUSES", [0.0 for _ in PAUSES])

    def breaks(message: Message) -> Refused | None:
        if message.item.uid == 1:
            raise MailboxAway("the connection broke")
        return None

    yard.fill("hanako", 1)
    yard.target = lambda box: MemoryTarget(box, refuse=breaks)
    job = await yard.ask()
    async with yard.working():
        await yard.until(job, State.DONE_WITH_NAMED)
    assert "broke each of the 4 times" in yard.receipt(job)


async def test_a_mailbox_that_asks_for_patience_gets_it(yard: Yard) -> None:
    def opening(_side: Mailbox) -> None:
        raise MailboxLimited("[THROTTLED] later", code="THROTTLED", wait=timedelta(minutes=20))

    yard.opening = opening
    job, before = await yard.ask(), yard.clock.now()
    async with yard.working():
        failed = await yard.when(job, lambda found: found.failed > 0)
    assert failed.next_at is not None
    assert failed.next_at - before > timedelta(minutes=19)


async def test_what_no_later_try_will_mend_fails_with_its_remedy(yard: Yard) -> None:
    def opening(_side: Mailbox) -> None:
        raise Unopened("there is no host imap.old.example", "correct the name in the URL")

    yard.opening = opening
    async with yard.working():
        failed = await yard.until(await yard.ask(secrets=SEALED), State.FAILED)
    assert (failed.problem, failed.remedy) == (
        "there is no host imap.old.example",
        "correct the name in the URL, and ask for it anew",
    )


async def test_a_url_that_cannot_be_read_fails(yard: Yard) -> None:
    async with yard.working():
        failed = await yard.until(await yard.ask(source="gopher:nowhere"), State.FAILED)
    assert failed.problem == "there is no mailbox of that kind"


async def test_a_fault_of_the_program_fails_one_job_and_is_logged(yard: Yard) -> None:
    def opening(side: Mailbox) -> None:
        if "broken" in str(side.url):
            raise KeyError("oh")

    yard.opening = opening
    yard.fill("fine", 3)
    async with yard.working():
        failed = await yard.until(await yard.ask("broken"), State.FAILED)
        await yard.until(await yard.ask("fine"), State.DONE)
    assert "KeyError" in failed.problem
    assert "fault of the program" in failed.remedy
    assert "a job met a fault of the program" in yard.log.events()


async def test_a_settlement_waits_for_the_records(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.fill("hanako", 3)
    settle, failures = jobs.settle, iter([RecordsAway("busy"), RecordsAway("busy")])

    def busy(*words: object, **names: object) -> object:
        for failure in failures:
            raise failure
        return settle(*words, **names)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(jobs, "settle", busy)
    async with yard.working():
        await yard.until(await yard.ask(), State.DONE)


async def test_who_hears_of_an_end_writes_in_the_same_transaction(yard: Yard) -> None:
    told: list[tuple[str, State]] = []

    def on_end(connection: Connection, job: Job, state: State) -> None:
        held.hold(connection, yard.clock.now(), "told")
        told.append((job.id, state))

    job = await yard.ask()
    async with yard.working(on_end=on_end):
        await yard.until(job, State.DONE)
        later = await yard.ask("later")
        await asyncio.sleep(QUICK.tick * 5)
    assert told == [(job, State.DONE)]
    assert yard.job(later).state is State.WAITING  # everything is held now


async def test_a_listener_that_fails_fails_the_job_and_not_the_service(yard: Yard) -> None:
    def on_end(_connection: Connection, _job: Job, state: State) -> None:
        if state is State.DONE:
            raise ValueError("no letter")

    async with yard.working(on_end=on_end) as role:
        failed = await yard.until(await yard.ask(), State.FAILED)
        assert not role.done()
    assert "no letter" in failed.problem


async def test_progress_is_written_while_it_runs(yard: Yard) -> None:
    yard.fill("hanako", 40)
    yard.box("/old/hanako").folder("Later").add(b"the last one\r\n")
    may_end = threading.Event()

    class Slow(MemoryTarget):
        async def put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
            if folder == ("Later",):
                await asyncio.to_thread(may_end.wait, WITHIN)
            return await super().put(folder, messages)

    yard.target = Slow
    job = await yard.ask()
    async with yard.working():
        seen = (await yard.when(job, lambda found: found.progress.messages >= 40)).progress
        assert (seen.messages, seen.of_messages, seen.doing) == (40, 41, "INBOX")
        may_end.set()
        assert (await yard.until(job, State.DONE)).progress.messages == 41


async def test_a_hundred_jobs_are_done_four_at_a_time_and_no_host_gets_more_than_it_may(yard: Yard) -> None:
    running, most = set[str](), [0, 0]

    class Watched(MemoryTarget):
        def __init__(self, box: Box) -> None:
            super().__init__(box)
            self.name = next(name for name, one in yard.boxes.items() if one is box)
            running.add(self.name)
            most[0] = max(most[0], len(running))
            most[1] = max(most[1], len([name for name in running if "busy" in name]))

        async def put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
            await asyncio.sleep(0.001)
            outcomes = await super().put(folder, messages)
            running.discard(self.name)
            return outcomes

    yard.target = Watched
    for number in range(50):
        for kind, host in (("busy", "old.example"), ("free", "")):
            yard.fill(f"{kind}{number}", 3)
            await yard.ask(f"{kind}{number}", source_host=host)
    async with yard.working(pace=replace(QUICK, at_once=4, per_host=2)):
        await until(lambda: yard.totals() == {State.DONE: 100}, "the end of all")
    assert most[0] <= 4
    assert most[1] <= 2
    assert all(len(yard.came(f"{kind}{number}")) == 3 for kind in ("busy", "free") for number in range(50))
