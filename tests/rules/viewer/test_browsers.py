"""What the viewer asks of a browser, nothing that came after 2021 (docs/ARCHIVE.md), and of its reader's eyes."""

import re
from itertools import product
from pathlib import Path

import pytest

from migrator.viewer.sets import set_of

PAGE = Path(__file__).parents[3] / "migrator" / "viewer" / "page"
SCRIPTS = sorted(PAGE.glob("*.js"))
# What is called on an object; each is in Chrome and Edge 87, Firefox 79 and Safari 14.1. Look a further one up
# (MDN, "browser compatibility") before it comes here: what one browser lacks takes the list away from its reader.
KNOWN = set_of(
    "add addEventListener append assign back cloneNode Collator compare contains createElement DateTimeFormat"
    " delete every filter find findIndex flatMap floor focus forEach format from get getAttribute"
    " getElementById getFullYear getItem getUTCFullYear has includes indexOf join keys map matches max min"
    " normalize observe padStart pop preventDefault push querySelector querySelectorAll remove removeAttribute"
    " repeat replace replaceChildren reverse set setAttribute setItem slice some sort split startsWith"
    " stringify test then toggle toISOString toLocaleString toLowerCase trim values"
)
OWN = {"part", "list", "text"}  # of `archive`
LATER = re.compile(
    r"\?\?=|\|\|=|&&=|\(\?<[=!]|\bawait\b|\bimport\b|\bexport\b|\bfetch\(|\bstatic\b|\bstructuredClone\b|\d_\d|#\w+\s*[(=;]"
)
LATER_STYLES = re.compile(r":has\(|@container|@layer|color-mix|oklch|\d[dsl]v[hw]\b|&\s|@starting-style|light-dark\(")
NORMAL, LARGE = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_use_nothing_that_browsers_of_2021_lack(script: Path) -> None:
    code = re.sub(r"^\s*//.*", "", script.read_text(), flags=re.MULTILINE)
    assert set(re.findall(r"(?<!\.)\.(\w+)\(", code)) - KNOWN - OWN == set()
    assert not LATER.findall(code)


@pytest.mark.parametrize("style", sorted(PAGE.glob("*.css")), ids=lambda style: style.name)
def test_styles_use_nothing_that_browsers_of_2021_lack(style: Path) -> None:
    assert not LATER_STYLES.findall(style.read_text())


def test_each_script_tells_what_it_is_for_and_is_short() -> None:
    for script in SCRIPTS:
        lines = script.read_text().splitlines()
        assert lines[0].startswith("// ")
        assert '"use strict";' in lines
        assert len(lines) <= 300
        assert max(map(len, lines)) <= 200


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_what_is_behind_it(*, dark: bool) -> None:
    for name, fronts, grounds in (
        ("viewer.css", "ink faint accent", "paper ground chosen hover line warn"),
        ("viewer.css", "ink", "mark"),
        ("viewer.css", "star", "paper ground chosen hover"),
        ("message.css", "ink faint accent alarm", "paper soft"),
    ):
        known = colours((PAGE / name).read_text(), dark=dark)
        for front, ground in product(fronts.split(), grounds.split()):
            told = contrast(known[front], known[ground])
            assert told >= (LARGE if front == "star" else NORMAL), (name, front, ground, told)


def colours(style: str, *, dark: bool) -> dict[str, str]:
    """The colours that have names, by name."""
    light, _, rest = style.partition("@media (prefers-color-scheme: dark)")
    told = re.findall(r"--(\w+): (#\w+);", light) + (re.findall(r"--(\w+): (#\w+);", rest[:800]) if dark else [])
    return dict(told)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: from 1 to 21."""
    darker, lighter = sorted((_light(one), _light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _light(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
