"""What a job may still move today, where a provider counts octets: of the mailbox read, and of the one written.

    budgets = Budgets(terms)
    left = budgets.left(connection, job, now)               # octets; None: any number
    budgets.spend(connection, job, progress, now)           # in the transaction that writes the progress down

All workers count together, in `mailsvc.records.job_budgets`. Pure but for the records; raises what these raise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mailsvc.kit.mailbox_urls import parse_mailbox
from mailsvc.kit.presets import Preset
from mailsvc.records import job_budgets
from mailsvc.records.job import Job, Progress, Side
from mailsvc.records.job_budgets import Octets
from mailsvc.records.store import Connection
from schedules.positions import Wrong

Terms = Callable[[str], Preset]  # what a host bears


@dataclass(frozen=True, slots=True)
class _Metered:
    """A mailbox whose octets are counted."""

    account: str
    side: Side
    most: Octets


class Budgets:
    """Counts octets of mailboxes whose host has a budget for them."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def left(self, connection: Connection, job: Job, now: datetime) -> int | None:
        """How many octets this job may still move; None: any number."""
        rooms = [job_budgets.left(connection, one.account, now, one.most) for one in self._metered(job)]
        return min((room for room in rooms if room is not None), default=None)

    def free_at(self, connection: Connection, job: Job, now: datetime) -> datetime | None:
        """When it may move on; None: now."""
        ends = [job_budgets.free_at(connection, one.account, now, one.most) for one in self._metered(job)]
        return max((end for end in ends if end is not None), default=None)

    def spend(self, connection: Connection, job: Job, progress: Progress, now: datetime) -> None:
        """Count what was moved since the progress that the records know, if the job is still in hand."""
        metered = list(self._metered(job))
        if not metered:
            return
        known = job_budgets.known(connection, job)
        if known is None or progress.octets <= known:
            return
        more = progress.octets - known
        for one in metered:
            moved = Octets(down=more) if one.side is Side.SOURCE else Octets(up=more)
            job_budgets.spend(connection, one.account, now, moved)

    def _metered(self, job: Job) -> Iterator[_Metered]:
        for side, host, url in ((Side.SOURCE, job.source_host, job.source), (Side.TARGET, job.target_host, job.target)):
            if not host:
                continue
            terms = self._terms(host)
            most = terms.down if side is Side.SOURCE else terms.up
            if most is not None:
                limit = Octets(down=most, up=None) if side is Side.SOURCE else Octets(down=None, up=most)
                yield _Metered(_account(url), side, limit)


def _account(url: str) -> str:
    """The mailbox, by one name however it is reached."""
    try:
        return str(parse_mailbox(url, insecure=True)).lower()
    except Wrong:
        return url.lower()
