from datetime import timedelta
from functools import partial

from prometheus_client import CollectorRegistry

from mailsvc.kit.metrics import Metrics
from mailsvc.records import job_hosts
from mailsvc.workers.jobs.tally import Tally
from migrator.job import Event, State
from tests.rules.workers.jobs.yard import Yard


async def test_jobs_by_state_hosts_that_rest_and_what_was_moved_are_counted(yard: Yard) -> None:
    metrics = Metrics(CollectorRegistry())
    yard.moved = metrics.jobs.moved
    yard.fill("hanako", 3)
    done, cancelled = await yard.ask("hanako"), await yard.ask("jiro")
    await yard.act(Event.CANCEL, cancelled)
    async with yard.working():
        await yard.until(done, State.DONE)
    await yard.ask("saburo")
    for host in ("imap.gmail.com", "imap.old.example", "imap.older.example"):
        await yard.write(partial(job_hosts.rest_host, host=host, why="[LIMIT]", now=yard.clock.now()))
    tally = Tally(yard.records, metrics.jobs, now=yard.clock.now)
    await tally.look()
    page = metrics.text().decode()
    for line in (
        'lastpost_jobs{state="done"} 1.0',
        'lastpost_jobs{state="cancelled"} 1.0',
        'lastpost_jobs{state="waiting"} 1.0',
        'lastpost_jobs{state="failed"} 0.0',
        'lastpost_hosts_resting{provider="gmail"} 1.0',
        'lastpost_hosts_resting{provider="generic"} 2.0',
        "lastpost_job_messages_total 3.0",
        "lastpost_job_octets_total 60.0",
    ):
        assert line in page, line
    later = Tally(yard.records, metrics.jobs, now=lambda: yard.clock.now() + timedelta(days=1))
    await later.look()
    assert 'lastpost_hosts_resting{provider="generic"} 0.0' in metrics.text().decode()
