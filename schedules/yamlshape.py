"""What may stand where in a file, read off the types it is validated against: pydantic models and dataclasses.

    entries(Port)["number"].description
    entries_at(House, ("rows", 0))      # of every record that may stand there

A record's fields are its keys, by alias where there is one. A field named `source` that holds a Position is no key:
`with_places` puts the place of each such record into its tree before it is validated.
"""

import dataclasses
import functools
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schedules.positions import Position
from schedules.text import Written
from schedules.yamltree import Path, Places

SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a record: what may stand below it, and what it means."""

    kind: object
    description: str
    required: bool
    default: object = None


@functools.cache
def entries(record: type) -> Mapping[str, Entry]:
    """The keys of a pydantic model or a dataclass, in order; none for another type."""
    return {key: entry for key, entry in _fields(record) if not _is_place(key, entry)}


@functools.cache
def has_place(record: type) -> bool:
    """Whether values of this type say where they stand."""
    return any(_is_place(key, entry) for key, entry in _fields(record))


def entries_at(kind: object, path: Path) -> Iterator[Mapping[str, Entry]]:
    """The keys of every record that may stand at `path` below `kind`."""
    kinds = [kind]
    for step in path:
        kinds = [below for one in kinds for below in _below(one, step)]
    for one in kinds:
        for record in records(one):
            yield entries(record)


def words_at(kind: object, path: Path) -> set[str]:
    """The words that tell the records apart that may stand above `path`, whose last step is their key."""
    found = (below for one in entries_at(kind, path[:-1]) for below in plain_kinds(_kind(one, path[-1])))
    return {word for below in found if _is_word(below) for word in typing.get_args(below)}


def records(kind: object) -> Iterator[type]:
    """The models and dataclasses that `kind` allows, also as items of a list."""
    for plain in plain_kinds(kind):
        if isinstance(plain, type) and _is_record(plain):
            yield plain
        elif _is_sequence(plain):
            yield from records(typing.get_args(plain)[0])


def with_places(value: object, kind: object, places: Places, path: Path = ()) -> object:
    """A tree with the Position of every record of `kind` that has one; what a person wrote stays as it is."""
    return _placed(value, (kind,), places, path)


def plain_kinds(kind: object) -> Iterator[object]:
    """The alternatives of a type, without Annotated and Union around them."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        yield from plain_kinds(typing.get_args(kind)[0])
    elif origin in {typing.Union, types.UnionType}:
        for alternative in typing.get_args(kind):
            yield from plain_kinds(alternative)
    else:
        yield kind


def _placed(value: object, kinds: tuple[object, ...], places: Places, path: Path) -> object:
    if isinstance(value, list):
        return [
            _placed(item, tuple(below for kind in kinds for below in _below(kind, index)), places, (*path, index))
            for index, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    found: dict[str, object] = {
        key: _placed(item, tuple(below for kind in kinds for below in _below(kind, key)), places, (*path, key))
        for key, item in value.items()
    }
    if SOURCE not in found and any(has_place(one) and _may_be(value, one) for kind in kinds for one in records(kind)):
        found[SOURCE] = places.of(path)
    return found


def _may_be(value: Mapping[str, object], record: type) -> bool:
    """Whether the words that tell records apart let this mapping be one of `record`."""
    told = ((key, typing.get_args(entry.kind)) for key, entry in entries(record).items() if _is_word(entry.kind))
    return all(value.get(key) in words for key, words in told)


def _is_word(kind: object) -> bool:
    return typing.get_origin(kind) is typing.Literal


def _below(kind: object, step: str | int) -> Iterator[object]:
    for plain in plain_kinds(kind):
        arguments = typing.get_args(plain)
        origin = typing.get_origin(plain)
        if isinstance(plain, type) and _is_record(plain):
            entry = entries(plain).get(str(step))
            if entry is not None:
                yield entry.kind
        elif isinstance(origin, type) and issubclass(origin, Mapping):
            yield arguments[1]
        elif _is_sequence(plain):
            # One thing may stand for a list of one.
            yield from (arguments[:1] if isinstance(step, int) else _below(arguments[0], step))


def _is_sequence(plain: object) -> bool:
    origin = typing.get_origin(plain)
    return isinstance(origin, type) and not issubclass(origin, Mapping) and bool(typing.get_args(plain))


def _is_record(plain: type) -> bool:
    return dataclasses.is_dataclass(plain) or issubclass(plain, BaseModel)


def _is_place(key: str, entry: Entry) -> bool:
    return key == SOURCE and Position in plain_kinds(entry.kind)


def _kind(known: Mapping[str, Entry], key: str | int) -> object:
    return known[str(key)].kind if key in known else None


def _fields(record: type) -> Iterator[tuple[str, Entry]]:
    if issubclass(record, BaseModel):
        for name, told in record.model_fields.items():
            default = None if told.is_required() else told.get_default(call_default_factory=True, validated_data={})
            yield told.alias or name, Entry(told.annotation, told.description or "", told.is_required(), default)
    elif dataclasses.is_dataclass(record):
        kinds = typing.get_type_hints(record, include_extras=True)
        for field in dataclasses.fields(record):
            factory = field.default_factory
            required = field.default is dataclasses.MISSING and factory is dataclasses.MISSING
            made = None if factory is dataclasses.MISSING else factory()
            default = made if field.default is dataclasses.MISSING else field.default
            yield field.name, Entry(kinds[field.name], _description(kinds[field.name]), required, default)


def _description(kind: object) -> str:
    notes = (one for one in typing.get_args(kind)[1:] if isinstance(one, FieldInfo | Written))
    told = (note.description for note in notes if note.description)
    return next(told, "") if typing.get_origin(kind) is typing.Annotated else ""
