"""Servers that are asked how full mailboxes are: whether the master user gets in, and how they come to know.

Use: `check_mailboxes(desk)`; for each server it asks about a mailbox of the directory, or some more where it does not
open the first.
Fails: as the records do; a server that does not answer is a finding.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from typing import Final

from filters.mail import AddressKind
from mailsvc.desk.desk import Desk
from mailsvc.desk.doctor.finding import Finding, error, note, warning
from mailsvc.kit.imap_mailboxes import ImapMailboxes
from mailsvc.records import directory
from mailsvc.standing.usage_asked import CannotAsk, Question
from mailsvc.standing.usage_imap import ImapAsking, question_of
from migrator.imap.usage import ToldBy
from schedules.names import DomainName

CHECK: Final = "mailboxes"
_TRIED: Final = 3
_LOOKED_AT: Final = 100  # entries of a directory


def check_mailboxes(desk: Desk) -> Iterator[Finding]:
    """Findings about each server that the settings name under `mailboxes`."""
    for server, questions in _by_server(desk).items():
        if questions:
            yield from asyncio.run(_asked(server, questions, desk.settings.quota.imap.deadline.total_seconds()))
        else:
            yield note(CHECK, f"there is no account to ask {server} about", "lastpost accounts import FILE.csv")


def _by_server(desk: Desk) -> dict[str, list[Question]]:
    """Each server with some mailboxes that it should know."""
    found: dict[str, list[Question]] = {
        one.seen.server: [] for one in desk.settings.domains.values() if isinstance(one.seen, ImapMailboxes)
    }
    if not found:
        return found
    with desk.records.read() as conn:
        for name in sorted(directory.ours(conn)):
            domain = desk.settings.domain(DomainName(name))
            if domain is None or not isinstance(domain.seen, ImapMailboxes):
                continue
            for entry in directory.page(conn, DomainName(name), limit=_LOOKED_AT):
                questions = found[domain.seen.server]
                if entry.kind in {AddressKind.BASE, AddressKind.ADDITIONAL} and not entry.left:
                    question = question_of(desk.settings, entry.address)
                    questions += [question] if question and len(questions) < _TRIED else []
    return found


async def _asked(server: str, questions: list[Question], deadline: float) -> list[Finding]:
    """What comes of asking about these, until one is answered."""
    imap, refused = ImapAsking(os.environ), ""
    for question in questions:
        begun = time.monotonic()
        try:
            answer = await imap.ask(question)
        except CannotAsk as why:
            refused = refused or str(why)
        else:
            return [_told(server, answer.told_by), *_slow(server, time.monotonic() - begun, deadline)]
    what = f"{server} does not say how full its mailboxes are, so none is found full: {refused}"
    return [error(CHECK, what, "let MASTER act for every mailbox there, or mend `mailboxes` and its secret")]


def _told(server: str, told_by: str) -> Finding:
    if told_by == ToldBy.MESSAGES:
        remedy = "let it keep quotas (Dovecot: the plugins quota and imap_quota), or offer STATUS=SIZE"
        return warning(CHECK, f"{server} counts message by message, which takes long in large mailboxes", remedy)
    return note(CHECK, f"{server} says how full its mailboxes are, by {told_by}", "nothing is to be done")


def _slow(server: str, seconds: float, deadline: float) -> Iterator[Finding]:
    if seconds > deadline:
        what = f"{server} answers after {seconds:.1f} s, when no session waits any more"
        yield warning(CHECK, what, "find out why it is slow, or raise quota.imap.deadline")
