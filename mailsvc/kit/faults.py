"""Faults of entries below the value a validator looks at, so that the reader is shown the line of that entry.

A validator that refuses its own value raises `schedules.yamlfile.Wrong`; one that compares several entries below it
calls `refuse` with all it found. Nothing found, and nothing happens; else pydantic's ValidationError.
"""

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from schedules.positions import Wrong

Fault = tuple[tuple[str | int, ...], Wrong]


def refuse(faults: Iterable[Fault]) -> None:
    """Raise one error that holds all `faults`, each the path of an entry and what is wrong with it."""
    details = [
        InitErrorDetails(type="value_error", ctx={"error": wrong}, loc=path, input=None) for path, wrong in faults
    ]
    if details:
        raise ValidationError.from_exception_data("settings", details)
