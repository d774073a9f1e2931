"""A person's YAML file read into a pydantic model, every problem at once with file:line:column and remedy.

    settings, places = read_model(path.read_bytes(), str(path), Settings)

A validator that raises `Wrong(what, remedy)` chooses its own words; a plain ValueError is told with the
field's description as remedy. Models forbid unknown keys (`extra="forbid"`) to get "did you mean".
Cross-checks over several fields can use `examine`, which gives what was found instead of raising.
Scalars arrive as text (see `schedules.yamltree`), so models are validated in pydantic's lax mode.
Fails with BadFile alone.
"""

import difflib
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from schedules.positions import BadFile, Problem, Wrong
from schedules.yamltree import Path, Places, Tree, Value, load

__all__ = ["Examined", "Path", "Places", "Value", "Wrong", "did_you_mean", "examine", "read_model"]

M = TypeVar("M", bound=BaseModel)

_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "yes or no",
    "string": "a text",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen": "a list",
    "dict": "keys with values below it",
    "mapping": "keys with values below it",
    "model": "keys with values below it",
    "date": "a date such as 2024-02-01",
    "datetime": "a time such as 2024-02-01T18:00",
}


@dataclass(frozen=True, slots=True)
class Examined(Generic[M]):
    """A file after examination: the model unless something is wrong, and all problems found."""

    model: M | None
    tree: Tree
    problems: tuple[Problem, ...]


def read_model(
    text: str | bytes, file: str, model: type[M], *, context: Mapping[str, object] | None = None
) -> tuple[M, Places]:
    """Read `text` as `model`; `file` names it in problems, `context` is handed to the model's validators.

    Raises BadFile with all problems of syntax, keys, types and values.
    """
    examined = examine(load(text, file), model, context=context)
    if examined.model is None or examined.problems:
        raise BadFile(examined.problems)
    return examined.model, examined.tree.places


def examine(tree: Tree, model: type[M], *, context: Mapping[str, object] | None = None) -> Examined[M]:
    """Validate a loaded file against `model` and give every problem found, the YAML's own included."""
    try:
        value = model.model_validate(tree.value, context=context)
    except ValidationError as error:
        found = {_problem(details, model, tree.places) for details in error.errors(include_url=False)}
        return Examined(None, tree, tuple(sorted({*tree.problems, *found})))
    return Examined(value, tree, tree.problems)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy for a word that is not known: the nearest known one, or all of them."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known here: {', '.join(words)}" if words else "remove it"


def _problem(details: ErrorDetails, model: type[BaseModel], places: Places) -> Problem:
    path = places.known(details["loc"])
    kind = details["type"]
    if kind == "missing":
        name = str(details["loc"][-1])
        what = f"`{_dotted((*path, name))}` is missing"
        return Problem(places.of(path), what, _remedy(model, (*path, name), f"write `{name}:` and its value"))
    if kind == "extra_forbidden":
        what = f"`{_dotted(path)}` is not known"
        return Problem(places.key(path), what, did_you_mean(str(path[-1]), _keys_at(model, path[:-1])))
    what, remedy = _told(details, model, path)
    at_key = details["loc"][-1:] == ("[key]",)
    place = places.key(path) if at_key else places.of(path)
    return Problem(place, f"`{_dotted(path)}`: {what}" if path else what, remedy)


def _told(details: ErrorDetails, model: type[BaseModel], path: Path) -> tuple[str, str]:
    kind, context = details["type"], details.get("ctx", {})
    error = context.get("error")
    if isinstance(error, Wrong):
        return error.what, error.remedy
    if error is not None:
        return str(error), _remedy(model, path, "correct the value")
    if kind in {"enum", "literal_error"}:
        known = str(context["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
        return f"{_shown(details['input'])} is not one of the known words", did_you_mean(str(details["input"]), known)
    expected = _EXPECTED.get(kind.partition("_")[0])
    if expected is not None and kind.endswith(("_type", "_parsing", "_attributes_type")):
        return f"expected here: {expected}", _remedy(model, path, f"write {expected}")
    return details["msg"], _remedy(model, path, "correct the value")


def _shown(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def _remedy(model: type[BaseModel], path: Path, otherwise: str) -> str:
    """The description of the field at `path`, where it has one."""
    for fields in _fields_at(model, path[:-1]):
        told = fields.get(str(path[-1])) if path else None
        if told is not None and told.description:
            return f"{otherwise} ({told.description})"
    return otherwise


def _keys_at(model: type[BaseModel], path: Path) -> set[str]:
    return {key for fields in _fields_at(model, path) for key in fields}


def _fields_at(model: type[BaseModel], path: Path) -> Iterator[dict[str, FieldInfo]]:
    """The fields of every model that may stand at `path`, by the keys they are written with."""
    kinds: list[object] = [model]
    for step in path:
        kinds = [below for kind in kinds for below in _below(kind, step)]
    for kind in kinds:
        for plain in _plain(kind):
            if isinstance(plain, type) and issubclass(plain, BaseModel):
                yield _by_key(plain)


def _by_key(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {told.alias or name: told for name, told in model.model_fields.items()}


def _below(kind: object, step: str | int) -> Iterator[object]:
    for plain in _plain(kind):
        arguments = typing.get_args(plain)
        origin = typing.get_origin(plain)
        if isinstance(plain, type) and issubclass(plain, BaseModel):
            told = _by_key(plain).get(str(step))
            if told is not None:
                yield told.annotation
        elif isinstance(origin, type) and issubclass(origin, Mapping):
            yield arguments[1]
        elif isinstance(origin, type) and arguments:
            yield arguments[0]


def _plain(kind: object) -> Iterator[object]:
    """The alternatives of a type, without Annotated and Union around them."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        yield from _plain(typing.get_args(kind)[0])
    elif origin in {typing.Union, types.UnionType}:
        for alternative in typing.get_args(kind):
            yield from _plain(alternative)
    else:
        yield kind
