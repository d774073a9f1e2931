"""What is due: the deeds of all editions whose time has come, less those the ledger has as done. Pure.

Each kind says its own moments. A deed's key holds no date of a stage. So a stage that is postponed after its deed was
done stays done, and one that is postponed before is simply not due yet; nobody is told twice.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from mailsvc.deeds.kinds import DueDeed, Kind, Timed
from mailsvc.records.ledger import DeedKey
from schedules.edition import Edition
from schedules.words import Stage

_RANKS = {stage: rank for rank, stage in enumerate(Stage)}


def due(
    editions: Iterable[Edition], kinds: Collection[Kind], now: datetime, done: Collection[DeedKey]
) -> list[DueDeed]:
    """The deeds to carry out at `now`, oldest first."""
    return [deed for deed in _planned(editions, kinds, now) if deed.at <= now and deed.key not in done]


def keys_due(
    editions: Iterable[Edition], kinds: Collection[Timed], now: datetime, done: Collection[DeedKey]
) -> list[DeedKey]:
    """What is due at `now`, for whoever only wants to know, oldest first."""
    moments = {key: at for edition in editions for kind in kinds for key, _, at in kind.moments(edition, now)}
    return sorted(
        (key for key, at in moments.items() if at <= now and key not in done), key=lambda key: (moments[key], key)
    )


def instants(editions: Iterable[Edition], kinds: Collection[Kind], after: datetime) -> list[datetime]:
    """When anything becomes due after `after`, in order of time; of a kind with rounds, the next at least."""
    return sorted({deed.at for deed in _planned(editions, kinds, after) if deed.at > after})


def _planned(editions: Iterable[Edition], kinds: Collection[Kind], now: datetime) -> list[DueDeed]:
    deeds = {
        key: DueDeed(key, kind, stage, at.astimezone(UTC), edition)
        for edition in editions
        for kind in kinds
        for key, stage, at in kind.moments(edition, now)
    }
    return sorted(deeds.values(), key=lambda deed: (deed.at, _RANKS[deed.stage], deed.key))
