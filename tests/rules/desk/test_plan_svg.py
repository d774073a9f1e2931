"""The picture of a plan: true, readable, safe, and with no label upon another."""

from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsvc.desk.planning.svg import WIDTH, picture
from mailsvc.desk.planning.svg_canvas import Canvas
from mailsvc.desk.planning.svg_style import COLOURS, wide
from mailsvc.desk.planning.timeline import events
from schedules.amendments import Pause, Postpone
from schedules.edition import Edition
from schedules.planfile import read_plan
from schedules.text import Language
from schedules.words import Stage
from tests.rules.desk.planned import EXAMPLES, NOW, dense, example

SVG = "{http://www.w3.org/2000/svg}"
DOCS = Path(__file__).parents[3] / "docs"
TOKYO = ZoneInfo("Asia/Tokyo")
# The instant that docs/closing.svg was drawn for.
DRAWN = datetime(2023, 11, 20, tzinfo=TOKYO)
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
Box = tuple[float, float, float, float]


def boxes(drawn: str) -> list[tuple[Box, str]]:
    """The room that each line of words takes: left, top, right, bottom."""
    found = []
    for text in ET.fromstring(drawn).iter(f"{SVG}text"):
        size, words = float(text.attrib["font-size"]), text.text or ""
        width = wide(words, size, bold="bold" in text.attrib["class"].split())
        left = float(text.attrib["x"]) - (width / 2 if text.get("text-anchor") == "middle" else 0)
        base = float(text.attrib["y"])
        found.append(((left, base - size * 0.88, left + width, base + size * 0.22), words))
    return found


def overlapping(drawn: str) -> list[tuple[str, str]]:
    placed = boxes(drawn)
    return [
        (words, other)
        for number, ((left, top, right, bottom), words) in enumerate(placed)
        for (left2, top2, right2, bottom2), other in placed[number + 1 :]
        if left < right2 and left2 < right and top < bottom2 and top2 < bottom
    ]


def outside(drawn: str) -> list[str]:
    height = float(ET.fromstring(drawn).attrib["height"])
    return [
        words
        for (left, top, right, bottom), words in boxes(drawn)
        if left < 0 or right > WIDTH or top < 0 or bottom > height
    ]


@pytest.mark.parametrize("language", [None, "ja", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_no_label_covers_another_in_the_example_plans(name: str, language: Language | None) -> None:
    drawn = picture(example(name), DRAWN, language)
    assert overlapping(drawn) == []
    assert outside(drawn) == []


@pytest.mark.parametrize("language", [None, "ja", "en"])
def test_no_label_covers_another_however_close_dates_are(language: Language | None) -> None:
    drawn = picture(dense(Postpone((Stage.DNS_END,), by=timedelta(days=7)), Pause()), NOW, language)
    assert overlapping(drawn) == []
    assert outside(drawn) == []


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 3_000_000), min_size=1, max_size=12), st.integers(0, 3_000_000))
def test_no_label_covers_another_whatever_the_dates(minutes: set[int], now: int) -> None:
    start = datetime(2024, 1, 1, tzinfo=TOKYO)
    ends = {one: start + timedelta(minutes=one) for one in minutes}
    services = "".join(
        f"  - {{id: s{one}, title: {{ja: 終, en: service}}, end: '{end:%Y-%m-%dT%H:%M}'}}\n"
        for one, end in ends.items()
    )
    text = f"plan: p\nzone: Asia/Tokyo\ntitle: {{ja: 終, en: e}}\nreason: {{ja: 終, en: x}}\nservices:\n{services}"
    drawn = picture(Edition(read_plan(text, "p.yaml"), 0), start + timedelta(minutes=now), None)
    assert overlapping(drawn) == []
    assert len([words for _, words in boxes(drawn) if words == "end of service"]) == len(minutes)


def test_the_picture_tells_every_date_and_title() -> None:
    words = " ".join(text for _, text in boxes(picture(example("closing"), DRAWN, None)))
    for event in events(example("closing")):
        assert f"{event.at:%Y-%m-%d}" in words
        assert event.title.ja in words
        assert event.title.en in words


@pytest.mark.parametrize(("language", "there", "gone"), [("ja", "受信の終了", "end of"), ("en", "end of", "終了")])
def test_one_language_can_be_asked_for(language: Language, there: str, gone: str) -> None:
    words = " ".join(text for _, text in boxes(picture(example("closing"), DRAWN, language)))
    assert there in words
    assert gone not in words


def test_the_picture_follows_light_and_dark() -> None:
    drawn = picture(example("closing"), DRAWN, None)
    day, _, night = drawn.partition("prefers-color-scheme:dark")
    for light, dark in COLOURS.values():
        assert light in day
        assert dark in night


def test_now_stands_between_past_and_future() -> None:
    placed = {words: box for box, words in boxes(picture(example("closing"), DRAWN, "en"))}
    now = placed["now  2023-11-20 00:00"][1]
    assert placed["2023-11-08"][1] < now < placed["2023-12-06"][1]


def test_words_are_escaped_and_nothing_runs_or_is_fetched() -> None:
    drawn = picture(dense(Pause()), NOW, None)
    assert "The end of &lt;a service&gt; &amp; more" in drawn
    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(drawn).iter()}
    assert tags == {"svg", "title", "desc", "style", "rect", "line", "circle", "polygon", "text"}
    names = {name for element in ET.fromstring(drawn).iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name]
    assert "url(" not in drawn


def test_signs_that_xml_knows_no_place_for_are_left_out() -> None:
    canvas = Canvas(100)
    canvas.word(0, 10, "a\x00b\x1bc\ufffed", 10, "ink")
    ET.fromstring(canvas.text(20, "t\x07", "d"))


def test_who_cannot_see_it_hears_what_it_says() -> None:
    root = ET.fromstring(picture(example("closing"), DRAWN, "en"))
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == "The end of Closing Mail and member homepages"
    assert "2024-06-01 data removed" in (root.findtext(f"{SVG}desc") or "")


def test_what_waits_is_said_in_the_picture() -> None:
    assert "waits: its gates have not been answered" in picture(dense(), NOW, "en")


def test_a_plan_without_dates_is_a_picture_too() -> None:
    text = "plan: p\nzone: Asia/Tokyo\ntitle: {ja: 終了, en: the end}\nreason: {ja: 終, en: x}\n"
    assert outside(picture(Edition(read_plan(text, "p.yaml"), 0), NOW, None)) == []


def test_the_picture_in_the_documents_is_that_of_the_plan() -> None:
    edition = Edition(read_plan((EXAMPLES / "closing.yaml").read_bytes(), "examples/plans/closing.yaml"), 0)
    told = "drawn anew by: lastpost plan show examples/plans/closing.yaml --at 2023-11-20 --svg docs/closing.svg"
    assert (DOCS / "closing.svg").read_text(encoding="utf-8") == picture(edition, DRAWN, None), told
