"""What a plan's rulings mean for mail: the verdict where receiving or sending is not allowed.

Pure: `receiving` speaks of a recipient, `sending` of a local sender; None where the ruling allows it.
"""

from typing import assert_never

from filters import replies
from filters.verdict import Because, Defer, Refuse
from schedules.words import Rule, Ruling


def receiving(ruling: Ruling, notice_url: str) -> Defer | Refuse | None:
    """The answer to mail for an address whose receiving has ended, pauses, or is suspended.

    `notice_url` is the page that tells the world about the end; empty where there is none.
    """
    if ruling.allowed:
        return None
    because = _why(ruling.rule)
    if because is Because.SUSPENDED:
        return Defer(because, replies.SUSPENDED_SOFTLY) if ruling.deferred else Refuse(because, replies.SUSPENDED)
    if ruling.deferred or because in _PASSING:
        return Defer(because, replies.service_ended_softly(ruling.reason, notice_url))
    return Refuse(because, replies.service_ended(ruling.reason, notice_url))


_PASSING = frozenset({Because.BROWN_OUT, Because.SERVICE_ENDED_SOFTLY})


def _why(rule: Rule) -> Because:
    match rule:
        case Rule.SUSPENSION:
            return Because.SUSPENDED
        case Rule.BROWN_OUT:
            return Because.BROWN_OUT
        case Rule.SOFT_START:
            return Because.SERVICE_ENDED_SOFTLY
        case Rule.EXPIRY:
            return Because.EXPIRED
        case Rule.STAGE | Rule.HOLD | Rule.OPEN | Rule.SWITCH | Rule.WAITING:
            return Because.SERVICE_ENDED
        case _ as never:
            assert_never(never)


def sending(ruling: Ruling) -> Defer | Refuse | None:
    """The answer to the provider's own submission MTA for a local sender who may not send (KY-7)."""
    if ruling.allowed:
        return None
    suspended = ruling.rule is Rule.SUSPENSION
    because = Because.SENDER_SUSPENDED if suspended else Because.SEND_ENDED
    if ruling.deferred:
        return Defer(because, replies.send_deferred(ruling.reason))
    if suspended:
        return Refuse(because, replies.sender_suspended(ruling.reason, ruling.since))
    return Refuse(because, replies.send_ended(ruling.reason, ruling.since))
