"""One message's octets on their way from the wire to the store, by DATA or by BDAT.

`data(wire, intake)` and `chunk(wire, intake, octets)` read; the Intake counts, watches for bare CR and LF, and stops
writing as soon as the message cannot be taken any more. The rest is swallowed, never buffered, so that the answer
comes where the client expects it. Raises EndOfInput when the client goes, Farewell when it sends far too much.
"""

from filters.mail import Content
from filters.replies import TOO_LARGE, Reply
from mailsvc.gateway.content import NewlineWatch, Octets, Opening, Unstuffer, normalised
from mailsvc.gateway.deadline import Deadline
from mailsvc.gateway.outcomes import Farewell, Unacceptable
from mailsvc.gateway.reception import Body, Envelope
from mailsvc.gateway.wire import Wire


class Intake:
    """The content of one message; `limit` in octets, 0 means none. `normalise`: mend bare CR and LF."""

    def __init__(self, body: Body, deadline: Deadline, *, limit: int, normalise: bool = False) -> None:
        self._body: Body | None = body
        self._deadline = deadline
        self._limit = limit
        self._normalise = normalise
        self._watch = NewlineWatch()
        self._opening = Opening()
        self._octets = 0
        self.failure: Reply | None = None
        self.handed_over = False  # to the house, which has it to its end from then on

    @property
    def facts(self) -> Content:
        """What the judge of contents needs to know."""
        return Content(self._octets, self._limit, bare_newline=self._watch.bare and not self._normalise)

    @property
    def headed(self) -> bool:
        """Whether the content begins with a header."""
        return self._opening.headed

    @property
    def hopeless(self) -> bool:
        """Whether the message cannot be taken any more: what still comes is swallowed."""
        return self._body is None

    def may_take(self, octets: int) -> bool:
        """Whether so many more are worth reading at all: twice the limit is not (RFC 5321 4.5.3.1.10)."""
        return not self._limit or self._octets + octets <= 2 * self._limit

    async def take(self, chunk: Octets) -> None:
        """Count, look, and write."""
        if not self.may_take(len(chunk)):
            await self.discard()
            raise Farewell(TOO_LARGE)
        self._octets += len(chunk)
        if self._body is None:
            return
        if self._watch.look(chunk) and self._normalise:
            chunk = normalised(chunk)
        self._opening.look(chunk)
        too_large = self._limit and self._octets > self._limit
        if too_large or (self._watch.found and not self._normalise):
            await self.discard()
        elif chunk:
            await self._write(self._body, chunk)

    async def _write(self, body: Body, chunk: Octets) -> None:
        try:
            await self._deadline.within(body.write(chunk))
        except Unacceptable as why:
            self.failure = why.reply
            await self.discard()

    async def finish(self, envelope: Envelope) -> Reply:
        """Have the message kept; the answer is the house's."""
        body, self._body = self._body, None
        if body is None:
            raise RuntimeError("a message given up cannot be kept")
        self.handed_over = True
        return await self._deadline.committed(body.finish(envelope))

    async def discard(self) -> None:
        """Forget what was written; harmless when done twice."""
        body, self._body = self._body, None
        if body is not None:
            await self._deadline.within(body.discard())


async def data(wire: Wire, intake: Intake) -> None:
    """Read DATA to its end, CRLF.CRLF, however large; what follows stays for the next command."""
    unstuffer = Unstuffer()
    while not unstuffer.done:
        await intake.take(unstuffer.feed(await wire.more()))
    wire.unread(unstuffer.rest)


async def chunk(wire: Wire, intake: Intake, octets: int) -> None:
    """Read exactly so many octets of BDAT (RFC 3030 2)."""
    while octets:
        piece = await wire.upto(octets)
        octets -= len(piece)
        await intake.take(piece)
