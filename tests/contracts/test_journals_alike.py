"""The journal in a file and those in the records answer alike, whatever is written into them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsvc.records.errors import Conflict
from mailsvc.records.job_journal import JobJournal
from mailsvc.records.store import Records
from migrator.journals.file import JournalFile, JournalUnusable
from migrator.journals.journal import Intent, Journal, Key, Mark, Settled, Settlement
from migrator.mailbox import FolderState
from tests.contracts.conftest import BOTH, PATIENT, database
from tests.contracts.jobs_made import add, claim, wanted

FOLDERS = [("INBOX",), ("a", "b"), ("受信",)]
VALIDITIES = [1, 2]

folders = st.sampled_from(FOLDERS)
keys = st.builds(Key, folders, st.sampled_from(VALIDITIES), st.integers(1, 6))
flags = st.frozensets(st.sampled_from(["\\Seen", "$a", "b"]))
words = st.sampled_from(["", "so", "because \0 \udc80"])
maybe = st.none() | st.integers(1, 9)
intended = st.builds(Mark, keys, st.integers(0, 99), st.just(b"x" * 32), flags, why=words)
settled = st.builds(
    lambda mark, how, *where: replace(mark, settled=how, target_uidvalidity=where[0], target_uid=where[1]),
    intended,
    st.sampled_from(Settled),
    maybe,
    maybe,
)
states = st.builds(FolderState, st.sampled_from(VALIDITIES), st.integers(1, 9), st.integers(0, 9), maybe)


def few(marks: st.SearchStrategy[Mark]) -> st.SearchStrategy[tuple[Mark, ...]]:
    """Marks told in the order of their UIDs: those of an intent are of one folder, so no two have the same."""
    return st.lists(marks, min_size=1, max_size=4, unique_by=lambda mark: mark.key.uid).map(tuple)


changes = st.builds(Intent, folders, states, few(intended)) | st.builds(
    Settlement, few(settled), st.lists(keys, max_size=2, unique=True).map(tuple)
)
Act = Callable[[Journal], None]
acts: st.SearchStrategy[Act] = st.one_of(
    st.lists(changes, min_size=1, max_size=3).map(lambda some: lambda journal: journal.write(some)),
    st.dictionaries(folders, states, min_size=1).map(lambda some: lambda journal: journal.finish(some)),
    st.dictionaries(folders, folders, min_size=1).map(lambda some: lambda journal: journal.name(some)),
    st.frozensets(folders).map(lambda some: lambda journal: journal.subscribe(some)),
    st.tuples(folders, words).map(lambda some: lambda journal: journal.note(*some)),
)


def told(journal: Journal) -> Sequence[object]:
    """Everything that a journal answers."""
    found: list[object] = [list(journal.intended()), journal.names(), journal.subscribed(), journal.notes()]
    found.append({folder: dict(counts) for folder, counts in journal.counts().items()})
    for folder in FOLDERS:
        found += [journal.state(folder), list(journal.marks(folder))]
        found += [list(journal.marks(folder, how)) for how in Settled]
        for validity in VALIDITIES:
            found += [list(journal.known(folder, validity)), set(journal.former(folder, validity))]
    return found


def done(act: Act, journal: Journal) -> str:
    """Whether a journal takes it; what it refuses changes nothing."""
    try:
        act(journal)
    except (JournalUnusable, Conflict):
        return "refused"
    return "taken"


Pair = tuple[JournalFile, JobJournal]


@pytest.fixture(params=BOTH)
def pairs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[ExitStack], Pair]]:
    """A new journal of each kind, as often as it is called."""
    with database(request, tmp_path) as url, Records.open(url, busy=PATIENT, deadline=PATIENT) as records:
        numbers = count()

        def pair(stack: ExitStack) -> Pair:
            name = str(next(numbers))
            add(records, wanted(name))
            (claimed,) = claim(records)
            file = stack.enter_context(JournalFile.open(tmp_path / name, source="old", target="new"))
            return file, JobJournal(records, claimed.job, records.act)

        yield pair


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.lists(acts, min_size=1, max_size=8))
def test_both_journals_answer_alike(pairs: Callable[[ExitStack], Pair], written: Sequence[Act]) -> None:
    with ExitStack() as stack:
        one, other = pairs(stack)
        for act in written:
            assert done(act, one) == done(act, other)
        assert told(one) == told(other)
