import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import cast

import pytest

from migrator.mailbox import FolderName, SpecialUse
from migrator.viewer.index import ROWS, index_files, person
from migrator.viewer.viewer import Viewer
from tests.rules.viewer.made import PlainPlace, leaf, message, page, rendered


def calls(octets: bytes) -> tuple[str, list[object]]:
    """The function a data file calls, with its first arguments, and the data."""
    found = re.fullmatch(r"(archive\.\w+\([\d, ]+), (\[.*\])\);\n", octets.decode(), re.DOTALL)
    assert found
    return found[1], json.loads(found[2])


def row(number: int = 1, folder: tuple[str, ...] = ("INBOX",), text: str = "text") -> Mapping[str, object]:
    shown = [1_000_000 + number, "a", "b", "subject", 1, 0, 540]
    return {"page": f"pages/{number}.html", "folder": list(folder), "shown": shown, "text": text}


def test_a_row_holds_what_a_list_shows_and_what_is_searched() -> None:
    octets = message("Re: ＡＢＣ会議", leaf("text/plain; charset=utf-8", "ﾃｽﾄ の本文 HELLO"))
    made = rendered(octets).row
    assert (made["page"], made["folder"]) == ("pages/000001.html", ["INBOX"])
    assert made["shown"] == [1557637380, "山田 太郎", "hanako@closing.example", "Re: ＡＢＣ会議", 0, 0, 540]
    for word in ("テスト の本文 hello", "abc会議", "2019-05-12", "taro@example.jp"):
        assert word in str(made["text"])


def test_a_row_is_small_and_json_can_hold_it() -> None:
    made = rendered(message("x\n" * 5000, leaf("text/html; charset=utf-8", "<p>長い文</p>" * 50_000))).row
    assert json.loads(json.dumps(made)) == made
    assert len(json.dumps(made, ensure_ascii=False).encode()) < 12_000


def test_a_message_without_a_date_that_can_be_has_the_one_it_came() -> None:
    for written in ("", "Date: tomorrow\n", "Date: Mon, 1 Jan 1901 00:00:00 +0000\n", "Date: 1 Jan 99999\n"):
        shown = cast("list[object]", rendered(f"{written}\nx".encode()).row["shown"])
        assert shown[0] == PlainPlace().date.timestamp()


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ('"山田 太郎" <t@e.example>, b@e.example', "山田 太郎"),
        ("<t@e.example>", "t@e.example"),
        ("t@e.example, b@e.example", "t@e.example"),
        ("", ""),
        ("x" * 1000, "x" * 80),
    ],
)
def test_a_list_names_one_person_shortly(field: str, named: str) -> None:
    assert person(field) == named


def test_files_hold_so_many_rows_and_each_calls_one_function() -> None:
    files = list(index_files(3, (row(number, ("仕事", str(number % 2))) for number in range(2 * ROWS + 1)), {}))
    names = [path for path, _ in files]
    wanted = [f"viewer/3/{kind}-{number:04d}.js" for number in (1, 2, 3) for kind in ("list", "text")]
    assert names == [*wanted, "viewer/3/part.js"]
    call, first = calls(files[0][1])
    assert call == "archive.list(3, 1"
    assert len(first) == ROWS
    assert first[0] == ["pages/0.html", 0, 1_000_000, "a", "b", "subject", 1, 0, 540]
    assert calls(files[1][1]) == ("archive.text(3, 1", ["text"] * ROWS)
    assert calls(files[-1][1]) == ("archive.part(3, 3", [[["仕事", "0"], ROWS + 1], [["仕事", "1"], ROWS]])


def test_folders_are_told_with_what_they_are_for_empty_ones_too() -> None:
    folders: dict[FolderName, SpecialUse | None] = {("INBOX",): None, ("控え",): SpecialUse.SENT, ("空",): None}
    files = dict(index_files(1, [row(folder=("控え",)), row()], folders))
    told = [[["INBOX"], 1, "inbox", True], [["控え"], 1, "sent", False], [["空"], 0]]
    assert calls(files["viewer/1/part.js"]) == ("archive.part(1, 1", told)


def test_the_list_has_the_day_that_the_sender_wrote() -> None:
    """0:30 in Tokyo is the day before in Greenwich; the page and the list say the same."""
    octets = b"Date: Fri, 01 Jan 2010 00:30:00 +0900\nSubject: x\n\nx"
    shown = cast("list[int]", rendered(octets).row["shown"])
    assert datetime.fromtimestamp(shown[0] + 60 * shown[-1], UTC).date() == date(2010, 1, 1)
    assert "2010年1月1日(金) 00:30" in page(octets)
    assert "2010-01-01" in str(rendered(octets).row["text"])


def test_nothing_in_a_subject_ends_the_script_that_holds_it() -> None:
    subject = "</script><script>alert(1)//\u2028\u2029]]>"
    octets = message(subject, leaf("text/plain", "x"))
    files = dict(index_files(1, [rendered(octets).row], {}))
    listed = files["viewer/1/list-0001.js"].decode()
    assert not {"\u2028", "\u2029"} & set(listed)
    (told,) = cast("list[list[str]]", calls(listed.encode())[1])
    assert told[5] == " ".join(subject.split())


def test_files_are_bounded_in_size_whatever_rows_hold() -> None:
    assert (
        max(len(octets) for _, octets in index_files(1, (row(n, text="長" * 2000) for n in range(900)), {})) < 2_000_000
    )


def test_rows_are_taken_one_file_at_a_time() -> None:
    taken = 0

    def rows() -> Iterator[Mapping[str, object]]:
        nonlocal taken
        for number in range(5 * ROWS):
            taken += 1
            yield row(number)

    next(index_files(1, rows(), {}))
    assert taken <= ROWS + 1


def test_the_viewer_brings_its_page_and_all_that_it_loads() -> None:
    files = dict(Viewer().files([row()], part=4, folders={}))
    index = files["index.html"].decode()
    assert 'data-parts="4"' in index
    for path in re.findall(r'(?:src|href)="([^"]+)"', index):
        assert path in files or path in {"pages/", "mail/"}
    assert {path for path in files if path.startswith("viewer/") and path.count("/") == 1} <= set(
        re.findall(r'"(viewer/[^"]+)"', index)
    )
    assert not re.search(r"<script>|<style|\son\w+=|https?:", index)
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in index


def test_what_is_there_of_no_messages_can_be_opened() -> None:
    files = dict(Viewer().files([], part=1, folders={}))
    assert files["viewer/1/part.js"] == b"archive.part(1, 0, [\n\n]);\n"
