"""Why a job stands still, in words that a report in any language reads.

Written out, not taken from `mailsvc.records.tables`: those move on, a released migration never changes.
"""

from alembic import op
from sqlalchemy import Column, Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; jobs that are there keep what they say, and have no reasons until they say it anew."""
    op.add_column("jobs", Column("reasons", Text, nullable=False, server_default=""))
