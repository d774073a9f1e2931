"""The deed `gate`: the gates of a stage are asked, first some time before it, then each day until they have opened.

Of one that nothing takes back, and that is held on after its date, they are asked each day until it comes. The only
effects are amendments: the answer, where it is another one than the last, and more time for exports that run.
So whether a stage comes is decided by the edition alone, with this deed late or dead: what nobody has answered waits
or proceeds as the plan says. Administrators are told by letter when gates do not open; so is a subscriber whose export
was given more time. A round that finds the plan changed under it fails, and the next ring asks again.
While the clock is in doubt no gate is asked: an answer is dated, and the date would stay.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailsvc.deeds.gate_answers import Asked, acts_of, amended, ask, standing_answer, write
from mailsvc.deeds.gate_counts import Sources
from mailsvc.deeds.kinds import CatchUp, DueDeed, Effect, Moment
from mailsvc.deeds.more_time import extended, local_time
from mailsvc.deeds.stage_names import STAGE_NAMES
from mailsvc.letters import templates
from mailsvc.letters.letter import BadLetter, Letter
from mailsvc.letters.post import Post, ReadyLetter
from mailsvc.outbox.routes import NoRoute
from mailsvc.records import editions
from mailsvc.records.editions import StoredPlan
from mailsvc.records.ledger import DeedKey
from mailsvc.records.store import Connection, Records
from schedules.amendments import Amendment, BadAmendment, GateAnswer
from schedules.edition import Edition
from schedules.names import Address
from schedules.plan import IRREVERSIBLE
from schedules.shifting import shifted
from schedules.words import Stage

ROUNDS = "lastpost"  # who amends where a round does
_DAY = timedelta(days=1)
_TOLD_EACH = 7  # days between two letters about gates that go on not opening


@dataclass(frozen=True, slots=True)
class _Round:
    """One asking, and what it makes of the plan."""

    edition: Edition
    numbers: tuple[int, int]
    asked: Asked
    amendments: tuple[Amendment, ...]


class Gates:
    """Asks gates by `sources`; `edition_of` reads a stored plan, `host` is named as the writer of letters."""

    name = "gate"
    irreversible = True
    catch_up = CatchUp.EACH  # of rounds that were missed only the newest is a moment at all

    def __init__(
        self,
        records: Records,
        post: Post,
        sources: Sources,
        administrators: tuple[Address, ...],
        edition_of: Callable[[StoredPlan], Edition],
        *,
        host: str,
    ) -> None:
        self._records = records
        self._post = post
        self._sources = sources
        self._administrators = administrators
        self._edition_of = edition_of
        self._host = host

    @staticmethod
    def moments(edition: Edition, now: datetime) -> Iterator[Moment]:
        """Of each stage whose gates are to be asked: the newest round that has come, and the next one."""
        for stage in edition.plan.stages:
            if to_be_asked(edition, stage, now):
                for at in _rounds(edition, stage, now):
                    day = at.astimezone(edition.plan.zone).date().isoformat()
                    yield DeedKey(edition.plan.name, str(stage), Gates.name, scope=day), stage, at

    async def prepare(self, deed: DueDeed, also: Sequence[DueDeed], now: datetime) -> Effect:
        """Ask, and make the amendments and letters ready. Raises RecordsAway, BadLetter and NoRoute."""
        del also
        try:
            made = await asyncio.to_thread(self._ask, deed, now)
        except BadAmendment as why:
            told = str(why)
            return lambda _: f"nothing is answered: {told}"
        if made is None:
            return lambda _: "nothing to ask: the plan has been changed"
        letters = await self._letters(deed, made, now)

        def effect(connection: Connection) -> str:
            write(connection, made.edition.plan.name, made.numbers, made.amendments, at=now)
            queued = [one.queue(connection) for one in letters]
            evidence = [f"{'opened' if made.asked.opened else 'not opened'}: {'; '.join(made.asked.said)}"]
            return " ".join([*evidence, *(f"letter {one}" for one in queued)])

        return effect

    def _ask(self, deed: DueDeed, now: datetime) -> _Round | None:
        """By the plan as it stands in the records, which may be newer than what the deed was found by."""
        name = deed.edition.plan.name
        with self._records.read() as connection:
            stored = next((one for one in editions.load(connection) if one.name == name), None)
            if stored is None:
                return None
            edition, numbers = self._edition_of(stored), editions.next_numbers(connection, name)
            if not to_be_asked(edition, deed.stage, now):
                return None
            asked = ask(connection, edition, deed.stage, self._sources, now)
        reason = f"asked in the round of {deed.key.scope}"
        amendments = amended(edition, numbers[1], acts_of(edition, asked), now, by=ROUNDS, reason=reason)
        return _Round(edition, numbers, asked, amendments)

    async def _letters(self, deed: DueDeed, made: _Round, now: datetime) -> list[ReadyLetter]:
        wanted = [
            extended(one.export, one.until, made.edition.plan, key=str(deed.key), host=self._host)
            for one in made.asked.extensions
        ]
        if self._administrators and not made.asked.opened and _to_be_told(deed, made, now):
            wanted.append(self._closed(deed, made))
        ready = []
        for letter in wanted:
            try:
                ready.append(await self._post.ready(letter, now))
            except (NoRoute, BadLetter):
                if letter.to == self._administrators:
                    raise  # there is always a way to them, or the settings have to be mended
        return ready

    def _closed(self, deed: DueDeed, made: _Round) -> Letter:
        plan = made.edition.plan
        facts = {
            "plan": plan.name,
            "title": plan.title,
            "stage": STAGE_NAMES[deed.stage],
            "word": str(deed.stage),
            "at": local_time(made.edition.standing.dates[deed.stage], plan.zone),
            "findings": made.asked.findings,
            "host": self._host,
        }
        return templates.write("gate", facts, to=self._administrators, key=str(deed.key))


def to_be_asked(edition: Edition, stage: Stage, now: datetime) -> bool:
    """Whether gates of `stage` are still to be asked: there are some, not set by hand, and it may come.

    Those that have opened are not, but where nothing takes the stage back and it is held on after its own date: what
    was found then, such as a backup, would be old when it comes.
    """
    line, answer = edition.plan.stages.get(stage), standing_answer(edition, stage)
    if line is None or not line.gates or (answer is not None and answer.overridden):
        return False
    if answer is not None and answer.opened and (stage not in IRREVERSIBLE or edition.standing.dates[stage] > now):
        return False
    if edition.standing.dates[stage].timestamp() > edition.standing.resting_from:
        return False  # a paused plan asks nothing: what was found would be old when it goes on
    comes = edition.stage_instant(stage)
    return comes is None or comes > now


def _rounds(edition: Edition, stage: Stage, now: datetime) -> tuple[datetime, ...]:
    """The newest round up to `now`, if there was one, and the next; each at the same local time of day."""
    zone = edition.plan.zone
    first = edition.standing.dates[stage] - edition.plan.stages[stage].asked
    if first > now:
        return (first,)
    days = (now - first) // _DAY  # an hour more or less where clocks change is put right here
    near = [shifted(first, timedelta(days=one), zone) for one in range(max(days - 1, 0), days + 3)]
    newest = max(index for index, at in enumerate(near) if at <= now)
    return near[newest], near[newest + 1]


def _to_be_told(deed: DueDeed, made: _Round, now: datetime) -> bool:
    """At the first answer and every week after: who was told each day would no longer read it."""
    if any(isinstance(one.act, GateAnswer) for one in made.amendments):
        return True
    first = made.edition.standing.dates[deed.stage] - made.edition.plan.stages[deed.stage].asked
    return ((now - first) // _DAY) % _TOLD_EACH == 0
