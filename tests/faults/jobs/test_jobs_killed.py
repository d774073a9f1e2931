"""`export-kill`: workers killed in the midst of jobs; another goes on, nothing is lost and nothing is there twice."""

import signal
import sys
from collections.abc import Mapping
from functools import partial
from itertools import count as counting
from pathlib import Path

import pytest

from mailsvc.records import job_list, jobs
from mailsvc.records.job import Job, JobKind, NewJob, move_digest
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Records
from migrator.job import State
from schedules.clock import SystemClock
from tests.faults.test_maildir_moves import ROOT, told
from tests.real.postgresql import postgresql
from tests.rules.migrator.maildir.trees import folder, lay
from tests.support.deadline import wait_until
from tests.support.programs import Program
from tests.support.run_folder import RunFolder

EACH = 33  # one kill point of so many
WITHIN = 300.0
LEASE = 2.0  # seconds, so that what a killed worker had is soon free again


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

    def worker(self, owner: str, at: int = 0, signal_: str = "KILL", lease: float = LEASE) -> Program:
        command = [sys.executable, "-m", "tests.faults.jobs.worker", self.url, owner, str(at), signal_, str(lease)]
        return Program(command, self.folder / f"{owner}.log", cwd=ROOT, environ={"PYTHONPATH": str(ROOT)})

    def jobs(self) -> Mapping[str, Job]:
        with Records.open(self.url) as records, records.read() as connection:
            return {job.id: job for job in job_list.listing(connection, Wanted(), SystemClock().now())}

    def owners(self) -> set[str]:
        return {job.owner for job in self.jobs().values()}

    def check(self) -> None:
        assert {job.state for job in self.jobs().values()} == {State.DONE}, self.jobs()
        for name in self.names:
            assert told(self.folder / "new" / name) == told(self.folder / "old" / name), name


@pytest.mark.real("postgresql")
@pytest.mark.parametrize("at", [60, 1500, 4000])
def test_two_workers_and_one_is_killed_in_the_midst_of_its_moves(
    tmp_path: Path, run_folder: RunFolder, at: int
) -> None:
    server = postgresql(run_folder)
    fleet = Fleet(tmp_path, server.url(server.new_database()), 6, 400)  # each takes more steps than that
    with fleet.worker("one", at) as one:
        wait_until(lambda: "one" in fleet.owners(), "jobs of the first", WITHIN)
        with fleet.worker("two") as two:
            two.wait(WITHIN)
            one.wait(WITHIN)
    fleet.check()
    assert [job.attempts for job in fleet.jobs().values() if job.attempts > 1]  # what the killed one had


@pytest.mark.real("postgresql")
def test_a_worker_that_is_stopped_gives_its_jobs_back_at_once(tmp_path: Path, run_folder: RunFolder) -> None:
    server = postgresql(run_folder)
    fleet = Fleet(tmp_path, server.url(server.new_database()), 3, 2000)
    with fleet.worker("one", 200, "TERM", lease=6000.0) as one:  # so what waits again was given back, and not lost
        one.wait(WITHIN)
    given_back = fleet.jobs().values()
    assert {job.state for job in given_back} <= {State.WAITING, State.DONE}
    assert 1 in {job.attempts for job in given_back if job.state is State.WAITING}
    assert all(job.lease_until is None and job.failed == 0 for job in given_back)
    with fleet.worker("two") as two:
        two.wait(WITHIN)
    fleet.check()


def _killed_at(folder_: Path, point: int) -> bool:
    """Whether it was killed: else it has no step of this number."""
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
    _at_each(tmp_path, EACH)


@pytest.mark.long
def test_killed_at_any_durable_step_another_goes_on(tmp_path: Path) -> None:
    _at_each(tmp_path, 1)


def _at_each(tmp_path: Path, stride: int) -> None:
    """Up to a point that no run comes to: how many there are depends on how often progress is written."""
    for point in counting(1, stride):
        if not _killed_at(tmp_path / str(point), point):
            assert point > 150
            return
