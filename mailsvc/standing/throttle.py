"""Who is held to which rate (KY-5): our senders by the submission MTA, and clients of the world.

    if throttle.closed(client, now): ...                                              # before anything is looked up
    verdict = await throttle.held(verdict, client, sender, transaction, now)          # once the judge has spoken

Our own inbound MTA is held to none: what it relays is the whole world's; nor is a client on this very machine, which
stands for many others. Nor are null and foreign senders by way of the submission MTA: they are notices, and mail that
is forwarded on. Raises RecordsAway where services share counts.
"""

import ipaddress
from collections import OrderedDict
from datetime import datetime
from functools import lru_cache
from typing import Final, assert_never

from filters import rate
from filters.mail import Client, ClientKind, Sender
from filters.verdict import Accept, Defer, Forward, RecipientVerdict, Refuse
from mailsvc.standing.rates import Rates, Scope

# So many transactions in progress are remembered as counted already.
_REMEMBERED: Final = 10_000


class Throttle:
    """Holds senders and clients to their rates."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._counted: OrderedDict[tuple[str, str], bool] = OrderedDict()

    def closed(self, client: Client, now: datetime) -> Defer | None:
        """450 4.7.1 for a client of the world that was refused too much lately: it learns nothing more."""
        subject = who(client.ip) if client.kind is ClientKind.WORLD else ""
        return rate.exceeded() if subject and self._rates.is_over(Scope.REFUSED, subject, now) else None

    async def held(
        self, verdict: RecipientVerdict, client: Client, sender: Sender, transaction: str, now: datetime
    ) -> RecipientVerdict:
        """The verdict, or 450 4.7.1 where what it counts for is over its rate."""
        allowed = await self._is_allowed(verdict, client, sender, transaction, now)
        return verdict if allowed else rate.exceeded()

    async def _is_allowed(
        self, verdict: RecipientVerdict, client: Client, sender: Sender, transaction: str, now: datetime
    ) -> bool:
        match client.kind:
            case ClientKind.INBOUND:
                return True
            case ClientKind.SUBMISSION:
                return await self._sender(verdict, sender, now)
            case ClientKind.WORLD:
                return await self._client(verdict, who(client.ip), transaction, now)
            case _ as never:
                assert_never(never)

    async def _sender(self, verdict: RecipientVerdict, sender: Sender, now: datetime) -> bool:
        mailbox = sender.standing.mailbox if sender.standing else None
        if mailbox is None or not isinstance(verdict, Accept | Forward):
            return True
        return await self._rates.count(Scope.SENDER, f"{mailbox.key}@{mailbox.domain.ascii}", now)

    async def _client(self, verdict: RecipientVerdict, subject: str, transaction: str, now: datetime) -> bool:
        match verdict:
            case Refuse() if subject:
                return await self._rates.count(Scope.REFUSED, subject, now)
            case Accept() | Forward() if subject and transaction:
                return await self._message(subject, transaction, now)
            case _:  # put off, and to be counted when it comes again; or only asked about
                return True

    async def _message(self, subject: str, transaction: str, now: datetime) -> bool:
        """Count a message with its first recipient; what was said then holds for the others."""
        known = self._counted.get((subject, transaction))
        if known is None:
            known = await self._rates.count(Scope.CLIENT, subject, now)
            self._counted[subject, transaction] = known
            if len(self._counted) > _REMEMBERED:
                self._counted.popitem(last=False)
        return known


@lru_cache(maxsize=4096)
def who(ip: str) -> str:
    """The client as rates know it: an IPv4 address, or the /64 an IPv6 address is in, which is one customer's.

    Empty for one on this machine.
    """
    address = ipaddress.ip_address(ip.partition("%")[0])
    plain = (address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address
    if plain.is_loopback:
        return ""
    return str(plain if plain.version == 4 else ipaddress.IPv6Network((plain.packed, 64), strict=False))
