"""The IMAP server of a URL, as `migrator.imap` connects to it.

    server = server_of(url, client_tls(url.ca))     # no context where the URL asks for none

Fails: never; `Session.open` says what is wrong with it.
"""

import ssl

from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls, Pop3Url
from migrator.imap.session import Security, Server

_SECURITY = {
    MailboxTls.TLS: Security.TLS,
    MailboxTls.STARTTLS: Security.STARTTLS,
    MailboxTls.NONE: Security.NONE,
}


def server_of(url: ImapUrl | Pop3Url, context: ssl.SSLContext | None, address: str = "") -> Server:
    """Where to connect; `address` is the one that a guard has looked at, "" for whichever the name has."""
    return Server(url.host, url.port, _SECURITY[url.tls], context, address)
