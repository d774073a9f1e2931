"""How much mail was taken for domains: counted from the messages that are still on record.

Use: `taken(connection, patterns, since, until)`, and `counted_since(connection)`, before which nothing can have been
counted. It reads every message on record: ask it in a thread, never in a transaction. Fails as the connection does.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select

from mailsvc.records.tables import audit, deliveries, messages


def taken(connection: Connection, patterns: Collection[str], since: datetime, until: datetime) -> int:
    """Messages that clients brought from `since` until, not at, `until` for addresses of these domains.

    A pattern is a domain as A-labels, or "*." and one. A message counts once, whatever became of it; letters and
    reports of our own do not count, and what was refused or quarantined was never taken.
    """
    if not patterns:
        return 0
    query = (
        select(func.count(messages.c.id.distinct()))
        .select_from(messages.join(deliveries, deliveries.c.message_id == messages.c.id))
        .where(messages.c.origin == "smtp", messages.c.received_at >= since, messages.c.received_at < until)
        .where(or_(*(_for(pattern) for pattern in patterns)))
    )
    return int(connection.execute(query).scalar_one())


def counted_since(connection: Connection) -> datetime | None:
    """When these records began: the first act that anybody did; None where nothing was ever done."""
    found: datetime | None = connection.execute(select(func.min(audit.c.at))).scalar()
    return found


def _for(pattern: str) -> ColumnElement[bool]:
    end = pattern[1:] if pattern.startswith("*.") else f"@{pattern}"
    return func.lower(deliveries.c.original).endswith(end, autoescape=True)  # as the client wrote it
