"""The counts that gates are judged by, read from the records and from sources that other rooms supply.

Use: `Sources(...).counts(connection, edition, stage, now)`. It reads whole tables: ask it in a thread, never in a
transaction. What a gate of the stage does not ask for is not counted. Raises RecordsAway.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mailsvc.deeds.affected import affected
from mailsvc.deeds.gate_findings import Counts
from mailsvc.deeds.more_time import has_more_time
from mailsvc.deeds.running_exports import NotCounted, RunningExport, RunningExports
from mailsvc.records import directory, intake, marks
from mailsvc.records.store import Connection
from schedules.blocks.dates import AddressesGate, BackupGate, ExportsGate, MailGate, ToldGate
from schedules.edition import Edition
from schedules.shifting import shifted
from schedules.words import Stage

_DAY = timedelta(days=1)

# The share of subscribers of these domains that a notice has reached, in per cent; None where it is not known.
ToldShare = Callable[[Connection, Collection[str]], float | None]


def not_counted(connection: Connection, domains: Collection[str]) -> None:
    """Of a service that keeps no account of letters to subscribers: nothing is known."""
    del connection, domains


@dataclass(frozen=True, slots=True)
class Extension:
    """An export that is given more time, until when, and for which stages."""

    export: RunningExport
    until: datetime
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of one stage, and the exports that would have to be given more time."""

    counts: Counts
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """Where counts come from; `keep_traces` tells how long messages stay on record."""

    keep_traces: Callable[[], timedelta]
    exports: RunningExports = field(default_factory=NotCounted)
    told: ToldShare = not_counted

    def counts(self, connection: Connection, edition: Edition, stage: Stage, now: datetime) -> Counted:
        """What the gates of `stage` ask for. Raises RecordsAway."""
        found, extensions = Counts(), tuple[Extension, ...]()
        for gate in edition.plan.stages[stage].gates:
            match gate:
                case ToldGate():
                    found = replace(found, told=self.told(connection, edition.plan.domains))
                case ExportsGate():
                    running = self.exports.running(connection, edition.plan.domains)
                    given, extensions = _exports(edition, stage, gate, running or (), now)
                    wanting = tuple(one.export for one in extensions) if running is not None else None
                    found = replace(found, exports=wanting, extended=given)
                case BackupGate():
                    found = replace(found, backup=marks.verified_backup(connection))
                case MailGate():
                    found = replace(found, mail=self._mail(connection, edition, gate, now))
                case AddressesGate():
                    found = replace(found, addresses=_addresses(connection, edition))
        return Counted(found, extensions)

    def _mail(self, connection: Connection, edition: Edition, gate: MailGate, now: datetime) -> float | None:
        """Messages a day; None where some of the days were not counted, or are no longer on record."""
        since, begun = now - gate.over, intake.counted_since(connection)
        if begun is None or begun > since or self.keep_traces() < gate.over:
            return None
        return intake.taken(connection, edition.plan.domains, since, now) / max(gate.over / _DAY, 1)


def _exports(
    edition: Edition, stage: Stage, gate: ExportsGate, running: Collection[RunningExport], now: datetime
) -> tuple[int, tuple[Extension, ...]]:
    """How many exports have been given more time, and those that have not and could be.

    An export that will be ready before its stage needs none; one that has had all the time there is gets no more.
    """
    at = edition.standing.dates[stage]
    bound = shifted(at, gate.extend_at_most, edition.plan.zone)
    stages = tuple(one for one in dict.fromkeys((Stage.EXPORT_END, stage)) if one in edition.plan.stages)
    given, wanting = 0, list[Extension]()
    for export in running:
        until = min(export.ready or bound, bound)
        if has_more_time(edition, export.address, now):
            given += 1
        elif until > max(at, now):
            wanting.append(Extension(export, until, stages))
    return given, tuple(wanting)


def _addresses(connection: Connection, edition: Edition) -> int | None:
    """The live addresses of all domains of the plan; None where the directory of one of them is not there."""
    ours, patterns = directory.ours(connection), edition.plan.domains
    if not patterns or any(one not in ours for one in patterns if not one.startswith("*.")):
        return None
    rows = [row for pattern in patterns for row in affected(connection, edition, pattern).rows]
    return sum(row.live + row.suspended for row in rows)
