"""One attempt at the deliveries of one message on one lane: by SMTP or LMTP together, into Maildirs one by one.

`Attempts.make` never raises for what a next hop, a disk or an address does: each delivery gets an answer that is fit
to be settled. What was accepted is not judged again; only the way there is looked up anew.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import TypeVar

from mailsvc.kit.targets import HopTls, MaildirTarget
from mailsvc.outbox.backoff import Backoff
from mailsvc.outbox.exchangers import Exchangers, NoExchanger
from mailsvc.outbox.hop_hello import Hop
from mailsvc.outbox.hop_replies import said_by_us
from mailsvc.outbox.hop_trouble import HopAway, TlsFailed
from mailsvc.outbox.hops import hops
from mailsvc.outbox.maildir import drop
from mailsvc.outbox.outcomes import Outcomes
from mailsvc.outbox.outgoing import Outgoing, as_it_came
from mailsvc.outbox.parcel import Answer, Asked, Content, Fate, Parcel, by_code
from mailsvc.outbox.pool import Pool
from mailsvc.outbox.routes import NoRoute, Routes
from mailsvc.outbox.smtp import Timeouts
from mailsvc.outbox.ways import Way, way
from mailsvc.outbox.wire import BarePolicy
from mailsvc.records import messages
from mailsvc.records.bodies import read_body
from mailsvc.records.deliveries import Delivery
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from migrator.maildir.delivery import Landed, MaildirError
from schedules.clock import Clock
from schedules.names import BadName

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
    outgoing: Callable[[Message, Delivery], Outgoing] = as_it_came
    exchangers: Exchangers | None = None  # needed where mail leaves by MX


@dataclass(frozen=True, slots=True)
class Load:
    """A message and where its body is read from."""

    message: Message
    body: Content


@dataclass(slots=True)
class Attempted:
    """What came of it; `away` says why where the next hop could not be reached."""

    answers: dict[str, Answer] = field(default_factory=dict)  # by delivery id
    away: str = ""
    heard: bool = False  # the lane's target answered sensibly
    put_back: str = ""  # why nothing was attempted: due again at once


class Attempts:
    """Makes attempts; Maildirs are written in `threads`, sessions with hops are kept in a pool until `close`."""

    def __init__(self, records: Records, means: Means, clock: Clock, random: Random, threads: Executor) -> None:
        self.means = means
        self.outcomes = Outcomes(means.backoff, clock, random)
        self._records = records
        self._threads = threads
        self._pool = Pool(hello=means.hostname, timeouts=means.timeouts, bare=means.bare)

    async def make(
        self, group: Sequence[Delivery], still_ours: Callable[[], bool], load: Load | None = None
    ) -> Attempted:
        """Try to deliver one message to these recipients; `load` where it is not in the records yet.

        Raises RecordsAway.
        """
        made = Attempted()
        load = load or await self._stored(group[0].message_id)
        if load is None:
            made.answers = later(group, "4.3.0 the message is not in the records")
            return made
        for one, some in self._by_way(load.message, group, made).items():
            if isinstance(one.target, MaildirTarget):
                await self._into_maildirs(one.target, one.outgoing, load.message, some, made)
            else:
                await self._by_wire(one, load, some, made, still_ours)
        return made

    async def close(self) -> None:
        """Leave the next hops."""
        await self._pool.close()

    async def in_thread(self, step: Callable[[], T]) -> T:
        """Run what blocks where Maildirs are written."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, step)

    async def _stored(self, message_id: str) -> Load | None:
        message = await self._records.ask(lambda connection: messages.find(connection, message_id))
        return None if message is None else Load(message, lambda: _read(self._records, message.body_id))

    def _by_way(self, message: Message, group: Sequence[Delivery], made: Attempted) -> Mapping[Way, list[Delivery]]:
        found: dict[Way, list[Delivery]] = {}
        for delivery in group:
            try:
                one = way(self.means.routes, self.means.outgoing, message, delivery)
            except BadName as error:
                made.answers[delivery.id] = by_code(said_by_us(553, f"5.1.3 {error}"))
            except NoRoute as error:
                made.answers |= later([delivery], f"4.4.4 {error}")
            else:
                found.setdefault(one, []).append(delivery)
        return found

    async def _into_maildirs(
        self, target: MaildirTarget, outgoing: Outgoing, message: Message, some: Sequence[Delivery], made: Attempted
    ) -> None:
        for delivery in some:
            try:
                landed = await self.in_thread(partial(self._drop, target, outgoing, message, delivery))
            except MaildirError as error:
                made.answers |= later([delivery], f"4.3.{1 if error.full else 0} {error}")
            else:
                already = " (was there already)" if landed.already else ""
                reply = said_by_us(0, f"2.0.0 in the mailbox as {landed.name}{already}")
                made.answers[delivery.id] = Answer(Fate.TAKEN, reply)
                made.heard = True

    def _drop(self, target: MaildirTarget, outgoing: Outgoing, message: Message, delivery: Delivery) -> Landed:
        return drop(self._records, target, message, delivery, outgoing, host=self.means.hostname)

    async def _by_wire(
        self, one: Way, load: Load, some: Sequence[Delivery], made: Attempted, still_ours: Callable[[], bool]
    ) -> None:
        try:
            places = await hops(one, self.means.contexts, self.means.exchangers)
            answers = await self._hand_over(places, _parcel(one.outgoing, load, some, still_ours))
        except NoExchanger as error:
            made.answers |= {delivery.id: by_code(error.reply) for delivery in some}
            return
        except HopAway as trouble:
            made.away = str(trouble)
            made.answers |= {delivery.id: Answer(Fate.LATER, trouble.reply) for delivery in some}
            return
        made.away = _gone(answers)
        made.heard = not made.away
        made.answers |= {delivery.id: answers[delivery.recipient] for delivery in some}

    async def _hand_over(self, places: Sequence[Hop], parcel: Parcel) -> Mapping[str, Answer]:
        """The first that serves gets it; once one has heard of the message, no other does. Raises HopAway."""
        for hop in places[:-1]:
            try:
                return await self._perhaps_in_clear(hop, parcel)
            except HopAway:
                continue
        return await self._perhaps_in_clear(places[-1], parcel)

    async def _perhaps_in_clear(self, hop: Hop, parcel: Parcel) -> Mapping[str, Answer]:
        """Where TLS is only a courtesy of the hop, one that cannot do it gets its mail in clear. Raises HopAway."""
        try:
            return await self._pool.hand_over(hop, parcel)
        except TlsFailed:
            return await self._pool.hand_over(replace(hop, tls=HopTls.NONE), parcel)


def later(group: Sequence[Delivery], why: str) -> dict[str, Answer]:
    """All of them again later, for a reason of our own."""
    return {delivery.id: Answer(Fate.LATER, said_by_us(0, why)) for delivery in group}


async def _read(records: Records, body_id: str) -> AsyncGenerator[bytes, None]:
    async for octets in read_body(records, body_id):
        yield octets


def _parcel(outgoing: Outgoing, load: Load, some: Sequence[Delivery], still_ours: Callable[[], bool]) -> Parcel:
    message = load.message
    head = outgoing.front + message.trace

    async def content() -> AsyncGenerator[bytes, None]:
        yield head
        async for octets in load.body():
            yield octets

    return Parcel(
        sender=outgoing.sender,
        recipients=tuple(dict.fromkeys(delivery.recipient for delivery in some)),
        size=len(head) + message.size,
        content=content,
        smtputf8=message.smtputf8,
        eight_bit=message.eight_bit,
        ret=message.ret,
        envid=message.envid,
        asked={one.recipient: Asked(one.notify, one.orcpt) for one in some if one.notify or one.orcpt},
        still_ours=still_ours,
    )


def _gone(answers: Mapping[str, Answer]) -> str:
    """Why the hop seems to be going, where it settled nothing: a 421, or a connection that broke."""
    going = [str(one.reply) for one in answers.values() if one.fate is Fate.LATER and one.reply.code in {0, 421}]
    return going[0] if len(going) == len(answers) else ""
