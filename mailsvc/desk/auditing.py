"""The audit log, read.

Use: `list_acts(desk, subject, limit)`.
Fails: as the records do.
"""

from mailsvc.desk.desk import Desk
from mailsvc.records import audit


def list_acts(desk: Desk, subject: str | None, limit: int) -> list[dict[str, object]]:
    """The newest `limit` acts, the newest first; `subject` keeps those about one plan, domain or file."""
    zone = desk.settings.service.zoneinfo
    with desk.records.read() as conn:
        rows = audit.listing(conn, subject=subject, limit=limit)
    return [
        {
            "number": row.number,
            "at": row.at.astimezone(zone),
            "actor": row.actor,
            "act": row.act,
            "subject": row.subject,
            "reason": row.reason,
            "detail": row.detail,
        }
        for row in rows
    ]
