"""What a message is about, however its header is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.archive.subjects import subject_of


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"Subject: hello\r\n", "hello"),
        (b"From: a\r\nSUBJECT:  hello\r\n there\r\nTo: b\r\n", "hello there"),
        (b"Subject: =?utf-8?B?6KuL5rGC5pu4?=\r\n", "請求書"),
        (b"Subject: =?ISO-2022-JP?B?GyRCQEE1YT1xGyhC?=\r\n", "請求書"),
        (b"Subject: =?x-none?Q?a?= b\r\n", "a b"),
        (b"Subject: \x1b$B@A5a=q\x1b(B\r\n", "請求書"),
        ("Subject: 請求書\r\n".encode(), "請求書"),
        (b"Subject: \xc0\xc1\xb5\xe1\xbd\xf1\r\n", "請求書"),
        (b"Subject: =?utf-8?B?x?=\r\n", "=?utf-8?B?x?="),
        (b"From: a\r\n\r\nSubject: body\r\n", ""),
        (b"", ""),
    ],
)  # fmt: skip
def test_it_is_read_so(header: bytes, subject: str) -> None:
    assert subject_of(header + b"\r\nbody") == subject


@given(st.binary(max_size=300))
def test_whatever_stands_there_it_says_something(octets: bytes) -> None:
    assert isinstance(subject_of(b"Subject:" + octets), str)
    assert isinstance(subject_of(b"Subject: =?" + octets + b"?="), str)
