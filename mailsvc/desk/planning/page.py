"""The notice page that a plan tells the world with (SK-13): one HTML page, complete in itself.

    notice_page(edition, "ja")       # <!doctype html>…
    page_of_file(path, "en"), page_in_force(desk, "closing", "ja")

It has no scripts and asks nothing of any other server, so it can be put wherever there is a web server, and its
Content-Security-Policy says so. Everything a plan says is escaped. It shows public facts alone (`page_facts`).
Fails: `BadFile` with every problem of a plan file, `Refused` where there is no such plan.
"""

import re
from pathlib import Path

from mailsvc.desk.desk import Desk
from mailsvc.desk.planning.page_facts import page_facts
from mailsvc.desk.planning.page_words import LABELS
from mailsvc.desk.plans import read_plan_file, stored_plan
from mailsvc.kit.templates import templates
from mailsvc.standing.almanac import edition_of
from schedules.edition import Edition
from schedules.text import Language, Text


def notice_page(edition: Edition, language: Language) -> str:
    """The page about this edition in one language."""

    def told(text: Text) -> str:
        words = text.in_(language)
        return words[:1].upper() + words[1:]

    labels = {name: text.in_(language) for name, text in LABELS.items()}
    template = templates(Path(__file__).parent / "templates").get_template("notice.html.j2")
    return template.render(page=page_facts(edition), told=told, labels=labels, language=language, dialled=_dialled)


def page_of_file(path: Path, language: Language) -> str:
    """The page of a plan file, as it is written. Raises BadFile."""
    return notice_page(Edition(read_plan_file(path).plan, 0), language)


def page_in_force(desk: Desk, name: str, language: Language) -> str:
    """The page of a plan in force, with all amendments. Raises Refused where it is not there."""
    with desk.records.read() as conn:
        stored = stored_plan(conn, name)
    return notice_page(edition_of(stored), language)


def _dialled(phone: str) -> str:
    """A number as a link dials it (RFC 3966): digits, and a plus in front."""
    return re.sub(r"(?!^\+)[^0-9]", "", phone)
