"""YAML text to plain values, each with its place in the file.

`load(text, file)` gives a Tree: mappings, sequences, strings and None, the place of every key and value, and
what is wrong with the YAML itself. A scalar stays the text it was written as (only an unquoted `null`, `~` or
nothing is None): the field it belongs to says what it means, so `no`, `010` and `2024-02-01` are never taken for
something else.
Anchors and aliases are read. What cannot be read at all raises BadFile: broken syntax, octets that are
not UTF-8, more than FILE_LIMIT characters, DEPTH_LIMIT levels or NODE_LIMIT values (aliases counted each time).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, Union

import yaml

from schedules.positions import BadFile, Position, Problem

FILE_LIMIT = 1_048_576
DEPTH_LIMIT = 40
NODE_LIMIT = 100_000

Value: TypeAlias = Union[str, "list[Value]", "dict[str, Value]", None]
Path: TypeAlias = tuple[str | int, ...]

_STANDARD_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(
    _STANDARD_TAG + name
    for name in ("str", "seq", "map", "null", "bool", "int", "float", "timestamp", "merge", "value")
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where every value of a file stands; a path is the keys and indexes from the top."""

    file: str
    values: Mapping[Path, Position]
    keys: Mapping[Path, Position]

    def of(self, path: Path) -> Position:
        """Where the value at `path` begins; for a path that is not in the file, the nearest value above it."""
        return self._nearest(self.values, path)

    def key(self, path: Path) -> Position:
        """The place of the key at `path`; for an item of a sequence, of the item."""
        return self.keys[path] if path in self.keys else self.of(path)

    def known(self, path: Path) -> Path:
        """The part of `path` that is in the file, passing over steps that are not."""
        found: Path = ()
        for step in path:
            if (*found, step) in self.values:
                found = (*found, step)
        return found

    def _nearest(self, places: Mapping[Path, Position], path: Path) -> Position:
        while path and path not in places:
            path = path[:-1]
        return places.get(path, Position(self.file))


@dataclass(frozen=True, slots=True)
class Tree:
    """A file's values, their places, and the problems of its YAML (duplicate keys and the like)."""

    value: Value
    places: Places
    problems: tuple[Problem, ...]


def load(text: str | bytes, file: str) -> Tree:
    """Read one YAML document; `file` is the name under which problems are told. Raises BadFile."""
    source = (_decoded(text, file) if isinstance(text, bytes) else text).removeprefix("\ufeff")
    if len(source) > FILE_LIMIT:
        raise BadFile(
            [Problem(Position(file), f"the file is longer than {FILE_LIMIT} characters", "split or shorten it")]
        )
    node = _composed(source, file)
    if node is None:
        raise BadFile([Problem(Position(file), "the file is empty", "write the keys that are asked for")])
    reading = _Reading(file)
    value = reading.value(node, ())
    return Tree(value, Places(file, reading.values, reading.keys), tuple(reading.problems))


def _decoded(octets: bytes, file: str) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        before = octets[: error.start]
        place = Position(file, before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        raise BadFile([Problem(place, "this octet is not UTF-8", "save the file in the encoding UTF-8")]) from None


def _composed(source: str, file: str) -> yaml.Node | None:
    try:
        return _Loader(source).get_single_node()
    except yaml.reader.ReaderError as error:
        before = source[: error.position]
        place = Position(file, before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1)
        raise BadFile(
            [Problem(place, "this character may not stand in YAML", "remove it, or write it escaped")]
        ) from None
    except yaml.MarkedYAMLError as error:
        raise BadFile([_syntax(error, file)]) from None
    except (ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF" beyond Unicode
        raise BadFile(
            [Problem(Position(file), f"the YAML cannot be read: {error}", "look for a broken escape")]
        ) from None


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
    what = f"this is not YAML: {error.problem or error.context}"
    if error.context == "while scanning an alias":
        return Problem(place, what, 'write a value that begins with "*" in quotes, such as "*.example.jp"')
    if error.problem is not None and "'\\t'" in error.problem:
        return Problem(place, what, "indent with spaces, not with tabs")
    return Problem(place, what, "look at the indentation, colons, quotes and brackets here and just above")


class _Loader(yaml.SafeLoader):
    """Composes nodes without building objects; refuses what is nested too deeply before Python's stack does."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it open
            raise yaml.composer.ComposerError(None, None, f"nested deeper than {DEPTH_LIMIT} levels", mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


@dataclass(slots=True)
class _Reading:
    """One walk over the nodes, collecting values, places and problems."""

    file: str
    values: dict[Path, Position] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def value(self, node: yaml.Node, path: Path) -> Value:
        place = self._place(node)
        self._bounded(place, path)
        self.values[path] = place
        if node.tag not in _KNOWN_TAGS:
            self._wrong(place, f"the tag {node.tag} is not known", "remove the tag")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return None if node.tag == _STANDARD_TAG + "null" else str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Value:
        found: dict[str, Value] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._wrong(place, "a key must be a plain word", "write one word, a colon and the value")
                continue
            key = str(key_node.value)
            if key == "<<" and key_node.tag == _STANDARD_TAG + "merge":
                self._wrong(place, "merge keys (<<) are not read", "write the keys out, or alias whole values")
            elif key in found:
                first = self.keys[*path, key].line
                self._wrong(place, f"`{key}` is written twice, first in line {first}", "keep one of the two")
            else:
                self.keys[*path, key] = place
                found[key] = self.value(value_node, (*path, key))
        return found

    def _place(self, node: yaml.Node) -> Position:
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _wrong(self, place: Position, what: str, remedy: str) -> None:
        self.problems.append(Problem(place, what, remedy))

    def _bounded(self, place: Position, path: Path) -> None:
        if len(path) > DEPTH_LIMIT:
            raise BadFile([Problem(place, "an alias leads back into itself", "write the value out")])
        if len(self.values) >= NODE_LIMIT:
            raise BadFile([Problem(place, f"more than {NODE_LIMIT} values, aliases counted", "use fewer aliases")])
