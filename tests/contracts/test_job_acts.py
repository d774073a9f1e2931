from dataclasses import replace
from datetime import timedelta
from functools import partial

from mailsvc.records import job_acts, job_batches, job_list, jobs
from mailsvc.records.job import (
    FailedForGood,
    GivenBack,
    Progress,
    Succeeded,
)
from mailsvc.records.job_acts import Done
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Connection, Records
from migrator.job import Event, State
from tests.contracts.jobs_made import SECRETS, act, add, claim, sealed, settle, shown, wanted
from tests.contracts.made import MINUTE, NOW


def test_what_waits_is_paused_resumed_and_cancelled_at_once(records: Records) -> None:
    new = wanted(secrets=True)
    add(records, new)
    assert act(records, Event.PAUSE, new.id) == {new.id: State.PAUSED}
    assert claim(records, timedelta(days=1)) == []
    assert act(records, Event.PAUSE, new.id) == {}
    assert act(records, Event.RESUME, new.id) == {new.id: State.WAITING}
    assert act(records, Event.CANCEL, new.id) == {new.id: State.CANCELLED}
    assert (sealed(records), shown(records, new.id).ended_at) == ([], NOW)


def test_what_is_in_hand_learns_of_a_wish_and_keeps_its_lease_until_it_stops(records: Records) -> None:
    new = wanted(secrets=True)
    add(records, new)
    (claimed,) = claim(records)
    assert act(records, Event.PAUSE, new.id) == {new.id: State.PAUSING}
    assert records.act(lambda c: jobs.keep(c, claimed.job, NOW + MINUTE, None, NOW)) is State.PAUSING
    assert act(records, Event.RESUME, new.id) == {new.id: State.RUNNING}
    assert act(records, Event.PAUSE, new.id) == {new.id: State.PAUSING}
    assert settle(records, claimed.job, GivenBack()) is State.PAUSED
    assert len(sealed(records)) == 2
    act(records, Event.RESUME, new.id)
    (claimed,) = claim(records)
    assert act(records, Event.CANCEL, new.id) == {new.id: State.CANCELLING}
    assert settle(records, claimed.job, GivenBack()) is State.CANCELLED
    assert sealed(records) == []


def test_a_wish_is_kept_where_the_worker_is_lost(records: Records) -> None:
    paused, cancelled = wanted("a"), wanted("b")
    add(records, paused)
    add(records, cancelled)
    claim(records)
    act(records, Event.PAUSE, paused.id)
    act(records, Event.CANCEL, cancelled.id)
    assert claim(records, MINUTE) == []
    assert [shown(records, new.id).state for new in (paused, cancelled)] == [State.PAUSED, State.CANCELLED]


def test_an_ended_job_is_retried_only_with_its_secrets(records: Records) -> None:
    new, plain = wanted("a", secrets=True), wanted("b")
    for one in (new, plain):
        add(records, one)
    for claimed in claim(records):
        settle(records, claimed.job, FailedForGood("wrong password", "say the right one"))
    done = records.act(lambda connection: job_acts.act(connection, Wanted(), Event.RETRY, NOW))
    assert (done.unsealed, [change.job for change in done.changes]) == ([new.id], [plain.id])
    records.act(lambda connection: jobs.put_secrets(connection, new.id, SECRETS))
    assert act(records, Event.RETRY, new.id) == {new.id: State.WAITING}
    found = shown(records, new.id)
    assert (found.problem, found.failed, found.ended_at) == ("", 0, None)


def test_an_ended_job_is_not_retried_beside_an_open_one_of_the_same_move(records: Records) -> None:
    first, second = wanted(), wanted()
    add(records, first)
    act(records, Event.CANCEL, first.id)
    add(records, second)
    assert act(records, Event.RETRY, first.id) == {}
    act(records, Event.CANCEL, second.id)
    assert act(records, Event.RETRY, first.id) == {first.id: State.WAITING}


def test_a_batch_is_acted_on_in_slices_counted_and_summed(records: Records) -> None:
    batch = records.act(lambda connection: job_batches.join(connection, "Friday", "admin", NOW))
    for number in range(5):
        add(records, replace(wanted(f"u{number}"), batch=batch.id))
    add(records, wanted("else"))
    (claimed,) = claim(records, limit=1)
    settle(records, claimed.job, Succeeded("{}", named=False), Progress(5, 5, 500, 500))
    which, after, changed = Wanted(batch=batch.id), "", 0
    while True:
        done = records.act(partial(_pause_two, which, after))
        changed += len(done.changes)
        if done.last is None:
            break
        after = done.last
    assert changed == 4
    with records.read() as connection:
        assert job_list.totals(connection, which) == {State.DONE: 1, State.PAUSED: 4}
        assert job_list.sums(connection, which) == Progress(5, 5, 500, 500)
        assert job_list.batch(connection, "Friday") == batch == job_list.batch(connection, batch.id)
        assert job_list.batch(connection, "Monday") is None
        assert len(job_list.listing(connection, Wanted(domains=["closing.example"]), NOW)) == 6
        assert job_list.listing(connection, Wanted(domains=["other.example"]), NOW) == []


def _pause_two(which: Wanted, after: str, connection: Connection) -> Done:
    return job_acts.act(connection, which, Event.PAUSE, NOW, after=after, limit=2)
