"""Where a mailbox is, as a person types it."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.kit.mailbox_urls import (
    ImapUrl,
    MailboxTls,
    MailboxUrl,
    MaildirUrl,
    MboxUrl,
    Pop3Url,
    ZipUrl,
    parse_mailbox,
    same_mailbox,
    written,
)
from schedules.positions import Wrong

TLS, STARTTLS, NONE = MailboxTls.TLS, MailboxTls.STARTTLS, MailboxTls.NONE


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("imaps://hanako@imap.old.example", ImapUrl("hanako", "imap.old.example", 993, TLS)),
        ("imaps://hanako@IMAP.Old.Example/", ImapUrl("hanako", "imap.old.example", 993, TLS)),
        ("imap://hanako%40old.example@imap.old.example:1143",
         ImapUrl("hanako@old.example", "imap.old.example", 1143, STARTTLS)),
        ("imap://h@127.0.0.1?tls=none", ImapUrl("h", "127.0.0.1", 143, NONE)),
        ("imap://h@localhost?tls=none", ImapUrl("h", "localhost", 143, NONE)),
        ("imap://h@[::1]:1143?tls=none", ImapUrl("h", "::1", 1143, NONE)),
        ("imaps://master@old.example?authz=a%2Bb+c", ImapUrl("master", "old.example", 993, TLS, "a+b+c")),
        ("imaps://h@old.example?ca=/etc/ca.pem&authz=x",
         ImapUrl("h", "old.example", 993, TLS, "x", Path("/etc/ca.pem"))),
        ("imaps://h@old.example?auth=token", ImapUrl("h", "old.example", 993, TLS, token=True)),
        ("imaps://h@old.example?auth=password", ImapUrl("h", "old.example", 993, TLS)),
        ("imaps://h@old.example?compress=deflate", ImapUrl("h", "old.example", 993, TLS, compress=True)),
        ("imaps://%E8%8A%B1%E5%AD%90@日本.example", ImapUrl("花子", "xn--wgv71a.example", 993, TLS)),
        ("pop3s://h@pop.old.example", Pop3Url("h", "pop.old.example", 995, TLS)),
        ("pop3://h@pop.old.example", Pop3Url("h", "pop.old.example", 110, STARTTLS)),
        ("pop3://h@127.0.0.1:1110?tls=none", Pop3Url("h", "127.0.0.1", 1110, NONE)),
        ("mbox:/srv/mail/hanako", MboxUrl(Path("/srv/mail/hanako"))),
        ("imaps://h@mail", ImapUrl("h", "mail", 993, TLS)),
        ("gmail:hanako@gmail.com", ImapUrl("hanako@gmail.com", "imap.gmail.com", 993, TLS)),
        ("gmail:hanako%40gmail.com?auth=token",
         ImapUrl("hanako@gmail.com", "imap.gmail.com", 993, TLS, token=True)),
        ("yahoo-japan:hanako", ImapUrl("hanako", "imap.mail.yahoo.co.jp", 993, TLS)),
        ("microsoft365:hanako@new.example",
         ImapUrl("hanako@new.example", "outlook.office365.com", 993, TLS, token=True)),
        ("maildir:/srv/mail/hanako", MaildirUrl(Path("/srv/mail/hanako"))),
        ("maildir:/srv/mail/jiro/../hanako", MaildirUrl(Path("/srv/mail/hanako"))),
        ("zip:/srv/hanako.zip", ZipUrl(Path("/srv/hanako.zip"))),
        ("zip:/srv/x/../花子?.ZIP?viewer=no", ZipUrl(Path("/srv/花子?.ZIP"), viewer=False)),
        ("zip:/srv/hanako.zip?viewer=yes", ZipUrl(Path("/srv/hanako.zip"))),
    ],
)  # fmt: skip
def test_each_is_read_so(text: str, url: MailboxUrl) -> None:
    assert parse_mailbox(text) == url


def test_a_relative_maildir_is_one_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_mailbox("maildir:box") == MaildirUrl(tmp_path / "box")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no mailbox of that kind"),
        ("nntp://h@old.example", "no mailbox of that kind"),
        ("pop3s://h@old.example?tls=none", "cannot be asked of pop3s"),
        ("pop3://h@old.example?tls=none", "in clear"),
        ("mbox:", "no mbox"),
        ("mbox:~/mail", "no mbox"),
        ("gmail:", "no mailbox at Gmail"),
        ("gmail://hanako@gmail.com", "no mailbox at Gmail"),
        ("gmail:hanako:geheim@gmail.com", "no mailbox at Gmail"),
        ("generic:hanako", "no mailbox of that kind"),
        ("microsoft365:h@new.example?authz=x", "a token opens the mailbox of its own user alone"),
        ("imaps://old.example", "names no user"),
        ("zip:", "that is no archive"),
        ("zip:/srv/hanako", "that is no archive"),
        ("zip:/srv/.zip", "that is no archive"),
        ("zip:~/hanako.zip", "that is no archive"),
        ("zip:/srv/hanako.zip?viewer=", "has no viewer"),
        ("zip:/srv/hanako.zip?viewer=maybe", "has no viewer"),
        ("imaps://@old.example", "names no user"),
        ("imaps://h@", "that is no mailbox"),
        ("imaps://h@old.example:0", "0 is no port"),
        ("imaps://h@old.example:70000", "70000 is no port"),
        ("imaps://h@old.example:x", "that is no mailbox"),
        ("imaps://h@old.example/INBOX", "that is no mailbox"),
        ("imaps://h@old.example#x", "that is no mailbox"),
        ("imaps://h@[::x]", "is no address"),
        ("imaps://h@300.1.1.1", "is no name of a host"),
        ("imaps://h@a..example", "is no name of a host"),
        ("imaps://h@old.example?tls=none", "cannot be asked of imaps"),
        ("imap://h@old.example?tls=tls", "cannot be asked of imap"),
        ("imap://h@old.example?tls=none", "in clear"),
        ("imaps://h@old.example?verify=no", "what is not known"),
        ("imaps://h@old.example?authz=", "what is not known"),
        ("imaps://h@old.example?authz=a&authz=b", "what is not known"),
        ("imaps://h@old.example?auth=magic", "there is no `auth=magic`"),
        ("imaps://h@old.example?compress=lzma", "there is no `compress=lzma`"),
        ("imaps://%FF@old.example", "no UTF-8"),
        ("imaps://a%0D%0Ab@old.example", "control characters"),
        ("imaps://h@old.example?authz=%00", "control characters"),
        ("maildir:", "no Maildir"),
        ("maildir:~/Maildir", "no Maildir"),
        ("maildir:a\0b", "no Maildir"),
    ],
)
def test_what_is_none_is_told_with_a_remedy(text: str, said: str) -> None:
    with pytest.raises(Wrong, match=said) as wrong:
        parse_mailbox(text)
    assert wrong.value.remedy


@pytest.mark.parametrize("text", ["imaps://h:geheim@old.example", "imaps://a@b:geheim@old.example", "imap://:geheim@x"])
def test_a_password_in_it_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Wrong, match="holds a password") as wrong:
        parse_mailbox(text)
    assert "geheim" not in f"{wrong.value} {wrong.value.remedy}"


def test_a_bare_at_in_the_user_is_told_how_to_be_written() -> None:
    with pytest.raises(Wrong, match="hanako%40old"):
        parse_mailbox("imaps://hanako@old.example@imap.old.example")


def test_in_clear_goes_to_another_machine_only_if_that_is_said() -> None:
    assert isinstance(parse_mailbox("imap://h@old.example?tls=none", insecure=True), ImapUrl)


USERS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)

KINDS = st.sampled_from([ImapUrl, Pop3Url])


@given(USERS, USERS | st.just(""), st.sampled_from([TLS, STARTTLS]), st.integers(1, 65535), KINDS)
def test_what_is_written_is_read_again(
    user: str, authz: str, tls: MailboxTls, port: int, kind: type[ImapUrl | Pop3Url]
) -> None:
    url = kind(user, "old.example", port, tls, authz)
    assert parse_mailbox(str(url)) == url


WISHES = st.tuples(st.sampled_from([None, Path("/etc/a&b=花 %.pem")]), st.booleans(), st.booleans())


@given(USERS, USERS | st.just(""), st.sampled_from(MailboxTls), WISHES, KINDS)
def test_what_is_kept_to_be_opened_later_has_every_wish(
    user: str, authz: str, tls: MailboxTls, wishes: tuple[Path | None, bool, bool], kind: type[ImapUrl | Pop3Url]
) -> None:
    ca, token, compress = wishes
    url = kind(user, "old.example", 1143, tls, authz, ca, token and not authz, compress)
    assert parse_mailbox(written(url), insecure=True) == url


@pytest.mark.parametrize("text", ["zip:/srv/花子.zip?viewer=no", "zip:/srv/花子.zip", "maildir:/srv/h", "mbox:/srv/h"])
def test_an_archive_without_pages_is_kept_so_and_is_the_same_archive(text: str) -> None:
    url = parse_mailbox(text)
    assert written(url) == text
    assert str(url) == text.partition("?")[0]


@given(st.text(max_size=60))
def test_any_text_is_a_mailbox_or_told_to_be_none(text: str) -> None:
    for start in ("", "imaps://", "imap://h@", "maildir:"):
        with contextlib.suppress(Wrong):
            assert str(parse_mailbox(start + text))


@pytest.mark.parametrize("name", ["100%25", "%20", "a%00b", "花%"])
def test_a_percent_sign_in_a_name_is_one(name: str) -> None:
    url = ImapUrl("master", "old.example", 993, MailboxTls.TLS, name, Path("/etc/50%25.pem"))
    assert parse_mailbox(written(url)) == url
    assert parse_mailbox(str(url)).authz == name  # type: ignore[union-attr]  # a server's


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(Wrong, match="the authz is no UTF-8 text"):
        parse_mailbox("imaps://master@old.example?authz=%E9")


def test_how_it_is_reached_does_not_make_another_mailbox() -> None:
    first = parse_mailbox("imap://h@127.0.0.1:143?ca=/etc/ca.pem&compress=deflate")
    assert str(first) == str(parse_mailbox("imap://h@127.0.0.1?tls=none")) == "imap://h@127.0.0.1:143"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("imaps://h@old.example", "imap://h@old.example", True),
        ("imaps://H@OLD.example.", "imaps://h@old.example:993", True),
        ("imaps://h@old.example", "imaps://master@old.example?authz=h", True),
        ("imap://h@localhost:1143", "imap://h@127.0.0.1:1143?tls=none", True),
        ("imap://h@[::1]:1143", "imap://h@127.0.0.1:1143", True),
        ("imap://h@localhost:1143", "imap://h@localhost:2143", False),
        ("imaps://h@old.example", "imaps://i@old.example", False),
        ("imaps://h@old.example", "imaps://h@new.example", False),
        ("imaps://h@old.example", "maildir:/h", False),
        ("maildir:/m/h", "maildir:/m/./x/../h/", True),
        ("maildir:/m/h", "maildir:/m/h/.Sent", True),
        ("maildir:/m/h/.Sent", "maildir:/m/h", True),
        ("maildir:/m/h", "maildir:/m/hh", False),
        ("mbox:/m/h", "mbox:/m/h/Sent.mbox", True),
        ("mbox:/m/h", "maildir:/m/h", False),
        ("zip:/m/h.zip", "zip:/m/x/../h.zip?viewer=no", True),
        ("zip:/m/h.zip", "zip:/m/hh.zip", False),
    ],
)
def test_one_mailbox_is_known_however_it_is_written(one: str, other: str, same: bool) -> None:
    assert same_mailbox(parse_mailbox(one), parse_mailbox(other)) is same


@pytest.mark.parametrize(
    "text",
    [
        "imaps://h@a b",
        "imaps://h@a\x1b[2J",
        "imaps://h@a\u202eb",
        "imaps://h@" + "a" * 64,
        "imaps://h@old\r\n.example",
        "imaps://h@old.example?ca=%00",
        "imaps://h@old.example?auth=token&authz=i",
    ],
)
def test_what_no_name_can_be_is_refused_before_anybody_is_asked(text: str) -> None:
    with pytest.raises(Wrong):
        parse_mailbox(text)


@pytest.mark.parametrize("wish", ["auth=ya29.geheim-Token", "tls=geheim1", "compress=Geheim", "password=geheim"])
def test_a_secret_in_the_wrong_place_is_not_repeated(wish: str) -> None:
    with pytest.raises(Wrong) as wrong:
        parse_mailbox(f"imap://h@old.example?{wish}")
    assert "geheim" not in f"{wrong.value} {wrong.value.remedy}".lower()
