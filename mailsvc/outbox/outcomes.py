"""What a next hop's answer means for a delivery: settled, or tried again later, but not for ever.

Pure but for clock and dice, which are arguments. Waits grow by `backoff`; when the delivery expires one last attempt is
made, and its answer settles it: 4.4.7, with the hop's last words behind it (RFC 3463 3.5).
"""

from dataclasses import dataclass
from random import Random
from typing import assert_never

from mailsvc.outbox.backoff import Backoff
from mailsvc.outbox.parcel import Answer, Fate
from mailsvc.records.deliveries import Deferred, Delivered, Delivery, Outcome, Undeliverable, Unsure
from schedules.clock import Clock

PERHAPS = "perhaps taken already"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcome of each answer."""

    backoff: Backoff
    clock: Clock
    random: Random

    def of(self, delivery: Delivery, answer: Answer) -> Outcome:
        """How the present attempt at `delivery` is to be settled."""
        match answer.fate:
            case Fate.TAKEN:
                return Delivered(str(answer.reply), dsn_passed=answer.dsn_passed)
            case Fate.NEVER:
                return Undeliverable(str(answer.reply), at_rcpt=answer.at_rcpt)
            case Fate.LATER:
                return self._again(delivery, str(answer.reply), Deferred)
            case Fate.UNKNOWN:
                return self._again(delivery, f"{PERHAPS}: {answer.reply}", Unsure)
            case _:
                assert_never(answer.fate)

    def at_once(self, *, let_go: bool, why: str) -> Outcome:
        """An attempt that was broken off by us; `let_go` where the message may have been taken already."""
        now = self.clock.now()
        return Unsure(now, f"{PERHAPS}: {why}") if let_go else Deferred(now, why)

    def _again(self, delivery: Delivery, reply: str, kind: type[Deferred | Unsure]) -> Outcome:
        now, end = self.clock.now(), delivery.expires_at
        if end is not None and now >= end:
            return Undeliverable(f"4.4.7 not delivered in all the time there was; last: {reply}")
        at = now + self.backoff.after(delivery.attempts, self.random)
        return kind(at if end is None else min(at, end), reply)
