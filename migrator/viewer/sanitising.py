"""A stranger's HTML as part of a page of ours: nothing of it runs, nothing is fetched, and it stays readable.

    clean = sanitised(html, picture)      # Clean(html, left_out): how many remote pictures have lost their address
    picture("image001@x")                 # what the page shows for a cid: address, "" for nothing

nh3 parses as browsers do and keeps what is named here alone; every address and style passes `_Filter` too. Scripts,
forms, frames, media, SVG and style sheets are gone. Nesting that would take a parser quadratic time is not parsed: then
the text without its tags is shown. Since no look from outside sees every nesting, so many tags are parsed and no more.
Raises nothing.
"""

import html as entities
import re
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import nh3

from migrator.viewer.frames import REMOTE
from migrator.viewer.sets import set_of
from migrator.viewer.text import as_html

LONGEST: Final = 1_000_000  # signs of HTML
TAGS: Final = 30_000  # that are parsed; each may be open, and then the next takes longer
_REFERENCES: Final = 200_000  # signs that begin a reference; more of them take a parser long
_DEEPEST: Final = 400  # elements open at once
_STYLE: Final = 2000  # signs of one style
_LOOKED_BACK: Final = 30  # elements that one end tag may close
_MANY: Final = 1000  # tags; with fewer, no nesting takes long
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_ANY_TAG = re.compile(r"<[^<>]*(?:>|\Z)")
_VOID: Final = set_of("area base br col embed hr img input link meta param source track wbr")
_SHALLOW: Final = set_of("p li td th tr dt dd tbody thead tfoot")  # the next of them closes them
_BLOCKS: Final = _SHALLOW | set_of(
    "address article aside blockquote center details dir div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5"
    " h6 header hgroup html body main menu nav ol pre section summary table ul"
)
_FORMATTING: Final = set_of("a b big code em font i nobr s small strike strong tt u")
# Elements that shield what is in them from end tags; they are nothing that is shown here.
_SHIELDS = re.compile(r"<(/?)(?:applet|button|caption|marquee|object|template|select|svg|math)\b", re.IGNORECASE)
_TAGS: Final = set_of(
    "a abbr acronym address article aside b bdi bdo big blockquote br center cite code col colgroup dd del dfn"
    " dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p"
    " pre q rp rt ruby s samp section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul"
    " var wbr"
)
_GONE: Final = set_of(
    "script style title template noscript noembed noframes iframe object embed applet svg math select"
    " textarea xmp plaintext video audio canvas frameset"
)
_LAYOUT: Final = set_of("style align valign width height bgcolor dir lang title nowrap background")
_ATTRIBUTES: Final = {
    **{tag: set(_LAYOUT) for tag in _TAGS},
    "a": _LAYOUT | {"href"},
    "img": _LAYOUT | {"src", "alt", "border", "hspace", "vspace"},
    "font": _LAYOUT | {"color", "face", "size"},
    "table": _LAYOUT | {"border", "cellpadding", "cellspacing"},
    "td": _LAYOUT | {"colspan", "rowspan"},
    "th": _LAYOUT | {"colspan", "rowspan"},
    "ol": _LAYOUT | {"start", "type"},
    "ul": _LAYOUT | {"type"},
    "hr": _LAYOUT | {"size", "color", "noshade"},
    "blockquote": _LAYOUT | {"type"},
}
_PROPERTIES: Final = set_of(
    "color background-color font font-family font-size font-style font-weight font-variant line-height letter-spacing"
    " margin text-align text-decoration text-indent text-transform vertical-align white-space word-break word-wrap"
    " overflow-wrap margin-top margin-right margin-bottom margin-left padding padding-top padding-right padding-bottom"
    " padding-left border border-top border-right border-bottom border-left border-color border-style border-width"
    " border-radius border-collapse border-spacing border-top-width border-left-width border-left-color"
    " border-left-style width height max-width min-width display list-style-type table-layout direction"
)
_VALUE = re.compile(r"""(?:[\w\s#.,%!'"/-]|rgba?\([\d\s.,%]*\))*""")
_DISPLAYED: Final = set_of("block inline inline-block none table table-cell table-row list-item")
_REMOTE = re.compile(r"(?:https?:|ftp:)?//", re.IGNORECASE)
_LINKED = re.compile(r"(?:https?|mailto|tel|ftp):", re.IGNORECASE)
_OWN_PICTURE = re.compile(r"data:image/(?:png|gif|jpe?g|webp|bmp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_URL = re.compile(r"url\s*\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clean:
    """HTML that can stand in a page of ours."""

    html: str
    left_out: int = 0  # remote pictures
    shortened: bool = False  # it was too long, or nested too deep, to be shown as it was meant


class _Filter:
    """Looks at every attribute that has a name nh3 lets through."""

    def __init__(self, picture: Callable[[str], str]) -> None:
        self._picture = picture
        self._given = set[str]()
        self.left_out = 0

    def __call__(self, tag: str, name: str, value: str) -> str | None:
        """The value that an attribute may have; None takes it away."""
        match name:
            case "style":
                return self._style(value)
            case "src":
                return self._source(value.strip()) if tag == "img" else None
            case "background":
                self.left_out += bool(_REMOTE.search(value))
                return None
            case "href":
                return value if _LINKED.match(value.strip()) else None
            case _:
                return value

    def relative(self, address: str) -> str | None:
        """An address without a scheme: only a picture's file can have one."""
        return address if address in self._given else None

    def _source(self, address: str) -> str | None:
        if address[:4].lower() == "cid:":
            shown = self._picture(entities.unescape(address[4:]))
            self._given.add(shown)
            return shown or None
        if address[:5].lower() == "data:":
            return address if _OWN_PICTURE.fullmatch(address) else None
        if not _REMOTE.match(address):
            return None
        self.left_out += 1
        return REMOTE

    def _style(self, style: str) -> str | None:
        if "(" in style:
            self.left_out += len(_URL.findall(style))
        return _styled(style) if len(style) <= _STYLE else None


_LOOKING: Final = ContextVar[_Filter]("looking")


@lru_cache(maxsize=2048)
def _styled(style: str) -> str | None:
    """The declarations that may stay; letters say the same ones over and over."""
    kept = [one for declaration in style.split(";") if (one := _declaration(declaration))]
    return "; ".join(kept) or None


def _declaration(declaration: str) -> str:
    name, colon, value = declaration.partition(":")
    name, value = name.strip().lower(), value.strip()
    if not colon or name not in _PROPERTIES or not 0 < len(value) <= 300 or not _VALUE.fullmatch(value):
        return ""
    return f"{name}: {value}" if name != "display" or value.lower() in _DISPLAYED else ""


def sanitised(html: str, picture: Callable[[str], str]) -> Clean:
    """What of `html` can be shown. `picture` answers what a Content-ID stands for."""
    cut = first = _first(html)
    if cut.count("<") > _MANY:
        cut = _SHIELDS.sub(r"<\1x", cut)
    if _is_deep(cut):
        return Clean(as_html(without_tags(cut)), shortened=True)
    looked = _Filter(picture)
    before = _LOOKING.set(looked)
    try:
        clean = _cleaner().clean(cut)
    finally:
        _LOOKING.reset(before)
    return Clean(clean, looked.left_out, len(first) < len(html))


def _first(html: str) -> str:
    """As much as is parsed."""
    cut = html[:LONGEST]
    return cut if cut.count("<") <= TAGS else "<".join(cut.split("<", TAGS + 1)[: TAGS + 1])


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    """The sanitiser, which takes longer to make than to use; each message has its own filter in it."""
    return nh3.Cleaner(
        tags=set(_TAGS),
        clean_content_tags=set(_GONE),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_attribute,
        url_schemes={"http", "https", "ftp", "mailto", "tel", "cid", "data"},
        url_relative=_relative,
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    return _LOOKING.get()(tag, name, value)


def _relative(address: str) -> str | None:
    return _LOOKING.get().relative(address)


def without_tags(html: str) -> str:
    """The text of HTML that is well formed; of other HTML, about its text."""
    return entities.unescape(_ANY_TAG.sub(" ", html))


def _is_deep(html: str) -> bool:
    """Whether more elements are open at once, or more references there, than anybody writes: parsing could take long.

    An end tag counts where a parser obeys it: not across a table, and a formatting element outlives what is around it.
    """
    if html.count("&") > _REFERENCES:
        return True
    if html.count("<") <= _MANY:
        return False
    opened = list[str]()
    formatting: Counter[str] = Counter()
    for closing, tag in _TAG.findall(html):
        name = tag.lower()
        if name in _FORMATTING:
            formatting[name] = max(0, formatting[name] + (-1 if closing else 1))
        elif closing:
            _close(opened, name)
        elif name not in _VOID:
            if name in _SHALLOW and opened and opened[-1] in _SHALLOW:
                opened.pop()
            opened.append(name)
        if len(opened) + formatting.total() > _DEEPEST:
            return True
    return False


def _close(opened: list[str], name: str) -> None:
    for back in range(1, min(_LOOKED_BACK, len(opened)) + 1):
        if opened[-back] == name:
            del opened[-back:]
            return
        if opened[-back] == "table" or (name not in _BLOCKS and opened[-back] in _BLOCKS):
            return
