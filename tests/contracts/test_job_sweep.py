"""What is forgotten of jobs when their time is over, and what is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection, Table, func, select

from mailsvc.records import export_removal, exports, job_batches, job_sweep, links
from mailsvc.records.export_removal import Old
from mailsvc.records.exports import Export, ExportFile, ExportForm
from mailsvc.records.job import JobKind, NewJob, Succeeded
from mailsvc.records.job_journal import JobJournal
from mailsvc.records.links import NewLink
from mailsvc.records.store import Records
from mailsvc.records.tables import batches, metadata, moves
from mailsvc.records.tables import jobs as job_rows
from migrator.journals.journal import Intent, Key, Mark, Settled, Settlement
from migrator.mailbox import FolderState
from tests.contracts.jobs_made import add, claim, settle, wanted
from tests.contracts.made import MINUTE, NOW

INBOX = ("INBOX",)
LATER = NOW + timedelta(days=200)
OVER = NOW + timedelta(days=20)
MARKS = 25
JOURNALS = tuple(table for table in metadata.tables.values() if table.name.startswith("journal_"))


def forget(records: Records, limit: int = 10) -> None:
    slices: list[Callable[[Connection], int]] = [
        lambda connection: job_sweep.sweep_jobs(connection, OVER, limit),
        lambda connection: job_sweep.sweep_moves(connection, limit),
        lambda connection: job_sweep.sweep_batches(connection, OVER, limit),
    ]
    for one in slices:
        while 0 < records.act(one) <= limit:
            pass


def ended(records: Records, new: NewJob) -> str:
    """A job carried out, with something in every part of its journal."""
    add(records, new)
    (claimed,) = claim(records)
    journal = JobJournal(records, claimed.job, records.act)
    marks = [Mark(Key(INBOX, 1, uid), 10, b"x" * 32, frozenset(), Settled.COPIED) for uid in range(1, MARKS + 1)]
    journal.write([Settlement(tuple(marks)), Intent(INBOX, FolderState(1, 2, 3), (replace(marks[0], settled=None),))])
    journal.name({INBOX: INBOX})
    journal.note(INBOX, "so")
    journal.subscribe([INBOX])
    journal.finish({INBOX: FolderState(1, 26, 25)})
    settle(records, claimed.job, Succeeded("{}", named=False))
    return claimed.job.id


def count(records: Records, *tables: Table) -> int:
    with records.read() as connection:
        return sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def left(records: Records) -> set[str]:
    with records.read() as connection:
        return set(connection.scalars(select(job_rows.c.id)))


def test_a_job_and_the_journal_of_its_move_go_when_their_time_is_over(records: Records) -> None:
    ended(records, wanted("hanako"))
    open_ = add(records, wanted("jiro")).id
    assert all(count(records, table) for table in JOURNALS)
    forget(records)
    assert left(records) == {open_}
    assert (count(records, *JOURNALS), count(records, moves)) == (0, 1)


def test_the_journal_stays_as_long_as_any_job_of_the_move(records: Records) -> None:
    """A delta needs what the first pass knew."""
    ended(records, wanted("hanako"))
    again = add(records, wanted("hanako"), LATER).id
    forget(records)
    assert left(records) == {again}
    assert count(records, *JOURNALS) > MARKS
    (claimed,) = claim(records, timedelta(days=300))
    assert len(list(JobJournal(records, claimed.job, records.act).known(INBOX, 1))) == MARKS


def test_who_asks_while_a_journal_goes_begins_anew_and_meets_no_half_of_it(records: Records) -> None:
    ended(records, wanted("hanako"))
    records.act(lambda connection: job_sweep.sweep_jobs(connection, OVER, 10))
    assert records.act(lambda connection: job_sweep.sweep_moves(connection, 10)) == 10
    add(records, wanted("hanako"), LATER)
    (claimed,) = claim(records, timedelta(days=300))
    journal = JobJournal(records, claimed.job, records.act)
    assert (list(journal.marks(INBOX)), journal.state(INBOX), journal.names()) == ([], None, {})
    journal.write([Settlement((Mark(Key(INBOX, 1, 1), 1, b"x" * 32, frozenset(), Settled.COPIED),))])
    forget(records)
    assert count(records, *JOURNALS) == 1


def test_a_batch_goes_whole_with_its_last_job(records: Records) -> None:
    batch = records.act(lambda connection: job_batches.join(connection, "friday", "admin", NOW)).id
    first = ended(records, replace(wanted("hanako"), batch=batch))
    second = add(records, replace(wanted("jiro"), batch=batch)).id
    forget(records)
    assert left(records) == {first, second}
    (claimed,) = claim(records, MINUTE / 4)
    settle(records, claimed.job, Succeeded("{}", named=False))
    forget(records)
    assert (left(records), count(records, batches)) == (set(), 0)
    assert records.act(lambda connection: job_batches.join(connection, "friday", "admin", LATER)).asked_at == LATER


def test_an_export_stays_while_a_link_leads_to_it_or_its_files_may_be_on_the_disk(records: Records) -> None:
    linked, filed, bare = (replace(wanted(name), kind=JobKind.EXPORT) for name in ("a", "b", "c"))
    for new in (linked, filed, bare):
        ended(records, new)
        export = Export(new.id, ExportForm.ZIP, f"/exports/{new.id}")
        records.act(partial(exports.add, export=export))
    forget(records)
    assert left(records) == {linked.id, filed.id, bare.id}  # they are still to be handed over
    for new in (linked, filed, bare):
        files = [ExportFile(1, "mail.zip", 5, "0" * 64)] if new is filed else []
        records.act(partial(exports.hand_over, job=new.id, files=files, at=NOW))
    link = NewLink("1" * 64, linked.id, linked.address, "admin", LATER)
    records.act(partial(links.make, new=link, now=NOW))
    forget(records)
    assert left(records) == {linked.id, filed.id, bare.id}
    for new in (filed, bare):
        old = Old(f"/exports/{new.id}", new.address)
        assert records.act(partial(export_removal.begin, old=old, before=LATER, now=LATER))
        forget(records)
        records.act(partial(export_removal.end, old=old))
    forget(records)
    assert left(records) == {linked.id}
