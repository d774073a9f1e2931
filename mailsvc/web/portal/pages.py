"""The pages of the door of links, in Japanese or English: whole in themselves, without a script.

    page = Page("door", "ja", facts)       # .html, and .policy for its Content-Security-Policy

Their style stands in the page and is allowed by its hash; everything that is not said in a template is escaped.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mailsvc.kit.templates import templates
from mailsvc.web.portal.words import WORDS
from schedules.text import Language

_HERE = Path(__file__).parent / "templates"
_RANGE = re.compile(
    r"\s*(?P<name>[A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*q=(?P<weight>[01](?:\.[0-9]{1,3})?))?\s*"
)
_MOST = 20  # of languages that a client names


@dataclass(frozen=True, slots=True)
class Page:
    """A page with its facts."""

    name: str
    language: Language
    facts: Mapping[str, object]

    @property
    def html(self) -> str:
        """The page as text."""
        labels = {name: text.in_(self.language) for name, text in WORDS.items()}
        return (
            templates(_HERE)
            .get_template(f"{self.name}.html.j2")
            .render(self.facts, language=self.language, t=labels, style=style())
        )


def policy() -> str:
    """The Content-Security-Policy of every page: its own style, forms to this door, nothing else."""
    known = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{known}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def language_of(asked: str, accepts: str) -> Language:
    """The language that was chosen, else the first that the client wants of those there are (RFC 9110 12.5.4)."""
    if asked in {"ja", "en"}:
        return "en" if asked == "en" else "ja"
    best: dict[str, float] = {}
    for one in accepts.split(",")[:_MOST]:
        found = _RANGE.fullmatch(one)
        if found:
            best.setdefault(found["name"].lower(), float(found["weight"] or 1))
    return "en" if best.get("en", 0) > best.get("ja", 0) else "ja"


@lru_cache(maxsize=1)
def style() -> str:
    """The style of all pages."""
    return (_HERE / "portal.css").read_text(encoding="utf-8")
