from datetime import datetime, timedelta

import pytest

from mailsvc.kit.presets import Preset, preset_of
from mailsvc.records import job_budgets, job_claims, job_hosts, job_list, jobs
from mailsvc.records.job import Claimed, FailedForNow, Succeeded
from mailsvc.records.job_budgets import DAY, HOUR, Octets
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Records
from mailsvc.records.tables import host_budgets
from tests.contracts.jobs_made import add, claim, settle, shown, wanted
from tests.contracts.made import MINUTE, NOW

OLD, NEW = "imap.old.example", "imap.new.example"
SECOND = timedelta(seconds=1)


def rest(records: Records, at: timedelta, asked: timedelta | None = None) -> timedelta:
    """How long the host rests from then on."""
    now = NOW + at
    until: datetime = records.act(
        lambda connection: job_hosts.rest_host(connection, OLD, "[THROTTLED]", now, asked=asked)
    )
    return until - now


def begun(records: Records, at: timedelta, terms: Preset) -> list[Claimed]:
    def take(_host: str) -> Preset:
        return terms

    return records.act(
        lambda connection: job_claims.claim(
            connection, "w1", NOW + at, 60 * MINUTE, limit=100, most_at_a_host=100, terms=take
        )
    )


def test_a_host_that_asks_again_and_again_rests_longer_each_time(records: Records) -> None:
    at, rests = timedelta(0), []
    for _ in range(9):
        rests.append(rest(records, at))
        at += rests[-1]
    assert rests == [number * MINUTE for number in (1, 2, 4, 8, 16, 32, 60, 60, 60)]


def test_jobs_that_hear_the_same_at_once_make_one_rest(records: Records) -> None:
    assert rest(records, timedelta(0)) == MINUTE
    assert rest(records, 10 * SECOND) == 50 * SECOND
    assert rest(records, 20 * SECOND, asked=5 * MINUTE) == 5 * MINUTE
    assert rest(records, 10 * MINUTE) == 2 * MINUTE


def test_a_host_rests_no_less_than_it_asks(records: Records) -> None:
    assert rest(records, timedelta(0), asked=timedelta(hours=3)) == timedelta(hours=3)


def test_a_job_that_waits_for_a_host_which_rests_says_so(records: Records) -> None:
    waits = add(records, wanted(source_host=OLD)).id
    elsewhere = add(records, wanted("other", source_host=NEW)).id
    rest(records, timedelta(0), asked=5 * MINUTE)
    told = {one: shown(records, one) for one in (waits, elsewhere)}
    assert (told[waits].next_at, told[waits].problem) == (
        NOW + 5 * MINUTE,
        f"{OLD} has asked for patience: [THROTTLED]",
    )
    assert told[elsewhere].problem == ""
    with records.read() as connection:
        listed = {one.id: one for one in job_list.listing(connection, Wanted(), NOW)}
    assert listed == told, "the batch's report reads the list"


def test_what_a_job_waited_for_before_is_not_said_of_its_host_s_rest(records: Records) -> None:
    """Its own wait ends before the host's; one whose own wait ends later says why itself."""
    soon, late = (add(records, wanted(name, source_host=OLD)).id for name in ("soon", "late"))
    own = {soon: NOW + MINUTE, late: NOW + 9 * MINUTE}
    for one in claim(records):
        settle(records, one.job, FailedForNow("somebody else has it open", own[one.job.id], progressed=False))
    rest(records, timedelta(0), asked=5 * MINUTE)
    told = {one: (shown(records, one).next_at, shown(records, one).problem) for one in (soon, late)}
    assert told == {
        soon: (NOW + 5 * MINUTE, f"{OLD} has asked for patience: [THROTTLED]"),
        late: (NOW + 9 * MINUTE, "somebody else has it open"),
    }


def test_once_a_job_there_is_done_the_next_rest_is_short(records: Records) -> None:
    for at in (timedelta(0), MINUTE):
        rest(records, at)
    add(records, wanted(source_host=OLD))
    (only,) = claim(records, 5 * MINUTE)
    done = Succeeded("{}", named=False)
    records.act(lambda connection: jobs.settle(connection, only.job, done, NOW + 6 * MINUTE))
    assert rest(records, 7 * MINUTE) == MINUTE


def test_a_job_that_heard_it_lets_its_host_rest_for_all(records: Records) -> None:
    for name in ("a", "b"):
        add(records, wanted(name, source_host=OLD))
    add(records, wanted("c", source_host=NEW))
    (first,) = claim(records, limit=1)
    now = NOW + MINUTE / 2
    settle(records, first.job, FailedForNow("[THROTTLED]", now, progressed=False, resting=OLD, asked=10 * MINUTE))
    assert shown(records, first.job.id).next_at == now + 10 * MINUTE
    (other,) = claim(records, MINUTE)
    assert other.job.source_host == NEW
    assert [one.job.source_host for one in claim(records, 11 * MINUTE)].count(OLD) == 2


def test_a_full_mailbox_waits_by_itself(records: Records) -> None:
    for name in ("a", "b"):
        add(records, wanted(name, source_host=OLD))
    (first,) = claim(records, limit=1)
    settle(records, first.job, FailedForNow("[OVERQUOTA]", NOW + 60 * MINUTE, progressed=False))
    (other,) = claim(records, MINUTE)
    assert other.job.id != first.job.id


def test_no_more_jobs_begin_in_a_minute_than_a_host_bears(records: Records) -> None:
    for number in range(7):
        add(records, wanted(f"u{number}", source_host=OLD))
    slow = Preset("slow", "slow", per_minute=3)
    assert len(begun(records, timedelta(0), slow)) == 3
    assert begun(records, 59 * SECOND, slow) == []
    assert len(begun(records, MINUTE + SECOND, slow)) == 3
    assert len(begun(records, 2 * MINUTE + 2 * SECOND, slow)) == 1


def test_a_provider_has_its_own_number_of_jobs_at_once(records: Records) -> None:
    cloud = preset_of("imap.mail.me.com")
    for number in range(20):
        add(records, wanted(f"u{number}", source_host=cloud.host))
    assert len(claim(records, limit=100)) == cloud.per_host
    records.act(lambda connection: job_hosts.limit_host(connection, cloud.host, 6, "agreed"))
    assert len(claim(records, timedelta(seconds=2), limit=100)) == 2


def spend(records: Records, at: timedelta, down: int = 0, up: int = 0) -> None:
    octets = Octets(down, up)
    records.act(lambda connection: job_budgets.spend(connection, "hanako", NOW + at, octets))


def left(records: Records, at: timedelta, most: Octets) -> int | None:
    with records.read() as connection:
        return job_budgets.left(connection, "hanako", NOW + at, most)


def free_at(records: Records, at: timedelta, most: Octets) -> datetime | None:
    with records.read() as connection:
        return job_budgets.free_at(connection, "hanako", NOW + at, most)


def test_octets_count_for_a_day_by_each_mailbox(records: Records) -> None:
    most = Octets(down=100, up=None)
    assert left(records, timedelta(0), most) == 100
    spend(records, timedelta(0), down=30, up=1000)
    spend(records, MINUTE, down=20)
    assert left(records, MINUTE, most) == 50
    assert left(records, MINUTE, Octets(down=None, up=None)) is None
    assert left(records, MINUTE, Octets(down=100, up=900)) == -100
    assert left(records, DAY, most) == 50
    assert left(records, DAY + HOUR, most) == 100


def test_who_has_used_up_a_day_waits_until_a_fourth_is_free(records: Records) -> None:
    most = Octets(down=100, up=None)
    for hour, down in ((0, 10), (3, 60), (5, 30)):
        assert free_at(records, hour * HOUR, most) is None
        spend(records, hour * HOUR, down=down)
    free = free_at(records, 5 * HOUR, most)
    assert free == NOW.replace(minute=0, second=0, microsecond=0) + 3 * HOUR + HOUR + DAY
    assert left(records, free - NOW, most) == 70
    assert free_at(records, free - NOW, most) is None


def test_what_no_longer_counts_is_forgotten(records: Records) -> None:
    for hour in range(60):
        spend(records, hour * HOUR, down=1)
    at = NOW + 59 * HOUR
    while records.act(lambda connection: job_budgets.sweep(connection, at, 10)):
        pass
    with records.read() as connection:
        assert len(connection.execute(host_budgets.select()).all()) == 25


@pytest.mark.parametrize("most", [Octets(0, None), Octets(None, 0)])
def test_where_nothing_is_allowed_there_is_no_room(records: Records, most: Octets) -> None:
    assert left(records, timedelta(0), most) == 0
    assert free_at(records, timedelta(0), most) == NOW + HOUR
