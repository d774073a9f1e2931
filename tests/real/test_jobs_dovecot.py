"""Jobs between users of a real Dovecot: their worker is killed in the midst, another brings the rest, once."""

import signal
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest

from mailsvc.kit.mailbox_urls import parse_mailbox
from mailsvc.kit.sealing import Sealer
from mailsvc.kit.secrets import Secret
from mailsvc.records import job_list, jobs
from mailsvc.records.job import JobKind, NewJob, Side, move_digest
from mailsvc.records.job_list import Wanted
from mailsvc.records.store import Records
from migrator.job import State
from schedules.clock import SystemClock
from tests.faults.test_maildir_moves import ROOT
from tests.real.dovecot import Dovecot, dovecot
from tests.real.mailboxes import PASSWORD, Place, fill, told
from tests.real.postgresql import postgresql
from tests.support.programs import Program
from tests.support.run_folder import RunFolder

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.real("postgresql")]

COUNTS = {"INBOX": 80, "A/B c": 20}
LEASE, LONG_LEASE = 2, 3600  # seconds: soon free again; kept, however slow the machine is
WORKERS_KEY = b"k" * 32  # of tests.faults.jobs.worker


def user(server: Dovecot, address: str) -> Place:
    server.add_user(address, PASSWORD)
    return Place(server.imap, address)


def url(place: Place) -> str:
    return f"imap://{quote(place.user)}@127.0.0.1:{place.port}?tls=none"


@pytest.mark.parametrize("step", [7, 8, 10])  # before and after a transaction of the records; a run has more
def test_a_worker_is_killed_while_it_moves_and_nothing_is_lost_or_there_twice(
    tmp_path: Path, run_folder: RunFolder, step: int
) -> None:
    server, database = dovecot(run_folder), postgresql(run_folder)
    where = database.url(database.new_database())
    old, new = (user(server, f"{side}{step}@jobs.example") for side in ("old", "new"))
    fill(old, COUNTS)
    source, target = url(old), url(new)
    digest = move_digest(str(parse_mailbox(source)), str(parse_mailbox(target)))
    sealer = Sealer([WORKERS_KEY])
    secrets = {side: sealer.seal(Secret(PASSWORD), job="job", side=side) for side in Side}
    job = NewJob("job", JobKind.MAILBOX, source, target, digest, "tests", secrets=secrets)
    with Records.open(where, create=True) as records:
        records.act(partial(jobs.add, new=job, now=SystemClock().now()))

        def worker(owner: str, kill_at: int = 0, lease: int = LEASE) -> Program:
            command = [sys.executable, "-m", "tests.faults.jobs.worker", where, owner, str(kill_at), "KILL", str(lease)]
            return Program(command, tmp_path / f"{owner}.log", cwd=ROOT, environ={"PYTHONPATH": str(ROOT)})

        with worker("one", step) as one:
            assert one.wait() == -signal.SIGKILL
        with worker("two", lease=LONG_LEASE) as two:
            two.wait()
        with records.read() as connection:
            (ended,) = job_list.listing(connection, Wanted(), SystemClock().now())
    # The first one, whose lease is short, may have lost it and taken the job again before it was killed.
    assert (ended.state, ended.attempts >= 2) == (State.DONE, True)
    before, now = told(old).messages, told(new).messages
    for name in COUNTS:
        assert Counter(now[name]) == Counter(before[name])
