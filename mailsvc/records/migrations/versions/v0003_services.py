"""What plans read of a contract besides mail: its services, options and equipment, as words.

Written out, not taken from `mailsvc.records.tables`: those move on, a released migration never changes.
"""

from alembic import op
from sqlalchemy import Column, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; contracts that are there have no services until the next import says some."""
    op.add_column("contracts", Column("services", Text, nullable=False, server_default=""))
