"""Fuzz target: any octets become a page in which nothing of a stranger's can run, files, and a row for the index.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS.
"""

import json

from migrator.viewer.viewer import Viewer
from tests.rules.viewer.made import PlainPlace, leaf, message, multipart, png
from tests.rules.viewer.mailbox import INVITATION, LETTER, TALK
from tests.rules.viewer.strict import hold_page
from tests.rules.viewer.test_wrapped_files import tnef, uuencoded, wrapped

SEEDS: list[bytes] = [
    message("会議", leaf("text/plain; charset=utf-8", TALK)),
    b"Subject: =?ISO-2022-JP?B?GyRCMnE1RBsoQg==?=\r\n\r\n\x1b$B2q5D\x1b(B",
    b"From: \x83e\x83X\x83g <a@b>\nContent-Type: text/plain; charset=shift_jis; format=flowed\n\n> \x83e\x83X \nx",
    message("x", leaf("text/html; charset=utf-8", LETTER)),
    message(
        "x", multipart("related", leaf("text/html", "<img src='cid:a'>"), leaf("image/png", png(), content_id="<a>"))
    ),
    message("x", multipart("alternative", leaf("text/plain", "a"), leaf("text/html", "<p style='color:red'>b"))),
    message(
        "x", multipart("mixed", leaf("text/calendar", INVITATION), b"Content-Type: message/rfc822\n\nSubject: y\n\nz")
    ),
    message(
        "x", leaf("application/pdf", b"%PDF", content_disposition="attachment; filename*0*=utf-8''%E8; filename*1=x")
    ),
    b"Subject: x\n\nhi\n" + uuencoded(b"a.xls", bytes(100)) + b"bye",
    wrapped(tnef(("a.pdf", b"%PDF"))),
    b'Content-Disposition: attachment; filename="\x95\\\x8e\xa6.pdf"\n\n%PDF',
]
LONGEST = 40  # times the octets of a message that its page may have, beside its own frame


def target(data: bytes) -> None:
    """Show `data`."""
    shown = Viewer().page(data, PlainPlace(), cut=False)
    hold_page(shown.html.decode())
    _hold(len(shown.html) < 10_000 + LONGEST * len(data), "a page is not much longer than its message")
    _hold(json.loads(json.dumps(shown.row)) == shown.row, "JSON can hold a row")
    _hold(len(json.dumps(shown.row)) < 50_000, "a row is short")
    _hold(len({path for path, _ in shown.attachments}) == len(shown.attachments), "no two files are one")
    _hold(all(".." not in path.split("/") for path, _ in shown.attachments), "no file leaves its folder")
    for _, octets in Viewer().files([shown.row], part=1, folders={}):
        octets.decode()


def _hold(held: bool, what: str) -> None:
    if not held:
        raise AssertionError(what)
