"""Pictures that are not there, as frames with the words that their writer gave for them; those that are, with words.

    framed(clean_html)        # <img src="remote:" alt="Sale"> becomes a frame that says "Sale" and that it was left out

It takes what the sanitiser wrote alone: in that no "<" or ">" stands within a value. Pure; raises nothing.
"""

import re
from typing import Final

from migrator.viewer.words import LABELS, both

REMOTE: Final = "remote:"  # the address of a picture that was somewhere in the internet
_PICTURE = re.compile(r"<img([^<>]*)>")
_VALUE = re.compile(r'([a-z]+)="([^"]*)"')
_WIDE = re.compile(r"(?:^|[ ;])(?:max-)?(?:width|height): *(\d{1,4})(?:\.\d+)?px")
_UNNAMED: Final = " ".join(LABELS["picture"])  # else a browser that shows none says the whole address
_SMALL: Final = 24  # pixels: what is lower or narrower spaces, points or counts readers


def framed(clean: str) -> str:
    """The same HTML with frames where pictures are left out."""
    return _PICTURE.sub(_frame, clean) if "<img" in clean else clean


def _frame(found: re.Match[str]) -> str:
    values = dict(_VALUE.findall(found[1]))
    source, said = values.get("src", ""), values.get("alt", "").strip()
    if source not in {"", REMOTE}:
        return found[0] if "alt" in values else f'<img{found[1]} alt="{"" if _is_small(values) else _UNNAMED}">'
    if not said and _is_small(values):
        return ""
    word = both(LABELS["remote" if source else "missing"])
    return f'<span class="left-out">{said}<small>{word}</small></span>'


def _is_small(values: dict[str, str]) -> bool:
    sizes = [int(size) for name in ("width", "height") if (size := values.get(name, "")).isdecimal()]
    sizes += [int(size) for size in _WIDE.findall(values.get("style", ""))]
    return any(size <= _SMALL for size in sizes)
