"""Tables of work: moves and what is remembered of them, jobs in batches, limits of hosts, links to what was exported.

A move is a pair of mailboxes; its journal outlives the jobs that carry it out until the last of them is forgotten, and
at most one job of a move is open at a time. A job's `due_at` is when somebody may take it: `next_at` while it waits,
the end of the lease while it is held, NULL else. `job_secrets` has rows while a job is open, no longer.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from mailsvc.records.tables.columns import Instant, metadata

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
)

moves = Table(
    "moves",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("sha256", Text),  # of both mailboxes, however they are reached; NULL: forgotten, its journal goes soon
    sqlite_autoincrement=True,
)
Index("ix_moves_sha256", moves.c.sha256, unique=True)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("batch", Text, ForeignKey("batches.id"), nullable=True),
    Column("move", BigInteger, ForeignKey("moves.number"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),  # URLs as they were said, without secrets
    Column("target", Text, nullable=False),
    Column("wishes", Text, nullable=False),  # how it is done, a JSON object
    Column("domain", Text, nullable=False),  # of the address of ours; empty: of none
    Column("address", Text, nullable=False),  # whose mailbox it is; empty: of nobody of ours
    Column("source_host", Text, nullable=False),  # empty: on this machine
    Column("target_host", Text, nullable=False),
    Column("lane", Text, nullable=False),  # both hosts
    Column("priority", Integer, nullable=False),  # lower goes first
    Column("state", Text, nullable=False),
    Column("next_at", Instant),
    Column("due_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("failed", Integer, nullable=False),  # in a row, with nothing settled
    Column("failing_since", Instant),
    Column("owner", Text, nullable=False),
    Column("lease_until", Instant),
    Column("fence", Integer, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("messages", BigInteger, nullable=False),  # settled in this run
    Column("of_messages", BigInteger, nullable=False),
    Column("octets", BigInteger, nullable=False),
    Column("of_octets", BigInteger),
    Column("doing", Text, nullable=False),
    Column("progress_at", Instant),
    Column("whole_messages", BigInteger),  # there by all runs of its move, when the last one came to its end
    Column("whole_octets", BigInteger),
    Column("needs", Text, nullable=False),  # the sides that need a secret, a space between two
    Column("problem", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("reasons", Text, nullable=False, server_default=""),  # of the problem, a JSON list; empty: not known
    Column("receipt", Text, nullable=False),  # of the last run that came to its end, signed
)
_OPEN = jobs.c.ended_at.is_(None)
_DUE = jobs.c.due_at.is_not(None)
_HELD = jobs.c.lease_until.is_not(None)
Index("ix_jobs_open", jobs.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_jobs_open_move", jobs.c.move, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_jobs_due", jobs.c.lane, jobs.c.priority, jobs.c.due_at, sqlite_where=_DUE, postgresql_where=_DUE)
Index("ix_jobs_next", jobs.c.due_at, sqlite_where=_DUE, postgresql_where=_DUE)
Index("ix_jobs_started", jobs.c.started_at)
Index("ix_jobs_held", jobs.c.lease_until, sqlite_where=_HELD, postgresql_where=_HELD)
Index("ix_jobs_batch", jobs.c.batch, jobs.c.state)
Index("ix_jobs_over", jobs.c.batch, jobs.c.ended_at)
Index("ix_jobs_move", jobs.c.move)
Index("ix_jobs_address", jobs.c.domain, jobs.c.address)

job_secrets = Table(
    "job_secrets",
    metadata,
    Column("job", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("side", Text, primary_key=True),  # source | target
    Column("sealed", LargeBinary, nullable=False),
)

# The journal of a move, as `migrator.journals.journal` has it; folders as JSON lists.
journal_folders = Table(
    "journal_folders",
    metadata,
    Column("move", BigInteger, ForeignKey("moves.number"), primary_key=True, autoincrement=False),
    Column("folder", Text, primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uidnext", BigInteger, nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("modseq", BigInteger),
)
journal_names = Table(
    "journal_names",
    metadata,
    Column("move", BigInteger, ForeignKey("moves.number"), primary_key=True, autoincrement=False),
    Column("folder", Text, primary_key=True),
    Column("into_folder", Text, nullable=False),
)
Index("ix_journal_names_into", journal_names.c.move, journal_names.c.into_folder, unique=True)
journal_subscribed = Table(
    "journal_subscribed",
    metadata,
    Column("move", BigInteger, ForeignKey("moves.number"), primary_key=True, autoincrement=False),
    Column("folder", Text, primary_key=True),
)
journal_notes = Table(
    "journal_notes",
    metadata,
    Column("note", _NUMBER, primary_key=True, autoincrement=True),
    Column("move", BigInteger, ForeignKey("moves.number"), nullable=False),
    Column("folder", Text, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_journal_notes_once", journal_notes.c.move, journal_notes.c.folder, journal_notes.c.text, unique=True)
journal_intents = Table(
    "journal_intents",
    metadata,
    Column("intent", _NUMBER, primary_key=True, autoincrement=True),
    Column("move", BigInteger, ForeignKey("moves.number"), nullable=False, index=True),
    Column("into_folder", Text, nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uidnext", BigInteger, nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("modseq", BigInteger),
    sqlite_autoincrement=True,
)
journal_marks = Table(
    "journal_marks",
    metadata,
    Column("move", BigInteger, ForeignKey("moves.number"), primary_key=True, autoincrement=False),
    Column("folder", Text, primary_key=True),
    Column("uidvalidity", BigInteger, primary_key=True, autoincrement=False),
    Column("uid", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("flags", Text, nullable=False),
    Column("settled", Text),
    Column("why", Text, nullable=False),
    Column("target_uidvalidity", BigInteger),
    Column("target_uid", BigInteger),
    Column("intent", BigInteger),
    sqlite_with_rowid=False,
)
_INTENDED = journal_marks.c.settled.is_(None)
Index("ix_journal_marks_intent", journal_marks.c.intent, sqlite_where=_INTENDED, postgresql_where=_INTENDED)

# What all workers together may do at a host; a host without a row has the settings' limits.
host_limits = Table(
    "host_limits",
    metadata,
    Column("host", Text, primary_key=True),
    Column("most_jobs", Integer),  # at once; NULL: as the settings say
    Column("rests_until", Instant),  # it asked for patience
    Column("rests", Integer, nullable=False, default=0),  # in a row, with no job done meanwhile
    Column("why", Text, nullable=False),
)
# Octets of a mailbox in one hour; those of the last 24 are its day.
host_budgets = Table(
    "host_budgets",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("hour", Instant, primary_key=True),  # its beginning
    Column("down", BigInteger, nullable=False),
    Column("up", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_host_budgets_hour", host_budgets.c.hour)

# What a job of the kind EXPORT makes, and whether it was handed over; rows of `export_files` are written then.
exports = Table(
    "exports",
    metadata,
    Column("job", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("form", Text, nullable=False),  # mbox | maildir | zip
    Column("place", Text, nullable=False),  # the file or folder that it makes
    Column("handed_at", Instant),  # NULL: not yet
    Column("problem", Text, nullable=False),  # why its subscriber was not told
    Column("removed_at", Instant),  # its files go from the disk, then this row; NULL: they are kept
)
_UNHANDED = exports.c.handed_at.is_(None)
Index("ix_exports_unhanded", exports.c.job, sqlite_where=_UNHANDED, postgresql_where=_UNHANDED)
Index("ix_exports_place", exports.c.place)
export_files = Table(
    "export_files",
    metadata,
    Column("job", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1
    Column("name", Text, nullable=False),  # below its place, slashes between folders
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("job", Text, ForeignKey("jobs.id"), nullable=False, index=True),
    Column("domain", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)
Index("ix_links_address", links.c.domain, links.c.address)
link_sessions = Table(
    "link_sessions",
    metadata,
    Column("session_sha256", Text, primary_key=True),
    Column("token_sha256", Text, ForeignKey("links.token_sha256"), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)
