"""Tables of acts and counts: the audit log and the usage of mailboxes.

`audit` is append-only: triggers of the database refuse every UPDATE and DELETE. `usage` is outside the
directory's generations, so that a new import forgets nothing of how long a mailbox has been too full.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from mailsvc.records.tables.columns import Instant, metadata

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_audit_subject", audit.c.subject, audit.c.number)

usage = Table(
    "usage",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("octets", BigInteger, nullable=False),
    Column("over_since", Instant),
    Column("counted_at", Instant, nullable=False),
    Column("warned", Integer, nullable=False, server_default="0"),  # per cent of which the subscriber was told
    sqlite_with_rowid=False,
)
