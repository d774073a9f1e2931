"""The lanes that have work: a skip through an index, one look for each lane, however many rows wait in it.

LANES = lanes_of(deliveries, deliveries.c.due_at.is_not(None))
connection.scalars(LANES.order_by(LANES.selected_columns.lane))
"""

from sqlalchemy import ColumnElement, Select, Table, func, select


def lanes_of(table: Table, wanted: ColumnElement[bool]) -> Select[str]:
    """The different values of `lane` among the rows wanted; an index has to be on `lane` where they are wanted."""
    first = select(func.min(table.c.lane).label("lane")).where(wanted).cte("found", recursive=True)
    following = select(func.min(table.c.lane)).where(wanted, table.c.lane > first.c.lane)
    found = first.union_all(select(following.correlate(first).scalar_subquery()).where(first.c.lane.is_not(None)))
    return select(found.c.lane).where(found.c.lane.is_not(None))
