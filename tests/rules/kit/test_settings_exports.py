"""What the settings say of exports, and what they must not say."""

from pathlib import Path

import pytest

from mailsvc.kit.imap_mailboxes import ImapMailboxes
from mailsvc.kit.settings import ExportSettings, Settings, parse_settings
from mailsvc.kit.targets import MaildirTarget
from schedules.positions import BadFile

WHOLE = """\
service: {{purpose: {purpose}, hostname: mx.closing.example, administrators: [admin@surviving.example]}}
records: {{url: "sqlite:///records.db"}}
domains: {{closing.example: {{deliver: "maildir:mail/{{domain}}/{{user}}"}}}}
gateway: {{listeners: [{{listen: "127.0.0.1:2525"}}]}}
exports: {{{exports}}}
"""


def settings(exports: str, purpose: str = "test") -> Settings:
    return parse_settings(WHOLE.format(purpose=purpose, exports=exports), "lastpost.yaml", Path("/etc/lastpost"))


def refused(exports: str, purpose: str = "test") -> str:
    with pytest.raises(BadFile) as caught:
        settings(exports, purpose)
    return str(caught.value)


def test_without_words_nothing_is_exported_and_only_this_machine_is_believed() -> None:
    made = ExportSettings()
    assert (made.folder, made.public_url, made.sources) == (None, "", None)
    assert [str(one) for one in made.proxies] == ["127.0.0.1/32", "::1/128"]
    assert (made.link.days, made.session.seconds, made.extend_at_most.days) == (30, 3600, 14)


def test_each_domain_says_where_its_mailboxes_are() -> None:
    one = "closing.example: {mailboxes: 'imaps://lp@imap.example?authz={user}@{domain}', secret: {file: pw}}"
    found = settings(f"folder: exports, sources: {{{one}, '*.old.example': {{mailboxes: 'maildir:/m/{{user}}'}}}}")
    assert found.exports.folder == Path("/etc/lastpost/exports")
    assert found.exports.sources is not None
    imap, maildir = found.exports.sources["closing.example"], found.exports.sources["*.old.example"]
    assert isinstance(imap.mailboxes, ImapMailboxes)
    assert imap.secret is not None
    assert imap.secret.file == Path("/etc/lastpost/pw")
    assert isinstance(maildir.mailboxes, MaildirTarget)


def test_a_maildir_has_no_secret() -> None:
    told = refused("sources: {closing.example: {mailboxes: 'maildir:/m/{user}', secret: {file: pw}}}")
    assert "there is nothing to open with it" in told


@pytest.mark.parametrize("url", ["https://h.example/take", "https://h.example?a=b", "h.example"])
def test_what_is_no_host_is_no_public_url(url: str) -> None:
    assert "write " in refused(f"public_url: '{url}'")


def test_a_slash_at_its_end_is_left_out() -> None:
    assert settings("public_url: 'https://h.example/'").exports.public_url == "https://h.example"


def test_production_hands_out_no_links_in_clear() -> None:
    assert "not protected by TLS" in refused("public_url: 'http://h.example'", "production")
    assert not settings("public_url: 'http://127.0.0.1:8025'").exports.is_protected
    assert settings("public_url: 'https://h.example'", "production").exports.is_protected


@pytest.mark.parametrize("port", ["2525", "8025"])
def test_its_door_is_nobody_else_s(port: str) -> None:
    assert "is taken already" in refused(f"listen: '127.0.0.1:{port}'")
