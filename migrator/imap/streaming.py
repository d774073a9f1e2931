"""Messages of several folders as one stream: the next folders are asked for while this one comes.

    stream = Stream(session, window=8_388_608)
    async for run, message in stream.of(runs): ...      # (run, None) where a folder has ended

EXAMINE and UID FETCH of up to AHEAD folders are under way at once. What a server gives after it refused to open a
folder belongs to nobody and is dropped. While more than `window` octets wait to be taken the line is held, so that a
slow target slows the source and memory stays flat.
Raises Gone, Garbled.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from migrator.imap.answers import Answer
from migrator.imap.errors import Garbled
from migrator.imap.fetching import WHOLE, Fetched, fetched
from migrator.imap.folders import Folder, Opened, Opening, name_part
from migrator.imap.reading import Response
from migrator.imap.session import Session
from migrator.imap.uids import Uids, written

WINDOW = 8_388_608  # octets that may wait to be taken
AHEAD = 32  # folders


@dataclass
class Run:
    """What is asked of one folder, and what came of it."""

    folder: Folder
    uids: Sequence[range] | None = None  # rising; None: all
    items: bytes = WHOLE
    seen: Uids = field(default_factory=Uids)
    opened: Opened | None = None  # once the server has opened it
    refused: Answer | None = None  # what it said where it did not
    unfetched: Answer | None = None  # what it said where a FETCH was refused
    came: asyncio.Queue[Fetched | None] = field(default_factory=asyncio.Queue)

    def sets(self) -> Iterable[str]:
        """The UID sets to ask for."""
        return ["1:*"] if self.uids is None else written(self.uids)

    def asks(self, uid: int) -> bool:
        """Whether this message was asked for."""
        if self.uids is None:
            return True
        at = bisect_right(self.uids, uid, key=lambda run: run.start) - 1
        return at >= 0 and uid in self.uids[at]


class Stream:
    """Asks one session, which must be used by nobody else, and gives what comes."""

    def __init__(self, session: Session, *, window: int = WINDOW) -> None:
        self._line = session.line
        self._limit = window
        self._waiting = 0
        self._answers: dict[int, list[asyncio.Future[Answer]]] = {}

    async def of(self, runs: Iterable[Run]) -> AsyncGenerator[tuple[Run, Fetched | None], None]:
        """What comes, run by run in this order; None ends each."""
        coming, asked = iter(runs), deque[Run]()
        while True:
            while len(asked) < AHEAD and (run := next(coming, None)) is not None:
                asked.append(run)
                await self._ask(run)
            if not asked:
                return
            run = asked.popleft()
            while (message := await self._next(run)) is not None:
                yield run, message
            await self._end(run)
            yield run, None

    async def _ask(self, run: Run) -> None:
        opening, told = Opening(run.folder), Uids()
        examined = await self._line.start(b"EXAMINE ", name_part(run.folder.wire), take=opening.take)

        def take(response: Response) -> bool:
            # The answer to EXAMINE has come before: servers answer in order.
            _settle(run, opening, examined)
            if run.opened is None or (message := fetched(response)) is None:
                return False
            self._put(run, message)
            return run.asks(message.uid) and told.add(message.uid)

        start, items = self._line.start, run.items
        fetches = [await start(b"UID FETCH ", uids.encode("ascii"), items, take=take) for uids in run.sets()]
        answers = [examined, *fetches]
        self._answers[id(run)] = answers
        answers[-1].add_done_callback(lambda _: run.came.put_nowait(None))
        examined.add_done_callback(lambda _: _settle(run, opening, examined))

    def _put(self, run: Run, message: Fetched) -> None:
        run.came.put_nowait(message)
        self._waiting += message.weight
        if self._waiting > self._limit:
            self._line.hold()

    async def _next(self, run: Run) -> Fetched | None:
        message = await run.came.get()
        self._waiting -= message.weight if message is not None else 0
        if self._waiting <= self._limit // 2:
            self._line.go_on()
        return message

    async def _end(self, run: Run) -> None:
        """Raises what broke the line before the run was answered to its end."""
        for answered in self._answers.pop(id(run))[1:]:
            answer = await answered
            if answer.word != "OK" and run.unfetched is None:
                run.unfetched = answer
        if run.opened is None and run.refused is None:
            raise Garbled(f"the server opened {run.folder.name} without saying how it is numbered")


def _settle(run: Run, opening: Opening, examined: asyncio.Future[Answer]) -> None:
    """Keep what came of EXAMINE."""
    known = run.opened is not None or run.refused is not None
    if known or not examined.done() or examined.cancelled() or examined.exception() is not None:
        return
    if examined.result().word == "OK":
        with suppress(Garbled):  # `_end` says so, to whom waits for the run
            run.opened = opening.opened()
    else:
        run.refused = examined.result()
