"""A settings file with every entry, its meaning and its default, made from the model itself.

What an entry needs is written with an example; what may be left out stands with its default, or commented out
where it has none. The file is read back without a problem.
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping

import yaml

from mailsvc.kit.settings.fields import Entry, Shape, entries
from mailsvc.kit.settings.model import Settings
from mailsvc.kit.settings.words import Section

_HEAD = """\
# Settings of Lastpost, with every entry. What stands here with its default may be left out.
# Sizes: 100 MB is 100,000,000 octets, 100 MiB is 104,857,600. Durations: 30 s, 5 min, 1 h 30 min, 7 days.
# Relative paths start at the folder of this file. A secret never stands here: its file or variable is named.
"""
_WIDTH = 110


def example_settings() -> str:
    """The commented example as YAML text."""
    return "\n".join((_HEAD, *_section(Settings, apart=True)))


def in_yaml(value: object) -> str:
    """One value on one line, as a person would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True).removesuffix("...\n").strip()
    )


def _section(section: type[Section], *, apart: bool = False) -> Iterator[str]:
    for entry in entries(section):
        yield from (f"# {line}" for line in textwrap.wrap(_told(entry), _WIDTH))
        yield from _written(entry)
        if apart:
            yield ""


def _told(entry: Entry) -> str:
    if entry.required:
        return f"{entry.meaning} Required."
    if entry.example is not None and entry.below is None and entry.default is not None:
        return f"{entry.meaning} Default: {in_yaml(entry.default)}"
    return entry.meaning


def _written(entry: Entry) -> Iterable[str]:
    if entry.below is None:
        is_shown = entry.required or entry.default is not None
        lines = [f"{entry.name}: {in_yaml(entry.default if entry.example is None else entry.example)}"]
    else:
        is_shown = entry.required or entry.default is not None or entry.example is not None
        lines = [f"{entry.name}:", *(f"  {line}" for line in _nested(entry, entry.below))]
    return lines if is_shown else (f"# {line}" for line in lines)


def _nested(entry: Entry, below: type[Section]) -> Iterator[str]:
    lines = list(_section(below))
    if entry.shape is Shape.ONE:
        yield from lines
    elif entry.shape is Shape.LIST:
        yield from (("- " if number == 0 else "  ") + line for number, line in enumerate(lines))
    else:
        names = list(entry.example) if isinstance(entry.example, Mapping) else []
        for name in names:
            yield f"{in_yaml(name)}:"
            yield from (f"  {line}" for line in lines)
