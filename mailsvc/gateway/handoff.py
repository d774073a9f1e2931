"""The end of a message's life here: our own next hop takes it inside the session, or it is committed; then 250.

    reply = await handoff.of(message, news, staged, until=until, held=False, refusable=True)

Where all recipients have one route, to a next hop of ours, the first attempt is made before the client is answered:

    all taken           250, and a trace of it in the records
    all refused         the client is refused, in our own words; it still owns the message
    all put off         451, likewise
    anything between    committed with what came of each; 250 is true for all
    no end in time      committed as in hand; the outbox adopts the running attempt, and never begins a second one
    no next hop there   committed and queued, as is whatever leaves for outside

Clients that would bounce a refusal to a forged sender are never refused here: for them it is kept. Raises Unacceptable
with the reply, and RecordsAway: nothing was promised.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from filters import replies
from filters.replies import Reply
from filters.verdict import Because
from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.telemetry import Log
from mailsvc.outbox.first_try import FirstTry
from mailsvc.outbox.outbox import Outbox
from mailsvc.outbox.settling import NAMES
from mailsvc.records import messages
from mailsvc.records.bodies import StagedBody, staged_octets
from mailsvc.records.delivery import Beginning, Deferred, Delivered, Held, NewDelivery, Outcome, Undeliverable
from mailsvc.records.messages import Message
from mailsvc.records.store import Records, RecordsAway
from schedules.clock import Clock

# One of a message's deliveries, and whether it has been forwarded there before.
New = tuple[NewDelivery, bool]
_LOOPS = Undeliverable(str(replies.LOOP))
_HELD = Held("held: no scanner could read it")


@dataclass(frozen=True, slots=True)
class Handoff:
    """Hands messages over; `budget` is how long a session may wait for that, in seconds."""

    records: Records
    outbox: Outbox
    clock: Clock
    budget: Callable[[], float]
    metrics: Metrics
    log: Log

    def until(self) -> float:
        """When a session that has its content now stops waiting, on the monotonic clock."""
        return self.clock.monotonic() + self.budget()

    async def of(
        self,
        message: Message,
        news: Sequence[New],
        staged: StagedBody,
        *,
        until: float,
        held: bool,
        refusable: bool,
    ) -> Reply:
        """Hand it over or keep it, and say so."""
        first = None if held or any(loops for _, loops in news) else self._begin(message, news, staged, until)
        if first is None:
            await self._keep(message, news, staged, held=held)
        else:
            await self._first(first, message, staged, until, refusable=refusable)
        return replies.taken(message.id)

    def _begin(self, message: Message, news: Sequence[New], staged: StagedBody, until: float) -> FirstTry | None:
        if until <= self.clock.monotonic():
            return None
        return self.outbox.first_try(message, [new for new, _ in news], partial(staged_octets, self.records, staged))

    async def _keep(self, message: Message, news: Sequence[New], staged: StagedBody, *, held: bool) -> None:
        """Commit it, queued or held; what goes in circles ends here, which its sender is told by a report."""
        beginnings: list[tuple[NewDelivery, Beginning]] = [
            (new, _LOOPS if loops else _HELD if held else None) for new, loops in news
        ]
        await messages.accept_attempted(self.records, message, beginnings, staged)
        self.outbox.wake({new.lane for new, beginning in beginnings if beginning is None})

    async def _first(
        self,
        first: FirstTry,
        message: Message,
        staged: StagedBody,
        until: float,
        *,
        refusable: bool,
    ) -> None:
        answers = await first.within(max(until - self.clock.monotonic(), 0.0))
        if answers is None:
            await self._adopted(first, message, staged)
            self.metrics.first_tries.labels("adopted").inc()
            return
        ended = first.attempted(answers)
        reply = _refusal([outcome for _, outcome in ended]) if refusable else None
        self.metrics.first_tries.labels("ended" if reply is None else "refused").inc()
        if reply is not None:
            self._refuse(message, ended, reply)
        await self._settled(message, ended, staged)

    async def _adopted(self, first: FirstTry, message: Message, staged: StagedBody) -> None:
        """The attempt still runs: it becomes the outbox's, and the client need not wait for it."""
        try:
            await messages.accept(self.records, message, first.news, staged, claimed=self.outbox.claimed())
        except BaseException:
            first.abandon()
            raise
        self.outbox.adopt(first, first.deliveries)

    async def _settled(
        self, message: Message, ended: Sequence[tuple[NewDelivery, Outcome]], staged: StagedBody
    ) -> None:
        """Write down what came of it. Where all is taken the next hop has it: lost records lose its trace only."""
        lost = await self._written(message, ended, staged)
        if lost is not None:
            if not all(isinstance(outcome, Delivered) for _, outcome in ended):
                raise lost
            self.log.error("a trace was lost: the next hop has the message", message=message.id, why=str(lost))
        for new, outcome in ended:
            self.metrics.delivered(NAMES[type(outcome)])
            self.log.info(
                NAMES[type(outcome)],
                message=message.id,
                recipient=new.recipient,
                lane=new.lane,
                attempt=1,
                reply=outcome.reply,
            )

    async def _written(
        self, message: Message, ended: Sequence[tuple[NewDelivery, Beginning]], staged: StagedBody
    ) -> RecordsAway | None:
        try:
            await messages.accept_attempted(self.records, message, ended, staged)
        except RecordsAway as why:
            return why
        return None

    def _refuse(self, message: Message, ended: Sequence[tuple[NewDelivery, Outcome]], reply: Reply) -> NoReturn:
        """The next hop's own words are for the log: they may name an address that nobody may know."""
        because = Because.NEXT_HOP_REFUSED if reply.permanent else Because.NEXT_HOP_DEFERRED
        self.metrics.replied(reply.code, because)
        said = {new.recipient: outcome.reply for new, outcome in ended}
        self.log.info("refused", message=message.id, code=reply.code, because=str(because), next_hop=said)
        raise Unacceptable(reply)


def _refusal(outcomes: Sequence[Outcome]) -> Reply | None:
    """What the client is refused with, where one answer is true for all and it will not be bounced to a stranger."""
    if all(isinstance(outcome, Undeliverable) for outcome in outcomes):
        return replies.next_hop_refused(_enhanced(outcomes[0]))
    if all(isinstance(outcome, Deferred) and _said_later(outcome) for outcome in outcomes):
        return replies.next_hop_deferred(_enhanced(outcomes[0]))
    return None


def _said_later(outcome: Deferred) -> bool:
    """Whether the next hop itself asks for patience; one that is away or going (421) says nothing of the message."""
    code = outcome.reply.partition(" ")[0]
    return code.startswith("4") and code.isdecimal() and code != "421"


def _enhanced(outcome: Outcome) -> str:
    """The enhanced status code of a reply such as `550 5.1.1 No such user`, empty without one."""
    words = outcome.reply.split(maxsplit=2)
    return words[1] if len(words) > 1 else ""
