"""A notice page as a browser would read it: its texts, elements and links; a tag that is not closed is an error.

read = Read.of(notice_page(edition, "en")); read.text, read.links, read.section("services")
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "br"})


@dataclass
class Read(HTMLParser):
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    parts: list[tuple[str, str]] = field(default_factory=list)  # the section it stands in, and the text
    styles: list[str] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)
    _section: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def of(cls, page: str) -> "Read":
        read = cls()
        read.feed(page)
        read.close()
        assert read.open_tags == []
        return read

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "section":
            self._section = dict(attrs)["aria-labelledby"] or ""
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag
        if tag == "section":
            self._section = ""

    def handle_data(self, data: str) -> None:
        if self.open_tags and self.open_tags[-1] == "style":
            self.styles.append(data)
        elif data.strip():
            self.parts.append((self._section, " ".join(data.split())))

    @property
    def text(self) -> str:
        return "\n".join(part for _, part in self.parts)

    def section(self, name: str) -> list[str]:
        """The texts of one section, without its heading."""
        return [part for section, part in self.parts if section == name][1:]

    @property
    def sections(self) -> set[str]:
        return {section for section, _ in self.parts if section}

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    @property
    def links(self) -> list[str]:
        return [attrs["href"] or "" for tag, attrs in self.elements if tag == "a"]
