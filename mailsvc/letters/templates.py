"""The texts of letters: `templates/NAME.ja.j2` and `templates/NAME.en.j2`, the subject in their first line.

`write` fills both. A fact that a template names but nobody gives is an error (StrictUndefined), never an empty place.
Nothing is escaped for HTML, because letters are plain text; facts from outside cannot reach the header, since a subject
is made one line before it is used.
"""

from collections.abc import Mapping
from pathlib import Path

from mailsvc.kit.templates import templates
from mailsvc.letters.letter import Letter, one_line
from schedules.names import Address
from schedules.text import Language, Text

_FOLDER = Path(__file__).parent / "templates"


def write(name: str, facts: Mapping[str, object], *, to: tuple[Address, ...], key: str) -> Letter:
    """The letter `name` with these facts. Raises jinja2.UndefinedError for a fact that is missing."""
    subject_ja, body_ja = _filled(name, "ja", facts)
    subject_en, body_en = _filled(name, "en", facts)
    return Letter(to, Text(subject_ja, subject_en), Text(body_ja, body_en), key)


def _filled(name: str, language: Language, facts: Mapping[str, object]) -> tuple[str, str]:
    text = templates(_FOLDER).get_template(f"{name}.{language}.j2").render(facts, language=language)
    subject, _, body = text.lstrip().partition("\n\n")
    return one_line(subject), body
