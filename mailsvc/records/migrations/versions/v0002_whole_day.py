"""What a gateway needs over a whole day: quarantine, notices, reports to senders, reservations, rates, pauses.

Written out, not taken from `mailsvc.records.tables`: those move on, a released migration never changes.
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, Text, text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns and tables; nothing that is there changes its meaning."""
    for make in (_messages, _deliveries, _quarantine, _quarantine_recipients, _cleared, _notices, _limits, _pauses):
        make()


def _messages() -> None:
    for name in ("ret", "envid", "scan", "scanner"):
        op.add_column("messages", Column(name, Text, nullable=False, server_default=""))


def _deliveries() -> None:
    for name in ("notify", "orcpt", "report"):
        op.add_column("deliveries", Column(name, Text, nullable=False, server_default=""))
    for name in ("expires_at", "delay_told_at", "relayed_at"):
        op.add_column("deliveries", Column(name, BigInteger))
    _partial("ix_deliveries_waiting", "deliveries", ["recipient"], "settled_at IS NULL")
    untold = "report = '' AND (state = 'undeliverable' OR relayed_at IS NOT NULL)"
    _partial("ix_deliveries_untold", "deliveries", ["message_id"], untold)
    undelayed = "settled_at IS NULL AND delay_told_at IS NULL AND notify <> ''"
    _partial("ix_deliveries_undelayed", "deliveries", ["message_id"], undelayed)
    op.add_column("usage", Column("warned", Integer, nullable=False, server_default="0"))


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        Column("id", Text, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("client_kind", Text, nullable=False),
        Column("client_ip", Text, nullable=False),
        Column("helo", Text, nullable=False),
        Column("mail_from", Text, nullable=False),
        Column("smtputf8", Boolean, nullable=False),
        Column("eight_bit", Boolean, nullable=False),
        Column("sender_local", Boolean, nullable=False),
        Column("accepted", Boolean, nullable=False),
        Column("reply", Text, nullable=False),
        Column("why", Text, nullable=False),
        Column("threat", Text, nullable=False),
        Column("scanner", Text, nullable=False),
        Column("body_id", Text, nullable=False),
        Column("size", Integer, nullable=False),
        Column("sha256", Text, nullable=False),
        Column("content_sha256", Text, nullable=False),
        Column("trace", LargeBinary, nullable=False),
        Column("state", Text, nullable=False),
        Column("settled_at", BigInteger),
        Column("settled_by", Text, nullable=False),
        Column("settle_reason", Text, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
    )
    for name in ("at", "body_id", "expires_at"):
        op.create_index(f"ix_quarantine_{name}", "quarantine", [name])


def _quarantine_recipients() -> None:
    op.create_table(
        "quarantine_recipients",
        Column(
            "quarantine_id",
            Text,
            ForeignKey("quarantine.id", name="fk_quarantine_recipients_quarantine"),
            primary_key=True,
        ),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("recipient", Text, nullable=False),
        Column("original", Text, nullable=False),
        Column("because", Text, nullable=False),
        Column("told", Boolean, nullable=False),
    )


def _cleared() -> None:
    op.create_table(
        "cleared_threats",
        Column("content_sha256", Text, primary_key=True),
        Column("threat", Text, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("by", Text, nullable=False),
        Column("reason", Text, nullable=False),
    )


def _notices() -> None:
    op.create_table(
        "notices",
        Column("domain", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        Column("last_at", BigInteger, nullable=False),
        Column("due_at", BigInteger),
        Column("pending", Integer, nullable=False),
        Column("items", Text, nullable=False),
    )
    _partial("ix_notices_due", "notices", ["due_at"], "due_at IS NOT NULL")


def _limits() -> None:
    op.create_table(
        "reservations",
        Column("id", Text, primary_key=True),
        Column("domain", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("octets", BigInteger, nullable=False),
        Column("until", BigInteger, nullable=False),
    )
    op.create_index("ix_reservations_until", "reservations", ["until"])
    op.create_index("ix_reservations_mailbox", "reservations", ["domain", "key"])
    op.create_table(
        "rates",
        Column("scope", Text, primary_key=True),
        Column("subject", Text, primary_key=True),
        Column("slot", BigInteger, primary_key=True, autoincrement=False),
        Column("count", BigInteger, nullable=False),
    )
    op.create_index("ix_rates_slot", "rates", ["slot"])


def _pauses() -> None:
    op.create_table(
        "forward_pauses",
        Column("domain", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("target", Text, primary_key=True),
        Column("since", BigInteger, nullable=False),
        Column("reply", Text, nullable=False),
    )


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=text(where), postgresql_where=text(where))
