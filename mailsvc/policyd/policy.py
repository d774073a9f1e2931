"""Answers to Postfix' `check_policy_service`: our verdict as an action of access(5).

RCPT is answered by the one judgement of recipients, DATA and END-OF-MESSAGE by the judge of contents and the limit of
recipients; a refusal has our code, enhanced code and words, all else is DUNNO, which leaves the word to the MTA's next
restriction. We never say OK: an answer of ours opens nothing that the MTA keeps closed. Whether it relays mail for
domains that are not ours is its own affair: only who submits is judged by the sender there too.
"""

import asyncio
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from filters import judge, replies
from filters.mail import Client, ClientKind, Content
from filters.verdict import Because, Defer, RecipientVerdict, Refuse
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.telemetry import Log
from mailsvc.policyd import request
from mailsvc.policyd.request import Request, Stage
from schedules.names import Address, DomainName

DUNNO = b"action=DUNNO\n\n"


class Recipients(Protocol):
    """The one judgement of recipients."""

    async def recipient(
        self, client: Client, sender: Address | None, asked: Address, *, size: int = 0, transaction: str = ""
    ) -> RecipientVerdict:
        """The verdict at this second; nothing is raised."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is answered by the settings of this moment: sizes are octets."""

    ours: Callable[[DomainName], bool]
    asked_for: ClientKind  # whose mail it is where no login is named
    size_limit: int
    recipients_limit: int
    soft_bounce: bool = False
    closed: bool = False


class PolicySpeech:
    """The Speech of the policy service."""

    ask_again = f"action={replies.INTERNAL_ERROR}\n\n".encode("ascii")

    def __init__(self, verdicts: Recipients, terms: Callable[[], Terms], metrics: Metrics, log: Log) -> None:
        self._verdicts = verdicts
        self._terms = terms
        self._metrics = metrics
        self._log = log

    async def hear(self, reader: asyncio.StreamReader) -> bytes | None:
        """The next question."""
        return await request.hear(reader)

    async def answer(self, heard: bytes) -> bytes:
        """`action=…` for it. Raises Garbled."""
        asked = request.read_request(heard)
        terms = self._terms()
        verdict = await self._verdict(asked, terms)
        return DUNNO if verdict is None else self._refused(asked, verdict, soft=terms.soft_bounce)

    async def _verdict(self, asked: Request, terms: Terms) -> Refuse | Defer | None:
        if terms.closed:
            return Refuse(Because.SERVICE_ENDED, replies.HOST_CLOSED)
        match asked.stage:
            case Stage.RCPT:
                return await self._of_recipient(asked, terms)
            case Stage.DATA | Stage.END_OF_MESSAGE:
                return _of_message(asked, terms)
            case _:
                return None

    async def _of_recipient(self, asked: Request, terms: Terms) -> Refuse | Defer | None:
        recipient, sender = request.plain_address(asked.recipient), request.plain_address(asked.sender)
        if recipient is None:
            return None  # a bare <postmaster>, or what the MTA itself refuses as no address
        if asked.sender and sender is None:
            return None
        kind = ClientKind.SUBMISSION if asked.login else terms.asked_for
        if kind is not ClientKind.SUBMISSION and not terms.ours(recipient.domain):
            return None
        client = Client(kind, _ip(asked.client_ip), 0, asked.helo)
        # Nobody says whether the message came, so no room is reserved for it: the transaction stays without a name.
        verdict = await self._verdicts.recipient(client, sender, recipient, size=asked.size)
        return verdict if isinstance(verdict, Refuse | Defer) else None

    def _refused(self, asked: Request, verdict: Refuse | Defer, *, soft: bool) -> bytes:
        reply = verdict.reply.softened() if soft else verdict.reply
        self._metrics.replied(reply.code, verdict.because)
        self._log.info(
            "policy-refused",
            instance=asked.instance,
            client=asked.client_ip,
            stage=str(asked.stage),
            sender=asked.sender,
            recipient=asked.recipient,
            code=reply.code,
            because=str(verdict.because),
        )
        return f"action={reply}\n\n".encode("ascii")


def _ip(text: str) -> str:
    """The client's address; where the MTA knows none ("unknown"), one that is nobody's."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return "0.0.0.0"


def _of_message(asked: Request, terms: Terms) -> Refuse | Defer | None:
    if asked.recipients > terms.recipients_limit:
        return Defer(Because.TOO_MANY_RECIPIENTS, replies.TOO_MANY_RECIPIENTS)
    verdict = judge.content(Content(asked.size, terms.size_limit))
    return verdict if isinstance(verdict, Refuse | Defer) else None
