"""More time for an export that runs: whether it was given some, and the letter that says until when.

Use: `has_more_time(edition, mailbox, now)`, or `more_time` for until when; `extended(export, until, plan, key=...,
host=...)` is the letter.
"""

from datetime import datetime, tzinfo

from mailsvc.deeds.running_exports import RunningExport
from mailsvc.letters import templates
from mailsvc.letters.letter import Letter
from schedules.edition import Edition
from schedules.names import Address
from schedules.plan import Plan
from schedules.words import Stage


def has_more_time(edition: Edition, mailbox: Address, now: datetime) -> bool:
    """Whether a hold keeps exports of this very address open."""
    return more_time(edition, mailbox, now) is not None


def more_time(edition: Edition, mailbox: Address, now: datetime) -> datetime | None:
    """Until when a hold keeps exports of this very address open; None where none does."""
    untils = (
        held.until
        for held in edition.standing.holds
        if held.scope.address is not None
        and held.scope.address.same_mailbox(mailbox)
        and held.until > now
        and (not held.stages or Stage.EXPORT_END in held.stages)
    )
    return max(untils, default=None)


def extended(export: RunningExport, until: datetime, plan: Plan, *, key: str, host: str) -> Letter:
    """Tell the subscriber of an export until when it may go on; `host` is named as the writer."""
    address = export.address
    facts = {
        "address": str(address),
        "domain": str(address.domain),
        "title": plan.title,
        "until": local_time(until, plan.zone),
        "contact": f"postmaster@{address.domain}",  # always accepted (RFC 5321 4.5.1)
        "host": host,
    }
    return templates.write("export-extended", facts, to=(export.contact,), key=f"{key} {address}")


def local_time(at: datetime, zone: tzinfo) -> str:
    """An instant as letters write it."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
