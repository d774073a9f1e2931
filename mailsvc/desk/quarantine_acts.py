"""The quarantine, settled: a message released to its recipients, or deleted.

Use: `await release(desk, id, reason, scanner, despite_threat=...)`, `delete(desk, id, reason)`.
Fails: `Refused` with nothing changed: an id nobody knows, a body that is gone, a threat that is still found, a scanner
that is away, no way to a recipient, an empty reason. To do again what was done is no failure and changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import assert_never

from filters.scan import Scan, ScanAway, ScanClean, ScanInfected, Scanner, ScanUnread, behind_our_trace
from mailsvc.desk.desk import Desk, why
from mailsvc.desk.quarantine import in_quarantine, known
from mailsvc.desk.refusals import Refused
from mailsvc.outbox.routes import NoRoute, Routes
from mailsvc.records import bodies, messages, quarantine
from mailsvc.records.bodies import StagedBody, staged_octets
from mailsvc.records.cases import Kept, QuarantineState, unread
from mailsvc.records.deliveries import NewDelivery
from mailsvc.records.messages import Message
from mailsvc.records.store import Connection
from schedules.names import Address, DomainName

_SLICE = 4  # chunks of 1 MiB removed in one transaction


@dataclass(frozen=True, slots=True)
class Released:
    """A message that goes to its recipients, under the id it had."""

    id: str
    recipients: tuple[str, ...]
    already: bool  # it had been released before: nothing was queued now
    despite: str  # what was found in it, and cleared by the administrator's word; empty where it was found clean


async def release(desk: Desk, case_id: str, reason: str, scanner: Scanner, *, despite_threat: bool) -> Released:
    """Scan the message again and queue it for its recipients; `despite_threat`: also where something is found.

    What is found then is cleared for this content, so that it is never caught for it again.
    """
    told_why = why(reason)
    with desk.records.read() as conn:
        kept = known(conn, case_id)
    if kept.state is not QuarantineState.KEPT:
        return _already(kept)
    news = _deliveries(desk, kept)
    headed = not kept.case.trace.endswith(b"\r\n\r\n")
    content = behind_our_trace(partial(staged_octets, desk.records, _body(kept)), headed=headed)
    scan = await scanner.scan(content, kept.size)
    found = _found(kept, scan, despite_threat=despite_threat)
    return desk.records.act(lambda conn: _release_in(desk, conn, kept.case.id, news, found, told_why))


def delete(desk: Desk, case_id: str, reason: str) -> bool:
    """Delete the message's octets for good; False if that was done before.

    Its row stays as evidence until its retention is over.
    """
    told_why = why(reason)
    with desk.records.read() as conn:
        kept = known(conn, case_id)
    deleted = desk.records.act(lambda conn: _delete_in(desk, conn, kept, told_why))
    while desk.records.act(partial(bodies.remove_orphan, body_id=kept.body_id, limit=_SLICE)):
        continue
    return deleted


@dataclass(frozen=True, slots=True)
class _Found:
    """What the second look at a message said: `threat` is empty where it is clean."""

    threat: str
    scanner: str


def _found(kept: Kept, scan: Scan, *, despite_threat: bool) -> _Found:
    """What may be released. Raises Refused for what may not."""
    match scan:
        case ScanClean(scanner):
            return _Found("", scanner)
        case ScanAway(away):
            raise Refused(
                f"message {kept.case.id} cannot be checked again: the virus check is away: {away}",
                "see that a scanner of the settings' section `virus` answers (`lastpost doctor` looks), then try again",
            )
        case ScanInfected(threat, scanner):
            return _despite(kept, _Found(threat, scanner), f"is still found infected: {threat}", despite_threat)
        case ScanUnread(reason, detail, scanner):
            found = _Found(unread(reason), scanner)
            return _despite(kept, found, f"still cannot be read: {reason}: {detail}", despite_threat)
        case _ as never:
            assert_never(never)


def _despite(kept: Kept, found: _Found, said: str, despite_threat: bool) -> _Found:
    if not despite_threat:
        raise Refused(
            f"message {kept.case.id} {said}", "--despite-threat releases it on your word, `delete` removes it"
        )
    return found


def _deliveries(desk: Desk, kept: Kept) -> Sequence[NewDelivery]:
    """One for each place it goes to: who was named twice, by an alias too, gets it once."""
    routes, lifetime = Routes(lambda: desk.settings), desk.settings.outbox.give_up
    found: dict[tuple[str, DomainName], NewDelivery] = {}
    try:
        for one in kept.case.recipients:
            to = Address.parse(one.recipient)
            new = NewDelivery(one.recipient, one.original, one.because, routes.lane(to), lifetime=lifetime)
            found.setdefault((to.key, to.domain), new)
    except NoRoute as none:
        raise Refused(f"message {kept.case.id} has no way to a recipient: {none}", "set `outbound`") from None
    return list(found.values())


def _release_in(
    desk: Desk, conn: Connection, case_id: str, news: Sequence[NewDelivery], found: _Found, reason: str
) -> Released:
    """Settle, clear, queue and note in one transaction; whoever was quicker has done all of it."""
    at = desk.clock.now()
    ours = quarantine.release_in(conn, case_id, at=at, by=desk.actor, reason=reason)
    kept = known(conn, case_id)
    if not ours:
        return _already(kept)
    if found.threat:
        content = kept.case.content_sha256
        quarantine.clear(conn, content, found.threat, at=at, by=desk.actor, reason=reason)
    messages.accept_in(conn, _message(kept, found, at), news, _body(kept))
    detail = {"sha256": kept.sha256, "despite": found.threat, "scanner": found.scanner}
    desk.note(conn, "quarantine release", case_id, reason, detail)
    return Released(case_id, tuple(new.recipient for new in news), already=False, despite=found.threat)


def _already(kept: Kept) -> Released:
    """What was released before. Raises Refused for what is not there any more."""
    if kept.state is not QuarantineState.RELEASED:
        in_quarantine(kept)
    return Released(kept.case.id, tuple(one.recipient for one in kept.case.recipients), already=True, despite="")


def _delete_in(desk: Desk, conn: Connection, kept: Kept, reason: str) -> bool:
    if not quarantine.delete_in(conn, kept, at=desk.clock.now(), by=desk.actor, reason=reason):
        now = known(conn, kept.case.id)
        if now.state is not QuarantineState.DELETED:
            in_quarantine(now)
        return False
    desk.note(conn, "quarantine delete", kept.case.id, reason, {"sha256": kept.sha256})
    return True


def _body(kept: Kept) -> StagedBody:
    return StagedBody(kept.body_id, kept.size, kept.sha256, ())


def _message(kept: Kept, found: _Found, at: datetime) -> Message:
    """The message as it came, under its own id; it owns the body from now on."""
    case = kept.case
    return Message(
        id=case.id,
        body_id=kept.body_id,
        size=kept.size,
        sha256=kept.sha256,
        received_at=at,
        client_kind=case.client_kind,
        client_ip=case.client_ip,
        helo=case.helo,
        mail_from=case.mail_from,
        smtputf8=case.smtputf8,
        eight_bit=case.eight_bit,
        trace=case.trace,
        origin="release",
        scan=f"released despite {found.threat}" if found.threat else "clean",
        scanner=found.scanner,
    )
