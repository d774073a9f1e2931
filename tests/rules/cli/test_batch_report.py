"""`lastpost migrate report`: what became of a batch, in short, as a page and as CSV."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.desk.batching.report_csv import harmless
from tests.rules.cli.conftest import Line
from tests.rules.cli.test_batch import end, local, with_jobs, written


@pytest.fixture
def worked(made: Line) -> Line:
    line = with_jobs(made)
    written(line, local(line, "hanako", "jiro", "saburo"))
    line("migrate", "batch", "friday.csv")
    end(line, failed="jiro", named="saburo")
    written(line, local(line, "shiro", "hanako"))
    line("migrate", "batch", "friday.csv")
    return line


def test_a_batch_is_told_in_short(worked: Line) -> None:
    ran = worked("migrate", "report", "friday")
    assert ran.code == 3
    assert ran.err.rstrip() == "1 done, 1 done-with-named, 1 failed, 1 waiting"
    (found,) = worked("migrate", "report", "friday", "--json").array()
    assert found["totals"] == {"done": 1, "done-with-named": 1, "failed": 1, "waiting": 1}
    assert "there is no batch 'monday': the newest are 'friday'" in worked("migrate", "report", "monday").err


def test_a_batch_is_followed_until_nothing_more_comes_by_itself(worked: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsvc.cli.batch.time.sleep", lambda _: end(worked))
    ran = worked("migrate", "report", "friday", "--follow")
    before, after = (line for line in ran.err.splitlines() if " messages, " in line)
    assert before.startswith("1 done, 1 done-with-named, 1 failed, 1 waiting: 80 of 80 messages, 0.0 MB")
    assert after.startswith("2 done, 1 done-with-named, 1 failed: ")
    again = worked("migrate", "report", "friday", "--follow", "--json")
    assert again.array()[0]["totals"] == {"done": 2, "done-with-named": 1, "failed": 1}
    assert json.loads(again.err.splitlines()[0])["totals"]["done"] == 2


def test_a_batch_as_csv_has_nothing_that_a_spreadsheet_would_carry_out(worked: Line) -> None:
    worked("migrate", "report", "friday", "--csv", "report.csv")
    path = worked.folder / "report.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert [one["state"] for one in rows] == ["failed", "done-with-named", "waiting", "done"]
    assert [one["messages"] for one in rows] == ["0", "40", "0", "40"]
    failed = next(one for one in rows if one["state"] == "failed")
    assert failed["why"].startswith("'=cmd|")
    assert failed["remedy"] == "'@put it right"
    named = next(one for one in rows if one["state"] == "done-with-named")
    assert "=1+1" in named["named"]
    waiting = next(one for one in rows if one["state"] == "waiting")
    assert waiting["position"] == "1"
    assert not any(cell.startswith(("=", "+", "-", "@")) for one in rows for cell in one.values())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ja", ["失敗したもの", "残りから再開します"]),
        ("en", ["Failed", "goes on with what is left"]),
    ],
)
def test_a_batch_as_a_page_is_complete_in_itself_and_escapes_everything(
    worked: Line, language: str, words: list[str]
) -> None:
    ran = worked("migrate", "report", "friday", "--html", "report.html", "--language", language)
    assert ran.code == 3
    page = (worked.folder / "report.html").read_text(encoding="utf-8")
    assert [one for one in words if one not in page] == []
    assert f'<html lang="{language}">' in page
    assert "合言葉が違います" in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<script" not in page
    assert "<b>no</b>" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)=", page)
    assert not list(worked.folder.glob(".report.html-*"))


@given(st.text())
def test_no_cell_begins_as_a_formula_does(text: str) -> None:
    cell = harmless(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == text.removeprefix("'") or cell == text
