"""A message's life at the gateway, top to bottom: judged per recipient, taken in, judged as a whole, kept, answered.

    RCPT      recipient()   what is known of the address → the judge → reply; its fate is pinned
    DATA      body()        octets stream into the records
    the end   content()     the judge of sizes and line ends, one answer true for all recipients
              accept()      room, loops, viruses → refused, or kept back, or
                            handed to our own next hop, or committed; only then 250

Records that are away are answered 451 4.3.0, a full disk 452 4.3.1: never a refusal for good. Bodies and secrets are
never logged.
"""

from typing import assert_never

from filters import judge, replies
from filters.mail import Client, Content
from filters.replies import Reply
from filters.verdict import (
    Because,
    Clean,
    Defer,
    Hold,
    Marked,
    Quarantine,
    RecipientVerdict,
    Refuse,
    SizeVerdict,
)
from mailsvc.gateway.examination import Found
from mailsvc.gateway.incoming import Incoming
from mailsvc.gateway.keeping import kept_back, kept_message, new_deliveries, told
from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.gateway.parts import HouseParts, postmaster_domain
from mailsvc.gateway.reception import Envelope, Mail, Taken
from mailsvc.gateway.returning import NotOurs
from mailsvc.gateway.trace import received
from mailsvc.records.bodies import BodyWriter, StagedBody
from mailsvc.records.messages import Message
from mailsvc.standing import FactsAway
from schedules.names import Address, DomainName


class Life:
    """The Reception of a real house; `parts` are what it is built of."""

    def __init__(self, parts: HouseParts) -> None:
        self._parts = parts
        self.new_id = parts.new_id

    def host_closed(self) -> Reply | None:
        """521 5.3.2 while the operator has closed the whole host (RFC 7504)."""
        return self._softly(replies.HOST_CLOSED) if self._parts.settings().gateway.closed else None

    def postmaster_domain(self) -> DomainName:
        """Our own host's postmaster if its name is a domain of ours, else that of the first domain."""
        return postmaster_domain(self._parts.settings())

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

    # ── the end of the content ──────────────────────────────────────────────────────────────────────────
    async def accept(self, envelope: Envelope, staged: StagedBody) -> Reply:
        """Examine it; keep it back, hand it over or make it durable, then say 250 (RFC 5321 6.1).

        Raises Unacceptable with the reply where it is not taken, and RecordsAway: nothing was promised then.
        """
        until = self._parts.handoff.until()
        try:
            no_room = await self._parts.verdicts.room(envelope.mail.id, staged.size)
            if no_room is not None:
                raise self._unacceptable(no_room, envelope)
            return await self._examined(envelope, staged, until)
        finally:  # what is durable now waits in the outbox, and is counted there
            self.release(envelope.mail)

    async def _examined(self, envelope: Envelope, staged: StagedBody, until: float) -> Reply:
        try:
            found = await self._parts.examination.of(envelope, staged)
        except FactsAway as why:
            self._parts.log.warning("facts-away", message=envelope.mail.id, why=str(why))
            raise Unacceptable(replies.FACTS_AWAY) from why
        match found.verdict:
            case Refuse() | Defer():
                raise self._unacceptable(found.verdict, envelope, found.why)
            case Quarantine():
                return await self._keep_back(envelope, staged, found, found.verdict)
            case Clean() | Marked() | Hold():
                return await self._take(envelope, staged, found, until)
            case _ as never:
                assert_never(never)

    async def _take(self, envelope: Envelope, staged: StagedBody, found: Found, until: float) -> Reply:
        parts, at = self._parts, self._parts.watch.now()
        mark = found.verdict.header if isinstance(found.verdict, Marked) else b""
        message = kept_message(envelope, staged, found, mark + received(envelope, parts.hostname, at), at)
        if envelope.recipients[0].verdict.because is Because.BOUNCE_RETURNED:
            message, staged = await self._rewritten(envelope, message, staged)
        news = new_deliveries(envelope, found.looping, parts.routes.lane, parts.settings().outbox.give_up)
        held, refusable = isinstance(found.verdict, Hold), judge.may_refuse_late(envelope.client, found.sender)
        try:
            reply = await parts.handoff.of(message, news, staged, until=until, held=held, refusable=refusable)
        except Unacceptable as refused:
            raise Unacceptable(self._softly(refused.reply)) from refused
        parts.metrics.accepted(staged.size)
        self._log_accepted(envelope, staged, found)
        return reply

    async def _rewritten(self, envelope: Envelope, message: Message, staged: StagedBody) -> tuple[Message, StagedBody]:
        """A bounce on its way back to a sender we have rewritten: it may name an address that nobody may know."""
        try:
            return await self._parts.returning.back(message, staged, envelope.recipients[0].asked)
        except NotOurs as why:
            raise self._unacceptable(Refuse(Because.BOUNCE_RETURNED, why.reply), envelope) from why

    async def _keep_back(self, envelope: Envelope, staged: StagedBody, found: Found, verdict: Quarantine) -> Reply:
        """Into quarantine, whether the client is told 250 or refused; people of ours are told (KY-3)."""
        parts, at = self._parts, self._parts.watch.now()
        reply = self._softly(verdict.reply) if verdict.reply.permanent else replies.taken(envelope.mail.id)
        trace = received(envelope, parts.hostname, at)
        case = kept_back(envelope, found, reply, trace, at)
        await parts.quarantining.keep(case, staged, told(envelope, found, verdict), at)
        parts.metrics.replied(reply.code, verdict.because)
        parts.log.warning(
            "quarantined",
            message=envelope.mail.id,
            client=envelope.client.ip,
            kind=str(envelope.client.kind),
            sender=_sender_text(envelope.mail),
            code=reply.code,
            because=str(verdict.because),
            threat=case.threat,
        )
        return reply

    def _log_accepted(self, envelope: Envelope, staged: StagedBody, found: Found) -> None:
        self._parts.log.info(
            "accepted",
            message=envelope.mail.id,
            client=envelope.client.ip,
            kind=str(envelope.client.kind),
            sender=_sender_text(envelope.mail),
            recipients=[_told(taken) for taken in envelope.recipients],
            size=staged.size,
            scan=found.said,
        )

    # ── no ──────────────────────────────────────────────────────────────────────────────────────────────
    def _refused(
        self, verdict: Refuse | Defer, client: Client, mail: Mail, recipient: str, why: str = ""
    ) -> Refuse | Defer:
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
            **({"why": why} if why else {}),
        )
        return Refuse(verdict.because, reply) if reply.permanent else Defer(verdict.because, reply)

    def _unacceptable(self, verdict: Refuse | Defer, envelope: Envelope, why: str = "") -> Unacceptable:
        return Unacceptable(self._refused(verdict, envelope.client, envelope.mail, "", why).reply)

    def _softly(self, reply: Reply) -> Reply:
        return reply.softened() if self._parts.settings().soft_bounce else reply


def _told(taken: Taken) -> dict[str, str]:
    return {"asked": str(taken.asked), "because": str(taken.verdict.because)}


def _sender_text(mail: Mail) -> str:
    return str(mail.path.address) if mail.path.address else ""
