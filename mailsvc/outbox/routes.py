"""Where mail for an address goes, by the settings as they are now.

`Routes(settings).of(address)` answers at each attempt anew, so a changed next hop also moves mail that waits already.
Raises `NoRoute` for an address of another provider while there is no way outward.
"""

from dataclasses import dataclass

from mailsvc.kit.settings.model import Settings
from mailsvc.kit.targets import MaildirTarget, SmtpTarget
from schedules.names import Address


class NoRoute(LookupError):
    """The settings name no way to this address; mending them lets the mail go on."""


@dataclass(frozen=True, slots=True)
class Route:
    """A target and the lane its deliveries queue in."""

    lane: str
    target: MaildirTarget | SmtpTarget


class Routes:
    """The settings' answer to "where to"."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def of(self, address: Address) -> Route:
        """The route to `address`: its domain's own, else the way outward. Raises NoRoute."""
        domain = self._settings.domain(address.domain)
        place = domain or self._settings.outbound
        if place is None:
            raise NoRoute(f"{address.domain} is not ours, and the settings name no `outbound` way")
        return Route(str(place.deliver), place.deliver)

    def lane(self, address: Address) -> str:
        """The lane for mail to `address` that is queued now. Raises NoRoute."""
        return self.of(address).lane
