"""Entries on their way into a new generation: in slices, under a note, and gone again unless published."""

import itertools
import json
import os
import time

import pytest

from mailsvc.desk.accounts_staging import MARK, Staged
from mailsvc.desk.refusals import Refused
from mailsvc.records import directory, marks, staging
from mailsvc.records.entries import Entry
from mailsvc.records.store import Connection
from schedules.names import Address, DomainName
from tests.rules.desk.imports import DOMAIN, addresses, staged_generations
from tests.rules.desk.world import World

SECOND = DomainName("second.example")


def entry(number: int, domain: str = "closing.example") -> Entry:
    return Entry(Address.parse(f"user{number}@{domain}"))


def note(world: World) -> dict[str, object] | None:
    with world.desk.records.read() as conn:
        text = marks.get(conn, MARK)
    told = None if text is None else json.loads(text)
    assert told is None or isinstance(told, dict)
    return told


def publish(world: World, staged: Staged) -> None:
    def work(conn: Connection) -> None:
        staging.publish(conn, list(staged.generations.values()), world.clock.now())
        staged.published(conn)

    world.desk.records.act(work)


def test_each_domain_gets_one_generation_however_many_slices(world: World) -> None:
    with Staged(world.desk) as staged:
        for number in range(1000):
            staged.add(entry(number))
            if number % 100 == 0:
                staged.add(entry(number, "second.example"))
        staged.flush()
        assert set(staged.generations) == {DOMAIN, SECOND}
        publish(world, staged)
    with world.desk.records.read() as conn:
        assert {str(domain) for domain in directory.ours(conn)} == {"closing.example", "second.example"}
    assert len(addresses(world)) == 1010


def test_nothing_is_seen_before_it_is_published(world: World) -> None:
    with Staged(world.desk) as staged:
        staged.add(entry(1))
        staged.flush()
        assert addresses(world) == []
    assert addresses(world) == []
    assert staged_generations(world) == 0


def test_the_note_says_who_stages_what(world: World) -> None:
    with Staged(world.desk) as staged:
        told = note(world)
        assert told is not None
        assert (told["process"], told["host"], told["generations"]) == (os.getpid(), os.uname().nodename, [])
        assert told["at"] == world.clock.now().isoformat()
        staged.add(entry(1))
        staged.flush()
        told = note(world)
        assert told is not None
        assert told["generations"] == list(staged.generations.values())
    assert note(world) is None


def test_after_a_publication_nothing_is_taken_away(world: World) -> None:
    with Staged(world.desk) as staged:
        staged.add(entry(1))
        staged.flush()
        publish(world, staged)
    assert addresses(world) == ["user1@closing.example"]
    assert note(world) is None


def test_starting_again_gives_up_what_was_staged_and_what_waits(world: World) -> None:
    with Staged(world.desk) as staged:
        staged.add(entry(1))
        staged.flush()
        (first,) = staged.generations.values()
        staged.add(entry(2))
        staged.start_again()
        assert staged.generations == {}
        staged.add(entry(3))
        staged.flush()
        assert staged.generations[DOMAIN] != first
        publish(world, staged)
    assert addresses(world) == ["user3@closing.example"]
    assert staged_generations(world) == 0


def test_an_error_inside_discards_everything(world: World) -> None:
    def fail() -> None:
        with Staged(world.desk) as staged:
            staged.add(entry(1))
            staged.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (addresses(world), staged_generations(world), note(world)) == ([], 0, None)


def test_flushing_nothing_is_nothing(world: World) -> None:
    with Staged(world.desk) as staged:
        staged.flush()
        assert staged.generations == {}


def test_an_import_of_this_host_that_runs_is_waited_for_and_left_alone(world: World) -> None:
    other = os.getppid()
    told = {"host": os.uname().nodename, "process": other, "at": world.clock.now().isoformat(), "generations": []}
    world.desk.records.act(lambda conn: marks.put(conn, MARK, json.dumps(told)))
    with pytest.raises(Refused, match=f"process {other} on .*: wait until it is done"), Staged(world.desk):
        raise AssertionError
    assert note(world) == told


def slices(world: World, monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[int]:
    """The lengths of the slices that 5000 entries are written in, where each takes so long."""
    written: list[int] = []
    now = [0.0]

    def stage(_conn: object, _generation: int, entries: list[Entry]) -> None:
        written.append(len(entries))
        now[0] += seconds

    monkeypatch.setattr(staging, "stage", stage)
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    with Staged(world.desk) as staged:
        for number in range(5000):
            staged.add(entry(number))
        staged.flush()
    assert sum(written) == 5000
    return written


def test_slow_records_get_ever_shorter_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written = slices(world, monkeypatch, staging.SECONDS * 1.5)
    assert written[0] == staging.SLICE
    assert all(later <= earlier for earlier, later in itertools.pairwise(written[:-1]))
    assert min(written[:-1]) == staging.FEWEST


def test_quick_records_get_longer_ones_up_to_a_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written = slices(world, monkeypatch, 0.0)
    assert written[0] == staging.SLICE < written[1]
    assert max(written) <= staging.MOST
