"""A small valid settings file to change one thing in, and the problems that follow."""

from pathlib import Path

from mailsvc.kit.settings import Settings, parse_settings
from schedules.positions import BadFile, Problem

FILE = "lastpost.yaml"
GOOD = """\
service:
  purpose: production
  hostname: mx.provider.example
  administrators: [post@surviving.example]
records:
  url: sqlite:////var/lib/lastpost/records.db
domains:
  provider.example:
    deliver: maildir:/srv/mail/{domain}/{user}
gateway:
  listeners:
    - listen: 0.0.0.0:25
"""


def read(text: str, folder: Path | None = None) -> Settings:
    return parse_settings(text, FILE, folder)


def changed(*changes: tuple[str, str]) -> str:
    """GOOD with each first text replaced by the second; all must be there."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def problems(text: str) -> tuple[Problem, ...]:
    try:
        parse_settings(text, FILE)
    except BadFile as bad:
        return bad.problems
    return ()


def only_problem(text: str) -> Problem:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def place(problem: Problem) -> tuple[int, int]:
    return problem.position.line, problem.position.column
