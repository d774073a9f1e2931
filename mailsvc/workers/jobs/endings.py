"""What follows from the way a run ended: one table from failures to endings.

    ending = ending_of(error, job, now=..., progressed=..., chance=...)     # None: nothing of it is ours to settle

What may pass waits by `migrator.job.Patience`, and longer where the mailbox asks for it; after days of nothing else a
person has to look. Pure; raises nothing.
"""

from datetime import datetime, timedelta

from mailsvc.kit.mailboxes import Unopened
from mailsvc.kit.net import BadTls
from mailsvc.kit.oauth import TokenAway, TokenRefused
from mailsvc.kit.secrets import BadSecret
from mailsvc.records.errors import RecordsError
from mailsvc.records.job import Ending, FailedForGood, FailedForNow, GivenBack, Job, retry_command
from mailsvc.records.job_journal import LeaseLost
from mailsvc.workers.jobs.reasons import NO_ROOM, reasons_of
from migrator.job import Patience
from migrator.journals.rows import storable
from migrator.mailbox import MailboxAway, MailboxLimited, MailboxRefused, StaleFolder
from migrator.moving import Paused
from migrator.reasons import Code, Reason
from migrator.receipts.receipt import NotCounted
from migrator.receipts.signing import BadKey
from schedules.positions import Wrong

FULL = timedelta(hours=1)  # the least wait for a mailbox in which somebody has to make room
_HOSTS_REST = frozenset({"THROTTLED", "LIMIT", "UNAVAILABLE"})


def ending_of(
    error: Exception, job: Job, *, now: datetime, progressed: bool, chance: float, patience: Patience | None = None
) -> Ending | None:
    """How a run that raised `error` is settled; `progressed`: it has settled something."""
    if isinstance(error, LeaseLost):
        return None
    if isinstance(error, Paused):
        return GivenBack()
    if not passing(error):
        why, remedy = _told(error, job)
        return FailedForGood(storable(_plain(why)), storable(remedy), reasons_of(error))
    why, patience, reasons = storable(_plain(_said(error))), patience or Patience(), reasons_of(error)
    if not progressed and patience.is_over(job.failing_since, now):
        why = f"{why}, and nothing else for {patience.give_up.days} days"
        return FailedForGood(why, _amend(job), (*reasons, Reason(Code.LASTED)))
    wait = patience.wait(1 if progressed else job.failed + 1, asked=_asked(error), chance=chance)
    return FailedForNow(why, now + wait, progressed, *_resting(error), reasons)


def _resting(error: Exception) -> tuple[str, timedelta | None]:
    """The host that asks all our jobs for patience, and for how long; one full mailbox is no matter of its host."""
    if isinstance(error, MailboxLimited) and error.code in _HOSTS_REST:
        return error.host, error.wait
    return "", None


def _told(error: Exception, job: Job) -> tuple[str, str]:
    """What is wrong for good, and the remedy."""
    match error:
        case Unopened():
            return str(error), f"{error.remedy}, and ask for it anew"
        case Wrong():
            return error.what, f"{error.remedy}, and ask for it anew"
        case _ if expected(error):
            return _said(error), _amend(job)
        case _:
            return f"{type(error).__name__}: {error}", f"report this fault of the program with the log; {_amend(job)}"


def passing(error: Exception) -> bool:
    """Whether a later run may find it otherwise."""
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    return isinstance(error, MailboxAway | MailboxLimited | StaleFolder | RecordsError | TokenAway)


def expected(error: Exception) -> bool:
    """Whether it is something that mailboxes, disks and records do, and no fault of the program."""
    ours = (LeaseLost, Paused, MailboxRefused, TokenRefused, NotCounted, BadTls, BadSecret, BadKey, Wrong, OSError)
    return passing(error) or isinstance(error, ours)


def _asked(error: Exception) -> timedelta | None:
    if not isinstance(error, MailboxLimited):
        return None
    return max(error.wait or timedelta(), FULL) if error.code == "OVERQUOTA" else error.wait


def _amend(job: Job) -> str:
    return f"put it right, then `{retry_command(job.id, job.needs)}`: what is settled stays settled"


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror}"
    return str(error) or type(error).__name__


def _plain(sentence: str) -> str:
    return sentence.rstrip(".: ")
