"""A mailbox on an IMAP server that is read: EXAMINE and BODY.PEEK[] alone, so that nothing in it changes.

    source = await ImapSource.open(access, spool=folder)        # where messages of over 256 KiB are kept meanwhile
    async for message in source.messages([Wanted(("INBOX",))]): ...
    await source.close()

Is a `migrator.mailbox.Source`.
"""

from collections import deque
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing
from itertools import takewhile
from pathlib import Path
from typing import Self

from migrator.content import Spooled
from migrator.imap.breaks import BROKE, Breaks
from migrator.imap.doubts import Doubt, Doubts
from migrator.imap.errors import Declined, Garbled, Gone, Oversized
from migrator.imap.fetching import BRIEF, Fetched
from migrator.imap.folders import Folder, opened_for_reading
from migrator.imap.mailbox import ImapMailbox, check, check_fetched, stale
from migrator.imap.reading import Spool, TooLarge
from migrator.imap.searching import present
from migrator.imap.session import Session
from migrator.imap.sessions import Access
from migrator.imap.streaming import Run, Stream
from migrator.imap.telling import patience
from migrator.imap.uids import runs
from migrator.mailbox import FolderName, Item, Message, Missing, StaleFolder, Wanted

LARGEST = 1_073_741_823  # octets: what has a GiB is no mail
Messages = AsyncGenerator[Message | Missing, None]


class ImapSource(ImapMailbox):
    """Made by `open`."""

    def __init__(self, access: Access, spool: Path, *, largest: int, most: int) -> None:
        super().__init__(access, _spool(spool, largest), most=most)
        self._largest = largest
        self._doubts = Doubts()
        self._breaks = Breaks()

    @classmethod
    async def open(cls, access: Access, *, spool: Path, largest: int = LARGEST, most: int = 3) -> Self:
        """Connect and log in. A message of over `largest` octets is Missing, and never fetched. Raises MailboxError."""
        source = cls(access, spool, largest=largest, most=most)
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
        left = deque([_Job(one, await self.known(one.folder)) for one in wanted])
        with self.told():
            while left:
                try:
                    async for found in self._one(left) if self._breaks.suspect(left[0].name) else self._pass(left):
                        yield found
                except Oversized:
                    job = left.popleft()
                    async for found in self._again(job, sized=True):
                        yield found
                except (Gone, Garbled) as error:
                    if left:
                        self._breaks.at_folder(left[0].name, error)
                    raise

    async def _one(self, left: deque["_Job"]) -> Messages:
        """The first that is left, by the numbers that are there; it is taken from it."""
        async for found in self._again(left[0], sized=False):
            yield found
        left.popleft()

    async def _pass(self, left: deque["_Job"]) -> Messages:
        """One stream of what is left; what has ended is taken from it. Raises Oversized, and the rest is left."""
        runs = [job.begin() for job in takewhile(lambda job: not self._breaks.suspect(job.name), left)]
        async with self.sessions.one() as session, aclosing(Stream(session).of(runs)) as coming:
            async for run, fetched in coming:
                job = left[0]
                check(run, job.name, job.wanted.uidvalidity)
                if fetched is not None:
                    if (came := self._came(job, fetched)) is not None:
                        yield came
                    continue
                if job.unsettled:
                    async for late in self._again(job, sized=False):
                        yield late
                left.popleft()

    async def counted(self) -> tuple[int, int] | None:
        """Messages and octets by quota, or by what STATUS said of each folder when they were listed last."""
        quota = await self.quota()
        own = [one for one in (await self.tree()).folders if not one.left_out and one.state is not None]
        messages = sum(one.state.messages for one in own if one.state is not None)
        if quota.octets_used is not None:
            return messages if quota.messages_used is None else quota.messages_used, quota.octets_used
        octets = [one.octets for one in own if one.octets is not None]
        return (messages, sum(octets)) if own and len(octets) == len(own) else None

    def _came(self, job: "_Job", fetched: Fetched) -> Message | None:
        """What came of one message; None for what is in doubt, was not asked for, or came before."""
        if not fetched.has_body or not job.run.asks(fetched.uid) or not job.run.seen.add(fetched.uid):
            return None
        judged = self._doubts.judge(job.name, fetched)
        if isinstance(judged, Doubt):
            job.doubts[fetched.uid] = judged
            return None
        return judged

    async def _again(self, job: "_Job", *, sized: bool) -> Messages:
        """Look anew for what did not come, or not so that it can be believed; by size first where one was too large."""
        _patient(job.run)
        async with self.sessions.one() as session:
            await _open_again(session, job)
            there = await present(session, job.wanted.uids)
        for uid in job.gone:
            if uid not in there:
                yield Missing(job.name, uid, "it was expunged meanwhile", gone=True)
        left = {
            uid: job.doubts.get(uid, Doubt()) for uid in sorted(there) if uid in job.doubts or uid not in job.run.seen
        }
        for uid, size in (await self._sizes(job, left)).items() if sized else ():
            if size > self._largest:
                del left[uid]
                yield Missing(job.name, uid, f"it has {size} octets, and more than {self._largest} are not taken")
        async for found in self._each(job, left):
            yield found

    async def _sizes(self, job: "_Job", uids: Collection[int]) -> Mapping[int, int]:
        """What the server announces of these messages."""
        run = Run(job.folder, list(runs(uids)), items=BRIEF)
        async with self.sessions.one() as session, aclosing(Stream(session).of([run])) as coming:
            found = [fetched async for _, fetched in coming if fetched is not None]
        check(run, job.name, job.wanted.uidvalidity)
        return {one.uid: one.size for one in found if one.size is not None and one.uid in uids}

    async def _each(self, job: "_Job", left: Mapping[int, Doubt]) -> Messages:
        """Fetch these once more: all together, and, while some stay away, the first of them alone."""
        for uid in left:
            if self._breaks.given_up(job.name, uid):
                yield Missing(job.name, uid, BROKE)
        rest, alone = [uid for uid in left if not self._breaks.given_up(job.name, uid)], False
        while rest:
            run = Run(job.folder, list(runs(rest[:1] if alone else rest)))
            asked, trouble = rest[0], ""
            try:
                async for fetched in self._fetched(run, job):
                    yield self._doubts.judge_again(job.name, fetched, left[fetched.uid])
            except Oversized as error:
                trouble = str(error)
            except (Gone, Garbled) as error:
                self._breaks.at_message(job.name, next((uid for uid in rest if uid not in run.seen), 0), error)
                raise
            _patient(run)
            rest = [uid for uid in rest if uid not in run.seen]
            if alone and rest and rest[0] == asked:
                yield Missing(job.name, asked, trouble or _why(run, left[asked]))
                del rest[0]
            alone = not alone or not len(run.seen)

    async def _fetched(self, run: Run, job: "_Job") -> AsyncGenerator[Fetched, None]:
        """The messages of one run, each once."""
        async with self.sessions.one() as session, aclosing(Stream(session).of([run])) as coming:
            async for _, fetched in coming:
                check(run, job.name, job.wanted.uidvalidity)
                if fetched is not None and fetched.has_body and run.asks(fetched.uid) and run.seen.add(fetched.uid):
                    yield fetched


class _Job:
    """What is wanted of one folder, and how far it has come."""

    def __init__(self, wanted: Wanted, folder: Folder) -> None:
        self.wanted = wanted
        self.name = wanted.folder
        self.folder = folder
        self.doubts: dict[int, Doubt] = {}
        self.run = Run(folder, wanted.uids)

    def begin(self) -> Run:
        """Ask from the beginning."""
        self.run = Run(self.folder, self.wanted.uids)
        return self.run

    @property
    def unsettled(self) -> bool:
        """Whether something is in doubt, or has not come."""
        run = self.run
        if self.doubts or _patience_asked(run):
            return True
        if run.uids is None:
            return run.opened is not None and len(run.seen) < run.opened.messages
        return len(run.seen) < (_numbers(run.uids) if self.wanted.messages is None else self.wanted.messages)

    @property
    def gone(self) -> Iterator[int]:
        """Of the numbers wanted, those that have not come; none where it is not known which of them were there."""
        wanted = self.wanted
        exact = wanted.uids is not None and wanted.messages in {None, _numbers(wanted.uids)}
        return self.run.seen.lacking(wanted.uids or ()) if exact else iter(())


def _numbers(uids: Sequence[range]) -> int:
    return sum(run.stop - run.start for run in uids)


def _spool(folder: Path, largest: int) -> Spool:
    def spool(size: int) -> Spooled:
        if size > largest:
            raise TooLarge(f"a message of {size} octets is announced, and more than {largest} are not taken")
        return Spooled(folder)

    return spool


async def _open_again(session: Session, job: _Job) -> None:
    """Open the folder on another connection, by the same numbers."""
    try:
        opened = await opened_for_reading(session, job.folder)
    except Declined as refused:
        raise stale(job.name, refused) from None
    known = job.wanted.uidvalidity if job.run.opened is None else job.run.opened.uidvalidity
    if known not in {None, opened.uidvalidity}:
        raise StaleFolder(job.name, "it was numbered anew meanwhile")


def _patience_asked(run: Run) -> bool:
    return run.unfetched is not None and bool(patience(run.unfetched.code, run.unfetched.text))


def _patient(run: Run) -> None:
    """Raises what the server asks patience with."""
    if _patience_asked(run):
        check_fetched(run)


def _nothing_there(run: Run) -> bool:
    """Whether the folder is empty: some servers refuse any FETCH then."""
    return run.opened is not None and not run.opened.messages


def _why(run: Run, doubt: Doubt) -> str:
    return f"{doubt.why}: {run.unfetched.text}" if run.unfetched is not None else doubt.why
