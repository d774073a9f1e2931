"""When the plan ends the exports of a mailbox, what was given to exports that run left aside.

    ends = ExportEnds(edition)
    ends.dates                          # every date that may be somebody's
    ends.of(connection, mailbox)        # by exceptions, groups, areas and people's holds; None: it waits
    ends.given_until(mailbox)           # until when it was given time already

So time is given once for each date that people have set, and a hold that was given is no date to begin from. Raises
what the records raise.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from mailsvc.deeds.gates import ROUNDS
from mailsvc.records import directory
from mailsvc.records.store import Connection
from schedules.amendments import Hold
from schedules.amendments.coming import ends_for
from schedules.amendments.standing import Held
from schedules.edition import Edition
from schedules.names import Address
from schedules.words import Stage

_STAGE = Stage.EXPORT_END


class ExportEnds:
    """The ends of exports under one edition."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        given = {one.source: one for one in _given(edition)}
        by_people = tuple(one for one in edition.standing.holds if one.source not in given)
        self._standing = replace(edition.standing, holds=by_people)
        self._given: dict[tuple[str, str], datetime] = {}
        for one in given.values():
            if one.scope.address is not None:
                whose = (one.scope.address.domain.ascii, one.scope.address.key)
                self._given[whose] = max(one.until, self._given.get(whose, one.until))

    @property
    def dates(self) -> frozenset[datetime]:
        """Every date on which export-end may come for somebody."""
        standing = self._standing
        if _STAGE not in standing.dates or _STAGE in standing.shut:
            return frozenset()
        opened = {standing.not_before(_STAGE, at) for at in self._written()}
        return frozenset(at for at in opened if at.timestamp() <= standing.resting_from)

    def of(self, connection: Connection, mailbox: Address) -> datetime | None:
        """When export-end comes for a mailbox; None where it waits, or the plan has none."""
        entry = directory.find(connection, mailbox.domain, mailbox.key)
        group, area = (entry.group, entry.area) if entry else ("", "")
        end = ends_for(self._standing, self._edition.profile(mailbox, group=group, area=area)).get(_STAGE)
        return end.comes.at if end is not None and end.comes is not None else None

    def given_until(self, mailbox: Address) -> datetime | None:
        """Until when an export of this very mailbox was given time; None where it was given none."""
        return self._given.get((mailbox.domain.ascii, mailbox.key))

    def _written(self) -> Iterator[datetime]:
        standing = self._standing
        written = [standing.dates[_STAGE], *(one.stages[_STAGE] for one in standing.exceptions if _STAGE in one.stages)]
        yield from written
        yield from (one.until for one in standing.holds if one.concerns(_STAGE) and one.until > min(written))


def _given(edition: Edition) -> tuple[Held, ...]:
    """The holds that stand and were given to exports that run: by the service itself, their end told at once."""
    made = {f"amendment {one.number}" for one in edition.amendments if one.by == ROUNDS and isinstance(one.act, Hold)}
    held = (one for one in edition.standing.holds if one.scope.address is not None and one.announced == timedelta())
    return tuple(one for one in held if one.source.file in made)
