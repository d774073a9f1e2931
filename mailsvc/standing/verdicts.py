"""The one judgement of a recipient, for every door that asks: the SMTP gateway and the policy service.

    verdict = await verdicts.recipient(client, sender, asked, size=size, transaction=id)
    no_room = await verdicts.room(id, octets)         # at the end of DATA
    verdicts.release(id)                              # once it is durable, or will never come

A recipient that is taken has room reserved in its mailbox, and is counted for the rates of sender and client.
Facts or records that cannot be asked now become 451 4.3.0, a full disk 452 4.3.1: never a refusal for good. While the
clock is in doubt, what only the jump would change is answered 451. Nothing is raised.
"""

from collections.abc import Iterator
from datetime import datetime

from filters import judge, quota
from filters.mail import Client, ClientKind, Sender
from filters.verdict import Accept, Because, Defer, Forward, RecipientVerdict
from mailsvc.kit.telemetry import Log
from mailsvc.outbox.routes import NoRoute, Routes
from mailsvc.records.store import RecordsAway
from mailsvc.standing.rates import Rates
from mailsvc.standing.standings import Standings
from mailsvc.standing.throttle import Throttle
from mailsvc.standing.usage import Claim, UsageBook
from mailsvc.standing.usage_counts import FactsAway
from mailsvc.standing.watch import Watch
from schedules.names import Address


class Verdicts:
    """Judges recipients by what is known of them at this second.

    Without `routes` nobody asks whether mail has a way onward, which is for whoever does not relay through us; without
    `usage` no room is reserved, without `throttle` nobody is held to a rate.
    """

    def __init__(
        self,
        standings: Standings,
        watch: Watch,
        routes: Routes | None,
        log: Log,
        *,
        usage: UsageBook | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        self._standings = standings
        self._watch = watch
        self._routes = routes
        self._log = log
        self._usage = usage
        self._throttle = throttle or Throttle(Rates(dict))

    async def recipient(
        self, client: Client, sender: Address | None, asked: Address, *, size: int = 0, transaction: str = ""
    ) -> RecipientVerdict:
        """Judge `asked` for mail of `sender` (None: the null reverse-path).

        `size` is what the client announced, in octets, 0 where it did not; `transaction` names the message to come,
        whose room `release` gives back: without a name none is reserved.
        """
        try:
            claim = Claim(transaction, size) if transaction and self._usage else None
            verdict = await self._held(client, sender, asked, claim, transaction)
        except (FactsAway, RecordsAway) as why:
            verdict = self._away(why, transaction, str(asked))
        if self._usage is not None:
            taken = destinations(verdict) if isinstance(verdict, Accept | Forward) else ()
            self._usage.confirm(transaction, [mailbox for mailbox, _ in taken])
        return verdict

    async def room(self, transaction: str, octets: int) -> Defer | None:
        """452 4.2.2 where a message of `octets` has no room any more, since another one has taken it meanwhile."""
        try:
            fits = self._usage is None or await self._usage.still_fits(transaction, octets)
        except (FactsAway, RecordsAway) as why:
            return self._away(why, transaction, "")
        return None if fits else quota.full_for_now()

    def release(self, transaction: str) -> None:
        """Give back the room reserved for a message that is durable by now, or will never come."""
        if self._usage is not None:
            self._usage.release(transaction)

    async def sender(self, client: Client, address: Address | None, now: datetime) -> Sender:
        """Only our own submission MTA speaks for senders of ours; elsewhere the reverse-path is a mere claim.

        Raises FactsAway and RecordsAway.
        """
        if address is None or client.kind is not ClientKind.SUBMISSION:
            return Sender(address)
        standing = await self._standings.of(address, now, usage=False)
        return Sender(address, standing if standing.ours else None)

    async def _held(
        self, client: Client, address: Address | None, asked: Address, claim: Claim | None, transaction: str
    ) -> RecipientVerdict:
        """The verdict, if sender and client may have one more within their rates."""
        now = self._watch.now()
        closed = self._throttle.closed(client, now)
        if closed is not None:
            return closed
        verdict = self._routed(await self._judged(client, address, asked, claim), transaction)
        sender = await self.sender(client, address, now)
        return await self._throttle.held(verdict, client, sender, transaction, now)

    async def _judged(
        self, client: Client, sender: Address | None, asked: Address, claim: Claim | None
    ) -> RecipientVerdict:
        """The verdict at this second; where the clock has jumped, only what it would be without the jump too."""
        now, suspect = self._watch.moment()
        at_now = await self._verdict(client, sender, asked, now, claim)
        if suspect is None:
            return at_now
        at_trusted = await self._verdict(client, sender, asked, suspect.trusted_now, claim)
        return judge.unless_clock_jumped(at_now, at_trusted)

    async def _verdict(
        self, client: Client, address: Address | None, asked: Address, now: datetime, claim: Claim | None
    ) -> RecipientVerdict:
        sender = await self.sender(client, address, now)
        standing = await self._standings.of(asked, now, claim=claim)
        return judge.recipient(client, sender, standing)

    def _routed(self, verdict: RecipientVerdict, transaction: str) -> RecipientVerdict:
        """What has no way onward is put off at RCPT, before anything was promised."""
        if self._routes is None or not isinstance(verdict, Accept | Forward):
            return verdict
        try:
            for target, _ in destinations(verdict):
                self._routes.lane(target)
        except NoRoute as why:
            self._log.warning("no-route", message=transaction, why=str(why))
            return judge.facts_away()
        return verdict

    def _away(self, why: FactsAway | RecordsAway, transaction: str, recipient: str) -> Defer:
        event, full = ("records-away", why.full) if isinstance(why, RecordsAway) else ("facts-away", False)
        self._log.warning(event, message=transaction, recipient=recipient, why=str(why))
        return judge.facts_away(full=full)


def destinations(verdict: Accept | Forward) -> Iterator[tuple[Address, Because]]:
    """Every address a verdict sends mail to, and why: a forward that keeps a copy has two."""
    if isinstance(verdict, Forward):
        yield verdict.target, verdict.because
        for mailbox in (verdict.mailbox, *verdict.also) if verdict.keep else verdict.also:
            yield mailbox, Because.LIVE
    else:
        yield verdict.mailbox, verdict.because
