"""Text in the two languages of every subscriber and administrator.

A Text is a pair, never a template: what varies is filled in before it is made.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from schedules.positions import Wrong

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

Language = Literal["ja", "en"]


@dataclass(frozen=True, slots=True)
class Written:
    """How a sentence is read from a person's file; pydantic asks for it, and is loaded by nobody else."""

    description: str

    def __get_pydantic_core_schema__(self, source: type[str], handler: "GetCoreSchemaHandler") -> "CoreSchema":
        """A text on one line (pydantic's hook)."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(_sentence, handler(source))


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

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}

    ja: Annotated[str, Written("in Japanese")]
    en: Annotated[str, Written("in English")]

    def __post_init__(self) -> None:
        if not self.ja.strip() or not self.en.strip():
            raise ValueError("a text needs both its Japanese and its English form")

    def in_(self, language: Language) -> str:
        """The form in `language`."""
        return self.ja if language == "ja" else self.en

    def __str__(self) -> str:
        return self.en
