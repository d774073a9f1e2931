"""The deed `export-time`: exports that run when their export-end comes are given more time, within bounds.

Use: `ExportTime(records, post, source, bound, edition_of, host=...)` among the kinds of the alarm. It comes shortly
before each date of export-end (of the plan, or of some of its addresses), and once more right after it, for what was
asked for meanwhile; `is_over(connection, edition, mailbox, now)` says whether an export that its plan allows no more
has to end. Its only effects are amendments, a hold for each mailbox, so that the edition alone decides until when an
export may go on, and a letter to each of their subscribers. What was given time already, here or by a gate, gets no
more until people set another date. Where the plan was changed meanwhile it fails, and the next ring asks again.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from mailsvc.deeds.export_ends import ExportEnds
from mailsvc.deeds.gate_answers import amended, write
from mailsvc.deeds.gates import ROUNDS
from mailsvc.deeds.kinds import CatchUp, DueDeed, Effect, Moment
from mailsvc.deeds.more_time import extended, has_more_time
from mailsvc.deeds.running_exports import RunningExport, RunningExports
from mailsvc.letters.letter import BadLetter
from mailsvc.letters.post import Post, ReadyLetter
from mailsvc.outbox.routes import NoRoute
from mailsvc.records import editions, ledger
from mailsvc.records.editions import StoredPlan
from mailsvc.records.ledger import DeedKey
from mailsvc.records.store import Connection, Records
from schedules.amendments import Amendment, Hold
from schedules.blocks.scopes import Scope
from schedules.edition import Edition
from schedules.names import Address
from schedules.shifting import shifted
from schedules.words import Stage

LEAD: Final = timedelta(minutes=10)  # before export-end: time enough for a ring or two that fail
LATE: Final = timedelta(minutes=1)  # behind it, when nobody can ask for an export any more


@dataclass(frozen=True, slots=True)
class _Given:
    """What is given to whom, and the amendments that say so."""

    edition: Edition
    numbers: tuple[int, int]
    exports: tuple[tuple[RunningExport, datetime], ...]  # until when
    amendments: tuple[Amendment, ...]


class ExportTime:
    """Gives more time to the exports that `source` knows of, `bound` at most; `host` is named as writer of letters."""

    name = "export-time"
    irreversible = True  # an amendment is dated
    catch_up = CatchUp.NEWEST

    def __init__(
        self,
        records: Records,
        post: Post,
        source: RunningExports,
        bound: Callable[[], timedelta],
        edition_of: Callable[[StoredPlan], Edition],
        *,
        host: str,
    ) -> None:
        self._records = records
        self._post = post
        self._source = source
        self._bound = bound
        self._edition_of = edition_of
        self._host = host

    @staticmethod
    def moments(edition: Edition, now: datetime) -> Iterator[Moment]:
        """Twice for each date of export-end: a date that is moved is another one."""
        del now
        for at in ExportEnds(edition).dates:
            for offset in (-LEAD, LATE):
                yield _key(edition, at, offset), Stage.EXPORT_END, at.astimezone(UTC) + offset

    def is_over(self, connection: Connection, edition: Edition, mailbox: Address, now: datetime) -> bool:
        """Whether an export that is not allowed by now has no time left: never before this deed was done for it."""
        at = ExportEnds(edition).of(connection, mailbox)
        if at is not None and at <= now and _key(edition, at, LATE) not in ledger.done_keys(connection):
            return False
        newest = self._newest(connection, edition.plan.name)
        return newest is None or not has_more_time(newest, mailbox, now)

    async def prepare(self, deed: DueDeed, also: Sequence[DueDeed], now: datetime) -> Effect:
        """Look what runs, and make amendments and letters ready. Raises RecordsAway."""
        dates = {_date(one) for one in (deed, *also)}
        given = await asyncio.to_thread(self._given, deed.edition.plan.name, dates, now)
        if given is None:
            return lambda _: "no export runs that needs more time"
        letters = await self._letters(deed, given, now)

        def effect(connection: Connection) -> str:
            write(connection, given.edition.plan.name, given.numbers, given.amendments, at=now)
            queued = [one.queue(connection) for one in letters]
            last = max(until for _, until in given.exports)
            told = f"{len(given.exports)} exports have time until {last.isoformat()}"
            return " ".join([told, *(f"letter {one}" for one in queued)])

        return effect

    def _given(self, name: str, dates: Collection[datetime], now: datetime) -> _Given | None:
        """By the plan as it stands in the records, which may be newer than what the deed was found by."""
        with self._records.read() as connection:
            edition, numbers = self._newest(connection, name), editions.next_numbers(connection, name)
            if edition is None:
                return None
            running = self._source.running(connection, edition.plan.domains) or ()
            ends = ExportEnds(edition)
            dated = [(one, ends.of(connection, one.address), ends.given_until(one.address)) for one in running]
        given = tuple(self._more(edition.plan.zone, dated, dates, now))
        if not given:
            return None
        held = [(Scope(address=one.address), until) for one, until in given]
        holds = [Hold(scope, until, (Stage.EXPORT_END,), announced=timedelta()) for scope, until in held]
        amendments = amended(edition, numbers[1], holds, now, by=ROUNDS, reason="its export runs at export-end")
        return _Given(edition, numbers, given, amendments)

    def _more(
        self,
        zone: ZoneInfo,
        dated: Sequence[tuple[RunningExport, datetime | None, datetime | None]],
        dates: Collection[datetime],
        now: datetime,
    ) -> Iterator[tuple[RunningExport, datetime]]:
        """Whose date it is, with until when it may go on; not who has such time already, or no time is left for."""
        for one, at, given in dated:
            if at is not None and at in dates:
                until = shifted(at, self._bound(), zone)
                if until > max(at, now) and (given is None or given <= max(at, now)):
                    yield one, until

    def _newest(self, connection: Connection, plan: str) -> Edition | None:
        stored = next((one for one in editions.load(connection) if one.name == plan), None)
        return None if stored is None else self._edition_of(stored)

    async def _letters(self, deed: DueDeed, given: _Given, now: datetime) -> list[ReadyLetter]:
        """Whoever cannot be reached has the time all the same."""
        ready = []
        for one, until in given.exports:
            letter = extended(one, until, given.edition.plan, key=str(deed.key), host=self._host)
            try:
                ready.append(await self._post.ready(letter, now))
            except (NoRoute, BadLetter):
                continue
        return ready


def _date(deed: DueDeed) -> datetime:
    """The date that a deed is about."""
    return deed.at - timedelta(seconds=deed.key.offset_seconds)


def _key(edition: Edition, at: datetime, offset: timedelta) -> DeedKey:
    scope = at.astimezone(UTC).isoformat()
    seconds = int(offset.total_seconds())
    return DeedKey(edition.plan.name, str(Stage.EXPORT_END), ExportTime.name, offset_seconds=seconds, scope=scope)
