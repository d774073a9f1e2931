"""An archive that takes messages: a `migrator.mailbox.Target`.

    target = ZipTarget(Path("hanako.zip"), source="imaps://…", now=clock.now, viewer=None)

A message's UID is its number, which rises over all folders and parts. What is put is durable in the part that grows;
`finish` gives that its name, and so does a part that is full. A later run makes a new part. Every flag is kept, and
every name of a folder. Everything blocking runs in a thread, and batches that come together are stored together.
Raises what `writing` raises.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from migrator.archive.parts import PART_OCTETS
from migrator.archive.viewing import Viewer
from migrator.archive.writing import Batch, Writer
from migrator.disk.numbers import UIDVALIDITY, check
from migrator.disk.room import disk_room
from migrator.mailbox import (
    FolderName,
    FolderState,
    MailFolder,
    Message,
    NameRules,
    Outcome,
    Room,
    Shortfall,
)

_AT_ONCE = 500  # messages
_LONGEST = 10_000  # octets of a folder's name


class ZipTarget:
    """An archive as the target of a move."""

    def __init__(
        self,
        path: Path,
        *,
        source: str,
        now: Callable[[], datetime],
        viewer: Viewer | None = None,
        part_octets: int = PART_OCTETS,
    ) -> None:
        self._path = path
        self._writer = Writer(path, source=source, now=now, part_octets=part_octets, viewer=viewer)
        self._waiting: list[tuple[Batch, asyncio.Future[Sequence[Outcome]]]] = []
        self._storing: asyncio.Task[None] | None = None

    @property
    def described(self) -> str:
        """Where it is."""
        return f"zip:{self._path}"

    @property
    def rules(self) -> NameRules:
        """Every sign can stand in a level: the manifest has the name as it is."""
        return NameRules(delimiter="\0", longest=_LONGEST)

    async def folders(self) -> Sequence[MailFolder]:
        """Every folder, of all parts."""
        found = await asyncio.to_thread(self._writer.folders)
        number = self._writer.next_number
        return [
            MailFolder(
                row.name,
                row.special_use,
                row.subscribed,
                state=FolderState(UIDVALIDITY, number, messages),
                octets=octets,
            )
            for row, messages, octets in found
        ]

    async def room(self) -> Room:
        """What the disk lets in."""
        return await asyncio.to_thread(disk_room, self._path.parent)

    async def make(self, folders: Sequence[MailFolder]) -> Mapping[FolderName, Shortfall]:
        """Name these folders; there is none that cannot be."""
        await asyncio.to_thread(self._writer.make, folders)
        return {}

    async def put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
        """Store messages, together with those of other calls that wait."""
        answer: asyncio.Future[Sequence[Outcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append(((folder, messages), answer))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store())
        return await answer

    async def mark(self, folder: FolderName) -> FolderState:
        """The state of a folder before something is put into it."""
        messages = await asyncio.to_thread(self._writer.count, folder)
        return FolderState(UIDVALIDITY, self._writer.next_number, messages)

    @property
    def lags(self) -> Sequence[float]:
        """None: what stores is this process."""
        return ()

    async def since(
        self, folder: FolderName, state: FolderState, sizes: Collection[int] | None = None
    ) -> AsyncIterator[tuple[int, int, bytes]]:
        """Number, size and SHA-256 of messages from `state` on."""
        check(folder, state.uidvalidity)
        number = state.uidnext
        while found := await asyncio.to_thread(self._writer.since, folder, number, _AT_ONCE):
            for one in found:
                if sizes is None or one[1] in sizes:
                    yield one
            number = found[-1][0] + 1

    async def reflag(self, folder: FolderName, flags: Mapping[int, frozenset[str]]) -> frozenset[str]:
        """Tell the flags that messages have now; all are kept."""
        await asyncio.to_thread(self._writer.reflag, folder, flags)
        return frozenset()

    async def digests(self, folder: FolderName, uids: Sequence[int]) -> AsyncIterator[tuple[int, int, bytes]]:
        """Number, size and SHA-256 of messages read back from the disk."""
        for uid in uids:
            if (found := await asyncio.to_thread(self._writer.digest, folder, uid)) is not None:
                yield found

    async def finish(self) -> None:
        """Give the part that grows its name."""
        await asyncio.to_thread(self._writer.finish)

    async def close(self) -> None:
        """Let go; a part that grows is left for the next run."""
        if self._storing is not None:
            await asyncio.wait([self._storing])
        await asyncio.to_thread(self._writer.close)

    async def _store(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting, []
            outcomes: Sequence[Sequence[Outcome] | Exception]
            try:
                outcomes = await asyncio.to_thread(self._writer.put, [batch for batch, _ in some])
            except Exception as error:  # noqa: BLE001 -- whatever it is, those who wait are told
                outcomes = [error] * len(some)
            for (_, answer), outcome in zip(some, outcomes, strict=True):
                if answer.done():  # nobody waits for it any more
                    continue
                if isinstance(outcome, Exception):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)
        self._storing = None
