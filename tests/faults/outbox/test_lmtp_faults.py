"""`nexthop-faults` by LMTP and over sessions that are kept: for each recipient a retry or a settlement, never both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mailsvc.outbox.hop_hello import Hop
from mailsvc.outbox.hop_trouble import HopAway
from mailsvc.outbox.parcel import Fate
from mailsvc.outbox.pool import Pool
from mailsvc.records.deliveries import DeliveryState
from tests.faults.outbox.test_nexthop import LATE, patience
from tests.peers.proxy import Cut, CutProxy
from tests.peers.smtp import EXTENSIONS, Answer, Script, SmtpPeer
from tests.rules.outbox.parcels import HANAKO, QUICK, hand, parcel
from tests.rules.outbox.world import World, at_work, world
from tests.support.deadline import until

GORO, SABURO = "goro@closing.example", "saburo@closing.example"
ALL = (HANAKO, GORO, SABURO)
LMTP = Hop("127.0.0.1", 0, lmtp=True)
OK = Answer("250 2.0.0 saved")
DELIVERED, QUEUED, UNKNOWN = DeliveryState.DELIVERED, DeliveryState.QUEUED, DeliveryState.UNKNOWN
NEVER = DeliveryState.UNDELIVERABLE


@pytest.mark.parametrize("extensions", [EXTENSIONS, ()])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    "answer",
    [Answer("421 4.3.2 closing", close=True), Answer.CUT, Answer(b"gar\x00bage\r\n"), LATE],
)
async def test_whatever_breaks_before_the_final_dot_is_tried_again(
    verb: str, answer: Answer, extensions: tuple[str, ...]
) -> None:
    async with SmtpPeer({verb: answer}, lmtp=True, extensions=extensions) as peer:
        answers = await hand(peer.port, parcel(*ALL), timeouts=patience(verb, answer), hop=LMTP)
        assert {found.fate for found in answers.values()} == {Fate.LATER}
        assert not peer.taken


@pytest.mark.parametrize("octets", range(0, 520, 9))
async def test_cut_at_any_octet_of_the_stores_speech(octets: int) -> None:
    async with SmtpPeer(lmtp=True) as peer, CutProxy(peer.port, to_client=Cut(after=octets)) as proxy:
        try:
            fates = [answer.fate for answer in (await hand(proxy.port, parcel(*ALL), hop=LMTP)).values()]
        except HopAway:
            fates = [Fate.LATER] * 3
        # Whoever was answered is settled; those behind are in doubt; before the dot all of them wait.
        taken = fates.count(Fate.TAKEN)
        assert fates in ([Fate.LATER] * 3, [Fate.TAKEN] * taken + [Fate.UNKNOWN] * (3 - taken))
        if fates == [Fate.LATER] * 3:
            assert not peer.taken


@asynccontextmanager
async def store(tmp_path: Path, script: Script) -> AsyncIterator[tuple[SmtpPeer, World]]:
    async with (
        SmtpPeer(script, lmtp=True) as peer,
        world(tmp_path, deliver=f"lmtp://127.0.0.1:{peer.port}") as here,
        at_work(here.outbox()),
    ):
        yield peer, here


@pytest.mark.parametrize(
    ("ends", "states"),
    [
        ([OK, Answer("451 4.3.0 busy"), Answer("550 5.7.1 no")], [DELIVERED, QUEUED, NEVER]),
        ([OK, Answer("421 4.3.2 closing", close=True)], [DELIVERED, QUEUED, UNKNOWN]),
        ([Answer("554 5.6.0 no"), Answer.CUT], [NEVER, UNKNOWN, UNKNOWN]),
        ([Answer.CUT], [UNKNOWN, UNKNOWN, UNKNOWN]),
        ([OK, OK, Answer(b"rubbish\r\n")], [DELIVERED, DELIVERED, UNKNOWN]),
    ],
)
async def test_each_recipient_is_tried_again_or_settled_once(
    tmp_path: Path, ends: list[Answer], states: list[DeliveryState]
) -> None:
    async with store(tmp_path, {"end": ends}) as (_, here):
        message = await here.accept(*ALL)
        await here.until_state(message, *states)
        open_ = [one.next_at for one in here.deliveries(message) if one.next_at is not None]
        if open_:
            here.clock.advance(max(open_) - here.clock.now())
        await until(lambda: not {QUEUED, UNKNOWN, DeliveryState.CLAIMED} & {*here.states(message)}, "all are settled")
        assert [state is NEVER for state in here.states(message)] == [state is NEVER for state in states]
        await until(lambda: len(told(here)) == len(ALL), "the log tells of all")
    assert sorted(told(here)) == sorted(ALL)


def told(here: World) -> list[str]:
    """Who has been settled, as the log tells it, soon after the records do."""
    return [str(one["recipient"]) for one in (*here.log.named("delivered"), *here.log.named("undeliverable"))]


@pytest.mark.parametrize("lmtp", [False, True])
@pytest.mark.parametrize("octets", range(0, 90, 7))
async def test_a_kept_session_that_is_cut_anywhere_loses_and_doubles_nothing(octets: int, lmtp: bool) -> None:
    """The second message's session breaks so many octets after the first one's end."""
    pool = Pool(hello="lastpost.example", timeouts=QUICK)
    async with SmtpPeer(lmtp=lmtp) as peer:
        async with CutProxy(peer.port) as measured:
            await hand(measured.port, parcel(), hop=Hop("127.0.0.1", 0, lmtp=lmtp))
            await until(lambda: measured.passed[0].to_client, "its length is known")
            first = measured.passed[0].to_client - len(b"221 2.0.0 bye\r\n")
        peer.mails.clear()
        async with CutProxy(peer.port, to_client=Cut(after=first + octets), times=1) as proxy:
            hop = Hop("127.0.0.1", proxy.port, lmtp=lmtp)
            fates = [(await pool.hand_over(hop, parcel()))[HANAKO].fate for _ in range(2)]
            await pool.close()
    assert fates[0] is Fate.TAKEN
    assert fates[1] in {Fate.TAKEN, Fate.LATER, Fate.UNKNOWN}
    assert len(peer.taken) == {Fate.TAKEN: 2, Fate.LATER: 1, Fate.UNKNOWN: len(peer.taken)}[fates[1]]
    assert len(peer.taken) <= 2
