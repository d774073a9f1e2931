"""A bounce of mail that we have forwarded, at the end of its content: what goes on to the sender it is about.

`back` gives the message as it came where its subscriber consents to disclosure, else a report of ours in its place.
Where the bounce says that the forward's target takes no mail for good, the forward rests.
Raises `NotOurs`, with the reply, for what is about no mail we have forwarded, and RecordsAway.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from filters.replies import Reply
from mailsvc.notices.forward_paused import ForwardPauses
from mailsvc.records.bodies import BodyWriter, StagedBody
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from mailsvc.returns.bounced import AsItCame, Bounced, Refused, Rewritten, Unrecognised
from schedules.names import Address


class NotOurs(Exception):
    """It is about no mail that we have forwarded: whoever wrote it keeps it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Returning:
    """Sends bounces back; `bounced` is None where no sender is ever rewritten, so that none can come."""

    records: Records
    bounced: Callable[[], Bounced | None]
    pauses: ForwardPauses
    new_id: Callable[[], str]

    async def back(self, message: Message, staged: StagedBody, asked: Address) -> tuple[Message, StagedBody]:
        """What goes on in the place of `message`, which came for `asked`, a sender we have rewritten."""
        bounced = self.bounced()
        found = (
            await bounced.back(staged, asked, key=message.id, now=message.received_at) if bounced else Unrecognised()
        )
        match found:
            case Unrecognised():
                raise NotOurs(found.reply)
            case AsItCame():
                await self._rest(found.refused, message)
                return message, staged
            case Rewritten():
                await self._rest(found.refused, message)
                return await self._in_its_place(message, found)
            case _ as never:
                assert_never(never)

    async def _in_its_place(self, message: Message, found: Rewritten) -> tuple[Message, StagedBody]:
        writer = BodyWriter(self.records, self.new_id, lambda: message.received_at)
        await writer.write(found.octets)
        staged = await writer.finish()
        ours = replace(
            message,
            body_id=staged.id,
            size=staged.size,
            sha256=staged.sha256,
            mail_from="",
            smtputf8=found.smtputf8,
            eight_bit=found.eight_bit,
            trace=b"",
            origin="dsn",
        )
        return ours, staged

    async def _rest(self, refused: Refused | None, message: Message) -> None:
        if refused is not None:
            await self.pauses.refused(
                refused.delivery, refused.message, refused.reply, at_rcpt=False, now=message.received_at
            )
