"""Laws of the outbox's small parts, tried on whatever comes: lanes, leases, replies in pieces, octets in pieces."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mailsvc.outbox.hop_replies import Replies
from mailsvc.outbox.in_hand import InHand
from mailsvc.outbox.lanes import Lanes
from mailsvc.outbox.octets import Octets, look_over
from tests.rules.outbox.test_in_hand import ONE

SHARE, FIRST, LONGEST = 3, 1.0, 8.0
LANES = st.sampled_from(["a", "b"])


class LanesMachine(RuleBasedStateMachine):
    """Attempts begin only where there is room, and end by an answer or by finding the hop away."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes = Lanes(share=lambda _: SHARE, first_pause=FIRST, longest_pause=LONGEST)
        self.now = 0.0
        self.active = {"a": 0, "b": 0}

    @rule(lane=LANES)
    def begin(self, lane: str) -> None:
        if self.lanes.room(lane, self.now):
            self.lanes.begin(lane)
            self.active[lane] += 1

    @precondition(lambda self: any(self.active.values()))
    @rule(answered=st.booleans())
    def end(self, answered: bool) -> None:
        lane = max(self.active, key=lambda name: self.active[name])
        if answered:
            self.lanes.back(lane)
        else:
            self.lanes.away(lane, self.now, "refused")
        self.lanes.end(lane)
        self.active[lane] -= 1

    @rule(seconds=st.floats(0, 20))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def no_lane_is_over_its_share(self) -> None:
        for lane, active in self.active.items():
            assert 0 <= self.lanes.room(lane, self.now) <= SHARE
            assert active <= SHARE

    @invariant()
    def a_lane_at_rest_is_probed_by_one_and_never_longer_asleep_than_the_longest_pause(self) -> None:
        for lane in self.lanes.known():
            assert bool(self.lanes.why(lane)) is self.lanes.resting(lane)
            if self.lanes.resting(lane):
                assert self.lanes.room(lane, self.now) <= 1
                assert self.lanes.room(lane, self.now + LONGEST) == (0 if self.active[lane] else 1)

    @invariant()
    def what_is_told_of_lanes_fits_together(self) -> None:
        closed = self.lanes.closed(self.now)
        assert closed == {lane for lane in self.lanes.known() if not self.lanes.room(lane, self.now)}
        assert not closed & set(self.lanes.to_probe(self.now))
        probe = self.lanes.next_probe()
        if self.lanes.to_probe(self.now):
            assert probe is not None
            assert probe <= self.now


TestLanes = LanesMachine.TestCase


@given(
    st.lists(
        st.tuples(st.sampled_from(["take", "renew", "lose", "drop", "wait"]), st.integers(1, 3), st.floats(0, 15)),
        max_size=40,
    )
)
def test_a_lease_is_ours_only_while_it_runs_and_by_its_newest_fence(steps: list[tuple[str, int, float]]) -> None:
    now, lease = [0.0], 10.0
    hand = InHand(lambda: now[0], lease)
    held: tuple[int, float] | None = None  # fence, until
    for what, fence, seconds in steps:
        delivery = replace(ONE, fence=fence)
        if what == "take":
            assert hand.take(delivery) is (held is None)
            held = (fence, now[0] + lease)
        elif what in {"renew", "lose"}:
            hand.renewed(delivery, ours=what == "renew")
            if held is not None and held[0] == fence:
                held = (fence, now[0] + lease if what == "renew" else float("-inf"))
        elif what == "drop":
            hand.drop(delivery)
            held = None
        else:
            now[0] += seconds
        assert hand.ours(ONE) is (held is not None and now[0] < held[1])
        assert len(hand) == (held is not None)
        if held is not None:
            assert hand.newest(ONE).fence == held[0]


LINES = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), min_size=1, max_size=4)
TOLD = st.lists(st.tuples(st.integers(200, 599), LINES), max_size=5)


def pieces(octets: bytes, places: list[int]) -> list[bytes]:
    borders = sorted({place % (len(octets) + 1) for place in places} | {0, len(octets)})
    return [octets[start:end] for start, end in itertools.pairwise(borders)]


@given(TOLD, st.lists(st.integers(0, 1000)), st.sampled_from(["\r\n", "\n"]))
def test_replies_are_the_same_however_they_arrive(
    told: list[tuple[int, list[str]]], places: list[int], newline: str
) -> None:
    written = "".join(
        f"{code}{' ' if line is lines[-1] and number == len(lines) - 1 else '-'}{line}{newline}"
        for code, lines in told
        for number, line in enumerate(lines)
    ).encode()
    reader, found = Replies(), []
    for piece in pieces(written, places):
        reader.feed(piece)
        while (reply := reader.take()) is not None:
            found.append((reply.code, list(reply.lines)))
    assert found == told
    assert not reader.pending


CONTENT = st.lists(st.sampled_from([b"a", b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"\xe3\x81\x82", b": "])).map(b"".join)


@given(CONTENT, st.lists(st.integers(0, 1000)))
def test_header_and_body_are_told_apart_wherever_the_borders_fall(content: bytes, places: list[int]) -> None:
    async def read() -> AsyncIterator[bytes]:
        for piece in pieces(content, places):
            yield piece

    header = content.partition(b"\r\n\r\n")[0]
    assert asyncio.run(look_over(read())) == Octets(ascii=content.isascii(), ascii_header=header.isascii())
