"""Replies as lines on the wire: framing, length, classes, softening."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filters import replies
from filters.replies import LINE_LIMIT, Reply, ascii_line
from schedules.names import Address, DomainName
from schedules.text import Text

CONSTANTS = {name: value for name, value in vars(replies).items() if isinstance(value, Reply)}

codes = st.sampled_from([2, 4, 5]).flatmap(
    lambda kind: st.tuples(
        st.integers(kind * 100, kind * 100 + 99), st.sampled_from([f"{kind}.0.0", f"{kind}.7.10", ""])
    )
)
anything = st.text(max_size=1200)


def well_formed(reply: Reply) -> bool:
    line = str(reply)
    codes_fit = not reply.enhanced or reply.enhanced[0] == line[0]
    return line.isascii() and all(" " <= sign <= "~" for sign in line) and len(line) <= LINE_LIMIT and codes_fit


@given(codes, anything)
@example((250, "2.1.5"), "a\r\n250 smuggled")
@example((550, "5.1.6"), "サービスは終了しました\u2028\x85next")
@example((550, ""), "x" * 1000)
def test_any_words_come_out_as_one_line_of_ascii(code: tuple[int, str], words: str) -> None:
    assert well_formed(Reply(code[0], code[1], words, "RFC 5321"))


@pytest.mark.parametrize("name", CONSTANTS)
def test_each_constant(name: str) -> None:
    reply = CONSTANTS[name]
    assert well_formed(reply)
    assert reply.enhanced
    assert reply.text
    assert reply.rfc.startswith("RFC ")


@pytest.mark.parametrize(
    ("code", "enhanced"),
    [(550, "4.1.1"), (250, "5.1.1"), (450, "2.0.0"), (550, "5.1"), (550, "5.1.1.1"), (550, "x"), (199, ""), (600, "")],
)
def test_codes_that_contradict_each_other_are_refused(code: int, enhanced: str) -> None:
    with pytest.raises(ValueError, match="code"):
        Reply(code, enhanced, "words", "RFC 5321")


@given(codes, anything)
def test_softened_is_never_permanent_and_changes_nothing_else(code: tuple[int, str], words: str) -> None:
    reply = Reply(code[0], code[1], words, "RFC 5321")
    soft = reply.softened()
    assert not soft.permanent
    assert soft.softened() == soft
    assert soft.text == reply.text
    assert soft.enhanced[1:] == reply.enhanced[1:]
    assert (soft is reply) == (code[0] < 500)


@pytest.mark.parametrize(
    ("hard", "soft"),
    [
        ((550, "5.1.6"), "450 4.1.6"),
        ((551, "5.1.6"), "450 4.1.6"),
        ((552, "5.3.4"), "452 4.3.4"),
        ((553, "5.1.3"), "450 4.1.3"),
        ((554, "5.7.1"), "450 4.7.1"),
        ((556, "5.1.10"), "450 4.1.10"),
        ((521, "5.3.2"), "421 4.3.2"),
        ((503, "5.5.1"), "451 4.5.1"),
        ((550, ""), "450"),
    ],
)
def test_softened_codes(hard: tuple[int, str], soft: str) -> None:
    assert str(Reply(*hard, "words", "RFC 5321").softened()) == f"{soft} words"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("The service’s end — “now”", 'The service\'s end - "now"'),
        ("café", "cafe"),
        ("メール", "?"),
        ("a\r\nb\tc\x00d", "a b c d"),
        ("  spaces   everywhere ", "spaces everywhere"),
        ("ﬁn", "fin"),
        ("", ""),
    ],
)
def test_folding(words: str, line: str) -> None:
    assert ascii_line(words, 100) == line


def test_folding_keeps_to_its_limit() -> None:
    assert ascii_line("abc def", 4) == "abc"


@given(st.text(max_size=400), st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=200))
def test_the_notice_page_is_never_cut(reason: str, path: str) -> None:
    url = f"https://provider.example/{path}"
    for made in (replies.service_ended, replies.service_ended_softly):
        reply = made(Text("理由", f"R{reason}"), url)
        assert well_formed(reply)
        assert str(reply).endswith(f"; see {url}")


@given(st.text(min_size=1, max_size=400).filter(lambda text: text.strip()))
def test_sending_tells_reason_and_date(reason: str) -> None:
    since = datetime(2024, 1, 31, 15, tzinfo=UTC)
    for made in (replies.send_ended, replies.sender_suspended):
        assert well_formed(made(Text("理由", reason), since))
        assert "2024-01-31" in str(made(Text("理由", reason), since))
        assert well_formed(made(Text("理由", reason), None))
    assert well_formed(replies.send_deferred(Text("理由", reason)))


def test_new_addresses_are_said_in_the_words_machines_read() -> None:
    new = Address.parse("new@address.example")
    assert str(replies.moved_disclosed(new)) == "551 5.1.6 User not local; please try <new@address.example>"
    assert str(replies.forwarded_disclosed(new)).endswith("<new@address.example>")
    assert replies.forwarded_disclosed(new).code == 251


@pytest.mark.parametrize(
    ("address", "sayable"),
    [
        (Address.parse("new@address.example"), True),
        (Address.parse('"a b"@address.example'), True),
        (Address.parse("a..b.@docomo.example"), True),
        (Address.parse("花子@address.example"), False),
        (Address.parse("hana@花.example"), True),
        (Address("a\r\nb", DomainName("x.example")), False),
        (Address("a  b", DomainName("x.example")), False),
        (Address("x" * 600, DomainName("x.example")), False),
    ],
    ids=str,
)
def test_only_addresses_that_survive_the_line_are_said(address: Address, *, sayable: bool) -> None:
    assert replies.sayable(address) is sayable


@given(st.from_regex(r"[a-z0-9._+-]{1,64}", fullmatch=True))
def test_a_sayable_address_of_any_length_is_said_whole(local: str) -> None:
    address = Address(local, DomainName("d" * 63 + "." + "e" * 63 + "." + "f" * 63 + ".example"))
    assert replies.sayable(address)
    assert f"<{address}>" in str(replies.moved_disclosed(address))
    assert f"<{address}>" in str(replies.forwarded_disclosed(address))


def test_taken_names_the_message() -> None:
    assert str(replies.taken("01HX")) == "250 2.6.0 Taken as 01HX"
