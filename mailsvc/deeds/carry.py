"""Carrying out what is due: claim, make ready, then effect and ledger mark in one transaction.

`Carrier.carry_out_due()` may be called at any time, by any number of processes: the claim lets one of them work on a
deed, and the fence lets nobody settle what another has taken over. A crash at any step leaves either nothing or the
whole deed; the lease ends, and the next ring does it. A deed that was made ready by records which somebody changed
before it was marked (Conflict) is no fault: the next ring makes it ready by the new ones. One deed that fails does not
keep the others; it is tried again at a later ring. While the clock is in doubt, irreversible kinds stand still and the
others go by the trusted time.
While everything is held, after a restore, nothing is carried out.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from mailsvc.deeds.due import due
from mailsvc.deeds.kinds import CatchUp, DueDeed, Effect, Kind
from mailsvc.kit.telemetry import Log
from mailsvc.records import held, ledger
from mailsvc.records.errors import Conflict
from mailsvc.records.ledger import DeedKey, Lease
from mailsvc.records.store import Connection, Records, RecordsAway
from mailsvc.workers.keeping import kept
from schedules.clock import Clock
from schedules.edition import Edition

LEASE = timedelta(minutes=5)


class LeaseLost(Exception):
    """Another worker has the deed by now: this one's transaction is rolled back, so nothing was done."""


class Carrier:
    """Carries out the deeds of `kinds`; `editions` gives those in force, `owner` names this worker.

    `trusted` tells what time it would be without a clock jump; None while the clock is believed.
    """

    def __init__(
        self,
        records: Records,
        editions: Callable[[], Iterable[Edition]],
        kinds: Collection[Kind],
        clock: Clock,
        log: Log,
        *,
        owner: str,
        trusted: Callable[[], datetime | None] = lambda: None,
        lease: timedelta = LEASE,
    ) -> None:
        self._records = records
        self._editions = editions
        self._kinds = kinds
        self._clock = clock
        self._log = log
        self._owner = owner
        self._trusted = trusted
        self._lease = lease

    async def carry_out_due(self) -> list[DeedKey]:
        """Do what is due; the deeds that this call has done. Raises RecordsAway where the ledger cannot be read."""
        mark = await self._records.ask(held.since)
        if mark is not None:
            self._log.warning("deeds are held until `lastpost release`", since=mark.at.isoformat(), why=mark.why)
            return []
        done = await self._records.ask(ledger.done_keys)
        carried = []
        for deed, also in _together(self._may_go(done)):
            try:
                if await self._carry(deed, also):
                    carried.append(deed.key)
            except RecordsAway as error:
                self._log.warning("a deed waits for the records", deed=str(deed.key), why=str(error))
            except Conflict as why:
                self._log.warning("a deed was overtaken and is tried again", deed=str(deed.key), why=str(why))
            except LeaseLost:
                self._log.warning("a deed was taken over by another worker", deed=str(deed.key))
            except Exception as error:  # noqa: BLE001 - one kind's fault must not keep the other deeds
                self._log.error("a deed failed and will be tried again", deed=str(deed.key), exc_info=error)
        return carried

    def _may_go(self, done: Collection[DeedKey]) -> list[DueDeed]:
        now, trusted = self._clock.now(), self._trusted()
        everything = due(self._editions(), self._kinds, now, done)
        if trusted is None:
            return everything
        going = [deed for deed in everything if not deed.kind.irreversible and deed.at <= trusted]
        if len(going) < len(everything):
            self._log.warning("deeds wait until the clock is trusted again", waiting=len(everything) - len(going))
        return going

    async def _carry(self, deed: DueDeed, also: Sequence[DueDeed]) -> bool:
        lease = await self._claim(deed.key)
        if lease is None:
            return False
        try:
            async with kept(lambda: self._renew(deed.key, lease), every=self._lease.total_seconds() / 3):
                effect = await deed.kind.prepare(deed, also, self._clock.now())
                evidence = await self._records.committer.commit(
                    lambda connection: self._mark(connection, deed, also, lease, effect)
                )
        except Exception:
            await self._give_back(deed.key, lease)
            raise
        self._log.info("deed done", deed=str(deed.key), evidence=evidence, also=[str(one.key) for one in also])
        return True

    async def _claim(self, key: DeedKey) -> Lease | None:
        now = self._clock.now()

        def claim(connection: Connection) -> Lease | None:
            if held.since(connection) is not None:
                return None
            return ledger.claim(connection, key, self._owner, now, self._lease)

        return await self._records.committer.commit(claim)

    async def _give_back(self, key: DeedKey, lease: Lease) -> None:
        """So that the next ring tries again; while the records are away the lease ends by itself."""
        with suppress(RecordsAway):
            await self._records.committer.commit(lambda connection: ledger.give_back(connection, key, lease.fence))

    async def _renew(self, key: DeedKey, lease: Lease) -> bool:
        until = self._clock.now() + self._lease
        return await self._records.committer.commit(
            lambda connection: ledger.renew(connection, key, lease.fence, until)
        )

    def _mark(
        self, connection: Connection, deed: DueDeed, also: Sequence[DueDeed], lease: Lease, effect: Effect
    ) -> str:
        """The effect and its mark: both are kept, or, where the lease was lost, neither."""
        now = self._clock.now()
        evidence = effect(connection)
        if not ledger.done(connection, deed.key, lease.fence, evidence, now):
            raise LeaseLost(str(deed.key))
        ledger.collapse(connection, [one.key for one in also], deed.key, now)
        return evidence


def _together(deeds: Sequence[DueDeed]) -> list[tuple[DueDeed, Sequence[DueDeed]]]:
    """Each deed to carry out with the older ones it speaks for, in order of time."""
    groups: dict[tuple[str, ...], list[DueDeed]] = {}
    for deed in deeds:
        alone = deed.kind.catch_up is CatchUp.EACH
        groups.setdefault((deed.key.domain, deed.kind.name, str(deed.key) if alone else ""), []).append(deed)
    return [(group[-1], group[:-1]) for group in groups.values()]
