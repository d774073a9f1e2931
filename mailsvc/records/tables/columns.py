"""The column types all tables share, and their one MetaData.

Instants are stored as whole microseconds since 1970 (UTC) on both databases, so that they sort and compare
as integers; a naive datetime is refused.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    },
)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept to the microsecond; it comes back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 — the same on both
        """Microseconds since 1970; raises ValueError for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored: give it its zone")
        return (value - EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 — the same on both
        """The datetime in UTC."""
        return None if value is None else instant(value)


def instant(microseconds: int) -> datetime:
    """The datetime in UTC that a stored number stands for."""
    return EPOCH + timedelta(microseconds=microseconds)
