"""MAIL and RCPT, read directly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.replies import Reply
from mailsvc.gateway import answers
from mailsvc.gateway.outcomes import Unacceptable
from mailsvc.gateway.paths import ForwardPath, ReversePath, mail_from, rcpt_to
from schedules.names import Address, DomainName

HOME = DomainName.parse("closing.example")


def sender(argument: str | bytes, *, extended: bool = True) -> ReversePath:
    octets = argument if isinstance(argument, bytes) else argument.encode()
    return mail_from(octets, extended=extended)


def recipient(argument: str | bytes, *, smtputf8: bool = False, extended: bool = True) -> str:
    octets = argument if isinstance(argument, bytes) else argument.encode()
    return str(rcpt_to(octets, extended=extended, smtputf8=smtputf8, postmaster=HOME).address)


def refused(argument: str | bytes, *, to: bool = False, extended: bool = True) -> Reply:
    with pytest.raises(Unacceptable) as caught:
        recipient(argument, extended=extended) if to else sender(argument, extended=extended)
    return caught.value.reply


@pytest.mark.parametrize("argument", ["FROM:<>", "from: <>", "FROM : <>", "FROM:\t<>", "FROM:<> SIZE=1"])
def test_the_null_sender_is_none(argument: str) -> None:
    assert sender(argument).address is None


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("<a@b.example>", "a@b.example"),
        ("a@b.example", "a@b.example"),
        ("<a..b.@docomo.ne.jp>", "a..b.@docomo.ne.jp"),
        ("<.a@docomo.ne.jp>", ".a@docomo.ne.jp"),
        ('<"a b"@c.example>', '"a b"@c.example'),
        ('<"a>b@c"@d.example>', '"a>b@c"@d.example'),
        ('<"a\\"b"@c.example>', '"a\\"b"@c.example'),
        ('<"plain"@c.example>', "plain@c.example"),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]"),
        ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
        ("<@one.example:a@b.example>", "a@b.example"),
        ("<@one.example,@two.example:a@b.example>", "a@b.example"),
        ("<a+tag=x/y@b.example>", "a+tag=x/y@b.example"),
        ("<a@B.Example.>", "a@b.example"),
        ("<a@xn--wgv71a119e.jp>", "a@xn--wgv71a119e.jp"),
    ],
)
def test_paths_that_are_accepted(path: str, address: str) -> None:
    assert str(sender(f"FROM:{path}").address) == address
    assert recipient(f"TO:{path}") == address


@pytest.mark.parametrize(
    "path",
    [
        "<a>",
        "<a@>",
        "<@b.example>",
        "<a b@c.example>",
        "a@b.example>",
        "<a@b.example",
        "<a@b@c.example>",
        "<<a@b.example>>",
        "<a@-b.example>",
        "<a@b..example>",
        "<a@b.example>x",
        '<"a@b.example>',
        "<a@[1.2.3]>",
        "<a,b@c.example>",
        "<a@b.example\x00>",
        "<a@b.example>\r",
        "",
        "<\t>",
    ],
)
def test_paths_that_are_refused(path: str) -> None:
    assert refused(f"FROM:{path}") is answers.BAD_SENDER
    assert refused(f"TO:{path}", to=True) is answers.BAD_RECIPIENT


def test_only_recipients_may_be_a_postmaster_without_domain() -> None:
    assert recipient("TO:<postmaster>") == "postmaster@closing.example"
    assert recipient("TO:<PostMaster>") == "PostMaster@closing.example"
    assert refused("FROM:<postmaster>") is answers.BAD_SENDER


def test_an_address_may_be_longer_than_the_standard_foresees() -> None:
    long = "SRS0=" + "x" * 90 + "=world.example=someone@forwarder.example"
    assert str(sender(f"FROM:<{long}>").address) == long
    assert recipient(f"TO:<{long}>") == long  # a notice to a rewritten sender
    assert refused(f"TO:<{'x' * 2049}@world.example>", to=True) is answers.BAD_RECIPIENT
    assert refused(f"FROM:<{long}..>") is answers.BAD_SENDER


@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\u2029"])
def test_nothing_that_a_terminal_or_a_log_obeys_is_part_of_an_address(sign: str) -> None:
    assert refused(f"TO:<a{sign}[2Jb@b.example>", to=True) is answers.BAD_RECIPIENT
    assert refused(f"FROM:<a{sign}b@b.example> SMTPUTF8") is answers.BAD_SENDER
    assert refused(f'FROM:<"a{sign}b"@b.example> SMTPUTF8') is answers.BAD_SENDER


def test_the_null_path_is_no_recipient() -> None:
    assert refused("TO:<>", to=True) is answers.BAD_RECIPIENT


@pytest.mark.parametrize(
    "argument", ["", "<a@b.example>", "TO:<a@b.example>", "FROMM:<a@b.example>", "FROM <a@b.example>"]
)
def test_a_lost_keyword_is_a_syntax_error(argument: str) -> None:
    assert refused(argument) is answers.SYNTAX_MAIL


def test_parameters_of_mail() -> None:
    assert sender("FROM:<a@b.example> SIZE=12345 body=8bitmime smtputf8") == ReversePath(
        Address.parse("a@b.example"), 12345, eight_bit=True, smtputf8=True
    )
    assert sender("FROM:<a@b.example> BODY=7BIT") == ReversePath(Address.parse("a@b.example"))


@pytest.mark.parametrize(
    ("parameter", "reply"),
    [
        ("SIZE", answers.BAD_PARAMETER),
        ("SIZE=", answers.BAD_PARAMETER),
        ("SIZE=-1", answers.BAD_PARAMETER),
        ("SIZE=１", answers.BAD_PARAMETER),
        ("SIZE=" + "9" * 21, answers.BAD_PARAMETER),
        ("SIZE=1 size=1", answers.BAD_PARAMETER),
        ("BODY", answers.BAD_PARAMETER),
        ("BODY=BINARYMIME", answers.BAD_PARAMETER),
        ("SMTPUTF8=1", answers.BAD_PARAMETER),
        ("=x", answers.BAD_PARAMETER),
        ("x==y", answers.BAD_PARAMETER),
        ("RET=FULL", answers.UNKNOWN_MAIL_PARAMETER),
        ("ENVID=Aa", answers.UNKNOWN_MAIL_PARAMETER),
        ("AUTH=<>", answers.UNKNOWN_MAIL_PARAMETER),
        ("XTEXT", answers.UNKNOWN_MAIL_PARAMETER),
    ],
)
def test_parameters_of_mail_that_are_refused(parameter: str, reply: Reply) -> None:
    assert refused(f"FROM:<a@b.example> {parameter}") is reply


@pytest.mark.parametrize("parameter", ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;a@b", "SIZE=1"])
def test_recipients_take_no_parameter(parameter: str) -> None:
    assert refused(f"TO:<a@b.example> {parameter}", to=True) is answers.UNKNOWN_RCPT_PARAMETER


def asked_of(parameters: str, *, smtputf8: bool = False) -> ForwardPath:
    argument = f"TO:<a@b.example> {parameters}".encode()
    return rcpt_to(argument, extended=True, smtputf8=smtputf8, postmaster=HOME, notices=True)


def test_our_own_servers_say_what_they_want_to_be_told() -> None:
    path = mail_from(b"FROM:<a@b.example> RET=full ENVID=QQ+2B3 SIZE=1", extended=True, notices=True)
    assert (path.ret, path.envid, path.size) == ("full", "QQ+2B3", 1)
    assert mail_from(b"FROM:<a@b.example> ret=HDRS", extended=True, notices=True).ret == "hdrs"
    assert mail_from(b"FROM:<a@b.example>", extended=True, notices=True).ret == ""


@pytest.mark.parametrize(
    ("parameters", "notify", "orcpt"),
    [
        ("", "", ""),
        ("NOTIFY=never", "never", ""),
        ("notify=Delay,SUCCESS", "success,delay", ""),
        ("NOTIFY=FAILURE,FAILURE", "failure", ""),
        ("ORCPT=rfc822;A+2Bb@c.example", "", "rfc822;A+2Bb@c.example"),
        ("NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=x400;/S+3Dx", "success,failure,delay", "x400;/S+3Dx"),
        (r"ORCPT=utf-8;\x{82B1}@b.example", "", r"utf-8;\x{82B1}@b.example"),
        ("ORCPT=rfc822;" + "x" * 500, "", "rfc822;" + "x" * 500),
    ],
)
def test_what_is_to_be_told_of_a_recipient(parameters: str, notify: str, orcpt: str) -> None:
    assert asked_of(parameters) == ForwardPath(Address.parse("a@b.example"), notify, orcpt)


def test_a_recipient_of_the_sender_may_be_in_utf8_where_it_is_spoken() -> None:
    assert asked_of("ORCPT=utf-8;花@b.example", smtputf8=True).orcpt == "utf-8;花@b.example"


@pytest.mark.parametrize(
    "parameters",
    [
        "NOTIFY",
        "NOTIFY=",
        "NOTIFY=NEVER,FAILURE",
        "NOTIFY=SOMETIMES",
        "NOTIFY=SUCCESS,",
        "ORCPT",
        "ORCPT=",
        "ORCPT=x@y.example",
        "ORCPT=x400;/S=x",
        "ORCPT=;x@y.example",
        "ORCPT=rfc822;",
        "ORCPT=-;x",
        "ORCPT=rfc822;a+0D+0ABcc:x",
        "ORCPT=rfc822;+zz",
        "ORCPT=rfc822;花@b.example",
        "ORCPT=utf-8;花@b.example",
        r"ORCPT=utf-8;\x{2028}@b.example",
        "ORCPT=rfc822;" + "x" * 501,
    ],
)
def test_what_cannot_be_told_is_refused(parameters: str) -> None:
    with pytest.raises(Unacceptable) as caught:
        asked_of(parameters)
    assert caught.value.reply is answers.BAD_PARAMETER


@pytest.mark.parametrize(
    "parameter",
    ["RET", "RET=BODY", "RET=", "ENVID", "ENVID=a+0A", "ENVID=a+2", "ENVID=" + "x" * 101, "RET=FULL RET=HDRS"],
)
def test_what_a_report_cannot_name_is_refused(parameter: str) -> None:
    with pytest.raises(Unacceptable) as caught:
        mail_from(f"FROM:<a@b.example> {parameter}".encode(), extended=True, notices=True)
    assert caught.value.reply is answers.BAD_PARAMETER


def test_after_helo_there_are_no_parameters() -> None:
    assert refused("FROM:<a@b.example> SIZE=1", extended=False) is answers.BAD_PARAMETER
    assert refused("TO:<a@b.example> X=1", to=True, extended=False) is answers.BAD_PARAMETER
    assert sender("FROM:<a@b.example>", extended=False).size == 0


def test_beyond_ascii_needs_smtputf8() -> None:
    assert refused("FROM:<花子@b.example>") is answers.NEEDS_SMTPUTF8
    assert str(sender("FROM:<花子@b.example> SMTPUTF8").address) == "花子@b.example"
    assert recipient("TO:<花子@b.example>", smtputf8=True) == "花子@b.example"
    assert refused("TO:<花子@b.example>", to=True) is answers.NEEDS_SMTPUTF8


def test_what_is_not_utf8_is_refused() -> None:
    assert refused(b"FROM:<\xff@b.example>") is answers.NOT_UTF8
    assert refused(b"TO:<\x83\x5c@b.example>", to=True) is answers.NOT_UTF8


LOCAL = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20)
LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


@given(LOCAL, st.lists(LABEL, min_size=1, max_size=3))
def test_every_address_that_can_be_written_is_read_back(local: str, labels: list[str]) -> None:
    address = Address(local, DomainName.parse(".".join(labels)))
    assert sender(f"FROM:<{address}> SIZE=1").address == address
    assert recipient(f"TO:<@route.example:{address}>") == str(address)


@given(st.binary(max_size=80))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    answers_given = set()
    for read in (sender, recipient):
        try:
            read(b"FROM:" + octets if read is sender else b"TO:" + octets)
        except Unacceptable as why:
            answers_given.add(why.reply.code)
    assert answers_given <= {501, 553, 555}


@given(st.text(st.sampled_from('<>@:,"\\ .a[]=\t\x00é'), max_size=40))
def test_an_accepted_path_has_no_control_character(text: str) -> None:
    try:
        path = sender(f"FROM:{text} SMTPUTF8")
    except Unacceptable:
        return
    assert path.address is None or str(path.address).isprintable()
