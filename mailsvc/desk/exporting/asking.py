"""A job asked for: one mailbox into another, carried out in the background.

    added = desk.records.act(lambda conn: ask(desk, conn, Asked(source="imaps://…", target="maildir:…")))

Where a job of the same two mailboxes is open, that one stands and `added.is_new` is False. Raises Wrong for a URL that
cannot be read, Refused where both name the same mailbox.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import SystemRandom

from mailsvc.desk.desk import Desk
from mailsvc.desk.refusals import Refused
from mailsvc.kit.ids import new_id
from mailsvc.kit.mailbox_urls import MailboxUrl, known_as, parse_mailbox, same_mailbox
from mailsvc.records import jobs
from mailsvc.records.job import JobKind, NewJob, Side, Wishes, move_digest
from mailsvc.records.jobs import Added
from mailsvc.records.store import Connection


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. The URLs are as people write them; `secrets` are sealed."""

    source: str
    target: str
    kind: JobKind = JobKind.MAILBOX
    address: str = ""
    batch: str | None = None
    priority: int = 0  # lower goes first
    not_before: datetime | None = None
    wishes: Wishes = field(default_factory=Wishes)
    secrets: Mapping[Side, bytes] = field(default_factory=dict)


def ask(desk: Desk, conn: Connection, asked: Asked, reason: str = "") -> Added:
    """Ask for it, with its audit row, in the caller's transaction."""
    new = new_job(desk, asked)
    added = jobs.add(conn, new, desk.clock.now())
    if added.is_new:
        told = {"source": new.source, "target": new.target, "address": new.address, "batch": new.batch or ""}
        desk.note(conn, "job ask", added.id, reason, {name: text for name, text in told.items() if text})
    return added


def new_job(desk: Desk, asked: Asked) -> NewJob:
    """The job as the records take it. Raises Wrong, Refused."""
    source, target = (parse_mailbox(url, insecure=asked.wishes.insecure) for url in (asked.source, asked.target))
    if same_mailbox(source, target):
        raise Refused("both URLs name the same mailbox", "name another one as target")
    return NewJob(
        id=new_id(desk.clock, SystemRandom()),
        kind=asked.kind,
        source=asked.source,
        target=asked.target,
        move=move_digest(known_as(source), known_as(target)),
        asked_by=desk.actor,
        source_host=host_of(source),
        target_host=host_of(target),
        address=asked.address,
        batch=asked.batch,
        priority=asked.priority,
        not_before=asked.not_before,
        wishes=asked.wishes,
        secrets=asked.secrets,
    )


def host_of(url: MailboxUrl) -> str:
    """The host that a mailbox is on; empty for one on this machine."""
    host = getattr(url, "host", "")
    return str(host).lower()
