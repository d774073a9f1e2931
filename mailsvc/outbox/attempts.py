"""One attempt at the deliveries of one message on one lane: by SMTP together, into Maildirs one by one.

`Attempts.make` never raises for what a next hop, a disk or an address does: each delivery gets an outcome that is fit
to be settled. What was accepted is not judged again; only the way there is looked up anew.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TypeVar, assert_never

from mailsvc.kit.targets import HopTls, MaildirTarget, SmtpTarget
from mailsvc.outbox.backoff import Backoff
from mailsvc.outbox.hop_hello import Hop
from mailsvc.outbox.hop_trouble import HopAway
from mailsvc.outbox.maildir import drop
from mailsvc.outbox.routes import NoRoute, Routes
from mailsvc.outbox.smtp import Answer, Fate, Parcel, Timeouts, hand_over
from mailsvc.outbox.wire import BarePolicy
from mailsvc.records import messages
from mailsvc.records.bodies import read_body
from mailsvc.records.deliveries import Deferred, Delivered, Delivery, Outcome, Undeliverable
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from migrator.maildir import Landed, MaildirError
from schedules.clock import Clock
from schedules.names import Address, BadName

Target = MaildirTarget | SmtpTarget
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Means:
    """What attempts are made with."""

    routes: Routes
    backoff: Backoff
    hostname: str  # ours, for EHLO and file names
    contexts: Mapping[HopTls, ssl.SSLContext]
    timeouts: Timeouts = field(default_factory=Timeouts)
    bare: BarePolicy = "refuse"


@dataclass(slots=True)
class Attempted:
    """What came of it; `away` says why where the next hop could not be reached."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)  # by delivery id
    away: str = ""
    heard: bool = False  # the lane's target answered sensibly


class Attempts:
    """Makes attempts; Maildirs are written in `threads`."""

    def __init__(self, records: Records, means: Means, clock: Clock, random: Random, threads: Executor) -> None:
        self._records = records
        self._means = means
        self._clock = clock
        self._random = random
        self._threads = threads

    async def make(self, group: Sequence[Delivery], still_ours: Callable[[], bool]) -> Attempted:
        """Try to deliver one message to these recipients. Raises RecordsAway."""
        made = Attempted()
        message = await self._records.ask(lambda connection: messages.find(connection, group[0].message_id))
        if message is None:
            made.outcomes = {one.id: self.later(one, "4.3.0 the message is not in the records") for one in group}
            return made
        for target, some in self._by_target(group, made).items():
            match target:
                case MaildirTarget():
                    await self._into_maildirs(target, message, some, made)
                case SmtpTarget():
                    await self._by_smtp(target, message, some, made, still_ours)
                case _:
                    assert_never(target)
        return made

    async def in_thread(self, step: Callable[[], T]) -> T:
        """Run what blocks where Maildirs are written."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, step)

    def later(self, delivery: Delivery, reply: str) -> Deferred:
        """The deferral that this many attempts have earned."""
        wait = self._means.backoff.after(delivery.attempts, self._random)
        return Deferred(self._clock.now() + wait, reply)

    def _by_target(self, group: Sequence[Delivery], made: Attempted) -> Mapping[Target, list[Delivery]]:
        found: dict[Target, list[Delivery]] = {}
        for delivery in group:
            try:
                target = self._means.routes.of(Address.parse(delivery.recipient)).target
            except BadName as error:
                made.outcomes[delivery.id] = Undeliverable(f"553 5.1.3 {error}")
            except NoRoute as error:
                made.outcomes[delivery.id] = self.later(delivery, f"4.4.4 {error}")
            else:
                found.setdefault(target, []).append(delivery)
        return found

    async def _into_maildirs(
        self, target: MaildirTarget, message: Message, some: Sequence[Delivery], made: Attempted
    ) -> None:
        for delivery in some:
            try:
                landed = await self.in_thread(partial(self._drop, target, message, delivery))
            except MaildirError as error:
                made.outcomes[delivery.id] = self.later(delivery, f"4.3.{1 if error.full else 0} {error}")
            else:
                already = " (was there already)" if landed.already else ""
                made.outcomes[delivery.id] = Delivered(f"2.0.0 in the mailbox as {landed.name}{already}")
                made.heard = True

    def _drop(self, target: MaildirTarget, message: Message, delivery: Delivery) -> Landed:
        return drop(self._records, target, message, delivery, host=self._means.hostname)

    async def _by_smtp(
        self,
        target: SmtpTarget,
        message: Message,
        some: Sequence[Delivery],
        made: Attempted,
        still_ours: Callable[[], bool],
    ) -> None:
        means = self._means
        hop = Hop(target.host, target.port, target.tls, means.contexts.get(target.tls))
        parcel = Parcel(
            sender=message.mail_from,
            recipients=tuple(dict.fromkeys(delivery.recipient for delivery in some)),
            size=len(message.trace) + message.size,
            content=lambda: self._content(message),
            smtputf8=message.smtputf8,
            eight_bit=message.eight_bit,
            still_ours=still_ours,
        )
        try:
            answers = await hand_over(hop, parcel, hello=means.hostname, timeouts=means.timeouts, bare=means.bare)
        except HopAway as trouble:
            made.away = str(trouble)
            made.outcomes |= {delivery.id: self.later(delivery, str(trouble)) for delivery in some}
            return
        made.away = _gone(answers)
        made.heard = not made.away
        made.outcomes |= {delivery.id: self._outcome(delivery, answers[delivery.recipient]) for delivery in some}

    async def _content(self, message: Message) -> AsyncGenerator[bytes, None]:
        yield message.trace
        async for octets in read_body(self._records, message.body_id):
            yield octets

    def _outcome(self, delivery: Delivery, answer: Answer) -> Outcome:
        match answer.fate:
            case Fate.TAKEN:
                return Delivered(str(answer.reply))
            case Fate.NEVER:
                return Undeliverable(str(answer.reply))
            case Fate.LATER:
                return self.later(delivery, str(answer.reply))
            case Fate.UNKNOWN:
                return self.later(delivery, f"perhaps taken already: {answer.reply}")
            case _:
                assert_never(answer.fate)


def _gone(answers: Mapping[str, Answer]) -> str:
    """Why the hop seems to be going, where it settled nothing: a 421, or a connection that broke."""
    going = [str(one.reply) for one in answers.values() if one.fate is Fate.LATER and one.reply.code in {0, 421}]
    return going[0] if len(going) == len(answers) else ""
