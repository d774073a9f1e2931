"""One thing a check found.

Use: `error(...)`, `warning(...)`, `note(...)`; sorted, findings come worst first.
"""

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad a finding is."""

    ERROR = 0  # mail is in danger, or the service does not start
    WARNING = 1  # it works, but not as anybody would want it
    NOTE = 2  # worth knowing; no problem


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing found: how bad, by which check, what it is and what to do."""

    severity: Severity
    check: str
    what: str
    remedy: str

    def row(self) -> dict[str, str]:
        """The finding as a listing shows it."""
        return {"severity": self.severity.name.lower(), "check": self.check, "what": self.what, "remedy": self.remedy}


def error(check: str, what: str, remedy: str) -> Finding:
    """A finding that endangers mail or keeps the service from running."""
    return Finding(Severity.ERROR, check, what, remedy)


def warning(check: str, what: str, remedy: str) -> Finding:
    """A finding that should be mended soon."""
    return Finding(Severity.WARNING, check, what, remedy)


def note(check: str, what: str, remedy: str) -> Finding:
    """Something worth knowing."""
    return Finding(Severity.NOTE, check, what, remedy)
