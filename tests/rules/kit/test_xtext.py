"""xtext of RFC 3461 and the ASCII form of UTF-8 addresses of RFC 6533."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.kit.xtext import BadText, ascii_address, decode, plain_address


@pytest.mark.parametrize(("text", "plain"), [("QQ314159", "QQ314159"), ("a+2Bb+3Dc+20d", "a+b=c d"), ("x@y", "x@y")])
def test_xtext_is_decoded(text: str, plain: str) -> None:
    assert decode(text) == plain


@pytest.mark.parametrize("text", ["", "a b", "a=b", "a+2", "a+2b", "+0D+0A", "+00", "a+7F", "+C3+A9", "é"])
def test_what_is_no_xtext_or_not_printable_is_refused(text: str) -> None:
    with pytest.raises(BadText):
        decode(text)


def test_a_utf8_address_is_read_in_both_forms() -> None:
    assert plain_address("花@b.example") == plain_address(r"\x{82B1}@b.example") == "花@b.example"
    assert ascii_address("花+x@b.example") == r"\x{82B1}\x{2B}x@b.example"


@pytest.mark.parametrize("text", ["", r"\x{85}", r"\x{2028}a", r"\x{D800}", r"\x{FFFFFF}", "a\nb"])
def test_what_is_no_printable_address_is_refused(text: str) -> None:
    with pytest.raises(BadText):
        plain_address(text)


@given(st.text(min_size=1).filter(str.isprintable))
def test_the_ascii_form_says_the_same(address: str) -> None:
    written = ascii_address(address)
    assert written.isascii()
    assert plain_address(written) == address
