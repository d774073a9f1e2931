"""Mail that goes in circles: found by the trace that every host leaves in a message's header.

    found = loops.judge(header, [(asked, verdict), ...], hop_limit=50)

`Looping` says which recipients it has been forwarded for before; `reply` is the answer where that leaves nobody, or
where the message has come through too many hosts (RFC 5321 6.3). One answer is true for all: where some recipients
loop and others do not, the message is taken for the others, and those that loop are settled as undeliverable, which
their sender is told by a report. Pure; it never fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from filters import replies
from filters.header import Header
from filters.verdict import Accept, Because, Forward, Refuse
from schedules.names import Address, BadName

# More are not read: whoever writes so many hides nothing by it, since hosts that forward put theirs on top.
_MOST_READ = 200


@dataclass(frozen=True, slots=True)
class Looping:
    """Which recipients loop, in the order they were given."""

    each: tuple[bool, ...]

    @property
    def refused(self) -> Refuse | None:
        """554 5.4.6 where nobody is left to deliver to."""
        return Refuse(Because.LOOP, replies.LOOP) if all(self.each) else None


def judge(header: Header, recipients: Sequence[tuple[Address, Accept | Forward]], *, hop_limit: int) -> Looping:
    """Judge the recipients, each as the client asked for it with its verdict; never empty.

    A mailbox that takes mail ends a loop, so only forwards can: ours puts `Delivered-To:` in front of what leaves.
    """
    if len(header.all("Received")) > hop_limit:
        return Looping((True,) * len(recipients))
    seen = {address for value in header.all("Delivered-To")[:_MOST_READ] if (address := _mailbox(value))}
    return Looping(
        tuple(isinstance(verdict, Forward) and _was_here(asked, verdict, seen) for asked, verdict in recipients)
    )


def _was_here(asked: Address, verdict: Forward, seen: set[tuple[str, str]]) -> bool:
    return not seen.isdisjoint({_same(asked), _same(verdict.mailbox)})


def _mailbox(value: bytes) -> tuple[str, str] | None:
    try:
        return _same(Address.parse(value.decode("utf-8").strip("<> \t")))
    except (BadName, UnicodeDecodeError):
        return None


def _same(address: Address) -> tuple[str, str]:
    return address.key, address.domain.ascii
