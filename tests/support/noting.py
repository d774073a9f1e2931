"""Watch calls of a real function without changing what it does.

monkeypatch.setattr("os.fsync", noting(os.fsync, synced.append))
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def noting(real: Callable[P, R], note: Callable[..., object]) -> Callable[P, R]:
    """A function that tells `note` how it was called, then does what `real` does."""

    @wraps(real)
    def noted(*args: P.args, **keywords: P.kwargs) -> R:
        note(*args, **keywords)
        return real(*args, **keywords)

    return noted
