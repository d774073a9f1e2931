"""Changes of the journal written in a thread, as many together as have come while the last ones were made durable.

    scribe = Scribe(journal)
    await scribe.write(Intent(...))       # durable once this returns
    await scribe.close()                  # nothing is written any more

Waiting for a disk holds nobody else up, and costs once for all who wait. Raises what the journal raises.
"""

import asyncio

from migrator.journals.journal import Intent, Journal, Settlement

Change = Intent | Settlement


class Scribe:
    """Writes for all tasks of a move."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: list[tuple[Change, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, change: Change) -> None:
        """Write a change; changes become durable in the order in which they are asked for."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((change, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting, []
            failure: BaseException | None = None
            try:
                await asyncio.to_thread(self._journal.write, [change for change, _ in some])
            except BaseException as error:  # noqa: BLE001 - raised where each waits
                failure = error
            for _, done in some:
                if not done.done() and failure is None:
                    done.set_result(None)
                elif not done.done() and failure is not None:
                    done.set_exception(failure)
