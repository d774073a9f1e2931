"""Exports of subscribers' mail that run: what a gate asks before it lets a stage end them.

Use: give something with `running` to the gates (`mailsvc.deeds.gates`). `NotCounted` is the source of a service that
knows of no exports: it says so, and a gate that asks it does not open by itself.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailsvc.records.store import Connection
from schedules.names import Address


@dataclass(frozen=True, slots=True)
class RunningExport:
    """One subscriber's export that has begun and not ended."""

    address: Address
    contact: Address  # where its subscriber is told
    ready: datetime | None = None  # when it will have ended, as far as that can be said


class RunningExports(Protocol):
    """Knows which exports run."""

    def running(self, connection: Connection, domains: Collection[str]) -> tuple[RunningExport, ...] | None:
        """The exports that run for addresses of these domains of a plan; None: not known.

        Asked in a thread, outside of any transaction. Raises RecordsAway.
        """
        ...


class NotCounted:
    """No exports are kept account of."""

    def running(self, connection: Connection, domains: Collection[str]) -> tuple[RunningExport, ...] | None:
        """None: nothing is known."""
        del connection, domains
        return None
