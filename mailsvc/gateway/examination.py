"""What a message is found to be once its octets are complete: in a circle, infected, unread, or fit to be taken.

    found = await examination.of(envelope, staged)

First the header is read for traces of an earlier passage, then the virus check looks through the whole. An
administrator's word that these very octets are no threat is believed. Raises RecordsAway, and FactsAway where it cannot
be known whether the sender is ours.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final

from filters import loops, virus
from filters.header import HEADER_LIMIT, read_header
from filters.mail import Client, Sender
from filters.scan import Scan, ScanAway, ScanClean, ScanInfected, Scanner, ScanUnread, behind_our_trace
from filters.verdict import Clean, ContentVerdict
from filters.virus import UnscannedPolicy
from mailsvc.gateway.reception import Envelope
from mailsvc.kit.content_hash import ContentHash
from mailsvc.kit.metrics import Metrics
from mailsvc.records import quarantine
from mailsvc.records.bodies import StagedBody, staged_octets
from mailsvc.records.cases import unread
from mailsvc.records.store import Records
from mailsvc.standing import Verdicts, Watch
from schedules.names import Address

_OUTCOMES: Final[Mapping[type[Scan], str]] = {
    ScanClean: "clean",
    ScanInfected: "infected",
    ScanUnread: "unread",
    ScanAway: "away",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and what follows from it."""

    verdict: ContentVerdict
    looping: tuple[bool, ...]  # of each recipient: whether it has been forwarded for before
    sender: Sender
    scan: Scan | None = None  # None where nothing scans here
    content_sha256: str = ""  # set where the scan found something

    @property
    def said(self) -> str:
        """What the records keep of the scan."""
        match self.scan:
            case ScanClean():
                return "clean"
            case ScanUnread(why):
                return unread(why)
            case ScanInfected():
                return "cleared by an administrator"
            case _:
                return ""

    @property
    def why(self) -> str:
        """What stood in the scanner's way; empty where it has looked through the whole."""
        match self.scan:
            case ScanUnread(detail=why) | ScanAway(why):
                return why
            case _:
                return ""

    @property
    def scanner(self) -> str:
        """Who scanned, with the version of its signatures."""
        return "" if self.scan is None or isinstance(self.scan, ScanAway) else self.scan.scanner


@dataclass(frozen=True, slots=True)
class Examination:
    """Examines messages; `scanner` is None where no virus check is set up."""

    records: Records
    scanner: Callable[[], Scanner | None]
    policy: Callable[[], UnscannedPolicy]
    hop_limit: Callable[[], int]
    verdicts: Verdicts
    watch: Watch
    ours: Callable[[Address], bool]
    metrics: Metrics
    monotonic: Callable[[], float]

    async def of(self, envelope: Envelope, staged: StagedBody) -> Found:
        """Examine one message."""
        client = envelope.client
        sender = await self.verdicts.sender(client, envelope.mail.path.address, self.watch.now())
        header = read_header(await self._beginning(staged))
        recipients = [(taken.asked, taken.verdict) for taken in envelope.recipients]
        looping = loops.judge(header, recipients, hop_limit=self.hop_limit())
        if looping.refused:
            return Found(looping.refused, looping.each, sender)
        scanner = self.scanner()
        if scanner is None:
            return Found(Clean(), looping.each, sender)
        content = behind_our_trace(partial(self._octets, staged), headed=envelope.headed)
        scan = await self._timed(scanner.scan(content, staged.size))
        return await self._judged(client, envelope, staged, sender, looping.each, scan)

    async def _timed(self, running: Awaitable[Scan]) -> Scan:
        begun = self.monotonic()
        scan = await running
        self.metrics.scan_seconds.observe(self.monotonic() - begun)
        self.metrics.scans.labels(_OUTCOMES[type(scan)]).inc()
        return scan

    async def _judged(
        self,
        client: Client,
        envelope: Envelope,
        staged: StagedBody,
        sender: Sender,
        looping: tuple[bool, ...],
        scan: Scan,
    ) -> Found:
        verdict = virus.judge(
            scan,
            client.kind,
            sender_local=sender.spoken_for is not None,
            recipient_local=any(self.ours(taken.verdict.mailbox) for taken in envelope.recipients),
            policy=self.policy(),
        )
        if isinstance(scan, ScanClean | ScanAway):
            return Found(verdict, looping, sender, scan)
        known = await self._content_sha256(staged)
        named = scan.threat if isinstance(scan, ScanInfected) else unread(scan.why)
        if await self.records.ask(lambda connection: quarantine.is_cleared(connection, known, named)):
            verdict = Clean()
        return Found(verdict, looping, sender, scan, known)

    async def _beginning(self, staged: StagedBody) -> bytes:
        """As much as a header may have."""
        seen = b""
        async with aclosing(staged_octets(self.records, staged)) as octets:
            async for piece in octets:
                seen += piece
                if len(seen) >= HEADER_LIMIT:
                    break
        return seen

    async def _content_sha256(self, staged: StagedBody) -> str:
        known = ContentHash()
        async for piece in self._octets(staged):
            known.update(piece)
        return known.hexdigest()

    def _octets(self, staged: StagedBody) -> AsyncIterator[bytes]:
        return staged_octets(self.records, staged)
