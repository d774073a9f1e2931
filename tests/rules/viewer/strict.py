"""A reader of pages that refuses whatever could run or fetch, read by another parser than the sanitiser's."""

import re
from html.parser import HTMLParser

from migrator.viewer.frames import REMOTE

NEVER = frozenset(
    [
        "script", "iframe", "object", "embed", "form", "input", "link", "base", "svg", "math", "video", "audio",
        "source", "template", "noscript", "button", "frame", "applet",
    ]
)  # fmt: skip
ALLOWED = re.compile(r"(?:https?|mailto|tel|ftp):|data:image/(?:png|gif|jpeg|jpg|webp|bmp);base64,", re.IGNORECASE)
OURS = re.compile(r"\.\./(?:attachments|mail)/")
STYLE = re.compile(r"url|expression|import|\\|@|behavior|binding|position|image|\(\s*(?!\d)", re.IGNORECASE)


class Strict(HTMLParser):
    """Holds every tag and attribute against what may never be there."""

    def __init__(self, *, ours: bool = False) -> None:
        super().__init__()
        self._ours = ours  # the frame of a page may have its own style, classes, and links to files
        self._metas = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in NEVER, tag
        assert self._ours or tag not in {"meta", "style"}, tag
        for name, value in attrs:
            self._attribute(name, value or "")

    def _attribute(self, name: str, value: str) -> None:
        assert not name.startswith("on"), name
        assert name not in {"srcset", "background", "ping", "poster", "action", "formaction"}, name
        assert self._ours or name not in {"id", "class"}, name
        if name in {"href", "src"}:
            allowed = ALLOWED.match(value.strip()) or (name == "src" and value == REMOTE and not self._ours)
            assert allowed or (self._ours and OURS.match(value)), value
        if name == "src":
            left_out = value == REMOTE and not self._ours  # it becomes a frame before it comes into a page
            assert value.startswith("data:image/") or left_out or (self._ours and OURS.match(value)), value
        if name == "style":
            assert not STYLE.search(value.replace("rgb(", "").replace("rgba(", "")), value


def hold_fragment(html: str) -> None:
    """Nothing in sanitised HTML runs or fetches."""
    Strict().feed(html)


def hold_page(html: str) -> None:
    """Nothing in a page runs or fetches, and the page forbids it."""
    head = html[: html.index("<style>")]
    assert "default-src 'none'" in head[: head.index("<title>")]
    Strict(ours=True).feed(html)
