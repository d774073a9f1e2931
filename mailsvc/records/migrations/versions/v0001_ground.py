"""The first tables: mail, directory, time, acts; and the triggers that keep what is append-only.

Written out, not taken from `mailsvc.records.tables`: those move on, a released migration never changes.
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Integer, LargeBinary, Text, text

revision = "0001"
down_revision = None

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
_APPEND_ONLY = ("plans", "amendments", "audit")


def upgrade() -> None:
    """Make every table and trigger."""
    for make in (_bodies, _messages, _deliveries, _generations, _contracts, _addresses, _plans, _deeds, _acts):
        make()
    _append_only()


def _bodies() -> None:
    """Chunks, and the list of bodies that were too large for memory."""
    op.create_table(
        "body_chunks",
        Column("body_id", Text, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("data", LargeBinary, nullable=False),
    )
    op.create_table(
        "body_spills",
        Column("body_id", Text, primary_key=True),
        Column("begun_at", BigInteger, nullable=False),
    )
    op.create_index("ix_body_spills_begun_at", "body_spills", ["begun_at"])


def _messages() -> None:
    """Accepted messages."""
    op.create_table(
        "messages",
        Column("id", Text, primary_key=True),
        Column("body_id", Text, nullable=False),
        Column("size", Integer, nullable=False),
        Column("sha256", Text, nullable=False),
        Column("received_at", BigInteger, nullable=False),
        Column("client_kind", Text, nullable=False),
        Column("client_ip", Text, nullable=False),
        Column("helo", Text, nullable=False),
        Column("mail_from", Text, nullable=False),
        Column("smtputf8", Boolean, nullable=False),
        Column("eight_bit", Boolean, nullable=False),
        Column("trace", LargeBinary, nullable=False),
        Column("origin", Text, nullable=False),
        Column("settled_at", BigInteger),
        Column("body", Text, nullable=False),
    )
    op.create_index("ix_messages_body_id", "messages", ["body_id"])
    _partial("ix_messages_gone", "messages", ["settled_at"], "body = 'gone'")
    _partial("ix_messages_spent", "messages", ["settled_at"], "body = 'spent'")


def _deliveries() -> None:
    """One row per recipient."""
    op.create_table(
        "deliveries",
        Column("message_id", Text, ForeignKey("messages.id", name="fk_deliveries_messages"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("recipient", Text, nullable=False),
        Column("original", Text, nullable=False),
        Column("because", Text, nullable=False),
        Column("lane", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("next_at", BigInteger),
        Column("due_at", BigInteger),
        Column("last_reply", Text, nullable=False),
        Column("settled_at", BigInteger),
        Column("owner", Text, nullable=False),
        Column("lease_until", BigInteger),
        Column("fence", Integer, nullable=False),
    )
    _partial("ix_deliveries_due", "deliveries", ["lane", "due_at"], "due_at IS NOT NULL")
    _partial("ix_deliveries_open", "deliveries", ["state"], "state != 'delivered'")


def _generations() -> None:
    """Domains and the generations of their directories."""
    op.create_table(
        "domains",
        Column("domain", Text, primary_key=True),
        Column("generation", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "generations",
        Column("generation", Integer, primary_key=True, autoincrement=True),
        Column("domain", Text, nullable=False),
        Column("based_on", Integer),
        Column("begun_at", BigInteger, nullable=False),
        Column("begun_by", Text, nullable=False),
        Column("published_at", BigInteger),
        Column("state", Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_generations_domain", "generations", ["domain"])
    op.create_index("ix_generations_state", "generations", ["state"])


def _contracts() -> None:
    """Holders and contracts."""
    op.create_table(
        "holders",
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("holder", Text, primary_key=True),
        Column("contact", Text, nullable=False),
        Column("language", Text, nullable=False),
        Column("contradictions", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contracts",
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("contract", Text, primary_key=True),
        Column("holder", Text, nullable=False),
        Column("course", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("start", Date),
        Column("expiry", Date),
        Column("suspended_since", Date),
        Column("in_group", Text, nullable=False),
        Column("area", Text, nullable=False),
        Column("contradictions", Integer, nullable=False),
        sqlite_with_rowid=False,
    )


def _addresses() -> None:
    """Addresses."""
    op.create_table(
        "addresses",
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("key", Text, primary_key=True),
        Column("local", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("contract", Text, nullable=False),
        Column("expiry", Date),
        Column("has_left", Boolean, nullable=False),
        Column("moved_to", Text),
        Column("disclose", Boolean, nullable=False),
        Column("forward_to", Text),
        Column("forward_confirmed", Boolean, nullable=False),
        Column("forward_disclose", Boolean, nullable=False),
        Column("forward_keep", Boolean, nullable=False),
        Column("alias_of", Text),
        Column("alias_domain", Text),
        Column("alias_key", Text),
        Column("forwards_to_itself", Boolean, nullable=False),
        Column("quota", BigInteger),
        Column("homepage", Text, nullable=False),
        Column("repeated", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_addresses_contract", "addresses", ["generation", "contract"])


def _plans() -> None:
    """Plan texts and amendments."""
    op.create_table(
        "plans",
        Column("plan", Text, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("text", Text, nullable=False),
        Column("file", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("made_by", Text, nullable=False),
        Column("reason", Text, nullable=False),
    )
    op.create_table(
        "amendments",
        Column("plan", Text, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("text", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("made_by", Text, nullable=False),
        Column("reason", Text, nullable=False),
    )


def _deeds() -> None:
    """The ledger, marks and versions."""
    op.create_table(
        "deeds",
        Column("domain", Text, primary_key=True),
        Column("stage", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        Column("offset_seconds", BigInteger, primary_key=True, autoincrement=False),
        Column("scope", Text, primary_key=True),
        Column("owner", Text, nullable=False),
        Column("lease_until", BigInteger),
        Column("fence", Integer, nullable=False),
        Column("done_at", BigInteger),
        Column("evidence", Text, nullable=False),
        Column("collapsed_into", Text, nullable=False),
    )
    op.create_table(
        "marks",
        Column("name", Text, primary_key=True),
        Column("text", Text, nullable=False),
    )
    op.create_table(
        "versions",
        Column("what", Text, primary_key=True),
        Column("number", BigInteger, nullable=False),
    )


def _acts() -> None:
    """The audit log and usage."""
    op.create_table(
        "audit",
        Column("number", _NUMBER, primary_key=True, autoincrement=True),
        Column("at", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
        Column("act", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("reason", Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_subject", "audit", ["subject", "number"])
    op.create_table(
        "usage",
        Column("domain", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("octets", BigInteger, nullable=False),
        Column("over_since", BigInteger),
        Column("counted_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=text(where), postgresql_where=text(where))


def _append_only() -> None:
    """Let the database itself refuse to change or remove what is append-only."""
    if op.get_bind().dialect.name == "sqlite":
        for table in _APPEND_ONLY:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
                )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE integrity_constraint_violation USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$",
    )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        )
