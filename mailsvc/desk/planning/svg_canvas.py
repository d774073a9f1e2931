"""A sheet that shapes and words are put on, as elements of SVG.

Use: `Canvas(width)`, its methods, then `canvas.text(height, title)`. Words are escaped; a sign that XML knows no place
for is left out. There are no scripts and nothing is fetched from anywhere.
"""

import re
from xml.etree import ElementTree as ET

from mailsvc.desk.planning.svg_style import style_sheet
from mailsvc.kit.printable import printable

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Canvas:
    """An SVG picture in the making; lengths are pixels, y grows downward."""

    def __init__(self, width: float) -> None:
        self.width = width
        self._body = ET.Element("g")

    def word(self, x: float, y: float, text: str, size: float, colour: str, *, bold: bool = False, **more: str) -> None:
        """One line of words that begins (or by `anchor`, ends or has its middle) at x; y is its base line."""
        named = {"x": _told(x), "y": _told(y), "font-size": _told(size), "class": f"{colour}{' bold' if bold else ''}"}
        if "past" in more:
            named["class"] += " past"
        if "anchor" in more:
            named["text-anchor"] = more["anchor"]
        if "language" in more:
            named["lang"] = more["language"]
        ET.SubElement(self._body, "text", named).text = _clean(text)

    def box(self, x: float, y: float, width: float, height: float, colour: str, *, round_by: float = 0) -> None:
        """A filled rectangle."""
        sizes = {"x": x, "y": y, "width": width, "height": height, "rx": round_by}
        ET.SubElement(self._body, "rect", {name: _told(size) for name, size in sizes.items()} | {"class": colour})

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: str, thick: float) -> None:
        """A straight line; `colour` may name further classes."""
        ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1], "stroke-width": thick}
        named = colour.split()
        drawn = " ".join((f"{named[0]}-line", *named[1:]))
        ET.SubElement(self._body, "line", {name: _told(size) for name, size in ends.items()} | {"class": drawn})

    def dot(self, x: float, y: float, radius: float, colour: str, *, ring: float = 0) -> None:
        """A disc, or a ring so thick with the paper's colour inside."""
        sizes = {name: _told(size) for name, size in {"cx": x, "cy": y, "r": radius}.items()}
        if not ring:
            ET.SubElement(self._body, "circle", {**sizes, "class": colour})
            return
        ET.SubElement(self._body, "circle", {**sizes, "class": "paper"})
        ET.SubElement(
            self._body, "circle", {**sizes, "class": f"{colour.split(maxsplit=1)[0]}-line", "stroke-width": _told(ring)}
        )

    def shape(self, points: tuple[tuple[float, float], ...], colour: str) -> None:
        """A filled polygon."""
        corners = " ".join(f"{_told(x)},{_told(y)}" for x, y in points)
        ET.SubElement(self._body, "polygon", {"points": corners, "class": colour})

    def text(self, height: float, title: str, description: str) -> str:
        """The whole picture as XML; title and description are for whoever cannot see it."""
        size = f"{_told(self.width)} {_told(height)}"
        root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {size}",
                "width": _told(self.width),
                "height": _told(height),
                "role": "img",
            },
        )
        ET.SubElement(root, "title").text = _clean(title)
        ET.SubElement(root, "desc").text = _clean(description)
        ET.SubElement(root, "style").text = style_sheet()
        ET.SubElement(root, "rect", {"width": "100%", "height": "100%", "rx": "14", "class": "paper"})
        root.extend(self._body)
        ET.indent(root)
        return ET.tostring(root, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    return _NO_XML.sub("", printable(text))


def _told(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
