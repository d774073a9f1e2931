"""When the plan ends the exports of a mailbox, what was given to exports that run left aside.

    end_of(connection, edition, mailbox)    # by exceptions, groups, areas and people's holds; None: it waits
    ends(edition)                           # every date that may be somebody's
    given_until(edition, mailbox)           # until when it was given time already

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
from schedules.amendments.standing import Applied, Held
from schedules.edition import Edition
from schedules.names import Address
from schedules.words import Stage

_STAGE = Stage.EXPORT_END


def end_of(connection: Connection, edition: Edition, mailbox: Address) -> datetime | None:
    """When export-end comes for a mailbox; None where it waits, or the plan has none."""
    entry = directory.find(connection, mailbox.domain, mailbox.key)
    group, area = (entry.group, entry.area) if entry else ("", "")
    end = ends_for(_by_people(edition), edition.profile(mailbox, group=group, area=area)).get(_STAGE)
    return end.comes.at if end is not None and end.comes is not None else None


def ends(edition: Edition) -> frozenset[datetime]:
    """Every date on which export-end may come for somebody, under the edition as it stands."""
    standing = _by_people(edition)
    if _STAGE not in standing.dates or _STAGE in standing.shut:
        return frozenset()
    opened = {standing.not_before(_STAGE, at) for at in _dates(standing)}
    return frozenset(at for at in opened if at.timestamp() <= standing.resting_from)


def given_until(edition: Edition, mailbox: Address) -> datetime | None:
    """Until when an export of this very mailbox was given time; None where it was given none."""
    untils = (one.until for one in _given(edition) if one.scope.covers(edition.profile(mailbox)))
    return max(untils, default=None)


def _dates(standing: Applied) -> Iterator[datetime]:
    written = [standing.dates[_STAGE], *(one.stages[_STAGE] for one in standing.exceptions if _STAGE in one.stages)]
    yield from written
    yield from (one.until for one in standing.holds if one.concerns(_STAGE) and one.until > min(written))


def _by_people(edition: Edition) -> Applied:
    given = {one.source for one in _given(edition)}
    return replace(edition.standing, holds=tuple(one for one in edition.standing.holds if one.source not in given))


def _given(edition: Edition) -> tuple[Held, ...]:
    """The holds that stand and were given to exports that run: by the service itself, their end told at once."""
    made = {f"amendment {one.number}" for one in edition.amendments if one.by == ROUNDS and isinstance(one.act, Hold)}
    held = (one for one in edition.standing.holds if one.scope.address is not None and one.announced == timedelta())
    return tuple(one for one in held if one.source.file in made) if made else ()
