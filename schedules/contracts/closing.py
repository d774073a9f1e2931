"""When the old account of somebody who moves closes: by itself once the move is complete, else at the cutoff (SP-1).

    closing(routes, verified=counted_at, confirmed=said_yes_at, cutoff=read_end)

Verified: everything was counted on both sides. Confirmed: the subscriber has said that the old account may go. One of
them alone closes nothing. Pure; all datetimes are aware.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schedules.blocks.services import LeavingRoute
from schedules.text import Text

_MOVED = Text(
    "移行が完了し、ご本人の確認も済んだため、自動的に閉じます",
    "the move is complete and confirmed, so it closes by itself",
)
_CUTOFF = Text(
    "移行の完了とご本人の確認がそろわないため、終了日に閉じます",
    "no complete and confirmed move is known, so it closes at the cutoff",
)
_STAYS = Text("終了日が決まっていません", "no end is known")


@dataclass(frozen=True, slots=True)
class Closing:
    """When an account closes, None for never, and whether it does so by itself, before the cutoff."""

    at: datetime | None
    by_itself: bool
    reason: Text


def closing(
    routes: Iterable[LeavingRoute], *, verified: datetime | None, confirmed: datetime | None, cutoff: datetime | None
) -> Closing:
    """When the account closes, as things are known now; `routes` are the ways out that the plan has."""
    if verified is not None and confirmed is not None and any(route.by_itself for route in routes):
        done = max(verified, confirmed, key=datetime.timestamp)
        if cutoff is None or done.timestamp() < cutoff.timestamp():
            return Closing(done, by_itself=True, reason=_MOVED)
    return Closing(cutoff, by_itself=False, reason=_CUTOFF if cutoff else _STAYS)
