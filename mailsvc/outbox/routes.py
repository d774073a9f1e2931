"""Where mail for an address goes, by the settings and the plans as they are now.

`Routes(lambda: settings).of(address)` answers at each attempt anew, so a changed next hop also moves mail that waits.
`successor` says where all mail of a domain goes that has a successor by now, as `Edition.successor` does (II-1).
Raises `NoRoute` for an address of another provider while there is no way outward.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from mailsvc.kit.settings.model import Settings
from mailsvc.kit.targets import MxTarget, Target, parse_target
from schedules.names import Address, DomainName
from schedules.positions import Wrong

_BY_MX = "mx:"


class NoRoute(LookupError):
    """The settings name no way to this address; mending them lets the mail go on."""


@dataclass(frozen=True, slots=True)
class Route:
    """A target and the lane its deliveries queue in; `ours` where it is the provider's own next hop or store."""

    lane: str
    target: Target
    ours: bool = False


def _stays(_domain: DomainName) -> str:
    return ""


class Routes:
    """The settings' answer to "where to"; `settings` is asked each time, since they can be read anew."""

    def __init__(self, settings: Callable[[], Settings], successor: Callable[[DomainName], str] = _stays) -> None:
        self._settings = settings
        self._successor = successor

    def of(self, address: Address) -> Route:
        """The route to `address`: its domain's successor, or its own, else the way outward. Raises NoRoute."""
        settings = self._settings()
        domain = settings.domain(address.domain)
        if domain is not None:
            to = self._successor(address.domain)
            return Route(to, _hop(to)) if to else Route(str(domain.deliver), domain.deliver, ours=True)
        if settings.outbound is None:
            raise NoRoute(f"{address.domain} is not ours, and the settings name no `outbound` way")
        target = settings.outbound.deliver
        return Route(_BY_MX + str(address.domain) if isinstance(target, MxTarget) else str(target), target)

    def lane(self, address: Address) -> str:
        """The lane for mail to `address` that is queued now. Raises NoRoute."""
        return self.of(address).lane


def is_one_domain(lane: str) -> bool:
    """Whether a lane leads to one domain of others, found by its MX."""
    return lane.startswith(_BY_MX)


@lru_cache(maxsize=64)
def _hop(to: str) -> Target:
    try:
        return parse_target(to)
    except Wrong as wrong:  # a plan of another version
        raise NoRoute(f"the successor's host cannot be read: {wrong.what}") from None
