"""Tables of mail: bodies, messages, deliveries.

A message row is written last, together with its deliveries: chunks without one are an orphan body.
A delivery's `due_at` is when somebody may take it: `next_at` while queued, the end of the lease while claimed,
NULL once settled or held. `settled_at` is NULL as long as the mail still waits, held mail included.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    and_,
    literal_column,
    or_,
)

from mailsvc.records.tables.columns import Instant, metadata

body_chunks = Table(
    "body_chunks",
    metadata,
    Column("body_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

# Only bodies too large for memory have a row here: it is what the sweep for orphans starts from.
body_spills = Table(
    "body_spills",
    metadata,
    Column("body_id", Text, primary_key=True),
    Column("begun_at", Instant, nullable=False, index=True),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("body_id", Text, nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("client_kind", Text, nullable=False),
    Column("client_ip", Text, nullable=False),
    Column("helo", Text, nullable=False),
    Column("mail_from", Text, nullable=False),
    Column("smtputf8", Boolean, nullable=False),
    Column("eight_bit", Boolean, nullable=False),
    Column("trace", LargeBinary, nullable=False),
    Column("origin", Text, nullable=False),
    Column("settled_at", Instant),
    Column("body", Text, nullable=False),  # kept | spent | gone
    Column("ret", Text, nullable=False, server_default=""),  # RFC 3461 4.3: full | hdrs, empty where not said
    Column("envid", Text, nullable=False, server_default=""),  # RFC 3461 4.4
    Column("scan", Text, nullable=False, server_default=""),  # clean | unread: WHY, empty where never scanned
    Column("scanner", Text, nullable=False, server_default=""),  # product and version of its signatures
)
Index(
    "ix_messages_spent",
    messages.c.settled_at,
    sqlite_where=messages.c.body == "spent",
    postgresql_where=messages.c.body == "spent",
)
Index(
    "ix_messages_gone",
    messages.c.settled_at,
    sqlite_where=messages.c.body == "gone",
    postgresql_where=messages.c.body == "gone",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("message_id", Text, ForeignKey("messages.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("recipient", Text, nullable=False),
    Column("original", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant),
    Column("due_at", Instant),
    Column("last_reply", Text, nullable=False),
    Column("settled_at", Instant),
    Column("owner", Text, nullable=False),
    Column("lease_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("notify", Text, nullable=False, server_default=""),  # RFC 3461 4.1, lower case, empty where not said
    Column("orcpt", Text, nullable=False, server_default=""),  # RFC 3461 4.2
    Column("report", Text, nullable=False, server_default=""),  # "returned ID" of a DSN, or "nobody: WHY"
    Column("expires_at", Instant),  # when trying again ends; NULL in rows older than this column
    Column("delay_told_at", Instant),
    Column("relayed_at", Instant),  # taken by a hop that knows nothing of DSNs
)
Index(
    "ix_deliveries_waiting",
    deliveries.c.recipient,
    sqlite_where=deliveries.c.settled_at.is_(None),
    postgresql_where=deliveries.c.settled_at.is_(None),
)
# Written into a statement, not bound to it: that is how partial indexes are found.
_NOTHING = literal_column("''", Text)
# Ends of which the sender has not been told, and that it may want to know.
UNTOLD = and_(
    deliveries.c.report == _NOTHING,
    or_(deliveries.c.state == literal_column("'undeliverable'"), deliveries.c.relayed_at.is_not(None)),
)
Index("ix_deliveries_untold", deliveries.c.message_id, sqlite_where=UNTOLD, postgresql_where=UNTOLD)
# Waiting mail whose sender may want to hear of a delay (RFC 3461 4.1).
UNDELAYED = and_(
    deliveries.c.settled_at.is_(None), deliveries.c.delay_told_at.is_(None), deliveries.c.notify != _NOTHING
)
Index("ix_deliveries_undelayed", deliveries.c.message_id, sqlite_where=UNDELAYED, postgresql_where=UNDELAYED)
Index(
    "ix_deliveries_due",
    deliveries.c.lane,
    deliveries.c.due_at,
    sqlite_where=deliveries.c.due_at.is_not(None),
    postgresql_where=deliveries.c.due_at.is_not(None),
)
Index(
    "ix_deliveries_open",
    deliveries.c.state,
    sqlite_where=deliveries.c.state != "delivered",
    postgresql_where=deliveries.c.state != "delivered",
)
