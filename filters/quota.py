"""Whether a mailbox is too full to take more, and how firmly to say so.

Pure: the counting is done by whoever makes the Usage. A refusal for good is given only after a fresh count,
so that a subscriber who has just cleared the mailbox is never told off for good.
"""

from filters import replies
from filters.mail import Usage
from filters.verdict import Because, Defer, Refuse


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
