"""What follows from each failure of a run."""

import errno
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailsvc.kit.mailboxes import Unopened
from mailsvc.kit.net import BadTls
from mailsvc.kit.secrets import BadSecret
from mailsvc.records.errors import Conflict, RecordsAway
from mailsvc.records.job import Ending, FailedForGood, FailedForNow, GivenBack, Job, JobKind, Progress, Side, Wishes
from mailsvc.records.job_journal import LeaseLost
from mailsvc.workers.jobs.endings import FULL, ending_of, expected
from migrator.job import State
from migrator.mailbox import INBOX, MailboxAway, MailboxLimited, MailboxRefused, MailboxStalled, StaleFolder
from migrator.moving import Paused
from migrator.reasons import Code
from migrator.receipts.receipt import NotCounted
from migrator.receipts.signing import BadKey
from schedules.positions import Wrong

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
JOB = Job(
    id="01JOB",
    batch=None,
    move=1,
    kind=JobKind.MAILBOX,
    source="imaps://a@old.example",
    target="maildir:/new",
    wishes=Wishes(),
    address="",
    source_host="old.example",
    target_host="",
    priority=0,
    state=State.RUNNING,
    next_at=None,
    attempts=1,
    failed=0,
    failing_since=None,
    owner="w1",
    lease_until=NOW,
    fence=1,
    asked_by="admin",
    asked_at=NOW,
    started_at=NOW,
    ended_at=None,
    progress=Progress(),
    progress_at=None,
    needs=(),
    problem="",
    remedy="",
)


def ended(error: Exception, job: Job = JOB, *, progressed: bool = False) -> Ending | None:
    return ending_of(error, job, now=NOW, progressed=progressed, chance=0.0)


FOR_NOW: list[Exception] = [
    MailboxAway("the connection broke."),
    MailboxStalled("it gave nothing of what it was asked for"),
    MailboxLimited("[UNAVAILABLE] later", code="UNAVAILABLE"),
    StaleFolder(INBOX, "it is gone"),
    RecordsAway("the records are away: locked"),
    Conflict("the records refuse a row"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
]
FOR_GOOD: list[Exception] = [
    MailboxRefused("the password is wrong"),
    Unopened("there is no host old.example", "correct it"),
    NotCounted("the numbers do not add up"),
    BadTls("no such file"),
    BadSecret("the key is gone", "bring it back"),
    BadKey("no key"),
    Wrong("that is no mailbox", "write another"),
    PermissionError(errno.EACCES, "Permission denied", "/new"),
    KeyError("a fault of ours"),
]


@pytest.mark.parametrize("error", FOR_NOW, ids=lambda error: type(error).__name__)
def test_what_may_pass_is_tried_again_with_its_reason(error: Exception) -> None:
    ending = ended(error)
    assert isinstance(ending, FailedForNow)
    assert ending.why
    assert not ending.why.endswith((".", ":", " "))
    assert ending.next_at > NOW
    assert expected(error)


@pytest.mark.parametrize("error", FOR_GOOD, ids=lambda error: type(error).__name__)
def test_what_will_not_pass_has_a_reason_and_a_remedy(error: Exception) -> None:
    ending = ended(error)
    assert isinstance(ending, FailedForGood)
    assert ending.why
    assert "lastpost jobs retry 01JOB" in ending.remedy or "ask for it anew" in ending.remedy


def test_the_remedy_asks_for_the_passwords_that_are_erased_by_then() -> None:
    job = replace(JOB, id="J", needs=(Side.SOURCE, Side.TARGET))
    ending = ended(MailboxRefused("no"), job)
    assert isinstance(ending, FailedForGood)
    assert "`lastpost jobs retry J --from-secret FILE --to-secret FILE`" in ending.remedy


def test_only_a_fault_of_the_program_is_unexpected() -> None:
    assert [error for error in (*FOR_NOW, *FOR_GOOD) if not expected(error)] == FOR_GOOD[-1:]


def test_who_lost_the_lease_settles_nothing_and_who_was_stopped_gives_back() -> None:
    assert ended(LeaseLost()) is None
    assert ended(Paused()) == GivenBack()


def test_waits_double_while_nothing_is_settled_and_begin_anew_once_something_is() -> None:
    def wait(failed: int, *, progressed: bool) -> timedelta:
        ending = ended(MailboxAway("away"), replace(JOB, failed=failed), progressed=progressed)
        assert isinstance(ending, FailedForNow)
        assert ending.progressed is progressed
        return ending.next_at - NOW

    assert [wait(failed, progressed=False).total_seconds() for failed in (0, 1, 2, 9)] == [30, 60, 120, 3600]
    assert wait(9, progressed=True) == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("error", "least"),
    [
        (lambda: MailboxLimited("later", code="THROTTLED", wait=timedelta(hours=3)), timedelta(hours=3)),
        (lambda: MailboxLimited("full", code="OVERQUOTA"), FULL),
        (lambda: MailboxLimited("full", code="OVERQUOTA", wait=timedelta(minutes=1)), FULL),
    ],
    ids=["throttled", "full", "full, and soon again"],
)
def test_a_mailbox_gets_the_time_it_needs(error: Callable[[], Exception], least: timedelta) -> None:
    ending = ended(error())
    assert isinstance(ending, FailedForNow)
    assert ending.next_at - NOW >= least


def test_after_five_days_of_nothing_but_failures_a_person_has_to_look() -> None:
    failing = replace(JOB, failed=90, failing_since=NOW - timedelta(days=5))
    ending = ended(MailboxAway("nobody answers"), failing)
    assert isinstance(ending, FailedForGood)
    assert ending.why == "nobody answers, and nothing else for 5 days"
    assert [one.code for one in ending.reasons] == [Code.AWAY, Code.LASTED]
    assert isinstance(ended(MailboxAway("nobody answers"), failing, progressed=True), FailedForNow)


def test_what_servers_say_fits_into_the_records() -> None:
    ending = ended(MailboxAway("no \0 \udc80"))
    assert isinstance(ending, FailedForNow)
    assert ending.why == "no \ufffd ?"
