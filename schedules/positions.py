"""Where something was written: a place in a file, and what is wrong there.

Every room that reads a person's file (plan, settings, accounts) reports its problems in these words.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; lines and columns count from 1. Line 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file, and what to do about it."""

    position: Position
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.position}: {self.what}: {self.remedy}"


class Wrong(ValueError):
    """What is wrong with one written value, and the remedy; a reader adds the place and makes it a Problem."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}: {remedy}")


class BadFile(ValueError):
    """A file with problems; all of them are in `problems`, in order of place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))
