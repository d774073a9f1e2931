"""A message's life at the gateway, top to bottom: judged per recipient, taken in, judged as a whole, kept, answered.

    RCPT      recipient()   what is known of the address → the judge → reply; its fate is pinned
    DATA      body()        octets stream into the records
    the end   content()     the judge of contents, one answer true for all recipients
              accept()      message, deliveries and trace are durable together; only then 250

Records that are away are answered 451 4.3.0, a full disk 452 4.3.1: never a refusal for good. Bodies and secrets are
never logged.
"""

from collections.abc import Callable
from datetime import datetime

from filters import judge, replies
from filters.mail import Client, Content
from filters.replies import Reply
from filters.verdict import Clean, Defer, RecipientVerdict, Refuse, SizeVerdict
from mailsvc.gateway.incoming import Incoming
from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.gateway.parts import HouseParts
from mailsvc.gateway.reception import Envelope, Mail, Taken
from mailsvc.gateway.trace import received
from mailsvc.records import messages
from mailsvc.records.bodies import BodyWriter, StagedBody
from mailsvc.records.deliveries import NewDelivery
from mailsvc.records.messages import Message
from mailsvc.standing.verdicts import destinations
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
        parts, begun = self._parts, self._parts.clock.monotonic()
        verdict = await parts.verdicts.recipient(
            client, mail.path.address, asked, size=mail.path.size, transaction=mail.id
        )
        parts.metrics.decision_seconds.observe(parts.clock.monotonic() - begun)
        if isinstance(verdict, Refuse | Defer):
            return self._refused(verdict, client, mail, str(asked))
        parts.metrics.replied(verdict.reply.code, verdict.because)
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

    def release(self, mail: Mail) -> None:
        """Give back the room reserved for a message that will not come."""
        self._parts.verdicts.release(mail.id)

    # ── the 250 ─────────────────────────────────────────────────────────────────────────────────────────
    async def accept(self, envelope: Envelope, staged: StagedBody) -> Reply:
        """Make it durable, then say 250 (RFC 5321 6.1). Raises RecordsAway: nothing was promised."""
        try:
            no_room = await self._parts.verdicts.room(envelope.mail.id, staged.size)
            if no_room is not None:
                raise Unacceptable(self._refused(no_room, envelope.client, envelope.mail, "").reply)
            return await self._keep(envelope, staged)
        finally:  # what is durable now waits in the outbox, and is counted there
            self.release(envelope.mail)

    async def _keep(self, envelope: Envelope, staged: StagedBody) -> Reply:
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
            for target, because in destinations(taken.verdict):
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
