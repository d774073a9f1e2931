"""What a journal is held to, wherever it is kept: in a file, or in the records of either database."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsvc.records.errors import Conflict
from mailsvc.records.job import Succeeded
from mailsvc.records.job_journal import JobJournal, LeaseLost
from mailsvc.records.store import Connection, Records
from migrator.journals.file import JournalFile, JournalUnusable
from migrator.journals.journal import Intent, Journal, Key, Mark, Settled, Settlement
from migrator.mailbox import FolderName, FolderState
from tests.contracts.conftest import BOTH, PATIENT, database
from tests.contracts.jobs_made import add, claim, settle, wanted
from tests.contracts.made import MINUTE

T = TypeVar("T")
INBOX = ("INBOX",)
BEFORE = FolderState(3, 17, 16, 99)
SEEN = frozenset({"\\Seen"})


def mark(uid: int, *, folder: FolderName = INBOX, validity: int = 1, settled: Settled | None = None) -> Mark:
    why = "so" if settled in {Settled.REFUSED, Settled.VANISHED} else ""
    return Mark(Key(folder, validity, uid), uid * 10, bytes([uid]) * 32, SEEN, settled, why)


Opens = Callable[[], AbstractContextManager[Journal]]


@pytest.fixture(params=["file", *BOTH])
def opens(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opens]:
    """Opens the same journal again and again."""
    if request.param == "file":
        yield lambda: JournalFile.open(tmp_path / "journal", source="old", target="new")
        return
    with database(request, tmp_path) as url, Records.open(url, busy=PATIENT, deadline=PATIENT) as records:
        add(records, wanted())
        (claimed,) = claim(records)
        yield lambda: nullcontext(JobJournal(records, claimed.job, records.act))


@pytest.fixture
def journal(opens: Opens) -> Iterator[Journal]:
    with opens() as opened:
        yield opened


def test_an_intent_stands_until_all_of_it_is_settled(journal: Journal) -> None:
    intent = Intent(INBOX, BEFORE, (mark(1), mark(2)))
    journal.write([intent])
    assert list(journal.intended()) == [intent]
    journal.write([Settlement((mark(1, settled=Settled.COPIED),))])
    assert list(journal.intended()) == [replace(intent, marks=(mark(2),))]
    journal.write([Settlement((mark(2, settled=Settled.REFUSED),))])
    assert list(journal.intended()) == []
    assert list(journal.marks(INBOX)) == [mark(1, settled=Settled.COPIED), mark(2, settled=Settled.REFUSED)]


def test_what_is_intended_anew_stands_in_one_intent_alone(journal: Journal) -> None:
    journal.write([Intent(INBOX, BEFORE, (mark(1), mark(2)))])
    again = Intent(INBOX, replace(BEFORE, uidnext=40), (mark(2),))
    journal.write([again])
    assert list(journal.intended()) == [Intent(INBOX, BEFORE, (mark(1),)), again]


def test_an_intended_message_may_be_settled_before_by_a_refusal_and_is_so_no_more(journal: Journal) -> None:
    journal.write([Settlement((mark(1, settled=Settled.REFUSED),))])
    journal.write([Intent(INBOX, BEFORE, (mark(1),))])
    assert journal.counts() == {}
    assert list(journal.known(INBOX, 1)) == [mark(1)]


def test_nothing_is_settled_without_saying_how(journal: Journal) -> None:
    with pytest.raises(ValueError, match="how"):
        journal.write([Settlement((mark(1),))])


def test_all_marks_of_a_folder_are_walked_page_by_page_while_others_are_written(journal: Journal) -> None:
    marks = [replace(mark(1, settled=Settled.COPIED), key=Key(INBOX, 1, uid)) for uid in range(1, 2501)]
    journal.write([Settlement(tuple(marks))])
    journal.write(
        [
            Settlement(
                (
                    mark(7, folder=("Other",), settled=Settled.COPIED),
                    mark(8, validity=2, settled=Settled.COPIED),
                )
            )
        ]
    )
    walked = []
    for one in journal.known(INBOX, 1):
        walked.append(one)
        if one.key.uid == 3:
            journal.write([Settlement((replace(one, key=Key(INBOX, 1, 3000)),))])
    assert [one.key.uid for one in walked] == [*range(1, 2501), 3000]


def test_a_folder_numbered_anew_gives_its_old_marks_until_it_is_finished(journal: Journal) -> None:
    journal.write(
        [
            Settlement(
                (
                    mark(1, settled=Settled.COPIED),
                    mark(2, settled=Settled.COPIED),
                )
            )
        ]
    )
    assert [one.key.uid for one in journal.former(INBOX, 5)] == [1, 2]
    new = replace(mark(1, settled=Settled.ALREADY_THERE), key=Key(INBOX, 5, 70))
    journal.write([Settlement((new,), (Key(INBOX, 1, 1),))])
    assert list(journal.former(INBOX, 5)) == [mark(2, settled=Settled.COPIED)]
    journal.finish({INBOX: FolderState(5, 71, 1)})
    assert list(journal.marks(INBOX)) == [new]
    assert journal.state(INBOX) == FolderState(5, 71, 1)


def test_names_and_notes_are_kept_in_order_and_once(opens: Opens) -> None:
    with opens() as journal:
        journal.name({("a/b",): ("a_b",)})
        journal.note(INBOX, "second, by letter")
        journal.note(INBOX, "first, by letter")
        journal.note(INBOX, "second, by letter")
    with opens() as journal:
        assert journal.names() == {("a/b",): ("a_b",)}
        assert journal.notes() == {INBOX: ["second, by letter", "first, by letter"]}


def test_what_a_server_says_is_kept_whatever_it_says(journal: Journal) -> None:
    one = replace(mark(1, settled=Settled.REFUSED), why="no \0 \udc80 thanks")
    journal.write([Settlement((one,))])
    journal.note(INBOX, "nor \0 this")
    assert [found.why for found in journal.marks(INBOX)] == ["no \ufffd ? thanks"]
    assert journal.notes() == {INBOX: ["nor \ufffd this"]}


def test_who_is_subscribed_is_kept_as_it_was_said_last(opens: Opens) -> None:
    with opens() as journal:
        assert journal.subscribed() == frozenset()
        journal.subscribe([INBOX, ("a", "b/c")])
        journal.subscribe(frozenset({("a", "b/c"), ("受信",)}))
    with opens() as journal:
        assert journal.subscribed() == {("a", "b/c"), ("受信",)}
        journal.subscribe([])
        assert journal.subscribed() == frozenset()


def test_two_folders_never_get_one_name(journal: Journal) -> None:
    journal.name({("a",): ("x",)})
    journal.name({("a",): ("x",)})
    with pytest.raises((JournalUnusable, Conflict)):
        journal.name({("b",): ("x",)})
    assert journal.names() == {("a",): ("x",)}


def test_counts_tell_messages_and_octets_by_outcome(journal: Journal) -> None:
    journal.write(
        [
            Settlement(
                (
                    mark(1, settled=Settled.COPIED),
                    mark(2, settled=Settled.COPIED),
                    mark(3, settled=Settled.REFUSED),
                )
            )
        ]
    )
    assert journal.counts() == {INBOX: {Settled.COPIED: (2, 30), Settled.REFUSED: (1, 30)}}


levels = st.text(st.characters(), min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(levels, min_size=1, max_size=3).map(tuple), st.frozensets(st.sampled_from(["\\Seen", "$a", "b"])))
def test_any_name_and_flags_come_back_as_they_were(journal: Journal, name: FolderName, flags: frozenset[str]) -> None:
    one = replace(mark(1, folder=name, settled=Settled.COPIED), flags=flags)
    journal.write([Settlement((one,))])
    journal.name({name: name})
    assert list(journal.marks(name)) == [one]
    assert journal.names()[name] == name


def test_large_numbers_come_back(journal: Journal) -> None:
    largest = 2**63 - 1
    one = Mark(Key(INBOX, largest, largest), largest, b"x" * 32, SEEN, Settled.COPIED, "", largest, largest)
    journal.write([Settlement((one,)), Intent(INBOX, FolderState(largest, largest, 7, largest), (mark(1),))])
    assert list(journal.known(INBOX, largest)) == [one]
    assert [intent.before for intent in journal.intended()] == [FolderState(largest, largest, 7, largest)]


class TestOfJobs:
    """What a journal in the records has beside."""

    def test_two_moves_know_nothing_of_each_other(self, records: Records) -> None:
        one, other = _of_a_job(records, "a"), _of_a_job(records, "b")
        one.write([Intent(INBOX, BEFORE, (mark(1),)), Settlement((mark(2, settled=Settled.COPIED),))])
        one.finish({INBOX: BEFORE})
        one.name({INBOX: INBOX})
        one.note(INBOX, "so")
        one.subscribe([INBOX])
        other.subscribe([])
        assert one.subscribed() == {INBOX}
        assert other.subscribed() == frozenset()
        assert (list(other.intended()), list(other.marks(INBOX)), list(other.known(INBOX, 1))) == ([], [], [])
        assert (other.counts(), other.names(), other.notes(), other.state(INBOX)) == ({}, {}, {}, None)
        other.write([Settlement((mark(2, settled=Settled.REFUSED),))])
        other.finish({INBOX: FolderState(9, 1, 0)})
        assert len(list(one.intended())) == 1
        assert list(one.marks(INBOX)) == []
        one.write([Settlement((mark(3, validity=3, settled=Settled.COPIED),))])
        assert len(list(one.marks(INBOX))) == 1

    def test_a_later_job_of_the_move_goes_on_with_it(self, records: Records) -> None:
        add(records, wanted())
        (claimed,) = claim(records)
        JobJournal(records, claimed.job, records.act).write([Settlement((mark(1, settled=Settled.COPIED),))])
        settle(records, claimed.job, Succeeded("{}", named=False))
        add(records, wanted())
        (again,) = claim(records)
        assert again.job.id != claimed.job.id
        assert list(JobJournal(records, again.job, records.act).marks(INBOX)) == [mark(1, settled=Settled.COPIED)]

    def test_who_has_lost_the_job_writes_nothing_more(self, records: Records) -> None:
        add(records, wanted())
        (slow,) = claim(records)
        (quick,) = claim(records, MINUTE, owner="quick")
        late, now = (JobJournal(records, one.job, records.act) for one in (slow, quick))
        writes: list[Callable[[], None]] = [
            lambda: late.write([Settlement((mark(1, settled=Settled.COPIED),))]),
            lambda: late.finish({INBOX: BEFORE}),
            lambda: late.name({INBOX: INBOX}),
            lambda: late.note(INBOX, "so"),
            lambda: late.subscribe([INBOX]),
        ]
        for write in writes:
            with pytest.raises(LeaseLost):
                write()
        assert (list(now.marks(INBOX)), now.names(), now.notes(), now.state(INBOX)) == ([], {}, {}, None)
        assert now.subscribed() == frozenset()

    async def test_no_other_takes_the_job_while_something_is_written(self, records: Records) -> None:
        """A write that began under the lease is durable, or undone, before another worker's first look."""
        add(records, wanted())
        (slow,) = claim(records)
        begun, go_on = threading.Event(), threading.Event()

        def commit(work: Callable[[Connection], T]) -> T:
            def slowly(connection: Connection) -> T:
                result = work(connection)
                begun.set()
                assert go_on.wait(PATIENT)
                return result

            return records.act(slowly)

        one = mark(1, settled=Settled.COPIED)
        writing = asyncio.create_task(
            asyncio.to_thread(JobJournal(records, slow.job, commit).write, [Settlement((one,))])
        )
        assert await asyncio.to_thread(begun.wait, PATIENT)
        taking = asyncio.create_task(asyncio.to_thread(claim, records, MINUTE, owner="quick"))
        await asyncio.wait([taking], timeout=0.2)
        was_taken = taking.done() and bool(taking.result())
        go_on.set()
        await writing
        taken = await taking or await asyncio.to_thread(claim, records, MINUTE, owner="quick")
        assert not was_taken
        assert list(JobJournal(records, taken[0].job, records.act).marks(INBOX)) == [one]


def _of_a_job(records: Records, name: str = "hanako") -> JobJournal:
    add(records, wanted(name))
    (claimed,) = claim(records)
    return JobJournal(records, claimed.job, records.act)
