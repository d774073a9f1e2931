"""What is written down of a message: its row, its deliveries, or its case in quarantine. Values only."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from filters.replies import Reply
from filters.scan import ScanInfected, ScanUnread
from filters.verdict import FORWARDED, Quarantine, Tell
from mailsvc.gateway.examination import Found
from mailsvc.gateway.reception import Envelope, Taken
from mailsvc.records.bodies import StagedBody
from mailsvc.records.cases import INFECTED, Case, Recipient, unread
from mailsvc.records.delivery import NewDelivery
from mailsvc.records.messages import Message
from mailsvc.standing.verdicts import destinations
from schedules.names import Address, DomainName


def kept_message(envelope: Envelope, staged: StagedBody, found: Found, trace: bytes, at: datetime) -> Message:
    """The message's row; `trace` are the header fields in front of its octets."""
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
        mail_from=str(mail.path.address or ""),
        smtputf8=mail.path.smtputf8,
        eight_bit=mail.path.eight_bit,
        trace=trace,
        origin="smtp",
        ret=mail.path.ret,
        envid=mail.path.envid,
        scan=found.said,
        scanner=found.scanner,
    )


def new_deliveries(
    envelope: Envelope, looping: tuple[bool, ...], lane: Callable[[Address], str], lifetime: timedelta
) -> list[tuple[NewDelivery, bool]]:
    """One for each place it goes to, and whether it has been forwarded there before; nobody gets it twice."""
    found: dict[tuple[str, DomainName], tuple[NewDelivery, bool]] = {}
    for taken, loops in zip(envelope.recipients, looping, strict=True):
        for target, because in destinations(taken.verdict):
            new = NewDelivery(str(target), str(taken.asked), because, lane(target), taken.notify, taken.orcpt, lifetime)
            found.setdefault((target.key, target.domain), (new, loops and because in FORWARDED))
    return list(found.values())


def kept_back(envelope: Envelope, found: Found, reply: Reply, trace: bytes, at: datetime) -> Case:
    """The case of a message that goes into quarantine."""
    client, mail = envelope.client, envelope.mail
    threat = found.scan.threat if isinstance(found.scan, ScanInfected) else ""
    why = unread(found.scan.why) if isinstance(found.scan, ScanUnread) else INFECTED
    return Case(
        id=mail.id,
        at=at,
        client_kind=client.kind,
        client_ip=client.ip,
        helo=client.helo,
        mail_from=str(mail.path.address or ""),
        smtputf8=mail.path.smtputf8,
        eight_bit=mail.path.eight_bit,
        sender_local=found.sender.spoken_for is not None,
        accepted=reply.code < 300,
        reply=str(reply),
        why=why,
        threat=threat,
        scanner=found.scanner,
        recipients=tuple(recipient for taken in envelope.recipients for recipient in _recipients(taken)),
        trace=trace,
        content_sha256=found.content_sha256,
    )


def told(envelope: Envelope, found: Found, verdict: Quarantine) -> list[Address]:
    """Who may be told; addresses that are not ours are left out by whoever writes the letters (KY-3)."""
    sender = found.sender.spoken_for
    match verdict.tell:
        case Tell.SENDER:
            return [sender] if sender else []
        case Tell.RECIPIENTS:
            return [taken.verdict.mailbox for taken in envelope.recipients]
        case Tell.NOBODY:
            return []


def _recipients(taken: Taken) -> Iterator[Recipient]:
    for target, because in destinations(taken.verdict):
        yield Recipient(str(target), str(taken.asked), because)
