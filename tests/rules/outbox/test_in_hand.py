from dataclasses import replace

from filters.verdict import Because
from mailsvc.outbox.in_hand import InHand
from mailsvc.records.deliveries import Delivery, DeliveryState

ONE = Delivery(
    "m-0", "m", 0, "a@x.example", "a@x.example", Because.LIVE, "lane", DeliveryState.CLAIMED, 1, None, "", 1
)  # fmt: skip


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_is_taken_is_ours_until_its_lease_ends() -> None:
    seconds = Seconds()
    hand = InHand(seconds, lease=10)
    assert hand.take(ONE)
    assert hand.ours(ONE)
    assert len(hand) == 1
    seconds.now = 10
    assert not hand.ours(ONE)


def test_a_renewal_prolongs_and_a_loss_ends_it() -> None:
    seconds = Seconds()
    hand = InHand(seconds, lease=10)
    hand.take(ONE)
    seconds.now = 9
    hand.renewed(ONE, ours=True)
    seconds.now = 18
    assert hand.ours(ONE)
    hand.renewed(ONE, ours=False)
    assert not hand.ours(ONE)


def test_a_delivery_claimed_again_is_adopted_with_its_new_fence() -> None:
    hand = InHand(Seconds(), lease=10)
    hand.take(ONE)
    again = replace(ONE, fence=2)
    assert not hand.take(again)
    assert hand.newest(ONE) is again
    hand.renewed(ONE, ours=False)
    assert hand.ours(ONE), "an answer about the older fence says nothing about the newer one"
    assert list(hand.all()) == [again]


def test_what_is_dropped_is_nobodys() -> None:
    hand = InHand(Seconds(), lease=10)
    hand.take(ONE)
    hand.drop(ONE)
    hand.drop(ONE)
    assert not hand.ours(ONE)
    assert hand.newest(ONE) is ONE
    hand.renewed(ONE, ours=True)
    assert len(hand) == 0
