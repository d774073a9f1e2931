"""What subscribers take home: moves with their journals, jobs in batches, limits of hosts, links to exports.

Written out, not taken from `mailsvc.records.tables`: those move on, a released migration never changes.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Text, text

revision = "0004"
down_revision = "0003"

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Add tables; nothing that is there changes."""
    for make in (_moves, _jobs, _jobs_found, _secrets, _journal, _journal_marks, _hosts, _exports, _links):
        make()


def _moves() -> None:
    op.create_table(
        "batches",
        Column("id", Text, primary_key=True),
        Column("name", Text, nullable=False),
        Column("asked_by", Text, nullable=False),
        Column("asked_at", BigInteger, nullable=False),
    )
    op.create_table(
        "moves",
        Column("number", _NUMBER, primary_key=True, autoincrement=True),
        Column("sha256", Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_moves_sha256", "moves", ["sha256"], unique=True)


def _jobs() -> None:
    words = ("kind", "source", "target", "wishes", "domain", "address", "source_host", "target_host", "lane")
    op.create_table(
        "jobs",
        Column("id", Text, primary_key=True),
        Column("batch", Text, ForeignKey("batches.id", name="fk_jobs_batches")),
        _of_a_move("jobs"),
        *(Column(name, Text, nullable=False) for name in words),
        Column("priority", Integer, nullable=False),
        Column("state", Text, nullable=False),
        Column("next_at", BigInteger),
        Column("due_at", BigInteger),
        Column("attempts", Integer, nullable=False),
        Column("failed", Integer, nullable=False),
        Column("failing_since", BigInteger),
        Column("owner", Text, nullable=False),
        Column("lease_until", BigInteger),
        Column("fence", Integer, nullable=False),
        Column("asked_by", Text, nullable=False),
        Column("asked_at", BigInteger, nullable=False),
        *(Column(name, BigInteger) for name in ("started_at", "ended_at")),
        *(Column(name, BigInteger, nullable=False) for name in ("messages", "of_messages", "octets")),
        Column("of_octets", BigInteger),
        Column("doing", Text, nullable=False),
        *(Column(name, BigInteger) for name in ("progress_at", "whole_messages", "whole_octets")),
        *(Column(name, Text, nullable=False) for name in ("needs", "problem", "remedy", "receipt")),
    )


def _jobs_found() -> None:
    _partial("ix_jobs_open", "jobs", ["id"], "ended_at IS NULL")
    _partial("ix_jobs_open_move", "jobs", ["move"], "ended_at IS NULL", unique=True)
    _partial("ix_jobs_due", "jobs", ["lane", "priority", "due_at"], "due_at IS NOT NULL")
    _partial("ix_jobs_next", "jobs", ["due_at"], "due_at IS NOT NULL")
    op.create_index("ix_jobs_started", "jobs", ["started_at"])
    _partial("ix_jobs_held", "jobs", ["lease_until"], "lease_until IS NOT NULL")
    op.create_index("ix_jobs_batch", "jobs", ["batch", "state"])
    op.create_index("ix_jobs_over", "jobs", ["batch", "ended_at"])
    op.create_index("ix_jobs_move", "jobs", ["move"])
    op.create_index("ix_jobs_address", "jobs", ["domain", "address"])


def _secrets() -> None:
    op.create_table(
        "job_secrets",
        Column("job", Text, ForeignKey("jobs.id", name="fk_job_secrets_jobs"), primary_key=True),
        Column("side", Text, primary_key=True),
        Column("sealed", LargeBinary, nullable=False),
    )


def _journal() -> None:
    op.create_table(
        "journal_folders",
        _of_a_move("journal_folders", primary_key=True),
        Column("folder", Text, primary_key=True),
        *_state(),
    )
    op.create_table(
        "journal_names",
        _of_a_move("journal_names", primary_key=True),
        Column("folder", Text, primary_key=True),
        Column("into_folder", Text, nullable=False),
    )
    op.create_index("ix_journal_names_into", "journal_names", ["move", "into_folder"], unique=True)
    op.create_table(
        "journal_subscribed",
        _of_a_move("journal_subscribed", primary_key=True),
        Column("folder", Text, primary_key=True),
    )
    op.create_table(
        "journal_notes",
        Column("note", _NUMBER, primary_key=True, autoincrement=True),
        _of_a_move("journal_notes"),
        Column("folder", Text, nullable=False),
        Column("text", Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_notes_once", "journal_notes", ["move", "folder", "text"], unique=True)
    op.create_table(
        "journal_intents",
        Column("intent", _NUMBER, primary_key=True, autoincrement=True),
        _of_a_move("journal_intents"),
        Column("into_folder", Text, nullable=False),
        *_state(),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_intents_move", "journal_intents", ["move"])


def _journal_marks() -> None:
    op.create_table(
        "journal_marks",
        _of_a_move("journal_marks", primary_key=True),
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
    _partial("ix_journal_marks_intent", "journal_marks", ["intent"], "settled IS NULL")


def _hosts() -> None:
    op.create_table(
        "host_limits",
        Column("host", Text, primary_key=True),
        Column("most_jobs", Integer),
        Column("rests_until", BigInteger),
        Column("rests", Integer, nullable=False),
        Column("why", Text, nullable=False),
    )
    op.create_table(
        "host_budgets",
        Column("subject", Text, primary_key=True),
        Column("hour", BigInteger, primary_key=True, autoincrement=False),
        Column("down", BigInteger, nullable=False),
        Column("up", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_host_budgets_hour", "host_budgets", ["hour"])


def _exports() -> None:
    op.create_table(
        "exports",
        Column("job", Text, ForeignKey("jobs.id", name="fk_exports_jobs"), primary_key=True),
        Column("form", Text, nullable=False),
        Column("place", Text, nullable=False),
        Column("handed_at", BigInteger),
        Column("problem", Text, nullable=False),
        Column("removed_at", BigInteger),
    )
    _partial("ix_exports_unhanded", "exports", ["job"], "handed_at IS NULL")
    op.create_index("ix_exports_place", "exports", ["place"])
    op.create_table(
        "export_files",
        Column("job", Text, ForeignKey("jobs.id", name="fk_export_files_jobs"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("name", Text, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("sha256", Text, nullable=False),
    )


def _links() -> None:
    op.create_table(
        "links",
        Column("token_sha256", Text, primary_key=True),
        Column("job", Text, ForeignKey("jobs.id", name="fk_links_jobs"), nullable=False),
        *(Column(name, Text, nullable=False) for name in ("domain", "address", "made_by")),
        *(Column(name, BigInteger, nullable=False) for name in ("made_at", "expires_at")),
        *(Column(name, BigInteger) for name in ("used_at", "revoked_at")),
    )
    op.create_index("ix_links_job", "links", ["job"])
    op.create_index("ix_links_expires_at", "links", ["expires_at"])
    op.create_index("ix_links_address", "links", ["domain", "address"])
    token = ForeignKey("links.token_sha256", name="fk_link_sessions_links")
    op.create_table(
        "link_sessions",
        Column("session_sha256", Text, primary_key=True),
        Column("token_sha256", Text, token, nullable=False),
        *(Column(name, BigInteger, nullable=False) for name in ("made_at", "expires_at")),
    )
    op.create_index("ix_link_sessions_token_sha256", "link_sessions", ["token_sha256"])
    op.create_index("ix_link_sessions_expires_at", "link_sessions", ["expires_at"])


def _of_a_move(table: str, *, primary_key: bool = False) -> Column[int]:
    move = ForeignKey("moves.number", name=f"fk_{table}_moves")
    return Column("move", BigInteger, move, primary_key=primary_key, autoincrement=False, nullable=False)


def _state() -> tuple[Column[int], ...]:
    """A folder's state."""
    names = ("uidvalidity", "uidnext", "messages")
    return (*(Column(name, BigInteger, nullable=False) for name in names), Column("modseq", BigInteger))


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
