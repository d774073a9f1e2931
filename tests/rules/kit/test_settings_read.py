"""A settings file is read whole, or all its problems are told with place and remedy."""

from pathlib import Path

import pytest

from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.settings import Purpose, parse_settings, read_settings
from mailsvc.kit.targets import MaildirTarget
from schedules.names import Address, DomainName
from schedules.positions import BadFile, Position
from tests.rules.kit.files_of_settings import FILE, GOOD, changed, only_problem, place, problems, read


def test_a_small_file_is_enough() -> None:
    settings = read(GOOD)
    assert settings.service.purpose is Purpose.PRODUCTION
    assert settings.service.administrators == (Address.parse("post@surviving.example"),)
    assert settings.gateway.listeners[0].listen == Endpoint("0.0.0.0", 25)
    assert settings.quota.limit == 100_000_000
    assert settings.http.listen == Endpoint("127.0.0.1", 8025)
    assert settings.outbound is None
    assert not settings.soft_bounce


def test_settings_do_not_change_once_read() -> None:
    settings = read(GOOD)
    with pytest.raises(ValueError, match="frozen"):
        settings.soft_bounce = True  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        settings.service.hostname = "other"  # type: ignore[misc]


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    text = changed(
        ("production", "demo"), ("sqlite:////var/lib/lastpost/", "sqlite:///"), ("maildir:/srv/", "maildir:")
    )
    settings = read(text + "clock: {file: the/clock}\n", tmp_path)
    assert settings.records.url == f"sqlite:///{tmp_path}/records.db"
    assert settings.domains["provider.example"].deliver == MaildirTarget(f"{tmp_path}/mail/{{domain}}/{{user}}")
    assert settings.clock.file == tmp_path / "the/clock"


def test_whole_paths_stay_what_they_are(tmp_path: Path) -> None:
    assert read(GOOD, tmp_path).records.url == "sqlite:////var/lib/lastpost/records.db"


def test_a_folder_with_braces_in_its_name_is_no_template(tmp_path: Path) -> None:
    text = changed(("maildir:/srv/", "maildir:"))
    settings = read(text, tmp_path / "{odd}")
    target = settings.domains["provider.example"].deliver
    assert isinstance(target, MaildirTarget)
    assert target.folder("d", "u") == tmp_path / "{odd}/mail/d/u"


def test_an_empty_section_has_its_defaults() -> None:
    assert read(GOOD + "http:\nquota:\n").http.listen.port == 8025


def test_all_problems_are_told_at_once_in_order_of_place() -> None:
    text = changed(("mx.provider.example", "mx"), ("listen: 0.0.0.0:25", "listen: everywhere"))
    text += "quota: {limit: much, grace: 14}\nsoft_bounce: perhaps\nqouta: {}\n"
    found = problems(text)
    assert [problem.position.line for problem in found] == [3, 12, 13, 13, 14, 15]
    assert all(problem.position.file == FILE and problem.position.column for problem in found)
    assert all(problem.remedy for problem in found)
    assert found[-1].remedy == "did you mean `quota`?"


def test_what_is_missing_is_named() -> None:
    found = problems("service: {hostname: mx.a.example, administrators: [a@b.example]}\n")
    assert {problem.what for problem in found} == {f"`{name}` is missing" for name in ("records", "domains", "gateway")}


def test_a_key_written_twice_is_told() -> None:
    assert "twice" in only_problem(GOOD + "soft_bounce: no\nsoft_bounce: yes\n").what


def test_a_domain_in_two_spellings_is_told_at_the_second() -> None:
    second = "  Provider.EXAMPLE:\n    deliver: maildir:/other/{user}\n"
    problem = only_problem(changed(("gateway:", second + "gateway:")))
    assert "same domain" in problem.what
    assert place(problem)[0] in {10, 11}


def test_domains_are_kept_in_one_form() -> None:
    settings = read(changed(("  provider.example:", '  "*.日本.Example":')))
    assert list(settings.domains) == ["*.xn--wgv71a.example"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("provider.example", "/exact/u"),
        ("a.provider.example", "/below/NAME/u"),
        ("a.b.provider.example", "/below/NAME/u"),
        ("x.deep.provider.example", "/deep/NAME/u"),
        ("deep.provider.example", "/below/NAME/u"),
        ("other.example", None),
        ("example", None),
        ("notprovider.example", None),
    ],
)
def test_a_domain_finds_its_own_entry_or_the_nearest_star_above(name: str, found: str | None) -> None:
    more = '  "*.provider.example": {deliver: "maildir:/below/{domain}/{user}"}\n'
    more += '  "*.deep.provider.example": {deliver: "maildir:/deep/{domain}/{user}"}\n'
    settings = read(changed(("/srv/mail/{domain}", "/exact"), ("gateway:", more + "gateway:")))
    entry = settings.domain(DomainName.parse(name))
    target = entry.maildirs if entry else None
    assert (str(target.folder("NAME", "u")) if target else None) == found


def test_a_star_is_not_its_apex() -> None:
    settings = read(changed(("  provider.example:", '  "*.provider.example":')))
    assert settings.domain(DomainName.parse("provider.example")) is None


def test_mailboxes_are_seen_where_mail_goes_by_smtp() -> None:
    smtp = changed(("maildir:/srv/mail/{domain}/{user}", "smtp://127.0.0.1:24"))
    assert read(smtp).domains["provider.example"].maildirs is None
    seen = smtp.replace(":24\n", ":24\n    mailboxes: maildir:/srv/{user}\n")
    assert read(seen).domains["provider.example"].maildirs == MaildirTarget("/srv/{user}")
    assert "no Maildir" in only_problem(seen.replace("maildir:/srv/{user}", "smtp://x:1")).what


def test_an_entry_knows_its_place() -> None:
    settings = read(GOOD)
    assert settings.position("gateway", "listeners", 0, "listen") == Position(FILE, 12, 15)
    assert settings.position("quota", "limit") == Position(FILE, 1, 1)


def test_settings_that_are_shown_are_in_the_words_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", "geheim")
    text = changed(
        ("url: sqlite:////var/lib/lastpost/records.db", "url: postgresql://me@db/mail\n  password: {env: DB}")
    )
    shown = read(text).redacted()
    assert shown["records"] == {
        "url": "postgresql://me@db/mail",
        "password": {"file": None, "env": "DB"},
        "keep_traces": "90 days",
    }
    assert shown["quota"] == {
        "limit": "100 MB",
        "grace": "14 days",
        "imap": {"secret": None, "age": "1 min", "deadline": "2 s"},
    }
    assert "geheim" not in str(shown)
    assert "geheim" not in repr(read(text))


def test_reading_a_file_takes_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "lastpost.yaml"
    path.write_text(changed(("sqlite:////var/lib/lastpost/", "sqlite:///")))
    assert read_settings(path, {}).records.url == f"sqlite:///{tmp_path}/records.db"


def test_a_settings_file_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"nowhere\.yaml: cannot be read \(No such file.*--settings"):
        read_settings(tmp_path / "nowhere.yaml", {})


def test_a_folder_instead_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        read_settings(tmp_path, {})


def test_files_that_cannot_be_read_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(GOOD + "  certificate: tls/cert.pem\n  key: tls/key.pem\n")
    with pytest.raises(BadFile) as bad:
        read_settings(path, {})
    assert [problem.position.line for problem in bad.value.problems] == [13, 14]
    assert f"{tmp_path}/tls/key.pem cannot be read" in bad.value.problems[1].what


def test_a_password_that_cannot_be_read_is_told_with_the_others(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    secret = tmp_path / "password"
    secret.write_text("geheim\n")
    secret.chmod(0o644)
    url = ("url: sqlite:////var/lib/lastpost/records.db", "url: postgresql://me@db/mail\n  password: {file: password}")
    path.write_text(changed(url) + "  certificate: c\n  key: k\n")
    with pytest.raises(BadFile) as bad:
        read_settings(path, {})
    assert len(bad.value.problems) == 3
    assert bad.value.problems[0].remedy == f"chmod 600 {secret}"
    assert "geheim" not in str(bad.value)
    path.write_text(changed(url))
    secret.chmod(0o600)
    settings = read_settings(path, {})
    assert settings.records.password is not None
    assert settings.records.password.resolve({}).reveal() == "geheim"


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        changed(("url: sqlite:////var/lib/lastpost/records.db", "url: postgresql:///mail\n  password: {env: DB_PASS}"))
    )
    with pytest.raises(BadFile, match="DB_PASS is not set"):
        read_settings(path, {})
    assert read_settings(path, {"DB_PASS": "x"}).records.password is not None


@pytest.mark.parametrize("text", ["", "[]", "a", "- 1", "service: [", "\x00", "a: &a [*a]", "? {a: b}\n: c"])
def test_what_is_no_settings_file_at_all_is_told(text: str) -> None:
    with pytest.raises(BadFile):
        parse_settings(text, FILE)
