import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from mailsvc.records import job_batches, job_forecast, jobs
from mailsvc.records.job import Job, Progress, Succeeded
from mailsvc.records.job_forecast import WINDOW, Measured, expected_end
from mailsvc.records.jobs import Batch
from mailsvc.records.store import Records
from migrator.job import State
from tests.contracts.jobs_made import add, claim, shown, wanted
from tests.contracts.made import MINUTE, NOW

SECOND = timedelta(seconds=1)


def joined(records: Records, name: str = "friday") -> Batch:
    return records.act(lambda connection: job_batches.join(connection, name, "admin", NOW))


def measured(records: Records, at: timedelta) -> Measured:
    with records.read() as connection:
        return job_forecast.measured(connection, NOW + at)


def done(records: Records, job: Job, at: timedelta, messages: int = 10, octets: int = 1000) -> None:
    progress = Progress(messages, messages, octets, octets)
    ending = Succeeded("{}", named=False)
    records.act(lambda connection: jobs.settle(connection, job, ending, NOW + at, progress))


async def test_a_batch_is_one_whoever_makes_it(records: Records) -> None:
    made = await asyncio.gather(*(asyncio.to_thread(joined, records) for _ in range(8)))
    assert len({one.id for one in made}) == 1
    assert joined(records, "monday").id != made[0].id


def test_a_move_is_found_in_its_batch_in_whatever_state(records: Records) -> None:
    batch, other = joined(records), joined(records, "monday")
    news = [replace(wanted(f"u{number}"), batch=batch.id) for number in range(3)]
    for new in news[:2]:
        add(records, new)
    (first, _) = claim(records)
    done(records, first.job, MINUTE / 2)
    digests = [one.move for one in news]
    with records.read() as connection:
        assert job_batches.moves_in(connection, batch.id, digests) == set(digests[:2])
        assert job_batches.moves_in(connection, other.id, digests) == set()
        assert job_batches.span(connection, batch.id).ended == NOW + MINUTE / 2
        assert job_batches.span(connection, other.id).began is None


def test_what_was_done_lately_is_measured(records: Records) -> None:
    for number in range(6):
        add(records, wanted(f"u{number}"))
    assert measured(records, timedelta(0)).seconds_each is None
    first = claim(records, limit=2)
    for one in first:
        done(records, one.job, MINUTE)
    claim(records, MINUTE, limit=1)
    pace = measured(records, 2 * MINUTE)
    assert (pace.jobs, pace.messages, pace.octets, pace.running) == (2, 20, 2000, 1)
    assert (pace.time, pace.seconds_each) == (2 * MINUTE, 60.0)
    assert pace.per_hour(pace.messages) == pytest.approx(600)
    assert measured(records, WINDOW + 2 * MINUTE).jobs == 0


def test_who_waits_is_told_when_by_his_place_in_the_queue(records: Records) -> None:
    news = [wanted(f"u{number}") for number in range(5)]
    for new in news:
        add(records, new)
    (first,) = claim(records, limit=1)
    done(records, first.job, MINUTE)
    claim(records, MINUTE, limit=1)
    at = NOW + MINUTE
    pace = measured(records, MINUTE)
    ends = [expected_end(shown(records, new.id, at), pace, at) for new in news[2:]]
    assert ends == [at + number * MINUTE for number in (2, 3, 4)]


def test_who_runs_is_told_when_by_what_is_left(records: Records) -> None:
    add(records, wanted())
    (one,) = claim(records)
    half = Progress(10, 40, 100, 400)
    running = replace(one.job, progress=half)
    pace = Measured(0, 0, 0, timedelta(), 1)
    assert expected_end(running, pace, NOW + MINUTE) == NOW + 4 * MINUTE
    assert expected_end(running, pace, NOW + SECOND) is None
    assert expected_end(replace(running, progress=Progress()), pace, NOW + MINUTE) is None
    usual = Measured(2, 0, 0, 2 * MINUTE, 1)
    assert expected_end(replace(running, progress=Progress()), usual, NOW + SECOND) == NOW + MINUTE
    assert expected_end(replace(running, progress=Progress()), usual, NOW + 9 * MINUTE) == NOW + 9 * MINUTE


def test_who_rests_until_a_time_is_not_told_an_earlier_one(records: Records) -> None:
    new = replace(wanted(), not_before=NOW + 60 * MINUTE)
    add(records, new)
    pace = Measured(10, 0, 0, 10 * MINUTE, 0)
    assert expected_end(shown(records, new.id), pace, NOW) == NOW + 61 * MINUTE
    paused = replace(shown(records, new.id), state=State.PAUSED, position=None)
    assert expected_end(paused, pace, NOW) is None


def test_a_batch_ends_when_its_last_job_does(records: Records) -> None:
    batch = joined(records)
    for number in range(4):
        add(records, replace(wanted(f"u{number}"), batch=batch.id))
        add(records, wanted(f"else{number}"))
    pace = Measured(2, 0, 0, 2 * MINUTE, 0)
    with records.read() as connection:
        assert job_forecast.last_end(connection, batch.id, pace, NOW) == NOW + 7 * MINUTE
        assert job_forecast.last_end(connection, joined(records, "none").id, pace, NOW) is None
        nothing = Measured(0, 0, 0, timedelta(), 0)
        assert job_forecast.last_end(connection, batch.id, nothing, NOW) is None
