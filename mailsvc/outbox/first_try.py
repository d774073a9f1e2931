"""The first attempt at a message, made while its client still waits for the 250.

    first = outbox.first_try(message, news, content)
    answers = await first.within(30.0)
    if answers is not None:   # it has ended: write the message down with first.attempted(answers)
        await messages.accept_attempted(records, message, first.attempted(answers), staged)
    else:                     # it still runs: write the message down as ours, and let the outbox go on
        await messages.accept(records, message, news, staged, claimed=outbox.claimed())
        outbox.adopt(first, first.deliveries)

One attempt is made, never two: what runs is adopted, not begun again. Whoever does neither calls `abandon`; the attempt
then stops before its final dot, if it still can. Where the process dies in between, the client has no 250 and sends
again: at most one duplicate. `within` never raises for what a hop does.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mailsvc.outbox.attempts import Attempted
from mailsvc.outbox.outcomes import Outcomes
from mailsvc.outbox.parcel import Answer
from mailsvc.records.deliveries import Delivery, NewDelivery, Outcome


@dataclass(slots=True)
class Grip:
    """Asked right before the final dot: whether the message may still be let go, and whether it was."""

    ours: Callable[[], bool]
    let_go: bool = False

    def __call__(self) -> bool:
        """Whether the final dot may be sent now."""
        free = self.ours()
        self.let_go = self.let_go or free
        return free


@dataclass(slots=True)
class FirstTry:
    """A running first attempt; `deliveries` are its recipients as rows written `Claimed` give them back."""

    news: Sequence[NewDelivery]
    deliveries: Sequence[Delivery]
    outcomes: Outcomes
    grip: Grip = field(init=False)
    task: "asyncio.Task[Attempted]" = field(init=False)
    _abandoned: bool = False

    def __post_init__(self) -> None:
        self.grip = Grip(lambda: not self._abandoned)

    async def within(self, seconds: float) -> Mapping[str, Answer] | None:
        """Each recipient's answer; None where the attempt still runs after so many seconds."""
        done, _ = await asyncio.wait([self.task], timeout=seconds)
        if not done or self.task.cancelled():
            return None
        answers = self.task.result().answers
        return {delivery.recipient: answers[delivery.id] for delivery in self.deliveries}

    def attempted(self, answers: Mapping[str, Answer]) -> list[tuple[NewDelivery, Outcome]]:
        """What these answers mean for each recipient, as `messages.accept_attempted` writes it."""
        pairs = zip(self.news, self.deliveries, strict=True)
        return [(new, self.outcomes.of(delivery, answers[new.recipient])) for new, delivery in pairs]

    def abandon(self) -> None:
        """Nobody will write this message down: no final dot any more."""
        self._abandoned = True
