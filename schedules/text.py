"""Text in the two languages of every subscriber and administrator.

A Text is a pair, never a template: what varies is filled in before it is made.
"""

from dataclasses import dataclass
from typing import Literal

Language = Literal["ja", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in Japanese and in English; neither may be empty."""

    ja: str
    en: str

    def __post_init__(self) -> None:
        if not self.ja.strip() or not self.en.strip():
            raise ValueError("a text needs both its Japanese and its English form")

    def in_(self, language: Language) -> str:
        """The form in `language`."""
        return self.ja if language == "ja" else self.en

    def __str__(self) -> str:
        return self.en
