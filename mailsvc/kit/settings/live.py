"""Settings that may change while the service runs: read again on SIGHUP, wholly or not at all.

    live = LiveSettings(settings, lambda: read_settings(path, os.environ))
    live.now                # the settings in force
    changed = live.reload() # Raises BadFile; then those in force stay

What a running service has bound or opened by its settings stays as it was; `reload` names the sections that differ
and wait for a restart.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mailsvc.kit.settings.model import Settings

# Whatever sockets, files and tasks were opened by.
FIXED = ("service", "records", "http", "policy", "resolver", "outbox", "bounces", "clock", "jobs", "exports", "log")
_LIVE_OF_GATEWAY = ("closed",)


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload found."""

    changed: tuple[str, ...]  # sections now in force
    waiting: tuple[str, ...]  # sections that need a restart


class LiveSettings:
    """The settings in force; `read` reads the file again."""

    def __init__(self, settings: Settings, read: Callable[[], Settings] | None = None) -> None:
        self.now = settings
        self._read = read or (lambda: settings)
        self._followers: list[Callable[[Settings], None]] = []

    def follow(self, follower: Callable[[Settings], None]) -> None:
        """Call `follower` with the settings in force after each reload."""
        self._followers.append(follower)

    def reload(self) -> Reloaded:
        """Read the file again. Raises BadFile with every problem; nothing has changed then."""
        new, old = self._read(), self.now
        gateway = old.gateway.model_copy(update={name: getattr(new.gateway, name) for name in _LIVE_OF_GATEWAY})
        kept: dict[str, object] = {name: getattr(old, name) for name in FIXED} | {"gateway": gateway}
        waiting = [name for name in FIXED if getattr(new, name) != getattr(old, name)]
        waiting += ["gateway"] if gateway != new.gateway else []
        self.now = new.model_copy(update=kept)
        for follower in self._followers:
            follower(self.now)
        names = type(old).model_fields
        return Reloaded(tuple(name for name in names if getattr(self.now, name) != getattr(old, name)), tuple(waiting))
