"""Fuzz target: whatever octets an MTA sends to the policy service and the socketmap, each answer is well formed.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS. It fails by an exception other than Garbled, by an
answer that could not be read, or by reading on for ever.
"""

import asyncio
import re

from prometheus_client import CollectorRegistry

from filters import replies
from filters.mail import ClientKind
from filters.verdict import Because, Refuse
from mailsvc.kit.metrics import Metrics
from mailsvc.outbox.routes import Routes
from mailsvc.policyd.door import READ_AHEAD, Garbled, Speech
from mailsvc.policyd.policy import PolicySpeech, Terms
from mailsvc.policyd.socketmap import SocketmapSpeech
from schedules.names import Address
from tests.rules.gateway.house import QuietLog
from tests.rules.policyd.asking import FakeVerdicts, question, settings_with

_ACTION = re.compile(rb"action=(?:DUNNO|[45][0-9]{2} [\x20-\x7e]+)\n\n")
_ANSWER = re.compile(rb"([0-9]+):((?:OK|NOTFOUND|TEMP|PERM) [\x20-\x7e]*),")
_LONGEST_ANSWER = 512
_SETTINGS = settings_with()
_NEW = Address.parse("new@elsewhere.example")
_MOVED = Refuse(Because.MOVED_DISCLOSED, replies.moved_disclosed(_NEW))

SEEDS: list[bytes] = [
    b"",
    question(),
    question() + question(protocol_state="END-OF-MESSAGE", size="99999999"),
    question(recipient="moved@closing.example", sasl_username="x", sender=""),
    question().replace(b"\n", b"\r\n"),
    b"\n\n",
    b"25:transport closing.example,31:relocated moved@closing.example,",
    b"11:relocated @,12:transport [x],3:x y,",
    b"0:,",
]


def target(data: bytes) -> None:
    """Say `data` to both, whole and in small pieces."""
    whole = asyncio.run(_both([data]))
    if whole != asyncio.run(_both([data[i : i + 7] for i in range(0, len(data), 7)])):
        raise AssertionError("the borders of packets changed an answer")


async def _both(pieces: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    verdicts = FakeVerdicts({"moved@closing.example": _MOVED})
    terms = Terms(lambda domain: _SETTINGS.domain(domain) is not None, ClientKind.WORLD, 1_000_000, 100)
    policy = PolicySpeech(verdicts, lambda: terms, Metrics(CollectorRegistry()), QuietLog())
    maps = SocketmapSpeech(verdicts, Routes(lambda: _SETTINGS), lambda domain: _SETTINGS.domain(domain) is not None)
    actions, answers = await _said(policy, pieces), await _said(maps, pieces)
    if not all(map(_ACTION.fullmatch, actions)) or not all(map(_whole, answers)):
        raise AssertionError(f"{actions!r} {answers!r}")
    return actions, answers


def _whole(answer: bytes) -> bool:
    found = _ANSWER.fullmatch(answer)
    return found is not None and int(found[1]) == len(found[2]) <= _LONGEST_ANSWER


async def _said(speech: Speech, pieces: list[bytes]) -> list[bytes]:
    reader = asyncio.StreamReader(limit=READ_AHEAD)
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    said: list[bytes] = []
    try:
        while (heard := await speech.hear(reader)) is not None:
            said.append(await speech.answer(heard))
    except Garbled:
        pass  # refused in the expected way
    return said
