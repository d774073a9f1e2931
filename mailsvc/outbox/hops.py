"""From a way to the connections that can be tried, in order.

`hops(way, contexts, exchangers)` gives at least one. Raises `NoExchanger` and `HopAway` for domains found by MX.
"""

import ssl
from collections.abc import Mapping, Sequence
from typing import assert_never

from mailsvc.kit.targets import HopTls, LmtpSocket, LmtpTarget, MaildirTarget, MxTarget, SmtpTarget
from mailsvc.outbox.exchangers import Exchangers, Place
from mailsvc.outbox.hop_hello import Hop
from mailsvc.outbox.ways import Way

MOST = 10  # addresses tried in one attempt (RFC 5321 5.1 asks for two)


async def hops(way: Way, contexts: Mapping[HopTls, ssl.SSLContext], exchangers: Exchangers | None) -> Sequence[Hop]:
    """What to connect to. Raises NoExchanger, HopAway."""
    match way.target:
        case SmtpTarget(host, port, tls):
            return [Hop(host, port, tls, contexts.get(tls))]
        case LmtpTarget(host, port):
            return [Hop(host, port, lmtp=True)]
        case LmtpSocket(path):
            return [Hop("localhost", 0, lmtp=True, socket=path)]
        case MxTarget(port):
            if exchangers is None or way.domain is None:
                raise ValueError("mail that leaves by MX needs exchangers and a domain")
            context = contexts.get(HopTls.STARTTLS)
            return [_exchanger(place, port, context) for place in (await exchangers.of(way.domain))[:MOST]]
        case MaildirTarget():
            raise ValueError("a Maildir is no hop")
        case _:
            assert_never(way.target)


def _exchanger(place: Place, port: int, context: ssl.SSLContext | None) -> Hop:
    tls = (
        HopTls.NONE if context is None else HopTls.STARTTLS
    )  # opportunistic (RFC 7435): nobody vouches for names in DNS
    return Hop(place.ip, port, tls, context, name=place.host)
