import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.viewer.sanitising import sanitised
from tests.rules.viewer.strict import hold_fragment

PICTURE = "data:image/png;base64,AAAA"
HOSTILE = (
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<body onload=alert(1)>",
    "<math><mi xlink:href='javascript:1'>x",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' JaVa&#x09;script:alert(1)'>x</a>",
    "<a href='data:text/html,<script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    '<a href="jav&#x0A;ascript:alert(1)">x</a>',
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<iframe src=http://e.example></iframe>",
    "<object data=http://e.example></object>",
    "<embed src=http://e.example>",
    "<form action=http://e.example><input name=password><button>go</button></form>",
    "<meta http-equiv=refresh content='0;url=http://e.example'>",
    "<link rel=stylesheet href=http://e.example/x.css>",
    "<base href=http://e.example/>",
    "<style>@import 'http://e.example'</style>",
    "<img srcset='http://e.example/a 1x'>",
    "<table background=http://e.example/x><tr><td>x",
    "<video poster=http://e.example><source src=http://e.example></video>",
    "<p style='background:url(http://e.example/x)'>x",
    "<p style='background-image:image-set(\"http://e.example\" 1x)'>x",
    "<p style='width:expression(alert(1))'>x",
    "<p style='behavior:url(x.htc)'>x",
    "<p style='-moz-binding:url(http://e.example)'>x",
    "<p style='color:red;list-style-image:url(//e.example)'>x",
    "<p style=\"content:'\\75rl(http://e.example)'\">x",
    "<p style='position:fixed;top:0'>x",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img src='data:text/html,x'>",
    "<template><script>1</script></template>",
    "<a href='https://ok.example' ping='http://e.example' onclick='x' style='color:red'>x</a>",
    "<image src=http://e.example/x onerror=x>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<select><style></select><img src=x onerror=1>",
    "<img src=//e.example/x>",
    "<img src='\\\\e.example\\x'>",
    "<img src='cid:there' onload=alert(1)>",
    "<xmp><script>1</script></xmp>",
)


def clean(html: str) -> str:
    return sanitised(html, lambda wanted: PICTURE if wanted == "there" else "").html


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_that_runs_or_fetches_stays(html: str) -> None:
    hold_fragment(clean(html))


@given(st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_nothing_that_runs_or_fetches_comes_of_pieces(pieces: list[str], random: Random) -> None:
    cut = "".join(piece[random.randint(0, len(piece) // 2) :] for piece in pieces)
    hold_fragment(clean(cut))


def test_what_a_letter_looks_like_stays() -> None:
    html = (
        '<table width="600" bgcolor="#eeeeee"><tr><td style="padding: 4px; color: #111">'
        '<font color="red" size="2">赤</font> <b>太字</b><br><a href="https://e.example/">先</a></td></tr></table>'
    )
    shown = clean(html)
    for piece in (
        'width="600"',
        'bgcolor="#eeeeee"',
        "padding: 4px; color: #111",
        'color="red"',
        "<b>太字</b>",
        "<br>",
    ):
        assert piece in shown
    assert '<a href="https://e.example/"' in shown
    assert 'rel="noopener noreferrer"' in shown
    assert 'target="_blank"' in shown


def test_a_picture_of_the_message_itself_is_shown() -> None:
    assert clean('<img src="cid:there" width="3">') == f'<img src="{PICTURE}" width="3">'
    assert "src" not in clean('<img src="cid:elsewhere">')


def test_remote_pictures_are_counted() -> None:
    html = """<img src="http://e.example/1"><img src="https://e.example/2"><td background="//e.example/3">
    <p style="background: url(https://e.example/4)">x</p><img src="cid:there">"""
    assert sanitised(html, lambda _: PICTURE).left_out == 3  # a cell outside of a table is nothing
    assert sanitised(f"<table><tr>{html}</table>", lambda _: PICTURE).left_out == 4


SLOW = {
    "blocks": "<div>" * 150_000,
    "unclosed formatting": "".join(f"<b a={n}>" for n in range(20_000)) + "<p>x</p>" * 20_000,
    "end tags that close nothing": "<div></x>" * 100_000,
    "end tags behind a shield": "<div><marquee></div></marquee>" * 30_000,
    "end tags in tables": "<div><table></div></table>" * 30_000,
    "end tags behind a paragraph": "<span><p></span></p>" * 45_000,
    "formatting that leaks": "".join(f"<div><b a={n}></div>" for n in range(40_000)),
    "end tags that only a look from outside takes for some": "<li><div><ul></li>" * 55_000,
    "end tags of forms": "<form><div></form>" * 55_000,
    "end tags within attributes": "<div a='</div>'>" * 60_000,
    "end tags after the end": "<body><div></body>" * 55_000,
    "references": "&" * 900_000,
    "comments": "<div>" * 1001 + "<!--" * 200_000,
    "signs": "<" * 900_000,
    "paragraphs": "<p>" * 300_000,
    "an attribute": "<p title=" + "x" * 900_000 + ">",
}


@pytest.mark.parametrize("html", SLOW.values(), ids=SLOW)
def test_no_html_takes_a_parser_long(html: str) -> None:
    start = time.process_time()
    sanitised(html, lambda _: "")
    assert time.process_time() - start < 5
