"""The one judgement of a recipient, for every door that asks: the SMTP gateway and the policy service.

    verdict = await verdicts.recipient(client, sender, asked)

Facts or records that cannot be asked now become 451 4.3.0, a full disk 452 4.3.1: never a refusal for good. While the
clock is in doubt, what only the jump would change is answered 451. Nothing is raised.
"""

from collections.abc import Iterator
from datetime import datetime

from filters import judge
from filters.mail import Client, ClientKind, Sender
from filters.verdict import Accept, Because, Forward, RecipientVerdict
from mailsvc.kit.telemetry import Log
from mailsvc.outbox.routes import NoRoute, Routes
from mailsvc.records.store import RecordsAway
from mailsvc.standing.standings import Standings
from mailsvc.standing.usage import FactsAway
from mailsvc.standing.watch import Watch
from schedules.names import Address


class Verdicts:
    """Judges recipients by what is known of them at this second."""

    def __init__(self, standings: Standings, watch: Watch, routes: Routes, log: Log) -> None:
        self._standings = standings
        self._watch = watch
        self._routes = routes
        self._log = log

    async def recipient(
        self, client: Client, sender: Address | None, asked: Address, *, size: int = 0, transaction: str = ""
    ) -> RecipientVerdict:
        """Judge `asked` for mail of `sender` (None: the null reverse-path).

        `size` is what the client announced, in octets, 0 where it did not; `transaction` names the message to come.
        """
        try:
            return self._routed(await self._judged(client, sender, asked), transaction)
        except FactsAway as why:
            self._log.warning("facts-away", message=transaction, recipient=str(asked), why=str(why))
            return judge.facts_away()
        except RecordsAway as why:
            self._log.warning("records-away", message=transaction, recipient=str(asked), why=str(why))
            return judge.facts_away(full=why.full)

    async def sender(self, client: Client, address: Address | None, now: datetime) -> Sender:
        """Only our own submission MTA speaks for senders of ours; elsewhere the reverse-path is a mere claim.

        Raises FactsAway and RecordsAway.
        """
        if address is None or client.kind is not ClientKind.SUBMISSION:
            return Sender(address)
        standing = await self._standings.of(address, now, usage=False)
        return Sender(address, standing if standing.ours else None)

    async def _judged(self, client: Client, sender: Address | None, asked: Address) -> RecipientVerdict:
        """The verdict at this second; where the clock has jumped, only what it would be without the jump too."""
        now, suspect = self._watch.moment()
        at_now = await self._verdict(client, sender, asked, now)
        if suspect is None:
            return at_now
        return judge.unless_clock_jumped(at_now, await self._verdict(client, sender, asked, suspect.trusted_now))

    async def _verdict(self, client: Client, sender: Address | None, asked: Address, now: datetime) -> RecipientVerdict:
        return judge.recipient(client, await self.sender(client, sender, now), await self._standings.of(asked, now))

    def _routed(self, verdict: RecipientVerdict, transaction: str) -> RecipientVerdict:
        """What has no way onward is put off at RCPT, before anything was promised."""
        try:
            if isinstance(verdict, Accept | Forward):
                for target, _ in destinations(verdict):
                    self._routes.lane(target)
        except NoRoute as why:
            self._log.warning("no-route", message=transaction, why=str(why))
            return judge.facts_away()
        return verdict


def destinations(verdict: Accept | Forward) -> Iterator[tuple[Address, Because]]:
    """Every address a verdict sends mail to, and why: a forward that keeps a copy has two."""
    if isinstance(verdict, Forward):
        yield verdict.target, verdict.because
        for mailbox in (verdict.mailbox, *verdict.also) if verdict.keep else verdict.also:
            yield mailbox, Because.LIVE
    else:
        yield verdict.mailbox, verdict.because
