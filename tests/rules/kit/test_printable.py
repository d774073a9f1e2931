"""What strangers write cannot act on whoever reads it."""

import io
import json
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.cli.output import out, say, show_fields, show_json, show_table
from mailsvc.kit.printable import json_printable, printable
from mailsvc.kit.telemetry import configure

NASTY = [
    "a\x1b[2Jb",
    "a\rb",
    "a\nb",
    "a\tb",
    "\x9b31m",
    "a\x85b",
    "a\u2028b",
    "\u202egpj.exe",
    "\u2066x",
    "\x7f",
    "\ud800",
]
TEXTS = st.text() | st.sampled_from(NASTY)


def acts(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} or unicodedata.bidirectional(sign) in {
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    }  # fmt: skip


@given(TEXTS)
def test_nothing_shown_acts(text: str) -> None:
    assert not any(map(acts, printable(text)))


@given(TEXTS)
def test_json_says_the_same_and_nothing_in_it_acts(text: str) -> None:
    line = json_printable(json.dumps({"x": [text]}, ensure_ascii=False))
    assert json.loads(line) == {"x": [text]}
    assert not any(map(acts, line))


@pytest.mark.parametrize("text", ["hanako@closing.example", "花子\u3000さん", "é", "👩‍💻", "a b", ""])
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


def test_what_is_to_be_kept_is_kept() -> None:
    assert printable("a\n\x1bb", keep="\n") == "a\n\\x1bb"


@pytest.mark.parametrize("text", NASTY)
def test_listings_show_nothing_that_acts(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_fields({"mail_from": text})
    show_table([{"recipient": text, "more": {"x": [text]}}], ["recipient", "more"])
    fields, table = capsys.readouterr().out.split("\n")[:2]
    assert not any(acts(sign) for sign in (fields + table).replace("\t", "", 1))
    show_json([{"helo": text}])
    told = capsys.readouterr().out
    assert json.loads(told) == [{"helo": text}]
    assert not any(acts(sign) for sign in told.replace("\n", ""))


@pytest.mark.parametrize("text", NASTY)
def test_what_is_said_of_a_hostile_file_does_not_act(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(f"plan.yaml:1:1: `{text}` is not known")
    out(f"name: {text}")
    told = capsys.readouterr()
    assert not any(acts(sign) for sign in (told.out + told.err).replace("\n", "").replace("\t", ""))


@pytest.mark.parametrize("json_lines", [True, False])
@pytest.mark.parametrize("text", NASTY)
def test_a_log_line_is_one_line_and_nothing_in_it_acts(text: str, *, json_lines: bool) -> None:
    stream = io.StringIO()
    log = configure(stream, json=json_lines, level="info", now=lambda: datetime(2024, 2, 1, tzinfo=UTC))
    log.info("accepted", sender=text, recipients=[{"asked": text}])
    log.error("failed", exc_info=ValueError(text.replace("\n", "")))
    lines = stream.getvalue().split("\n")
    assert not any(acts(sign) for line in lines for sign in line)
    assert "failed" in lines[1]
