"""A mailbox on an IMAP server that is read: EXAMINE and BODY.PEEK[] alone, so that nothing in it changes.

    source = await ImapSource.open(access, spool=folder)        # where messages of over 256 KiB are kept meanwhile
    async for message in source.messages([Wanted(("INBOX",))]): ...
    await source.close()

Is a `migrator.mailbox.Source`.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Self

from migrator.content import Spooled
from migrator.imap.doubts import Doubt, Doubts
from migrator.imap.errors import Declined
from migrator.imap.fetching import BRIEF, Fetched
from migrator.imap.folders import opened_for_reading
from migrator.imap.mailbox import ImapMailbox, check, check_fetched, stale
from migrator.imap.searching import present
from migrator.imap.session import Session
from migrator.imap.sessions import Access
from migrator.imap.streaming import Run, Stream
from migrator.imap.telling import patience
from migrator.imap.uids import runs
from migrator.mailbox import FolderName, Item, Message, Missing, StaleFolder, Wanted

Messages = AsyncGenerator[Message | Missing, None]


class ImapSource(ImapMailbox):
    """Made by `open`."""

    def __init__(self, access: Access, spool: Path, *, most: int) -> None:
        super().__init__(access, lambda _: Spooled(spool), most=most)
        self._doubts = Doubts()

    @classmethod
    async def open(cls, access: Access, *, spool: Path, most: int = 3) -> Self:
        """Connect and log in. Raises MailboxError."""
        source = cls(access, spool, most=most)
        await source.connect()
        return source

    async def items(self, folder: FolderName) -> AsyncGenerator[Item, None]:
        """Every message of a folder, without content, by rising UID. Raises StaleFolder where it is gone."""
        run = Run(await self.known(folder), items=BRIEF)
        last = 0
        with self.told():
            async with self.sessions.one() as session, aclosing(Stream(session).of([run])) as coming:
                async for _, fetched in coming:
                    if fetched is not None and fetched.uid > last:
                        last = fetched.uid
                        yield Item(fetched.uid, fetched.flags, fetched.size)
            check(run, folder, None)
            if not _nothing_there(run):
                check_fetched(run)

    async def messages(self, wanted: Sequence[Wanted]) -> Messages:
        """The messages wanted, folder by folder in this order, read ahead as far as memory allows.

        Raises StaleFolder where one is gone or numbered anew: those before it have been given.
        """
        jobs = [(Run(await self.known(job.folder), job.uids), job) for job in wanted]
        of = {id(run): job for run, job in jobs}
        doubts: dict[int, Doubt] = {}
        with self.told():
            async with self.sessions.one() as session, aclosing(Stream(session).of(run for run, _ in jobs)) as coming:
                async for run, fetched in coming:
                    job = of[id(run)]
                    check(run, job.folder, job.uidvalidity)
                    if fetched is None:
                        async for late in self._again(run, job, doubts):
                            yield late
                        doubts = {}
                    elif isinstance(came := self._came(run, job, fetched), Doubt):
                        doubts[fetched.uid] = came
                    elif came is not None:
                        yield came

    async def counted(self) -> tuple[int, int] | None:
        """Messages and octets by quota, or by what STATUS says of each folder."""
        quota = await self.quota()
        own = [one for one in await self.folders() if not one.left_out and one.state is not None]
        messages = sum(one.state.messages for one in own if one.state is not None)
        if quota.octets_used is not None:
            return messages if quota.messages_used is None else quota.messages_used, quota.octets_used
        octets = [one.octets for one in own if one.octets is not None]
        return (messages, sum(octets)) if own and len(octets) == len(own) else None

    def _came(self, run: Run, job: Wanted, fetched: Fetched) -> Message | Doubt | None:
        """What came of one message; None for what was not asked for, or came before."""
        if not fetched.has_body or not run.asks(fetched.uid) or not run.seen.add(fetched.uid):
            return None
        return self._doubts.judge(job.folder, fetched)

    async def _again(self, run: Run, job: Wanted, doubts: Mapping[int, Doubt]) -> Messages:
        """Look anew for what did not come, or not so that it can be believed."""
        _patient(run)
        if not doubts and (_enough(run) or _nothing_there(run)):
            return
        async with self.sessions.one() as session:
            await _open_again(session, run, job)
            there = await present(session, job.uids)
            for uid in run.seen.lacking(job.uids or ()):
                if uid not in there:
                    yield Missing(job.folder, uid, "it was expunged meanwhile", gone=True)
            left = {uid: doubts.get(uid, Doubt()) for uid in sorted(there) if uid in doubts or uid not in run.seen}
            async for found in self._each(session, job, left):
                yield found

    async def _each(self, session: Session, job: Wanted, left: Mapping[int, Doubt]) -> Messages:
        """Fetch these once more: all together, and, while some stay away, the first of them alone."""
        folder = await self.known(job.folder)
        rest, alone = list(left), False
        while rest:
            run = Run(folder, list(runs(rest[:1] if alone else rest)))
            asked = rest[0]
            async with aclosing(Stream(session).of([run])) as coming:
                async for _, fetched in coming:
                    check(run, job.folder, job.uidvalidity)
                    if fetched is not None and fetched.has_body and run.asks(fetched.uid) and run.seen.add(fetched.uid):
                        yield self._doubts.judge_again(job.folder, fetched, left[fetched.uid])
            _patient(run)
            rest = [uid for uid in rest if uid not in run.seen]
            if alone and rest and rest[0] == asked:
                yield Missing(job.folder, asked, _why(run, left[asked]))
                del rest[0]
            alone = not alone or not len(run.seen)


async def _open_again(session: Session, run: Run, job: Wanted) -> None:
    """Open the folder on another connection, by the same numbers."""
    try:
        opened = await opened_for_reading(session, run.folder)
    except Declined as refused:
        raise stale(job.folder, refused) from None
    if run.opened is not None and opened.uidvalidity != run.opened.uidvalidity:
        raise StaleFolder(job.folder, "it was numbered anew meanwhile")


def _patient(run: Run) -> None:
    """Raises what the server asks patience with."""
    if run.unfetched is not None and patience(run.unfetched.code, run.unfetched.text):
        check_fetched(run)


def _enough(run: Run) -> bool:
    """Whether as many came as were to come."""
    if run.uids is None:
        return run.opened is None or len(run.seen) >= run.opened.messages
    return len(run.seen) == sum(len(uids) for uids in run.uids)


def _nothing_there(run: Run) -> bool:
    """Whether the folder is empty: some servers refuse any FETCH then."""
    return run.uids is None and run.opened is not None and not run.opened.messages


def _why(run: Run, doubt: Doubt) -> str:
    return f"{doubt.why}: {run.unfetched.text}" if run.unfetched is not None else doubt.why
