"""What the settings' model says of its own fields, for those who print it.

Each `Entry` is one line of the file: its name, meaning, default, example, and the section below it, if any.
"""

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from mailsvc.kit.settings.words import Section


class Shape(Enum):
    """How often a section stands below an entry."""

    ONE = auto()
    LIST = auto()
    MAPPING = auto()  # under keys that the operator chooses


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a section; values are in the words of the file."""

    name: str
    meaning: str
    required: bool
    default: object  # None where it is required, or means "not there"
    example: object  # None where the default is example enough
    below: type[Section] | None
    shape: Shape


def entries(section: type[Section]) -> Iterator[Entry]:
    """The entries of a section, in the order of the file."""
    for name, told in section.model_fields.items():
        below, shape = _below(told.annotation)
        required = told.is_required()
        example = told.examples[0] if told.examples else None
        default = None if required else _in_words_of_the_file(told)
        yield Entry(name, told.description or "", required, default, example, below, shape)


def _in_words_of_the_file(told: FieldInfo) -> object:
    kind: TypeAdapter[object] = TypeAdapter(told.rebuild_annotation())
    value: object = kind.dump_python(told.default, mode="json")
    return value


def _below(annotation: object) -> tuple[type[Section] | None, Shape]:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation, Shape.ONE
    if origin in {typing.Union, types.UnionType}:
        found = [_below(one) for one in inner]
        return next((one for one in found if one[0] is not None), (None, Shape.ONE))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _below(inner[1])[0], Shape.MAPPING
    if origin is tuple:
        return _below(inner[0])[0], Shape.LIST
    return None, Shape.ONE
