"""Imports that were interrupted or killed, and imports that meet."""

import json
import os
import subprocess
import sys

import pytest

from mailsvc.desk import accounts_staging
from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.refusals import Refused
from mailsvc.records import marks, staging
from tests.rules.desk.imports import DOMAIN, addresses, many, staged_generations
from tests.rules.desk.world import World


# ── interrupted ─────────────────────────────────────────────────────────────────────────────────────────
def test_an_interrupted_import_leaves_the_old_directory_and_nothing_behind(world: World) -> None:
    world.take("address\nold@closing.example\n")

    def interrupt(rows: int, octets: int) -> None:
        raise KeyboardInterrupt

    file = world.write("address\n" + many(2000))
    with pytest.raises(KeyboardInterrupt):
        import_accounts(world.desk, file, world.rejects, progress=interrupt)
    assert addresses(world) == ["old@closing.example"]
    assert staged_generations(world) == 0
    assert world.take("address\nnew@closing.example\n").published


def test_what_a_killed_import_left_is_discarded_by_the_next(world: World) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    with world.desk.records.read() as conn:
        assert marks.get(conn, accounts_staging.MARK) is None
    left = world.desk.records.act(lambda conn: staging.begin(conn, DOMAIN, world.clock.now(), "killed"))
    note = {"host": os.uname().nodename, "process": int(gone.stdout), "at": world.clock.now().isoformat()}
    text = json.dumps(note | {"generations": [left]})
    world.desk.records.act(lambda conn: marks.put(conn, accounts_staging.MARK, text))
    assert world.take("address\na@closing.example\n").published
    assert staged_generations(world) == 0


def test_a_start_of_the_service_discards_what_a_killed_import_left(world: World) -> None:
    left = world.desk.records.act(lambda conn: staging.begin(conn, DOMAIN, world.clock.now(), "killed"))
    note = {"host": "elsewhere", "process": 1, "at": world.clock.now().isoformat(), "generations": [left]}
    world.desk.records.act(lambda conn: marks.put(conn, accounts_staging.MARK, json.dumps(note)))

    def start() -> str:
        return world.desk.records.act(lambda conn: accounts_staging.discard_left_behind(conn, world.clock.now()))

    assert start().startswith("process 1 on elsewhere, since ")
    assert staged_generations(world) == 1
    world.clock.advance(accounts_staging.ELSEWHERE)
    assert (start(), start()) == ("", "")
    assert staged_generations(world) == 0


@pytest.mark.parametrize("host", ["elsewhere", os.uname().nodename])
def test_a_second_import_waits_for_the_first(world: World, host: str) -> None:
    note = {"host": host, "process": 1, "at": world.clock.now().isoformat(), "generations": []}
    world.desk.records.act(lambda conn: marks.put(conn, accounts_staging.MARK, json.dumps(note)))
    with pytest.raises(Refused, match="another import is running"):
        world.take("address\na@closing.example\n")


def test_an_import_of_another_host_counts_as_gone_after_some_hours(world: World) -> None:
    note = {"host": "elsewhere", "process": 1, "at": world.clock.now().isoformat(), "generations": []}
    world.desk.records.act(lambda conn: marks.put(conn, accounts_staging.MARK, json.dumps(note)))
    world.clock.advance(accounts_staging.ELSEWHERE)
    assert world.take("address\na@closing.example\n").published
