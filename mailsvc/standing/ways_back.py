"""Where a report to a sender goes: judged as any mail with the null reverse-path is, so that no closed door is opened.

    ways = await WaysBack(verdicts, routes).to(sender)

A sender of ours may have been forged into the mail, may forward, or may have left. Raises NotNow where that cannot be
said at this moment.
"""

from collections.abc import Sequence

from filters.mail import Client, ClientKind
from filters.verdict import Accept, Defer, Forward
from mailsvc.outbox.routes import NoRoute, Routes
from mailsvc.records.delivery import NewDelivery
from mailsvc.returns.addressee import NotNow
from mailsvc.standing.verdicts import Verdicts, destinations
from schedules.names import Address

# We hand it in ourselves, outward too.
_OURSELVES = Client(ClientKind.SUBMISSION, ip="127.0.0.1", port=0)


class WaysBack:
    """`mailsvc.returns.addressee.Ways` of a real house."""

    def __init__(self, verdicts: Verdicts, routes: Routes) -> None:
        self._verdicts = verdicts
        self._routes = routes

    async def to(self, sender: Address) -> Sequence[NewDelivery]:
        """One delivery for each place, none where the address takes no mail. Raises NotNow."""
        try:
            self._routes.lane(sender)
        except NoRoute:
            return ()
        verdict = await self._verdicts.recipient(_OURSELVES, None, sender)
        if isinstance(verdict, Defer):
            raise NotNow(f"the sender cannot be written to now: {verdict.because}")
        if not isinstance(verdict, Accept | Forward):
            return ()
        # RFC 3461 6.1: nobody is told what became of a report.
        return [
            NewDelivery(str(target), str(sender), because, self._routes.lane(target), notify="never")
            for target, because in destinations(verdict)
        ]
