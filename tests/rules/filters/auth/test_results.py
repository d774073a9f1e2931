"""Authentication-Results: read as RFC 8601 has it, and only the topmost ones of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.auth.results import Field, Result, ours, read_field


def test_a_field_with_comments_versions_and_quoted_words() -> None:
    spf = b'spf/1=fail (p "x) smtp.mailfrom="a b"@b.example'
    text = b" mx.b.example (it (is) us) 1; " + spf + b";\r\n dkim=pass header.d=B.Example"
    found = read_field(text)
    assert found is not None
    assert found.authserv_id == "mx.b.example"
    assert [(one.method, one.result) for one in found.results] == [("spf", "fail"), ("dkim", "pass")]
    assert found.results[1].domain("header.d", "header.i") == "b.example"


def test_no_result_and_no_authserv_id() -> None:
    assert read_field(b"mx.b.example; none") == Field("mx.b.example", ())
    assert read_field(b"") is None
    assert read_field(b"(only a comment)") is None
    assert read_field(b"; spf=pass") is None


def test_the_first_of_two_properties_is_believed() -> None:
    assert read_field(b"x; dkim=pass header.d=a.example header.d=b.example") == Field(
        "x", (Result("dkim", "pass", {"header.d": "a.example"}),)
    )


@pytest.mark.parametrize(
    ("header", "count"),
    [
        (b"Authentication-Results: us; spf=pass\r\n\r\n", 1),
        (
            b"Received: x\r\n by y\r\nAuthentication-Results: us; spf=pass\r\nauthentication-results: US; a=b\r\n",
            2,
        ),
        (b"Authentication-Results: us; a=b\r\nSubject: x\r\nAuthentication-Results: us; spf=pass\r\n", 1),
        (b"Authentication-Results: them; a=b\r\nAuthentication-Results: us; spf=pass\r\n", 1),
        (b"Authentication-Results: us; a=b\r\nAuthentication-Results: them; spf=pass\r\n", 1),
        (b"Subject: x\r\n\r\nAuthentication-Results: us; spf=pass\r\n", 0),
        (b"Authentication-Results: us; a=b\n" * 50, 10),
    ],
)
def test_only_the_topmost_run_of_ours_counts(header: bytes, count: int) -> None:
    assert len(ours(header, {"us"})) == count


@given(st.text(st.sampled_from('ab;=()"\\ \t.1@/'), max_size=60))
def test_any_value_is_read_or_says_nothing(text: str) -> None:
    found = read_field(text.encode())
    assert found is None or all(one.method and one.method == one.method.lower() for one in found.results)
