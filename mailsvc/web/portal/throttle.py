"""How often the clients of a network may be wrong.

    throttle = Throttle(Rate(30, timedelta(minutes=10)))
    if throttle.is_over(network_of(client), now): ...      # 429
    throttle.count(network_of(client), now)

A window slides over each network's mistakes. Of more networks than there is room for, the one that was wrong longest
ago is forgotten. Never fails; a client without an IP address shares one network with all others of that kind.
"""

import ipaddress
from collections import OrderedDict
from datetime import datetime

from filters.rate import window, within
from mailsvc.kit.rates import Rate

_PREFIX = {4: 24, 6: 56}  # what one client is given to choose addresses from
_MOST = 10_000


def network_of(client: str) -> str:
    """The network of a client, by its IP address."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, _PREFIX[address.version]), strict=False))


class Throttle:
    """Counts mistakes; `rate` None counts nothing."""

    def __init__(self, rate: Rate | None, most: int = _MOST) -> None:
        self._rate = rate
        self._most = most
        self._counts: OrderedDict[str, tuple[int, int, int]] = OrderedDict()  # slot, mistakes in it, in the one before

    def __len__(self) -> int:
        return len(self._counts)

    def is_over(self, network: str, now: datetime) -> bool:
        """Whether this network has to wait."""
        if self._rate is None or network not in self._counts:
            return False
        counted, before, weight = self._now(network, now)
        return not within(self._rate.count, counted + 1, before, weight)

    def count(self, network: str, now: datetime) -> None:
        """A client of this network was wrong."""
        if self._rate is None:
            return
        counted, before, _ = self._now(network, now)
        self._counts[network] = (window(self._rate.per, now).slot, counted + 1, before)
        self._counts.move_to_end(network)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)

    @property
    def seconds(self) -> int:
        """How long to wait, at most."""
        return int(self._rate.per.total_seconds()) if self._rate else 0

    def _now(self, network: str, now: datetime) -> tuple[int, int, float]:
        assert self._rate is not None  # noqa: S101 - its callers have looked
        here = window(self._rate.per, now)
        slot, counted, before = self._counts.get(network, (here.slot, 0, 0))
        if slot == here.slot:
            return counted, before, here.weight
        return 0, counted if slot == here.slot - 1 else 0, here.weight
