"""`docs/SETTINGS.md`, made from the model so that it cannot say anything else."""

from collections.abc import Iterator

from mailsvc.kit.settings.example import in_yaml
from mailsvc.kit.settings.fields import Entry, Shape, entries
from mailsvc.kit.settings.model import Settings
from mailsvc.kit.settings.words import Section

_HEAD = """\
# Settings

One YAML file; `lastpost settings example` prints it with comments, as it stands in
[examples/lastpost.yaml](../examples/lastpost.yaml). It is found by `--settings FILE`, else `LASTPOST_SETTINGS`,
else `./lastpost.yaml`, else `/etc/lastpost/lastpost.yaml`. Every problem in it is told at once, with file, line,
column and what to do.

- **Sizes** are octets or have a unit: `100 MB` is 100,000,000 octets, `100 MiB` is 104,857,600.
- **Durations** have units: `30 s`, `5 min`, `1 h 30 min`, `7 days`.
- **Relative paths** start at the folder of the settings file.
- **Yes or no**: `yes`, `no`, `true`, `false`.
- **Secrets** never stand in it. Where one is needed write `{file: PATH}`, a file of mode 600 or 400 with the secret as
  its only line, or `{env: NAME}`.
- A section whose entries are all left out has its defaults.
"""
_TOP = "Entries of the file itself"
_LEFT_OUT = "left out"


def settings_handbook() -> str:
    """The page as Markdown text."""
    return "\n".join((_HEAD, *_chapter(_TOP, "", Settings), *_below("", Settings)))


def _chapter(title: str, meaning: str, section: type[Section]) -> Iterator[str]:
    yield f"## {title}\n"
    if meaning:
        yield f"{meaning}\n"
    yield "| entry | default | meaning |"
    yield "|---|---|---|"
    for entry in entries(section):
        yield f"| `{entry.name}` | {_default(entry)} | {_cell(entry.meaning)} |"
    yield ""


def _below(path: str, section: type[Section]) -> Iterator[str]:
    for entry in entries(section):
        if entry.below is not None:
            here = path + entry.name + {Shape.ONE: "", Shape.LIST: "[]", Shape.MAPPING: ".NAME"}[entry.shape]
            yield from _chapter(f"`{here}`", entry.meaning, entry.below)
            yield from _below(f"{here}.", entry.below)


def _default(entry: Entry) -> str:
    if entry.required:
        return "required"
    if entry.default is None:
        return _LEFT_OUT
    if entry.below is not None:
        return "its own defaults"
    return f"`{_cell(in_yaml(entry.default))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
