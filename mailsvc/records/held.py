"""The mark `held`: the outbox sends nothing and no deed is carried out until a person lets them go.

A restore sets it, because what goes out from an old copy may have gone out already; `lastpost release` takes it away.
Whoever sends or carries out asks `since` in the transaction in which it claims.
Fails: `ValueError` for a naive instant or a mark that this program did not write.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from mailsvc.records import marks

NAME = "held"


@dataclass(frozen=True, slots=True)
class Held:
    """Since when everything waits, and why."""

    at: datetime
    why: str


def since(connection: Connection) -> Held | None:
    """The mark as it stands; None where mail and deeds go their way."""
    text = marks.get(connection, NAME)
    if text is None:
        return None
    told = json.loads(text)
    return Held(datetime.fromisoformat(told["at"]), told["why"])


def hold(connection: Connection, at: datetime, why: str) -> None:
    """Set the mark; running services follow it at their next claim."""
    if at.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored: give it its zone")
    told = {"at": at.astimezone(UTC).isoformat(), "why": why}
    marks.put(connection, NAME, json.dumps(told, ensure_ascii=False))


def release(connection: Connection) -> None:
    """Take the mark away; nothing happens where there is none."""
    marks.put(connection, NAME, None)
