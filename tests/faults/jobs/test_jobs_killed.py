"""`export-kill`: workers killed in the midst of jobs; another goes on, nothing is lost and nothing is there twice."""

import signal
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from mailsvc.records import job_list, jobs
from mailsvc.records.job import Job, JobKind, NewJob, move_digest
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Records
from migrator.job import State
from schedules.clock import SystemClock
from tests.faults.jobs.worker import LEASE
from tests.faults.test_maildir_moves import ROOT, told
from tests.real.postgresql import postgresql
from tests.rules.migrator.maildir.trees import folder, lay
from tests.support.deadline import wait_until
from tests.support.programs import Program
from tests.support.run_folder import RunFolder

SAMPLED = 12  # kill points of a run
WITHIN = 120.0


def filled(root: Path, letters: int) -> None:
    for name, count in (("", letters), (".Sent", 3)):
        box = folder(root, name)
        for number in range(count):
            octets = b"Subject: %d\r\n\r\ntext of it\r\n" % (number // 2)  # each has a twin
            lay(box, f"{1000 + number}.M{number}P1.a:2,{'S' if number % 3 else ''}", octets)


class Fleet:
    """Mailboxes to be moved, the records, and workers on both."""

    def __init__(self, tmp_path: Path, url: str, mailboxes: int, letters: int) -> None:
        self.folder, self.url = tmp_path, url
        self.names = [f"user{number}" for number in range(mailboxes)]
        for name in self.names:
            filled(tmp_path / "old" / name, letters)
        (tmp_path / "new").mkdir()
        with Records.open(url, create=True) as records:
            for name in self.names:
                records.act(partial(jobs.add, new=self._job(name), now=SystemClock().now()))

    def _job(self, name: str) -> NewJob:
        source, target = (f"maildir:{self.folder}/{side}/{name}" for side in ("old", "new"))
        return NewJob(f"job-{name}", JobKind.MAILBOX, source, target, move_digest(source, target), "tests")

    def worker(self, owner: str, kill_at: int = 0, lease: float = LEASE) -> Program:
        command = [sys.executable, "-m", "tests.faults.jobs.worker", self.url, owner, str(kill_at), str(lease)]
        return Program(command, self.folder / f"{owner}.log", cwd=ROOT, environ={"PYTHONPATH": str(ROOT)})

    def jobs(self) -> Mapping[str, Job]:
        with Records.open(self.url) as records, records.read() as connection:
            return {job.id: job for job in job_list.listing(connection, Wanted(), SystemClock().now())}

    def owners(self) -> set[str]:
        return {job.owner for job in self.jobs().values()}

    def moved(self) -> int:
        return sum(1 for _ in (self.folder / "new").rglob("cur/*"))

    def check(self) -> None:
        assert {job.state for job in self.jobs().values()} == {State.DONE}, self.jobs()
        for name in self.names:
            assert told(self.folder / "new" / name) == told(self.folder / "old" / name), name


@pytest.mark.real("postgresql")
@pytest.mark.parametrize("after", [5, 300, 900])
def test_two_workers_and_one_is_killed_in_the_midst_of_its_moves(
    tmp_path: Path, run_folder: RunFolder, after: int
) -> None:
    server = postgresql(run_folder)
    fleet = Fleet(tmp_path, server.url(server.new_database()), 6, 400)
    with fleet.worker("one") as one:
        wait_until(lambda: "one" in fleet.owners(), "jobs of the first", WITHIN)
        with fleet.worker("two") as two:
            wait_until(lambda: fleet.moved() >= after, "messages moved", WITHIN)
            one.send(signal.SIGKILL)
            two.wait(WITHIN)
    fleet.check()
    assert [job.attempts for job in fleet.jobs().values() if job.attempts > 1]  # what the killed one had


@pytest.mark.real("postgresql")
def test_a_worker_that_is_stopped_gives_its_jobs_back_at_once(tmp_path: Path, run_folder: RunFolder) -> None:
    server = postgresql(run_folder)
    fleet = Fleet(tmp_path, server.url(server.new_database()), 3, 2000)
    with fleet.worker("one", lease=600.0) as one:  # so what waits again was given back, and not lost
        wait_until(lambda: "one" in fleet.owners(), "jobs in hand", WITHIN)
        one.send(signal.SIGTERM)
        one.wait(WITHIN)
    given_back = fleet.jobs().values()
    assert {job.state for job in given_back} <= {State.WAITING, State.DONE}
    assert 1 in {job.attempts for job in given_back if job.state is State.WAITING}
    assert all(job.lease_until is None and job.failed == 0 for job in given_back)
    with fleet.worker("two") as two:
        two.wait(WITHIN)
    fleet.check()


def _killed_at(folder_: Path, point: int) -> bool:
    """Whether it was killed: a run may have a step less than another, which wrote its progress once more."""
    folder_.mkdir()
    fleet = Fleet(folder_, f"sqlite:///{folder_}/records.db", 1, 9)
    with fleet.worker("killed", point) as killed:
        code = killed.child.wait(WITHIN)
        assert code in {0, -signal.SIGKILL}
    with fleet.worker("next") as following:
        following.wait(WITHIN)
    fleet.check()
    return code != 0


def test_killed_at_some_durable_steps_another_goes_on(tmp_path: Path) -> None:
    _at_every(tmp_path, SAMPLED)


@pytest.mark.long
def test_killed_at_any_durable_step_another_goes_on(tmp_path: Path) -> None:
    _at_every(tmp_path, 10_000)


def _at_every(tmp_path: Path, sampled: int) -> None:
    (tmp_path / "watched").mkdir()
    fleet = Fleet(tmp_path / "watched", f"sqlite:///{tmp_path}/watched/records.db", 1, 9)
    with fleet.worker("watched") as watched:
        watched.wait(WITHIN)
    steps = int(watched.log.read_text().splitlines()[-1])
    assert steps > 40
    points = range(1, steps, max(1, steps // sampled))
    killed = sum(_killed_at(tmp_path / str(point), point) for point in points)
    assert killed >= len(points) * 0.8
