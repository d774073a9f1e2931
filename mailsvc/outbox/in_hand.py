"""The deliveries this process has claimed and not settled yet, and until when each is ours.

A lease is prolonged while its attempt runs; one that was lost, or ran out because the records were away, is no longer
ours, and the attempt stops before its point of no return. Where the wall clock jumps our own leases may seem to have
run out: a delivery claimed again while its attempt still runs is adopted, never started twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailsvc.records.deliveries import Delivery


@dataclass(slots=True)
class _Held:
    delivery: Delivery
    until: float  # monotonic seconds


class InHand:
    """Bookkeeping only; `monotonic` gives seconds, `lease` is the length of a lease in seconds."""

    def __init__(self, monotonic: Callable[[], float], lease: float) -> None:
        self._monotonic = monotonic
        self._lease = lease
        self._held: dict[str, _Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def take(self, delivery: Delivery) -> bool:
        """A delivery was claimed; False where its attempt is running here already and now has the newer fence."""
        known = delivery.id in self._held
        self._held[delivery.id] = _Held(delivery, self._monotonic() + self._lease)
        return not known

    def newest(self, delivery: Delivery) -> Delivery:
        """The delivery with the fence that counts now."""
        held = self._held.get(delivery.id)
        return held.delivery if held else delivery

    def ours(self, delivery: Delivery) -> bool:
        """Whether its lease still runs."""
        held = self._held.get(delivery.id)
        return held is not None and self._monotonic() < held.until

    def all(self) -> Sequence[Delivery]:
        """Everything in hand."""
        return [held.delivery for held in self._held.values()]

    def renewed(self, delivery: Delivery, *, ours: bool) -> None:
        """The lease was prolonged, or is found lost."""
        held = self._held.get(delivery.id)
        if held is not None and held.delivery.fence == delivery.fence:
            held.until = self._monotonic() + self._lease if ours else float("-inf")

    def drop(self, delivery: Delivery) -> None:
        """It is settled, or given up."""
        self._held.pop(delivery.id, None)
