"""Mailboxes that are counted by asking their IMAP server: where they are, as settings say it."""

from pathlib import Path

import pytest

from mailsvc.kit.imap_mailboxes import ImapMailboxes, parse_imap_mailboxes
from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls
from mailsvc.kit.settings import Settings, read_settings
from schedules.positions import BadFile, Wrong
from tests.rules.kit.files_of_settings import GOOD, only_problem, problems, read

DELIVER = "    deliver: maildir:/srv/mail/{domain}/{user}\n"
IMAP = "imaps://lastpost@imap.provider.example?authz={user}@{domain}"
SECRET = "    mailboxes_secret: {file: imap.secret}\n"


def of(url: str = IMAP, more: str = SECRET) -> str:
    return GOOD.replace(DELIVER, f'    deliver: lmtp://store.example:24\n    mailboxes: "{url}"\n{more}')


def seen(settings: Settings, name: str = "provider.example") -> ImapMailboxes:
    found = settings.domains[name].seen
    assert isinstance(found, ImapMailboxes)
    return found


def test_a_master_user_acts_for_each_mailbox() -> None:
    mailboxes = seen(read(of()))
    assert mailboxes.mailbox("provider.example", "hanako") == ImapUrl(
        "lastpost", "imap.provider.example", 993, MailboxTls.TLS, authz="hanako@provider.example"
    )
    assert mailboxes.server == "imap.provider.example:993"


def test_or_is_named_behind_the_mailbox() -> None:
    mailboxes = parse_imap_mailboxes("imap://{user}%40{domain}%2Alastpost@imap.provider.example:1143")
    url = mailboxes.mailbox("provider.example", "hanako")
    assert (url.user, url.authz, url.tls) == ("hanako@provider.example*lastpost", "", MailboxTls.STARTTLS)


@pytest.mark.parametrize(
    "text",
    [
        "imaps://lastpost@imap.provider.example:993?authz={user}@{domain}",
        "imap://{user}%40{domain}*lastpost@imap.provider.example:1143",
        "imap://lastpost@127.0.0.1:143?tls=none&authz={user}",
        "imaps://lastpost@[2001:db8::1]:993?authz={user}&ca=/etc/ssl/store%20ca.pem",
    ],
)
def test_what_is_written_is_printed_so_that_it_is_read_back(text: str) -> None:
    assert str(parse_imap_mailboxes(text)) == text
    assert parse_imap_mailboxes(str(parse_imap_mailboxes(text))) == parse_imap_mailboxes(text)


def test_certificates_stand_beside_the_settings(tmp_path: Path) -> None:
    assert seen(read(of(IMAP + "&ca=store.pem"), tmp_path)).url.ca == tmp_path / "store.pem"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("imaps://imap.provider.example", "names no user"),
        ("imaps://lastpost@imap.provider.example", "everybody would have the same mailbox"),
        ("imaps://lastpost@imap.provider.example?authz={domain}", "everybody would have the same mailbox"),
        ("imaps://lastpost@imap.provider.example?authz={user}&authz={user}", "not known"),
        ("imaps://lastpost@imap.provider.example?authz={name}{user}", "a field that is not known"),
        ("imaps://lastpost@imap.provider.example?authz={user}}", "a field that is not known"),
        ("imaps://lastpost@imap.provider.example?authz={user}&auth=token", "not by a token"),
        ("imap://lastpost@imap.provider.example?authz={user}&tls=none", "in clear"),
        ("imaps://lastpost:geheim@imap.provider.example?authz={user}", "holds a password"),
        ("pop3://lastpost@imap.provider.example", "no place to deliver to"),
        ("lmtp://imap.provider.example:24", "no Maildir"),
    ],
)
def test_what_is_no_such_place_is_told_at_its_line_with_what_to_write(url: str, what: str) -> None:
    found = only_problem(of(url, ""))
    assert (what in found.what, found.position.line) == (True, 10), found
    assert "geheim" not in f"{found.what} {found.remedy}"
    assert "--" not in found.remedy


def test_something_must_open_them() -> None:
    found = only_problem(of(more=""))
    assert found.what.endswith("nothing opens the mailboxes of provider.example")
    assert "quota" in GOOD or "mailboxes_secret" in found.remedy
    settings = read(of(more="") + "quota: {imap: {secret: {file: imap.secret}}}\n")
    assert settings.quota.imap.secret is not None


def test_a_secret_without_anything_to_open_is_a_mistake() -> None:
    (found,) = problems(GOOD.replace(DELIVER, DELIVER + SECRET))
    assert "nothing to open" in found.what


def test_two_domains_do_not_share_mailboxes_on_a_server() -> None:
    one = "imaps://lastpost@imap.provider.example?authz={user}"
    second = f'  second.example:\n    deliver: lmtp://store.example:24\n    mailboxes: "{one}"\n' + SECRET
    found = only_problem(of(one, SECRET + second))
    assert found.what.endswith("people of second.example and provider.example would share mailboxes")
    wild = f'  "*.wild.example":\n    deliver: lmtp://store.example:24\n    mailboxes: "{one}"\n' + SECRET
    assert "would mix the mail of many domains" in only_problem(of(one, SECRET + wild)).what
    assert len(read(of(IMAP, SECRET + second.replace(one, IMAP))).domains) == 2


def test_what_cannot_be_read_is_told_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "lastpost.yaml"
    file.write_text(of(IMAP + "&ca=store.pem") + "quota: {imap: {secret: {env: NOWHERE}}}\n")
    with pytest.raises(BadFile) as bad:
        read_settings(file, {})
    said = [f"{one.position.line} {one.what}" for one in bad.value.problems]
    assert [line for line in said if "store.pem cannot be read" in line]
    assert [line for line in said if "imap.secret cannot be read" in line]
    assert [line for line in said if "NOWHERE is not set" in line]


def test_a_password_in_the_settings_is_never_printed() -> None:
    with pytest.raises(Wrong) as no:
        parse_imap_mailboxes("imaps://lastpost:geheim@imap.provider.example?authz={user}")
    assert "geheim" not in str(no.value)
