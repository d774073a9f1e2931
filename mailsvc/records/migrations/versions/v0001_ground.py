"""The first tables: mail, directory, time, acts."""

from alembic import op

from mailsvc.records.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    metadata.create_all(op.get_bind())
