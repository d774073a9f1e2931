"""What is due: the deeds of all editions whose time has come, less those the ledger has as done. Pure.

A deed's key holds no date. So a stage that is postponed after its deed was done stays done, and one that is postponed
before is simply not due yet; nobody is told twice.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from mailsvc.deeds.kinds import DueDeed, Kind, Timed
from mailsvc.records.ledger import DeedKey
from schedules.edition import Edition
from schedules.names import DomainName
from schedules.words import Stage

_RANKS = {stage: rank for rank, stage in enumerate(Stage)}


def due(
    editions: Iterable[Edition], kinds: Collection[Kind], now: datetime, done: Collection[DeedKey]
) -> list[DueDeed]:
    """The deeds to carry out at `now`, oldest first."""
    return [deed for deed in _planned(editions, kinds) if deed.at <= now and deed.key not in done]


def keys_due(
    editions: Iterable[Edition], kinds: Collection[Timed], now: datetime, done: Collection[DeedKey]
) -> list[DeedKey]:
    """What is due at `now`, for whoever only wants to know, oldest first."""
    moments = {key: at for edition in editions for kind in kinds for key, _, at in _moments(edition, kind)}
    return sorted(
        (key for key, at in moments.items() if at <= now and key not in done), key=lambda key: (moments[key], key)
    )


def instants(editions: Iterable[Edition], kinds: Collection[Kind], after: datetime) -> list[datetime]:
    """When anything becomes due after `after`, in order of time."""
    return sorted({deed.at for deed in _planned(editions, kinds) if deed.at > after})


def _planned(editions: Iterable[Edition], kinds: Collection[Kind]) -> list[DueDeed]:
    deeds = {deed.key: deed for edition in editions for kind in kinds for deed in _of(edition, kind)}
    return sorted(deeds.values(), key=lambda deed: (deed.at, _RANKS[deed.stage], deed.key))


def _of(edition: Edition, kind: Kind) -> Iterator[DueDeed]:
    for key, stage, at in _moments(edition, kind):
        yield DueDeed(key, kind, stage, at, edition)


def _moments(edition: Edition, kind: Timed) -> Iterator[tuple[DeedKey, Stage, datetime]]:
    seconds = kind.offset // timedelta(seconds=1)
    for pattern in edition.plan.domains:
        for stage in kind.stages:
            # A wildcard stands for its own scope here: a hold on "*.x" moves it, one on a single name below does not.
            at = edition.stage_instant(stage, DomainName(pattern))
            if at is not None:
                yield DeedKey(pattern, str(stage), kind.name, seconds), stage, at.astimezone(UTC) + kind.offset
