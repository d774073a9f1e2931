"""A message's life at the gateway, top to bottom: judged per recipient, taken in, judged as a whole, kept, answered.

    RCPT      recipient()   what is known of the address → the judge → reply; its fate is pinned
    DATA      body()        octets stream into the records
    the end   content()     the judge of contents, one answer true for all recipients
              accept()      message, deliveries and trace are durable together; only then 250

Facts or records that cannot be asked now are answered 451 4.3.0, a full disk 452 4.3.1: never a refusal for good.
While the clock is in doubt, what only the jump would change is answered 451. Bodies and secrets are never logged.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from filters import judge, replies
from filters.mail import Client, ClientKind, Content, Sender
from filters.replies import Reply
from filters.verdict import Accept, Because, Clean, Defer, Forward, RecipientVerdict, Refuse, SizeVerdict
from mailsvc.gateway.incoming import Incoming
from mailsvc.gateway.parts import HouseParts
from mailsvc.gateway.reception import Envelope, Mail, Taken
from mailsvc.gateway.trace import received
from mailsvc.outbox.routes import NoRoute
from mailsvc.records import messages
from mailsvc.records.bodies import BodyWriter, StagedBody
from mailsvc.records.deliveries import NewDelivery
from mailsvc.records.messages import Message
from mailsvc.records.store import RecordsAway
from mailsvc.standing.usage import FactsAway
from schedules.names import Address, DomainName

Softly = Callable[[Reply], Reply]


class Life:
    """The Reception of a real house; `parts` are what it is built of."""

    def __init__(self, parts: HouseParts) -> None:
        self._parts = parts
        self.new_id = parts.new_id

    def host_closed(self) -> Reply | None:
        """521 5.3.2 while the operator has closed the whole host (RFC 7504)."""
        return self._softly(replies.HOST_CLOSED) if self._parts.closed() else None

    def postmaster_domain(self) -> DomainName:
        """Our own host's postmaster if its name is a domain of ours, else that of the first domain."""
        return self._parts.postmaster_domain

    # ── RCPT ────────────────────────────────────────────────────────────────────────────────────────────
    async def recipient(self, client: Client, mail: Mail, asked: Address) -> RecipientVerdict:
        """Judge one recipient now."""
        begun = self._parts.clock.monotonic()
        try:
            verdict = self._routed(await self._judged(client, mail, asked))
        except FactsAway as why:
            verdict = judge.facts_away()
            self._parts.log.warning("facts-away", message=mail.id, recipient=str(asked), why=str(why))
        except RecordsAway as why:
            verdict = judge.facts_away(full=why.full)
            self._parts.log.warning("records-away", message=mail.id, recipient=str(asked), why=str(why))
        self._parts.metrics.decision_seconds.observe(self._parts.clock.monotonic() - begun)
        if isinstance(verdict, Refuse | Defer):
            return self._refused(verdict, client, mail, str(asked))
        self._parts.metrics.replied(verdict.reply.code, verdict.because)
        return verdict

    async def _judged(self, client: Client, mail: Mail, asked: Address) -> RecipientVerdict:
        """The verdict at this second; where the clock has jumped, only what it would be without the jump too."""
        watch = self._parts.watch
        now, suspect = watch.moment()
        at_now = await self._verdict(client, mail, asked, now)
        if suspect is None:
            return at_now
        return judge.unless_clock_jumped(at_now, await self._verdict(client, mail, asked, suspect.trusted_now))

    async def _verdict(self, client: Client, mail: Mail, asked: Address, now: datetime) -> RecipientVerdict:
        sender = await self._sender(client, mail, now)
        return judge.recipient(client, sender, await self._parts.standings.of(asked, now))

    async def _sender(self, client: Client, mail: Mail, now: datetime) -> Sender:
        """Only our own submission MTA speaks for senders of ours; elsewhere the reverse-path is a mere claim."""
        address = mail.path.address
        if address is None or client.kind is not ClientKind.SUBMISSION:
            return Sender(address)
        standing = await self._parts.standings.of(address, now, usage=False)
        return Sender(address, standing if standing.ours else None)

    def _routed(self, verdict: RecipientVerdict) -> RecipientVerdict:
        """What has no way onward is put off at RCPT, before anything was promised."""
        try:
            if isinstance(verdict, Accept | Forward):
                for target, _ in _targets(verdict):
                    self._parts.routes.lane(target)
        except NoRoute as why:
            self._parts.log.warning("no-route", why=str(why))
            return judge.facts_away()
        return verdict

    # ── DATA ────────────────────────────────────────────────────────────────────────────────────────────
    async def body(self, mail: Mail) -> Incoming:
        """Octets go to the records as they come."""
        writer = BodyWriter(self._parts.records, lambda: mail.id, self._parts.clock.now)
        return Incoming(writer, self.accept, mail, self._parts.log)

    def content(self, client: Client, mail: Mail, facts: Content) -> SizeVerdict:
        """Judge the message as a whole."""
        verdict = judge.content(facts)
        return verdict if isinstance(verdict, Clean) else self._refused(verdict, client, mail, "")

    # ── the 250 ─────────────────────────────────────────────────────────────────────────────────────────
    async def accept(self, envelope: Envelope, staged: StagedBody) -> Reply:
        """Make it durable, then say 250 (RFC 5321 6.1). Raises RecordsAway: nothing was promised."""
        parts = self._parts
        at = parts.watch.now()
        kept = _message(envelope, staged, received(envelope, parts.hostname, at), at)
        deliveries = self._deliveries(envelope)
        await messages.accept(parts.records, kept, deliveries, staged)
        parts.metrics.accepted(staged.size)
        self._log_accepted(envelope, staged)
        parts.wake_outbox({delivery.lane for delivery in deliveries})
        return replies.taken(envelope.mail.id)

    def _deliveries(self, envelope: Envelope) -> list[NewDelivery]:
        """One for each place it goes to: a kept copy is one of its own, and nobody gets it twice."""
        found: dict[tuple[str, DomainName], NewDelivery] = {}
        for taken in envelope.recipients:
            for target, because in _targets(taken.verdict):
                new = NewDelivery(str(target), str(taken.asked), because, self._parts.routes.lane(target))
                found.setdefault((target.key, target.domain), new)
        return list(found.values())

    def _log_accepted(self, envelope: Envelope, staged: StagedBody) -> None:
        self._parts.log.info(
            "accepted",
            message=envelope.mail.id,
            client=envelope.client.ip,
            kind=str(envelope.client.kind),
            sender=_sender_text(envelope.mail),
            recipients=[_told(taken) for taken in envelope.recipients],
            size=staged.size,
        )

    # ── no ──────────────────────────────────────────────────────────────────────────────────────────────
    def _refused(self, verdict: Refuse | Defer, client: Client, mail: Mail, recipient: str) -> Refuse | Defer:
        reply = self._softly(verdict.reply)
        self._parts.metrics.replied(reply.code, verdict.because)
        self._parts.log.info(
            "refused",
            message=mail.id,
            client=client.ip,
            kind=str(client.kind),
            sender=_sender_text(mail),
            recipient=recipient,
            code=reply.code,
            because=str(verdict.because),
        )
        return Refuse(verdict.because, reply) if reply.permanent else Defer(verdict.because, reply)

    def _softly(self, reply: Reply) -> Reply:
        return reply.softened() if self._parts.soft_bounce else reply


def _targets(verdict: Accept | Forward) -> Iterator[tuple[Address, Because]]:
    if isinstance(verdict, Forward):
        yield verdict.target, verdict.because
        if not verdict.keep:
            return
        yield verdict.mailbox, Because.LIVE
    else:
        yield verdict.mailbox, verdict.because


def _told(taken: Taken) -> dict[str, str]:
    return {"asked": str(taken.asked), "because": str(taken.verdict.because)}


def _sender_text(mail: Mail) -> str:
    return str(mail.path.address) if mail.path.address else ""


def _message(envelope: Envelope, staged: StagedBody, trace: bytes, at: datetime) -> Message:
    client, mail = envelope.client, envelope.mail
    return Message(
        id=mail.id,
        body_id=staged.id,
        size=staged.size,
        sha256=staged.sha256,
        received_at=at,
        client_kind=client.kind,
        client_ip=client.ip,
        helo=client.helo,
        mail_from=_sender_text(mail),
        smtputf8=mail.path.smtputf8,
        eight_bit=mail.path.eight_bit,
        trace=trace,
        origin="smtp",
    )
