"""A host never sees more connections than its provider bears, whatever becomes of the jobs there.

Two workers, more jobs than their hosts have room for. Some are paused or cancelled, connections drop, one worker is cut
off from the records until its leases run out: both servers count who is connected.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailsvc.kit.mailboxes import opened
from mailsvc.kit.oauth import Tokens
from mailsvc.kit.presets import GENERIC
from mailsvc.records import job_acts, job_list, jobs
from mailsvc.records.job import JobKind, NewJob, Side, Wishes, move_digest
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Records, RecordsAway
from mailsvc.workers.jobs.in_hand import InHand, Pace
from mailsvc.workers.jobs.role import JobRole
from mailsvc.workers.jobs.run import Means
from migrator.job import Event, State
from migrator.moving import PAUSES
from schedules.clock import MovableClock
from tests.contracts.made import NOW
from tests.peers.counted import CountedPeer
from tests.peers.imap_box import Box, Mail
from tests.rules.gateway.house import QuietLog
from tests.rules.workers.jobs.yard import Plain
from tests.support.deadline import until
from tests.support.noting import noting

PRESET = replace(GENERIC, per_host=2, sessions=3)
CAP = 2 * 3
PEOPLE = [f"u{number}" for number in range(6)]
LEASE = timedelta(seconds=60)
PACE = Pace(at_once=4, terms=lambda _: PRESET, lease=LEASE, tick=0.02, grace=60.0, again=(0.02, 0.02))


def letters(person: str) -> list[bytes]:
    return [b"Subject: %s\r\n\r\nletter %d\r\n" % (person.encode(), number) for number in range(6)]


class Workers:
    """Two of them over the same records, and both servers."""

    def __init__(self, both: Sequence[Records], old: CountedPeer, new: CountedPeer, spool: Path) -> None:
        self.both, self.old, self.new = both, old, new
        self.clock = MovableClock(NOW)
        self.logs = [QuietLog(), QuietLog()]
        self._spool = spool

    async def ask(self, person: str) -> str:
        source, target = (f"imap://{person}@127.0.0.1:{peer.port}?tls=none" for peer in (self.old, self.new))
        new = NewJob(
            f"{PEOPLE.index(person):026d}",
            JobKind.MAILBOX,
            source,
            target,
            move_digest(source, target),
            "admin",
            source_host="old.example",
            target_host="new.example",
            wishes=Wishes(read_back=True),
            secrets=dict.fromkeys(Side, b"pw"),
        )
        return (await self.both[1].committer.commit(lambda c: jobs.add(c, new, self.clock.now()))).id

    async def act(self, event: Event, job: str) -> None:
        await self.both[1].committer.commit(lambda c: job_acts.act(c, Wanted(ids=[job]), event, self.clock.now()))

    def having(self, state: State) -> list[str]:
        with self.both[1].read() as connection:
            found = job_list.listing(connection, Wanted(states=[state]), self.clock.now())
            return [job.id for job in found]

    @asynccontextmanager
    async def working(self, number: int) -> AsyncIterator[None]:
        means = Means(
            opens=lambda source, target: opened(source, target, spool=self._spool),
            seals=Plain(),
            tokens=Tokens([], now=self.clock.now, environ={}),
            sign=lambda receipt: receipt.to_json(),
            clock=self.clock,
            chance=lambda: 0.0,
            log=self.logs[number],
        )
        role = JobRole(self.both[number], means, PACE, owner=f"w{number}", now=self.clock.now)
        task = asyncio.create_task(role.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def workers(
    records: Records, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Workers]:
    monkeypatch.setattr("mailsvc.kit.mailboxes.preset_of", lambda _: PRESET)
    monkeypatch.setattr("mailsvc.workers.jobs.run.PAUSES", [0.0 for _ in PAUSES])
    theirs = {
        person: {"INBOX": Box([Mail(uid, one) for uid, one in enumerate(letters(person), 1)])} for person in PEOPLE
    }
    can = "UIDPLUS UNSELECT"  # each message waits to be let in: as many connections as there may be share them
    with Records.open(url, busy=60.0, deadline=60.0) as others:
        async with (
            records.committer.running(),
            others.committer.running(),
            CountedPeer(theirs, can=can) as old,
            CountedPeer({}, can=can) as new,
        ):
            yield Workers((records, others), old, new, tmp_path)


async def test_no_host_has_more_connections_than_its_provider_bears(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = workers.old, workers.new
    stops: list[InHand] = []
    monkeypatch.setattr(InHand, "stop", noting(InHand.stop, lambda one, *_: stops.append(one)))
    for person in PEOPLE:
        await workers.ask(person)
    old.gate.clear()
    async with workers.working(0):
        await until(lambda: old.held_back >= 2, "two jobs read")
        async with workers.working(1):
            with monkeypatch.context() as cut_off:

                async def away(*_: object) -> None:
                    raise RecordsAway("gone")

                cut_off.setattr(workers.both[0].committer, "commit", away)
                cut_off.setattr(workers.both[0], "ask", away)
                workers.clock.advance(LEASE * 0.9)
                await until(lambda: workers.logs[0].events().count("a job's lease is lost") == 2, "both leases lost")
                await until(lambda: old.now == new.now == 0, "whoever lost a lease is gone")
                workers.clock.advance(LEASE * 2)  # one may have been prolonged just before
                await until(lambda: old.held_back >= 4, "the other worker reads; two of the four are gone")
            paused, cancelled = workers.having(State.RUNNING)
            await workers.act(Event.PAUSE, paused)
            await workers.act(Event.CANCEL, cancelled)
            await until(lambda: len(stops) == 2, "both hear of it")
            old.cuts = new.cuts = 2
            old.gate.set()
            await until(lambda: len(workers.having(State.DONE)) == len(PEOPLE) - 2, "all the others are done")
            assert (workers.having(State.PAUSED), workers.having(State.CANCELLED)) == ([paused], [cancelled])
            await workers.act(Event.RESUME, paused)
            await until(lambda: len(workers.having(State.DONE)) == len(PEOPLE) - 1, "so is the one that was paused")
    assert 2 <= old.most <= CAP
    assert 2 < new.most <= CAP
    done = [person for person in PEOPLE if person != PEOPLE[int(cancelled)]]
    came = [sorted(mail.octets for mail in new.mailboxes[person]["INBOX"].mails) for person in done]
    assert came == [letters(person) for person in done]
