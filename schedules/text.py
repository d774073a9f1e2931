"""Text in the two languages of every subscriber and administrator.

A Text is a pair, never a template: what varies is filled in before it is made.
"""

import unicodedata
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from schedules.positions import Wrong

Language = Literal["ja", "en"]


def _sentence(value: str) -> str:
    """A written sentence on one line: spaces and line ends within it become single spaces."""
    line = " ".join(value.split())
    if not line:
        raise Wrong("nothing is written here", "write the sentence")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in line):
        raise Wrong("a control character stands here", "remove it: sentences go into replies and letters")
    return line


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in Japanese and in English; neither may be empty."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    ja: Annotated[str, AfterValidator(_sentence), Field(description="in Japanese")]
    en: Annotated[str, AfterValidator(_sentence), Field(description="in English")]

    def __post_init__(self) -> None:
        if not self.ja.strip() or not self.en.strip():
            raise ValueError("a text needs both its Japanese and its English form")

    def in_(self, language: Language) -> str:
        """The form in `language`."""
        return self.ja if language == "ja" else self.en

    def __str__(self) -> str:
        return self.en
