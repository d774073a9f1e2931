"""Tables of what is kept back, and of what limits mail: quarantine, notices, reservations, rates, pauses.

A quarantine row owns its body while its state is `kept`: the body is no orphan then, though no message has it.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from mailsvc.records.tables.columns import Instant, metadata

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Text, primary_key=True),  # the id its message had at the gateway
    Column("at", Instant, nullable=False, index=True),
    Column("client_kind", Text, nullable=False),
    Column("client_ip", Text, nullable=False),
    Column("helo", Text, nullable=False),
    Column("mail_from", Text, nullable=False),
    Column("smtputf8", Boolean, nullable=False),
    Column("eight_bit", Boolean, nullable=False),
    Column("sender_local", Boolean, nullable=False),
    Column("accepted", Boolean, nullable=False),  # whether its client was answered 250
    Column("reply", Text, nullable=False),
    Column("why", Text, nullable=False),  # infected | unread: WHY
    Column("threat", Text, nullable=False),
    Column("scanner", Text, nullable=False),
    Column("body_id", Text, nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),  # of the octets behind the header section
    Column("trace", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),  # kept | released | deleted
    Column("settled_at", Instant),
    Column("settled_by", Text, nullable=False),
    Column("settle_reason", Text, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

quarantine_recipients = Table(
    "quarantine_recipients",
    metadata,
    Column("quarantine_id", Text, ForeignKey("quarantine.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("recipient", Text, nullable=False),
    Column("original", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("told", Boolean, nullable=False),
)

# An administrator's word that these octets are no threat of this name.
cleared_threats = Table(
    "cleared_threats",
    metadata,
    Column("content_sha256", Text, primary_key=True),
    Column("threat", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

# What an address of ours was last told of one kind of thing, and what waits to be told together.
notices = Table(
    "notices",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("last_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("pending", Integer, nullable=False),
    Column("items", Text, nullable=False),  # a JSON list
)
Index(
    "ix_notices_due",
    notices.c.due_at,
    sqlite_where=notices.c.due_at.is_not(None),
    postgresql_where=notices.c.due_at.is_not(None),
)

# Room in a mailbox that messages in progress have been promised, where several services share the records.
reservations = Table(
    "reservations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("octets", BigInteger, nullable=False),
    Column("until", Instant, nullable=False, index=True),
)
Index("ix_reservations_mailbox", reservations.c.domain, reservations.c.key)

rates = Table(
    "rates",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)
Index("ix_rates_slot", rates.c.slot)

forward_pauses = Table(
    "forward_pauses",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("reply", Text, nullable=False),
)
