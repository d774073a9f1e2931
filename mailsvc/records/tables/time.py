"""Tables of time: plans, amendments, the ledger of deeds, marks.

`plans` and `amendments` are append-only: triggers of the database refuse every UPDATE and DELETE, and the
primary key (plan, number) lets only one of two administrators add number N.
"""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from mailsvc.records.tables.columns import Instant, metadata

plans = Table(
    "plans",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

amendments = Table(
    "amendments",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

deeds = Table(
    "deeds",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("offset_seconds", BigInteger, primary_key=True, autoincrement=False),
    Column("scope", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("lease_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("done_at", Instant),
    Column("evidence", Text, nullable=False),
    Column("collapsed_into", Text, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("what", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
