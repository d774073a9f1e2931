import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest

from mailsvc.records import job_claims, job_hosts, job_list, jobs
from mailsvc.records.job import (
    Ending,
    FailedForGood,
    FailedForNow,
    GivenBack,
    Progress,
    Side,
    Succeeded,
)
from mailsvc.records.job_list import Wanted
from mailsvc.records.jobs import Added
from mailsvc.records.store import Records
from migrator.job import State
from tests.contracts.jobs_made import SECRETS, add, claim, sealed, settle, shown, wanted
from tests.contracts.made import MINUTE, NOW


def test_a_job_is_found_as_it_was_asked_for(records: Records) -> None:
    new = replace(wanted(secrets=True), source_host="imap.old.example")
    assert add(records, new) == Added(new.id, is_new=True)
    found = shown(records, new.id)
    assert (found.source, found.target, found.address) == (new.source, new.target, new.address)
    assert (found.state, found.position, found.next_at) == (State.WAITING, 1, NOW)
    assert found.needs == (Side.SOURCE, Side.TARGET)
    assert (found.wishes, found.progress) == (new.wishes, Progress())


def test_asked_for_twice_one_job_stands(records: Records) -> None:
    first, second = wanted(), wanted()
    assert add(records, first).is_new
    assert add(records, second) == Added(first.id, is_new=False)
    (only,) = claim(records)
    assert add(records, second) == Added(first.id, is_new=False)
    assert settle(records, only.job, Succeeded("{}", named=False)) is State.DONE
    assert add(records, second).is_new


def test_of_many_that_are_asked_for_at_once_each_move_has_one_job(records: Records) -> None:
    there, one, twin, other = wanted("a", secrets=True), wanted("b", secrets=True), wanted("b"), wanted("c")
    again = replace(wanted("a"), secrets={Side.SOURCE: b"another"})
    add(records, there)
    added = records.act(lambda connection: jobs.add_all(connection, [one, again, twin, other], NOW))
    assert [(found.id, found.is_new) for found in added] == [
        (one.id, True),
        (there.id, False),
        (one.id, False),
        (other.id, True),
    ]
    assert {job.job.id: job.secrets for job in claim(records)} == {there.id: SECRETS, one.id: SECRETS, other.id: {}}
    assert records.act(lambda connection: jobs.add_all(connection, [], NOW)) == []


async def test_two_who_ask_for_the_same_many_at_once_get_the_same_jobs(records: Records) -> None:
    names = [str(number) for number in range(50)]
    asked = [[wanted(name) for name in order] for order in (names, names[::-1])]
    several = await asyncio.gather(
        *(asyncio.to_thread(records.act, partial(jobs.add_all, news=news, now=NOW)) for news in asked)
    )
    found = [{one.id for one in added} for added in several]
    assert found[0] == found[1]
    assert len(found[0]) == len(names)


async def test_a_double_click_makes_one_job(records: Records) -> None:
    asked = [asyncio.to_thread(add, records, wanted()) for _ in range(8)]
    added = await asyncio.gather(*asked)
    assert len({one.id for one in added}) == 1
    assert sum(one.is_new for one in added) == 1


def test_a_claim_takes_what_is_due_once_by_priority_and_time(records: Records) -> None:
    late, early, urgent, tomorrow = wanted("a"), wanted("b"), wanted("c", priority=-1), wanted("d")
    for new, at in ((late, NOW), (early, NOW - MINUTE), (urgent, NOW)):
        add(records, new, at)
    add(records, replace(tomorrow, not_before=NOW + timedelta(days=1)))
    first, second = claim(records, limit=2), claim(records)
    assert [one.job.id for one in (*first, *second)] == [urgent.id, early.id, late.id]
    assert {(one.job.state, one.job.attempts, one.job.fence) for one in first} == {(State.RUNNING, 1, 1)}
    assert claim(records) == []
    (found,) = claim(records, timedelta(days=1), owner="w2")[-1:]
    assert found.job.id == tomorrow.id


def test_the_place_in_the_queue_is_the_order_of_claims(records: Records) -> None:
    names = [wanted("a", priority=1), wanted("b"), wanted("c"), wanted("d", priority=-1)]
    for number, new in enumerate(names):
        add(records, new, NOW - number * MINUTE)
    add(records, replace(wanted("e", priority=-9), not_before=NOW + MINUTE))
    with records.read() as connection:
        placed = sorted(job_list.listing(connection, Wanted(), NOW), key=lambda job: job.position or 0)
    assert [job.position for job in placed] == [1, 2, 3, 4, 5]
    assert [job.id for job in placed[:4]] == [one.job.id for one in claim(records)]
    assert placed[4].priority == -9


def test_a_claim_brings_what_opens_the_mailboxes(records: Records) -> None:
    add(records, wanted(secrets=True))
    (claimed,) = claim(records)
    assert claimed.secrets == SECRETS


def test_a_host_gets_no_more_jobs_at_once_than_it_may_have(records: Records) -> None:
    for number in range(5):
        add(records, wanted(f"a{number}", source_host="old.example"))
        add(records, wanted(f"b{number}", source_host="else.example", target_host="old.example"))
        add(records, wanted(f"c{number}"))
    first = claim(records, limit=100, most=3)
    hosts = [{one.job.source_host, one.job.target_host} for one in first]
    assert sum("old.example" in pair for pair in hosts) == 3
    assert sum(pair == {""} for pair in hosts) == 5
    records.act(lambda connection: job_hosts.limit_host(connection, "old.example", 4, "they said so"))
    assert len(claim(records, limit=100, most=3)) == 1
    full = next(one.job for one in first if one.job.source_host == "old.example")
    settle(records, full, Succeeded("{}", named=False))
    assert len(claim(records, limit=100, most=3)) == 1


def test_a_host_that_asked_for_patience_gets_no_job_until_then(records: Records) -> None:
    add(records, wanted(target_host="new.example"))
    records.act(lambda connection: job_hosts.rest_host(connection, "new.example", "[THROTTLED]", NOW))
    assert claim(records, MINUTE - timedelta(seconds=1)) == []
    assert len(claim(records, MINUTE)) == 1


async def test_many_workers_at_once_take_each_job_once_and_keep_to_the_limit(records: Records) -> None:
    for number in range(40):
        add(records, wanted(f"u{number}", source_host=f"host-{number % 2}"))
    taken = await asyncio.gather(*(asyncio.to_thread(claim, records, limit=3, most=7) for _ in range(8)))
    ids = [one.job.id for many in taken for one in many]
    assert len(ids) == len(set(ids)) == 14


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        (Succeeded('{"signed": 1}', named=False), State.DONE),
        (Succeeded('{"signed": 1}', named=True), State.DONE_WITH_NAMED),
        (FailedForGood("no such user", "correct it"), State.FAILED),
    ],
)
def test_a_job_that_ends_loses_its_secrets(records: Records, ending: Ending, state: State) -> None:
    new = wanted(secrets=True)
    add(records, new)
    (claimed,) = claim(records)
    assert len(sealed(records)) == 2
    assert settle(records, claimed.job, ending, Progress(7, 7, 700, 700)) is state
    found = shown(records, new.id)
    assert sealed(records) == []
    assert (found.state, found.ended_at, found.lease_until, found.owner) == (state, NOW + MINUTE / 2, None, "")
    assert (found.progress.messages, found.position, found.next_at) == (7, None, None)
    assert settle(records, claimed.job, ending) is None
    assert claim(records, timedelta(days=9)) == []


def test_a_failure_for_now_waits_and_is_counted_until_something_is_settled(records: Records) -> None:
    new = wanted(secrets=True)
    add(records, new)
    (claimed,) = claim(records)
    again = NOW + 10 * MINUTE
    assert settle(records, claimed.job, FailedForNow("away", again, progressed=False)) is State.WAITING
    found = shown(records, new.id)
    assert (found.failed, found.failing_since, found.problem, found.next_at) == (1, NOW + MINUTE / 2, "away", again)
    assert claim(records, 9 * MINUTE) == []
    (claimed,) = claim(records, 10 * MINUTE)
    settle(records, claimed.job, FailedForNow("away", again, progressed=False))
    assert shown(records, new.id).failed == 2
    (claimed,) = claim(records, 20 * MINUTE)
    settle(records, claimed.job, FailedForNow("away", again, progressed=True))
    assert shown(records, new.id).failed == 1
    assert len(sealed(records)) == 2


def test_what_is_given_back_is_due_at_once(records: Records) -> None:
    add(records, wanted())
    (claimed,) = claim(records)
    assert settle(records, claimed.job, GivenBack()) is State.WAITING
    assert len(claim(records, MINUTE / 2, owner="w2")) == 1


def test_after_the_lease_another_takes_over_and_the_first_changes_nothing(records: Records) -> None:
    new = wanted()
    add(records, new)
    (slow,) = claim(records, owner="slow")
    assert claim(records, MINUTE - timedelta(seconds=1)) == []
    (quick,) = claim(records, MINUTE, owner="quick")
    assert (quick.job.fence, quick.job.attempts, quick.job.failed) == (2, 2, 1)
    until = NOW + 9 * MINUTE
    kept = records.act(lambda connection: jobs.keep(connection, slow.job, until, Progress(1), NOW + MINUTE))
    assert kept is None
    assert settle(records, slow.job, Succeeded("{}", named=False)) is None
    with records.read() as connection:
        assert jobs.standing(connection, slow.job) is None
        assert jobs.standing(connection, quick.job) is State.RUNNING
    assert not records.act(lambda connection: jobs.still_ours(connection, slow.job))
    assert records.act(lambda connection: jobs.still_ours(connection, quick.job))
    assert settle(records, quick.job, Succeeded("{}", named=False)) is State.DONE


def test_a_lease_is_prolonged_and_progress_written(records: Records) -> None:
    new = wanted()
    add(records, new)
    (claimed,) = claim(records)
    so_far = Progress(3, 20, 300, None, "INBOX")
    until = NOW + 5 * MINUTE
    assert records.act(lambda c: jobs.keep(c, claimed.job, until, so_far, NOW)) is State.RUNNING
    assert (shown(records, new.id).progress, shown(records, new.id).progress_at) == (so_far, NOW)
    assert claim(records, 4 * MINUTE) == []
    assert len(claim(records, 5 * MINUTE)) == 1


def test_a_job_that_keeps_killing_its_workers_waits_longer_and_longer(records: Records) -> None:
    add(records, wanted())
    at, waits = timedelta(0), []
    for _ in range(5):
        while not claim(records, at):
            at += timedelta(seconds=10)
        waits.append(at)
        at += MINUTE
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(waits)]
    assert gaps == [60, 90, 120, 180]


def test_a_start_that_is_alone_takes_up_what_a_killed_one_had(records: Records) -> None:
    add(records, wanted())
    claim(records, owner="killed")
    assert records.act(lambda connection: job_claims.end_leases(connection, NOW)) == 1
    assert len(claim(records, owner="new")) == 1


def test_with_nothing_to_do_nothing_is_due(records: Records) -> None:
    with records.read() as connection:
        assert jobs.next_due(connection) is None
    add(records, wanted())
    claim(records)
    with records.read() as connection:
        assert jobs.next_due(connection) == NOW + MINUTE
