"""Which parts of the running service are up: the words behind /healthz.

A role is declared before it starts, comes up when it really serves, and goes down when it ends or is in trouble.
`all_up` is true only when at least one role is declared and every declared one is up.
"""

from collections.abc import Mapping
from types import MappingProxyType


class Roles:
    """The roles of one process and whether each is up."""

    def __init__(self) -> None:
        self._up: dict[str, bool] = {}

    def declare(self, *names: str) -> None:
        """Expect these roles; each is down until it says otherwise."""
        for name in names:
            self._up.setdefault(name, False)

    def up(self, name: str) -> None:
        """A declared role serves now. Raises KeyError for a role that nobody declared."""
        self._change(name, is_up=True)

    def down(self, name: str) -> None:
        """A declared role does not serve now. Raises KeyError for a role that nobody declared."""
        self._change(name, is_up=False)

    def _change(self, name: str, *, is_up: bool) -> None:
        if name not in self._up:
            raise KeyError(f"the role {name!r} was not declared")
        self._up[name] = is_up

    @property
    def all_up(self) -> bool:
        """Whether the service as a whole is there."""
        return bool(self._up) and all(self._up.values())

    @property
    def states(self) -> Mapping[str, bool]:
        """Every declared role, in order of declaration, and whether it is up."""
        return MappingProxyType(self._up)
