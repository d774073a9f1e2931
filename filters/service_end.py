"""What a plan's rulings mean for mail: the verdict where receiving or sending is not allowed.

Pure: `receiving` speaks of a recipient, `forwarding` of one whose mail goes on, `sending` of a local sender; None where
the ruling allows it. What a switch has off until it opens again is put off (450), what it has off for good refused.
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
    because = _why(ruling)
    if because is Because.SUSPENDED:
        return Defer(because, replies.SUSPENDED_SOFTLY) if ruling.deferred else Refuse(because, replies.SUSPENDED)
    if ruling.deferred or because in _PASSING:
        return Defer(because, replies.service_ended_softly(ruling.reason, notice_url))
    return Refuse(because, replies.service_ended(ruling.reason, notice_url))


_PASSING = frozenset({Because.BROWN_OUT, Because.SERVICE_ENDED_SOFTLY})


def _why(ruling: Ruling) -> Because:
    match ruling.rule:
        case Rule.SUSPENSION:
            return Because.SUSPENDED
        case Rule.BROWN_OUT:
            return Because.BROWN_OUT
        case Rule.SOFT_START:
            return Because.SERVICE_ENDED_SOFTLY
        case Rule.EXPIRY:
            return Because.EXPIRED
        case Rule.SWITCH:
            return Because.SERVICE_ENDED_SOFTLY if ruling.deferred else Because.SERVICE_ENDED
        case Rule.STAGE | Rule.HOLD | Rule.OPEN | Rule.WAITING:
            return Because.SERVICE_ENDED
        case _ as never:
            assert_never(never)


def forwarding(ruling: Ruling, notice_url: str) -> Defer | None:
    """The answer to mail that would be forwarded, while forwarding is off and will open again."""
    if ruling.allowed or not ruling.deferred:
        return None
    return Defer(Because.SERVICE_ENDED_SOFTLY, replies.service_ended_softly(ruling.reason, notice_url))


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
