"""A person's YAML file read into a pydantic model, every problem at once with file:line:column and remedy.

    settings, places = read_model(path.read_bytes(), str(path), Settings)

A validator that raises `Wrong(what, remedy)` chooses its own words; a plain ValueError is told with the
field's description as remedy. Models forbid unknown keys (`extra="forbid"`) to get "did you mean".
Cross-checks over several fields can use `examine`, which gives what was found instead of raising.
Scalars arrive as text (see `schedules.yamltree`), so models are validated in pydantic's lax mode.
Fails with BadFile alone.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schedules.positions import BadFile, Problem, Wrong
from schedules.yamlshape import entries_at, with_places, words_at
from schedules.yamltree import Path, Places, Tree, Value, load

__all__ = ["Examined", "Path", "Places", "Value", "Wrong", "did_you_mean", "examine", "read_model", "salvage"]

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
    "dataclass": "keys with values below it",
    "model": "keys with values below it",
    "date": "a date such as 2024-02-01",
    "time": "a time of day such as 10:00",
    "datetime": "a time such as 2024-02-01T18:00",
}
# Of a kind of limit, the name that it has in pydantic's context, and what is said of a value beyond it.
_LIMITS = {
    "less_than_equal": ("le", "is more than"),
    "less_than": ("lt", "is not less than"),
    "greater_than_equal": ("ge", "is less than"),
    "greater_than": ("gt", "is not more than"),
}

_ROUNDS = 50  # each takes something away that is wrong; nesting is bounded by the reader of YAML


@dataclass(frozen=True, slots=True)
class Examined(Generic[M]):
    """A file after examination: the model unless something is wrong, and all problems found."""

    model: M | None
    tree: Tree
    problems: tuple[Problem, ...]
    broken: frozenset[str] = frozenset()  # where something is wrong: `terms`, `terms.ends`, …, without indexes


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
        value = model.model_validate(with_places(tree.value, model, tree.places), context=context)
    except ValidationError as error:
        return Examined(None, tree, _problems(error, model, tree))
    return Examined(value, tree, tree.problems)


def salvage(
    tree: Tree, model: type[M], *, context: Mapping[str, object], standing_in: Mapping[str, object]
) -> Examined[M]:
    """Like `examine`, but where something is wrong the model is made of what is right, so that it can be checked.

    What is wrong is taken away; `standing_in` has a value for each key of the file that must not be left out. The
    model is None where the file is no mapping.
    """
    value = with_places(tree.value, model, tree.places)
    problems: tuple[Problem, ...] | None = None
    broken: frozenset[str] = frozenset()
    for _ in range(_ROUNDS):
        try:
            sound = model.model_validate(value, context=context)
        except ValidationError as error:
            if problems is None:
                problems = _problems(error, model, tree)
                broken = frozenset(_sections(error, tree.places))
            doomed = {_cause(details, value) for details in error.errors(include_url=False, include_context=False)}
            if not isinstance(value, dict):
                break
            value = {**standing_in, **_without(value, doomed - {()})}
        else:
            return Examined(sound, tree, tree.problems if problems is None else problems, broken)
    return Examined(None, tree, problems or tree.problems, broken)


def _sections(error: ValidationError, places: Places) -> Iterator[str]:
    for details in error.errors(include_url=False, include_context=False):
        keys = [str(step) for step in places.known(details["loc"]) if isinstance(step, str)]
        yield from (".".join(keys[: place + 1]) for place in range(len(keys)))


def _problems(error: ValidationError, model: type[BaseModel], tree: Tree) -> tuple[Problem, ...]:
    found = {_problem(details, model, tree.places) for details in error.errors(include_url=False)}
    return tuple(sorted({*tree.problems, *found}))


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
    if kind in {"extra_forbidden", "unexpected_keyword_argument"}:
        what = f"`{_dotted(path)}` is not known"
        return Problem(places.key(path), what, did_you_mean(str(path[-1]), _keys_at(model, path[:-1])))
    if kind == "union_tag_invalid" and (*path, _discriminator(details)) in places.values:
        path = (*path, _discriminator(details))
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
    if kind == "union_tag_not_found":
        key = _discriminator(details)
        known = sorted(words_at(model, (*path, key)))
        return f"`{key}` is missing", f"write `{key}:` and one of {', '.join(known)}"
    if kind in {"enum", "literal_error", "union_tag_invalid"}:
        expected_words = str(context.get("expected", context.get("expected_tags")))
        known = expected_words.replace(" or ", ", ").replace("'", "").split(", ")
        word = context.get("tag", details["input"])
        return f"{_shown(word)} is not one of the known words", did_you_mean(str(word), known)
    expected = _EXPECTED.get(kind.partition("_")[0])
    if expected is not None and kind.endswith(("_type", "_parsing", "_attributes_type")):
        return f"expected here: {expected}", _remedy(model, path, f"write {expected}")
    return _beyond(details) or details["msg"], _remedy(model, path, "correct the value")


def _beyond(details: ErrorDetails) -> str:
    """What is said of a value beyond a limit; empty where that is not what is wrong."""
    name, words = _LIMITS.get(details["type"], ("", ""))
    limit = details["ctx"][name] if name else None
    return f"{details['input']} {words} {limit:g}" if isinstance(limit, int | float) else ""


def _discriminator(details: ErrorDetails) -> str:
    return str(details["ctx"]["discriminator"]).strip("'")


def _shown(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def _remedy(model: type[BaseModel], path: Path, otherwise: str) -> str:
    """The description of the field at `path`, where it has one."""
    for found in entries_at(model, path[:-1]):
        entry = found.get(str(path[-1])) if path else None
        if entry is not None and entry.description:
            return f"{otherwise} ({entry.description})"
    return otherwise


def _keys_at(model: type[BaseModel], path: Path) -> set[str]:
    return {key for found in entries_at(model, path) for key in found}


def _cause(details: ErrorDetails, value: object) -> Path:
    """The path of what must go: the value that is wrong, or what lacks something."""
    found: Path = ()
    for step in details["loc"]:
        inside = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if inside or (isinstance(value, dict) and step in value):
            value, found = value[step], (*found, step)  # type: ignore[index]  # as was just asked
    return found


def _without(value: dict[str, object], doomed: set[Path]) -> dict[str, object]:
    return {key: _left(item, doomed, (key,)) for key, item in value.items() if (key,) not in doomed}


def _left(value: object, doomed: set[Path], path: Path) -> object:
    if isinstance(value, dict):
        return {key: _left(item, doomed, (*path, key)) for key, item in value.items() if (*path, key) not in doomed}
    if isinstance(value, list):
        return [_left(item, doomed, (*path, at)) for at, item in enumerate(value) if (*path, at) not in doomed]
    return value
