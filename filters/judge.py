"""The ordered rules by which mail is taken, forwarded, refused or put off: read `recipient` first.

`recipient` is asked at RCPT, `content` at MAIL SIZE= and after the end of DATA. Both are pure: they read facts that
`mailsvc.standing` has gathered and never fail. The first rule that speaks decides; each is one small function below.
"""

from dataclasses import replace
from typing import Final, assert_never

from filters import quota, replies, service_end
from filters.mail import AddressKind, Client, ClientKind, Content, Forwarding, Sender, Standing
from filters.verdict import Accept, Because, Clean, Defer, Forward, RecipientVerdict, Refuse, SizeVerdict
from schedules.names import Address
from schedules.words import Capability, Rule, Ruling


def recipient(client: Client, sender: Sender, standing: Standing) -> RecipientVerdict:
    """Judge one recipient named by `client` for mail of `sender`; the rules stand in order of precedence."""
    return (
        _role_address(standing)
        or _sender_may_not_send(client, sender)
        or _returned(standing)
        or _not_ours(client, standing)
        or _unknown(standing)
        or _forwarded(standing)
        or _left(standing)
        or _receiving_ended(standing)
        or quota.full(standing.usage)
        or _live(standing)
    )


def content(facts: Content) -> SizeVerdict:
    """Judge a message as a whole by what was counted while it was read."""
    if facts.limit and facts.octets > facts.limit:
        return Refuse(Because.TOO_LARGE, replies.TOO_LARGE)
    if facts.bare_newline:  # RFC 5321 2.3.8; passing one on would be half of SMTP smuggling
        return Refuse(Because.BARE_NEWLINE, replies.BARE_NEWLINE)
    return Clean()


def may_refuse_late(client: Client, sender: Sender) -> bool:
    """Whether a refusal at the end of content reaches who wrote the mail; MTAs of ours would bounce it to a claim."""
    match client.kind:
        case ClientKind.WORLD:
            return True
        case ClientKind.INBOUND:
            return False
        case ClientKind.SUBMISSION:
            return sender.spoken_for is not None
        case _ as never:
            assert_never(never)


def unless_clock_jumped(at_now: RecipientVerdict, at_trusted: RecipientVerdict) -> RecipientVerdict:
    """The verdict while the clock is in doubt: 451 where only the jump makes it differ."""
    return at_now if at_now == at_trusted else Defer(Because.CLOCK_JUMP, replies.CLOCK_JUMP)


def facts_away(*, full: bool = False) -> Defer:
    """The verdict where directory, records or disk cannot be asked; `full`: there is no room."""
    return Defer(Because.FACTS_AWAY, replies.STORE_FULL if full else replies.FACTS_AWAY)


def _role_address(standing: Standing) -> RecipientVerdict | None:
    """Postmaster and abuse of a domain of ours are always taken, in the end phase too (RFC 5321 4.5.1)."""
    if standing.kind is not AddressKind.ROLE:
        return None
    forwarded = _forwarded(standing)
    if isinstance(forwarded, Forward):
        return forwarded
    return Accept(_mailbox(standing), Because.ROLE_ADDRESS, replies.RECIPIENT_OK)


def _sender_may_not_send(client: Client, sender: Sender) -> Refuse | Defer | None:
    if client.kind is not ClientKind.SUBMISSION or sender.standing is None:
        return None  # null and foreign senders may submit: notices, and mail that is forwarded on
    ruling = _ruling(sender.standing, Capability.SEND)
    return service_end.sending(ruling) if ruling else None


def _returned(standing: Standing) -> RecipientVerdict | None:
    """Mail to a sender whose mail we forwarded goes back to that sender: only an address we have signed has one."""
    back = standing.returned
    if back is None:
        return None
    verdict = _again(back) if back.ours else Accept(back.asked, Because.BOUNCE_RETURNED, replies.RECIPIENT_OK)
    if isinstance(verdict, Accept | Forward):
        return replace(verdict, because=Because.BOUNCE_RETURNED, reply=replies.RECIPIENT_OK)
    return verdict


def _not_ours(client: Client, standing: Standing) -> Accept | Refuse | None:
    """Mail for others goes out for the provider's own submission MTA alone: never an open relay."""
    if standing.ours:
        return None
    match client.kind:
        case ClientKind.SUBMISSION:
            return Accept(standing.asked, Because.OUTWARD, replies.RECIPIENT_OK)
        case ClientKind.WORLD | ClientKind.INBOUND:
            return Refuse(Because.RELAY_DENIED, replies.RELAY_DENIED)
        case _ as never:
            assert_never(never)


def _unknown(standing: Standing) -> Refuse | None:
    return Refuse(Because.UNKNOWN_ADDRESS, replies.UNKNOWN_ADDRESS) if standing.kind is None else None


def _forwarded(standing: Standing) -> Forward | Defer | None:
    """Confirmed forwarding goes on until forward-end; a copy stays only where the mailbox could take it.

    While it is off only for a time, what no mailbox takes instead is put off: it can be forwarded later.
    """
    wish, ruling = _forwarding(standing), _ruling(standing, Capability.FORWARD)
    if wish is None:
        return None
    if ruling and not ruling.allowed:
        mailbox_takes_it = not (standing.left or isinstance(_receiving_ended(standing), Refuse))
        return None if mailbox_takes_it else service_end.forwarding(ruling, standing.notice_url)
    keep = wish.keep and not (standing.left or _receiving_ended(standing) or quota.full(standing.usage))
    if wish.disclose and replies.sayable(wish.target):
        because, reply = Because.FORWARDED_DISCLOSED, replies.forwarded_disclosed(wish.target)
    else:
        because, reply = Because.FORWARDED, replies.RECIPIENT_OK
    forward = Forward(_mailbox(standing), wish.target, keep, because, reply)
    return forward if standing.onward is None else _through(forward, _again(standing.onward))


def _through(forward: Forward, then: RecipientVerdict) -> Forward | Defer | None:
    """Mail forwarded to another address of ours goes where that one's mail goes; where it is refused, it stays."""
    match then:
        case Accept():
            return replace(forward, target=then.mailbox)
        case Forward():
            also = (*then.also, then.mailbox) if then.keep else then.also
            told = forward if then.because is Because.FORWARDED_DISCLOSED else _undisclosed(forward)
            return replace(told, target=then.target, also=also)
        case Defer():
            return then
        case Refuse():
            return None
        case _ as never:
            assert_never(never)


def _undisclosed(forward: Forward) -> Forward:
    return replace(forward, because=Because.FORWARDED, reply=replies.RECIPIENT_OK)


_OURSELVES: Final = Client(ClientKind.INBOUND, "", 0)


def _again(standing: Standing) -> RecipientVerdict:
    """The verdict on mail that comes to an address of ours by way of another one: who sent it was judged there."""
    return recipient(_OURSELVES, Sender(None), standing)


def _left(standing: Standing) -> Refuse | None:
    """Who has left is named at the new address with recorded consent only (KY-16)."""
    left = standing.left
    if left is None:
        return None
    return _named(left.moved_to, disclose=left.disclose) or Refuse(Because.MOVED, replies.MOVED)


def _receiving_ended(standing: Standing) -> Refuse | Defer | None:
    """The plan's word; whoever forwarded with consent is named where it is a refusal for good (RFC 5321 3.4)."""
    ruling = _ruling(standing, Capability.RECEIVE)
    ended = service_end.receiving(ruling, standing.notice_url) if ruling else None
    wish = _forwarding(standing)
    if isinstance(ended, Refuse) and ended.because is not Because.SUSPENDED and wish:
        return _named(wish.target, disclose=wish.disclose) or ended
    return ended


def _named(new: Address | None, *, disclose: bool) -> Refuse | None:
    """551 with the new address where the subscriber consents and an ASCII reply can say it."""
    if new is None or not disclose or not replies.sayable(new):
        return None
    return Refuse(Because.MOVED_DISCLOSED, replies.moved_disclosed(new))


def _live(standing: Standing) -> Accept:
    if standing.routed:
        return Accept(_mailbox(standing), Because.ROUTED, replies.RECIPIENT_OK)
    ruling = _ruling(standing, Capability.RECEIVE)
    suspended = ruling is not None and ruling.rule is Rule.SUSPENSION
    because = Because.SUSPENDED_KEPT if suspended else Because.LIVE
    return Accept(_mailbox(standing), because, replies.RECIPIENT_OK)


def _mailbox(standing: Standing) -> Address:
    return standing.mailbox or standing.asked


def _ruling(standing: Standing, capability: Capability) -> Ruling | None:
    return standing.rulings[capability] if standing.rulings else None


def _forwarding(standing: Standing) -> Forwarding | None:
    """The wish to forward, once its target has confirmed it, while it takes mail, and if it leads away from here."""
    wish = standing.forwarding
    if wish is None or not wish.confirmed or wish.paused or wish.target.same_mailbox(_mailbox(standing)):
        return None
    return wish
