"""`lastpost migrate report`: why mailboxes failed or wait, and what to do, as sentences of the language asked for."""

import csv
import html
import io
import re
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from mailsvc.desk.batching.reason_words import WORDS
from mailsvc.desk.batching.report_words import LABELS
from mailsvc.records import job_claims
from mailsvc.records.job import Ending, FailedForGood, FailedForNow
from migrator.reasons import Code, Reason
from tests.rules.cli.conftest import Line
from tests.rules.cli.test_batch import HEAD, row, settled, with_jobs, written
from tests.rules.cli.test_jobs import desk_of

PLACE = "hanako at imap.old.example:993"
SAID = "[AUTHENTICATIONFAILED] 合言葉が<b>違います</b>"
ENGLISH = re.compile(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+")  # three words of English: a sentence


@pytest.fixture
def stuck(made: Line) -> Line:
    """A batch with a login that was refused, a full target, a host that is not there, and one of older records."""
    line = with_jobs(made)
    written(line, HEAD + row("hanako") + row("jiro") + row("saburo") + row("shiro"))
    line("migrate", "batch", "friday.csv")
    desk = desk_of(line)
    with desk.records as records:
        now = desk.clock.now()
        full = Reason(Code.FULL, "jiro at imap.new.example:993", "[OVERQUOTA] Quota exceeded")
        endings: list[Ending] = [
            FailedForGood("LOGIN was refused: NO", "put it right", (Reason(Code.LOGIN, PLACE, SAID),)),
            FailedForNow("APPEND was refused: NO", now + timedelta(hours=1), progressed=False, reasons=(full,)),
            FailedForGood("there is no host nowhere", "correct it", (Reason(Code.HOST, "nowhere.example"),)),
            FailedForGood("an old sentence", "an old remedy"),
        ]
        claimed = records.act(
            lambda conn: job_claims.claim(conn, "w", now, timedelta(minutes=9), limit=9, most_at_a_host=9)
        )
        for one, ending in zip(sorted(claimed, key=lambda one: one.job.id), endings, strict=True):
            records.act(partial(settled, one.job, ending, now))
    return line


def of_csv(line: Line, language: str) -> dict[str, dict[str, str]]:
    line("migrate", "report", "friday", "--csv", "report.csv", "--language", language)
    octets = (line.folder / "report.csv").read_bytes()
    assert octets.startswith(b"\xef\xbb\xbf")  # by which a spreadsheet knows UTF-8
    rows = csv.DictReader(io.StringIO(octets.decode("utf-8-sig"), newline=""), strict=True)
    return {one["address"].partition("@")[0]: one for one in rows}


def test_a_report_in_japanese_tells_reasons_and_remedies_in_japanese(stuck: Line) -> None:
    told = of_csv(stuck, "ja")
    assert told["hanako"]["why"] == f"{PLACE}：ログインを拒否されました。 サーバーの応答（原文）：「{SAID}」"
    job = told["hanako"]["job"]
    assert told["hanako"]["remedy"].endswith(f"`lastpost jobs retry {job} --from-secret FILE --to-secret FILE`")
    assert told["jiro"]["why"].startswith("jiro at imap.new.example:993：移行先の空き容量が足りません。")
    assert told["jiro"]["remedy"] == "移行先の容量を増やすか、不要なメールを削除してください。"
    assert told["saburo"]["why"] == "nowhere.example：ホスト名が見つかりません。"
    assert "`lastpost migrate batch FILE.csv --name NAME`" in told["saburo"]["remedy"]
    assert (told["shiro"]["why"], told["shiro"]["remedy"]) == ("an old sentence", "an old remedy")


def test_a_report_in_english_tells_the_same_in_english(stuck: Line) -> None:
    told = of_csv(stuck, "en")
    assert told["hanako"]["why"] == f"{PLACE}: The login was refused. The server said: “{SAID}”"
    assert told["jiro"]["remedy"] == "Give it more room, or delete what is not needed."
    assert [told[name]["reasons"] for name in ("hanako", "jiro", "saburo", "shiro")] == ["login", "full", "host", ""]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_says_what_the_csv_says(stuck: Line, language: str) -> None:
    told = of_csv(stuck, language)
    stuck("migrate", "report", "friday", "--html", "report.html", "--language", language)
    page = (stuck.folder / "report.html").read_text(encoding="utf-8")
    shown = " ".join(html.unescape(one) for one in re.findall(r"<p>(.*?)</p>", page))
    for row_ in told.values():
        assert row_["why"] in shown
        assert row_["remedy"] in shown
    assert "<b>違います" not in page


def test_every_reason_has_its_words_and_no_english_sentence_stands_in_the_japanese() -> None:
    assert set(WORDS) == set(Code)
    japanese = [text.ja for words in WORDS.values() for text in (words.what, words.remedy)]
    japanese += [text.ja for text in LABELS.values()]
    assert [one for one in japanese if ENGLISH.search(re.sub(r"`[^`]+`", "", one))] == []
    assert all(one.endswith("。") for words in WORDS.values() for one in (words.what.ja, words.remedy.ja))


def test_every_reason_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "MIGRATION.md").read_text(encoding="utf-8")
    assert [code for code in Code if f"\n| `{code}` | " not in page] == []


def test_scripts_read_the_reason_of_a_job_as_a_word(stuck: Line) -> None:
    (failed,) = (one for one in stuck("jobs", "list", "--json").array() if str(one["address"]).startswith("hanako"))
    assert failed["reasons"] == [{"code": "login", "place": PLACE, "said": SAID}]
    assert re.search(r"^reasons +login$", stuck("jobs", "show", str(failed["id"])).out, re.MULTILINE)
