"""When a message is settled, and whether anybody still needs its body.

`end_message` is called in the transaction in which one of its deliveries ended, or its sender was told.
Raises what the driver raises.
"""

from datetime import datetime

from sqlalchemy import Connection, Text, bindparam, select, update

from mailsvc.records.tables import deliveries, messages
from mailsvc.records.upsert import is_sqlite

# The report on mail that a person has given up without telling anybody.
DROPPED = "nobody: dropped by an administrator"
_ENDED = frozenset({"delivered", "undeliverable", "returned"})
# Asked at the end of every delivery, so built once.
_ID = bindparam("id_", type_=Text)
_LOCK = select(messages.c.id).where(messages.c.id == _ID).with_for_update()
_ENDS = select(deliveries.c.state, deliveries.c.report, deliveries.c.relayed_at).where(deliveries.c.message_id == _ID)
_SETTLE = (
    update(messages).where(messages.c.id == _ID).values(settled_at=bindparam("settled_at"), body=bindparam("body"))
)


def end_message(connection: Connection, message_id: str, now: datetime) -> None:
    """Settle a message whose deliveries have all ended; its body becomes sweepable where nobody needs it any more.

    A body is needed for mail that could not be delivered until its sender was told, or a person has dropped it; and
    for a report of success that is still to be written.
    """
    if not is_sqlite(connection):  # two may settle the last two recipients at once: the second must see the first
        connection.execute(_LOCK, {"id_": message_id})
    ends = connection.execute(_ENDS, {"id_": message_id}).all()
    if all(state in _ENDED for state, *_ in ends):
        needed = any(_needed(*end) for end in ends)
        body = "kept" if needed else "spent"
        connection.execute(_SETTLE, {"id_": message_id, "settled_at": now, "body": body})


def _needed(state: str, report: str, relayed_at: datetime | None) -> bool:
    return (state == "undeliverable" and report != DROPPED) or (relayed_at is not None and not report)
