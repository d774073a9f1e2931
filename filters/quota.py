"""Whether a mailbox is too full to take more, how firmly to say so, and when its subscriber is warned.

Pure: the counting is done by whoever makes the Usage. A refusal for good is given only after a fresh count,
so that a subscriber who has just cleared the mailbox is never told off for good.
"""

from typing import Final

from filters import replies
from filters.mail import Usage
from filters.verdict import Because, Defer, Refuse

# At how many per cent a subscriber is warned, and below how many that is forgotten: a mailbox at the edge, from which
# its owner deletes what comes in, is not written to each day.
_FORGOTTEN_BELOW: Final = {95: 90, 80: 75}
WARNINGS: Final = tuple(sorted(_FORGOTTEN_BELOW))


def is_over(used: int, limit: int) -> bool:
    """Whether `used` octets fill a mailbox of `limit` octets; a limit of 0 is none (KY-1)."""
    return 0 < limit <= used


def full(usage: Usage | None) -> Defer | Refuse | None:
    """452 within the grace time, then 550 once a fresh count agrees; None while there is room.

    What is only promised to others fills the mailbox for now: some of it may never come.
    """
    if usage is None or not is_over(usage.used + usage.promised, usage.limit):
        return None
    if is_over(usage.used, usage.limit) and usage.grace_over and usage.fresh:
        return Refuse(Because.OVER_QUOTA, replies.OVER_QUOTA)
    return full_for_now()


def full_for_now() -> Defer:
    """452: there may be room later; at the end of DATA, where another message has taken the room meanwhile."""
    return Defer(Because.OVER_QUOTA_GRACE, replies.OVER_QUOTA_GRACE)


def warned(used: int, limit: int, before: int) -> int:
    """Of how many per cent the subscriber has been warned after this look; `before` it, that many, 0 for none.

    More than `before` means that a warning is to be written now; less, that a later one will be a new one.
    """
    reached = max((percent for percent in WARNINGS if is_at(used, limit, percent)), default=0)
    if reached > before:
        return reached
    kept = (percent for percent in WARNINGS if percent <= before and is_at(used, limit, _FORGOTTEN_BELOW[percent]))
    return max(kept, default=0)


def is_at(used: int, limit: int, percent: int) -> bool:
    """Whether a mailbox of `limit` octets holds so many per cent, or more; one without a limit never does."""
    return limit > 0 and used * 100 >= limit * percent
