"""Asking an IMAP server what a mailbox holds, as the settings say where mailboxes are.

    imap = ImapAsking(os.environ)
    answer = await imap.ask(question)        # raises CannotAsk
    question_of(settings, mailbox)           # None where its domain names no IMAP server

Each question is a connection of its own, since a master user acts for one mailbox at a time. The secret is read when it
is needed, so that a changed file counts at once; trusted certificates are kept until `forget`.
"""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mailsvc.kit.imap_mailboxes import ImapMailboxes
from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls
from mailsvc.kit.net import BadTls, client_tls
from mailsvc.kit.secrets import BadSecret
from mailsvc.kit.settings import Settings
from mailsvc.standing.usage_asked import Answer, AskedCounting, AskedServers, CannotAsk, Question
from migrator.imap.errors import Declined, ImapError
from migrator.imap.login import Password
from migrator.imap.session import Security, Server, session
from migrator.imap.usage import usage
from schedules.names import Address

_SECURITY: Final = {
    MailboxTls.TLS: Security.TLS,
    MailboxTls.STARTTLS: Security.STARTTLS,
    MailboxTls.NONE: Security.NONE,
}
_PATIENCE: Final = 10.0  # seconds of silence
_LONGEST: Final = 60.0  # seconds for all of it: counting a large mailbox message by message takes some


def question_of(settings: Settings, mailbox: Address) -> Question | None:
    """What to ask about a mailbox; None where its domain names no IMAP server, or is not ours."""
    domain = settings.domain(mailbox.domain)
    if domain is None or not isinstance(domain.seen, ImapMailboxes):
        return None
    secret = domain.mailboxes_secret or settings.quota.imap.secret
    return Question(domain.seen.mailbox(mailbox.domain.ascii, mailbox.local), secret) if secret else None


def counting_of(settings: Settings, mailbox: Address, servers: AskedServers) -> AskedCounting | None:
    """Whom to ask about a mailbox; None where its domain names no IMAP server."""
    question, imap = question_of(settings, mailbox), settings.quota.imap
    if question is None:
        return None
    return servers.mailbox(question, age=imap.age.total_seconds(), deadline=imap.deadline.total_seconds())


class ImapAsking:
    """Asks; `environ` holds secrets that settings name by a variable."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._contexts: dict[Path | None, ssl.SSLContext] = {}

    def forget(self) -> None:
        """Read certificates anew from now on."""
        self._contexts.clear()

    async def ask(self, question: Question) -> Answer:
        """Ask. Raises CannotAsk."""
        try:
            async with asyncio.timeout(_LONGEST):
                return await self._asked(question)
        except TimeoutError:
            raise CannotAsk(f"it did not come to an end within {_LONGEST:g} s", of_server=False) from None
        except Declined as why:  # whatever its code: one mailbox that is broken leaves the others as they are
            raise CannotAsk(str(why), of_server=False) from why
        except (ImapError, BadSecret, BadTls) as why:
            raise CannotAsk(str(why), of_server=True) from why

    async def _asked(self, question: Question) -> Answer:
        url = question.url
        who = Password(url.user, question.secret.resolve(self._environ).reveal(), url.authz)
        async with session(self._server(url), who, patience=_PATIENCE) as opened:
            found = await usage(opened)
        return Answer(found.octets, found.told_by)

    def _server(self, url: ImapUrl) -> Server:
        if url.tls is MailboxTls.NONE:
            return Server(url.host, url.port, Security.NONE)
        context = self._contexts.get(url.ca)
        if context is None:
            context = self._contexts[url.ca] = client_tls(url.ca)
        return Server(url.host, url.port, _SECURITY[url.tls], context)
