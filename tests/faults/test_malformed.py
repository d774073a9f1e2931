"""malformed: broken MIME, 8-bit headers, NUL, bare CR or LF, depth 500: octet-exact or refused, never a traceback."""

import pytest

from tests.faults.service import DOMAIN, Service
from tests.support.deadline import wait_until

HEAD = b"From: a@world.example\r\nSubject: broken\r\n"


def deep(levels: int) -> bytes:
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(levels)
    )
    return HEAD + opening + b"Content-Type: text/plain\r\n\r\ndeep\r\n"


MALFORMED = {
    "no-header": b"just text\r\n",
    "no-body": HEAD,
    "empty": b"",
    "eight-bit-header": "Subject: 終わりのお知らせ\r\n\r\nhello\r\n".encode("iso-2022-jp") + b"\xff\xfe\r\n",
    "raw-utf8-header": "Subject: 終わり\r\nFrom: あ <a@world.example>\r\n\r\nhello\r\n".encode(),
    "nul": HEAD + b"\r\nnul \0 inside\r\n",
    "boundary-never-ends": HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nhalf",
    "boundary-missing": HEAD + b"Content-Type: multipart/mixed\r\n\r\n--\r\n",
    "base64-broken": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n=!!!===\r\n",
    "folded-nothing": HEAD + b" \r\n\t\r\n\r\nhello\r\n",
    "long-line": HEAD + b"\r\n" + b"x" * 50_000 + b"\r\n",
    "long-header": b"X: " + b"y" * 100_000 + b"\r\n" + HEAD + b"\r\nhello\r\n",
    "deep": deep(500),
    "dots": HEAD + b"\r\n.\r\n..\r\n...\r\n",
    "no-last-line-end": HEAD + b"\r\nhello",
}
BARE = {
    "bare-lf": HEAD + b"\r\none\ntwo\r\n",
    "bare-cr": HEAD + b"\r\none\rtwo\r\n",
    "smuggled": HEAD + b"\r\none\n.\nMAIL FROM:<evil@world.example>\r\n",
    "lf-dot-crlf": HEAD + b"\r\none\n.\r\n",
}


def chunked(mail: bytes) -> bytes:
    """A whole session that sends this message by BDAT, octet by octet as it is."""
    start = (
        b"EHLO world.example\r\nMAIL FROM:<a@world.example> BODY=8BITMIME\r\nRCPT TO:<hanako@%s>\r\n" % DOMAIN.encode()
    )
    return start + b"BDAT %d LAST\r\n" % len(mail) + mail + b"QUIT\r\n"


def verdict(heard: bytes) -> bytes:
    """The reply to the last chunk: the line before the goodbye."""
    return [line for line in heard.splitlines() if not line.startswith(b"221")][-1]


def test_octet_exact_or_refused(house: Service) -> None:
    with house.serving() as program:
        taken = []
        for name, mail in {**MALFORMED, **BARE}.items():
            answer = verdict(house.say(chunked(mail)))
            assert answer[:1] in {b"2", b"5"}, (name, answer)
            if answer[:1] == b"2":
                taken.append(mail)
        wait_until(lambda: len(house.bodies()) == len(taken), f"{len(taken)} mails")
        bodies = house.bodies()
        assert "Traceback" not in program.output()
        assert program.running
    for mail in taken:
        assert any(body.endswith(mail) for body in bodies), mail[:100]


@pytest.mark.parametrize("name", BARE)
def test_bare_line_ends_never_come_in(house: Service, name: str) -> None:
    with house.serving():
        assert verdict(house.say(chunked(BARE[name]))).startswith(b"550 5.6.11")
        assert house.kept() == []


def test_ordinary_malformations_are_taken(house: Service) -> None:
    with house.serving():
        for name in ("no-body", "raw-utf8-header", "boundary-never-ends", "deep"):
            assert verdict(house.say(chunked(MALFORMED[name]))).startswith(b"250"), name


def test_garbage_commands_are_answered(house: Service) -> None:
    garbage = (
        b"\xff\xfe\0\r\nMAIL\r\nRCPT TO:\r\nEHLO\r\nMAIL FROM:<\r\nBDAT x\r\nBDAT -1\r\nDATA\r\nVRFY \xff\r\nQUIT\r\n"
    )
    with house.serving() as program:
        heard = house.say(garbage)
        assert heard.splitlines()[-1].startswith((b"221", b"421"))
        assert all(line[:1] in {b"2", b"4", b"5"} for line in heard.splitlines())
        assert "Traceback" not in program.output()
        assert house.send("after") == 250
