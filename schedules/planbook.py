"""`docs/PLANS.md`, made from the blocks of the plan language so that it cannot say anything else.

    plan_handbook()

What blocks mean together is told in the page's head; their keys, values and defaults are read off their types.
"""

import typing
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from itertools import chain
from types import NoneType
from zoneinfo import ZoneInfo

from schedules.durations import print_duration
from schedules.names import Address
from schedules.planmodel import PlanModel
from schedules.text import Text
from schedules.words import Power
from schedules.yamlshape import Entry, entries, plain_kinds

_HEAD = """\
# The plan language

A plan is one YAML file that says how some mail domains, and the services around them, end: what ends when, for whom
it ends later, what is told, what must hold before, and which contract rules go with it. `lastpost plan example`
prints one with every key and comments; `lastpost plan check FILE` tells every problem at once, with file, line,
column and what to do.

A plan needs no mail domains and no stages: a file of contract rules alone is a plan as well. What is possible but
seldom meant is a warning, and a plan with warnings is sound.

## What values look like

- **Instants**: `2024-02-01` is the first instant of that day; `2024-01-31T18:00` that time, with an offset in any
  zone; `end of 2024-01` and `end of 2024-01-31` the first instant after. What ends there is usable until, and not at,
  it. A time that clocks skip is refused; one that they show twice means the first.
- **Lengths** have units: `6 hours`, `1h 30m`, `14 days`.
- **Amounts** are whole yen: `20000`, `20,000 yen`. **Shares** are per cent: `95 %`.
- **Sentences** stand in both languages: `{ja: …, en: …}`.
- **Capabilities**: `receive`, `send`, `forward`, `read`, `change_mail`, `change_settings`, `export`,
  `homepage_upload`, `homepage_download`, `homepage`, `add_address`, `change_options`, `course_change`, `renew`,
  `renew_beyond_end`, `pay_online`. The last four can name one course: `renew:two-year`.
- **Lists**: a list of one may be written without brackets. An empty list is left out instead.
- Ids are lower-case letters, digits, hyphens and dots.

## How the parts work together

- **Dates of stages.** A stage's date stands in `stages`. An exception gives its addresses another: the closer scope
  goes before the wider one (a wildcard, a domain, a group, an area, an address; of wildcards the longer one), and of
  equally close ones the later date counts. A scope that names several things means addresses to which all of them
  apply. `successor`, `purge` and `dns-end` come for whole domains: only an exception for a domain, which stands in
  `domains`, moves them.
- **Holds** move stages on: a held stage comes at its own date or when the hold ends, whichever is later; of several
  holds the one that ends last counts. Purge and dns-end wait for every hold in their domain. A **legal order** goes
  before all other holds: where one covers an address, those do not count. Only releasing it ends it early.
- **Pausing** concerns the whole plan: what has not come moves on by the length of the pause, in whole days. A
  contract's own dates never move.
- **Gates** are asked before their stage. With `unanswered: wait` the stage comes when its date is reached and its
  gates are open; until then it waits and says why. With `proceed` it comes at its date unless the last answer was no.
  Purge and dns-end always wait. Postponing a stage makes earlier answers void.
- **Switches** turn capabilities off at an instant, for good or until another. A course's capability is off when it is
  off itself, or off for every course.
- **Which rule decides.** What has ended stays ended: first comes the stage, then the contract's or the address's own
  expiry, then a switch, the soft hours of receive-end, a suspension, a brown-out, a hold. If none speaks, it is open.
- **Contract rules.** Of several rules of one kind the first that covers a contract holds, so the narrow ones stand
  first. Of minimum terms and costs all that cover it hold. When the provider ends the service, it ends on the plan's
  own day.

## What is refused

- **Orders that could not be carried out**, told with both places: a stage before one that must precede it (mail
  records gone while mail is received, sent or forwarded; purging before copies can no longer be fetched), for
  everybody or for the addresses of an exception; a brown-out within five days of receive-end; less notice than
  `shortest_notice` asks for.
- **What has no effect or contradicts itself**: a hold of stages that come later anyway, a switch that is on before it
  is off, a rule that an earlier one never lets be reached, waits that overlap or leave a day out, a gate that never
  opens.
- **References that lead nowhere**: stages, desks, services and columns that are not there, ids given twice, scopes
  outside the plan's domains.
"""

_WORDS: Mapping[object, str] = {
    datetime: "instant",
    timedelta: "length",
    date: "day",
    time: "time of day",
    int: "whole number",
    float: "number",
    bool: "yes or no",
    str: "words",
    Text: "`{ja: …, en: …}`",
    Power: "capability",
    Address: "address",
    ZoneInfo: "time zone",
}
_RULES = "rule", "kind"  # keys that tell several blocks of one list apart


def plan_handbook() -> str:
    """The page as Markdown text."""
    places: dict[type, str] = {}
    for block, place in _places("", PlanModel, ()):
        places.setdefault(block, place)  # a block that may stand in several places is told at the first
    chapters = (_chapter(f"`{place}`{_said(block)}", place, block, places) for block, place in places.items())
    return "\n".join((_HEAD, *_chapter("Keys of the file", "", PlanModel, places), *chain.from_iterable(chapters)))


def _places(path: str, record: type, above: tuple[type, ...]) -> Iterator[tuple[type, str]]:
    """Every block below `record` and where it may stand, in the order of the file."""
    for key, entry in entries(record).items():
        for block, suffix in _blocks(entry.kind):
            here = f"{path}{key}{suffix}"
            yield block, here
            if block not in above:
                yield from _places(f"{here}.", block, (*above, block))


def _chapter(title: str, path: str, record: type, places: Mapping[type, str]) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"{(record.__doc__ or '').strip()}\n"
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for key, entry in entries(record).items():
        if key not in _RULES:
            value = _value(entry.kind)
            elsewhere = next(
                (places[block] for block, suffix in _blocks(entry.kind) if not _here(path, key, suffix, places[block])),
                "",
            )
            told = f"{value}, as `{elsewhere}`" if elsewhere else value
            yield f"| `{key}` | {told} | {_default(entry)} | {_cell(entry.description)} |"
    yield ""


def _here(path: str, key: str, suffix: str, place: str) -> bool:
    return place == f"{path}.{key}{suffix}".removeprefix(".")


def _said(block: type) -> str:
    """The word by which a block of several is chosen: ` with kind: told`."""
    for key in _RULES:
        if key in entries(block):
            return f", `{key}: {typing.get_args(entries(block)[key].kind)[0]}`"
    return ""


def _value(kind: object) -> str:
    return " or ".join(dict.fromkeys(_word(plain) for plain in plain_kinds(kind) if plain is not type(None)))


def _word(plain: object) -> str:
    arguments = typing.get_args(plain)
    if typing.get_origin(plain) is tuple:
        return f"list of {_value(arguments[0])}"
    if arguments:
        return f"for each {_value(arguments[0])}: {_value(arguments[1])}"
    if isinstance(plain, type) and issubclass(plain, Enum):
        return ", ".join(f"`{word.value}`" for word in plain)
    return _WORDS.get(plain, "block")


def _blocks(kind: object) -> Iterator[tuple[type, str]]:
    """The blocks that may stand here, each with what its path ends in."""
    for plain in plain_kinds(kind):
        arguments = typing.get_args(plain)
        if typing.get_origin(plain) is tuple:
            yield from ((block, f"[]{suffix}") for block, suffix in _blocks(arguments[0]))
        elif arguments:
            yield from ((block, f".NAME{suffix}") for block, suffix in _blocks(arguments[-1]))
        elif isinstance(plain, type) and plain not in _WORDS and not issubclass(plain, Enum | NoneType):
            yield plain, ""


def _default(entry: Entry) -> str:
    value = entry.default
    if entry.required:
        return "required"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return f"`{print_duration(value)}`"
    if isinstance(value, int | float | Enum):
        return f"`{value.value if isinstance(value, Enum) else value}`"
    if isinstance(value, tuple) and value:
        return ", ".join(f"`{word}`" for word in value)
    return "left out"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
