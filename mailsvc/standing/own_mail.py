"""Where mail of our own goes, reports to senders above all: judged as any other, but held to no quota and no rate.

    ways = await OwnMail(standings, routes, watch.now).to(sender)

Raises NotNow where that cannot be said at this moment, and RecordsAway.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from filters import judge
from filters.mail import Client, ClientKind, Sender
from filters.verdict import Defer, Refuse
from mailsvc.outbox.routes import NoRoute, Routes
from mailsvc.records.delivery import NewDelivery
from mailsvc.returns.addressee import NotNow
from mailsvc.standing.standings import Standings
from mailsvc.standing.usage_counts import FactsAway
from mailsvc.standing.verdicts import destinations
from schedules.names import Address

# As our own submission MTA: it may write to everybody.
_OURSELVES: Final = Client(ClientKind.SUBMISSION, "127.0.0.1", 0)


class OwnMail:
    """Finds the way of letters that we write; `now` is the trusted time."""

    def __init__(self, standings: Standings, routes: Routes, now: Callable[[], datetime]) -> None:
        self._standings = standings
        self._routes = routes
        self._now = now

    async def to(self, address: Address) -> Sequence[NewDelivery]:
        """One delivery for each place; none where mail for `address` is not taken for good."""
        try:
            standing = await self._standings.of(address, self._now(), usage=False)
        except FactsAway as why:
            raise NotNow(str(why)) from why
        verdict = judge.recipient(_OURSELVES, Sender(None), standing)
        if isinstance(verdict, Defer):
            raise NotNow(str(verdict.reply))
        if isinstance(verdict, Refuse):
            return ()
        try:
            return [
                NewDelivery(str(target), str(address), because, self._routes.lane(target))
                for target, because in destinations(verdict)
            ]
        except NoRoute:
            return ()
