"""What opens the mailboxes of one job, for one run: passwords as they were sealed, and tokens got anew.

    secrets = RunSecrets(claimed, seals, tokens, keep)
    secret = await secrets.of(Side.SOURCE, url)          # None: it needs none
    secrets.ended(now)                                   # whether a token of this run has ended meanwhile

Raises BadSecret, TokenAway, TokenRefused, and RecordsError where a new refresh token cannot be kept.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from mailsvc.kit.mailbox_urls import ImapUrl, MailboxUrl, Pop3Url
from mailsvc.kit.oauth import Tokens
from mailsvc.kit.secrets import Secret
from mailsvc.records import jobs
from mailsvc.records.job import Claimed, Job, Side
from mailsvc.records.store import Connection

Keeps = Callable[[Side, bytes], None]  # a sealed secret in place of the one there was; blocks until that is durable
Known = Callable[[Job, Side], Secret | None]  # what the settings say of a side that has no secret of its own
_CLOCKS_DIFFER = timedelta(minutes=1)


def nothing_known(job: Job, side: Side) -> Secret | None:
    """The settings say nothing."""
    del job, side
    return None


class Seals(Protocol):
    """Seals secrets, and opens what it has sealed (`mailsvc.kit.sealing.Sealer`)."""

    def seal(self, secret: Secret, *, job: str, side: str) -> bytes:
        """Sealed for this job and side."""
        ...

    def unseal(self, sealed: bytes, *, job: str, side: str) -> Secret:
        """Raises BadSecret."""
        ...


def keeping(job: Job, side: Side, sealed: bytes) -> Callable[[Connection], None]:
    """The work of keeping a sealed secret, while the job is in hand."""

    def keep(connection: Connection) -> None:
        if jobs.still_ours(connection, job):
            jobs.put_secrets(connection, job.id, {side: sealed})

    return keep


class RunSecrets:
    """The secrets of one run."""

    def __init__(
        self, claimed: Claimed, seals: Seals, tokens: Tokens, keep: Keeps, known: Known = nothing_known
    ) -> None:
        self._claimed = claimed
        self._known = known
        self._seals = seals
        self._tokens = tokens
        self._keep = keep
        self._ends: datetime | None = None

    async def of(self, side: Side, url: MailboxUrl) -> Secret | None:
        """What opens a mailbox now."""
        sealed = self._claimed.secrets.get(side)
        if sealed is None:
            return self._known(self._claimed.job, side)
        job = self._claimed.job.id
        kept = self._seals.unseal(sealed, job=job, side=side)
        if not (isinstance(url, ImapUrl | Pop3Url) and url.token and self._tokens.renews(url.host)):
            return kept
        access = await self._tokens.access(host=url.host, user=url.authz or url.user, kept=kept)
        if access.kept is not None:
            self._keep(side, self._seals.seal(access.kept, job=job, side=side))
        self._ends = min(self._ends or access.until, access.until)
        return access.token

    def ended(self, now: datetime) -> bool:
        """Whether a token that was got for this run has ended."""
        return self._ends is not None and now >= self._ends - _CLOCKS_DIFFER
