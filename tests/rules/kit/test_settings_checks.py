"""What settings refuse because it would be unsafe or could not work, and what they advise."""

import pytest

from mailsvc.kit.settings import BareNewline, advice
from schedules.positions import Problem
from tests.rules.kit.files_of_settings import GOOD, changed, only_problem, place, problems, read

LISTEN = "    - listen: 0.0.0.0:25\n"
OUT = "outbound: {deliver: smtp://relay.provider.example:25}\n"
PRINT = "ab" * 32


def peers(kind: str, networks: str, more: str = "") -> str:
    return GOOD + f"      {kind}: {{networks: [{networks}]{more}}}\n" + OUT


@pytest.mark.parametrize("kind", ["inbound", "submission"])
@pytest.mark.parametrize(
    "network", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3", "::ffff:0:0/96", "::/1"]
)
def test_the_whole_internet_is_no_peer(kind: str, network: str) -> None:
    problem = only_problem(peers(kind, f'"{network}"'))
    assert "open relay" in problem.what
    assert place(problem) == (13, len(kind) + 21)


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.0.2.7", "fc00::/7", "2001:db8::/32", "127.0.0.0/8", "::1"])
def test_networks_of_a_provider_are_peers(network: str) -> None:
    found = read(peers("submission", f'"{network}"')).gateway.listeners[0].submission
    assert found is not None
    assert len(found.networks) == 1


def test_a_host_in_a_network_is_corrected() -> None:
    problem = only_problem(peers("inbound", "192.0.2.7/24"))
    assert problem.remedy == "write `192.0.2.0/24` or the host alone, `192.0.2.7`"


@pytest.mark.parametrize("network", ["provider.example", "192.0.2", "192.0.2.0/33", "~", "[a]", "{a: b}"])
def test_what_is_no_network_is_told(network: str) -> None:
    assert "not a network" in only_problem(peers("inbound", network)).what


def test_peers_that_name_nobody_are_told() -> None:
    assert "names nobody" in only_problem(peers("inbound", "")).what


def test_one_server_is_not_of_two_kinds_on_one_listener() -> None:
    text = peers("inbound", "192.0.2.1").replace(OUT, "      submission: {networks: [192.0.2.2, 192.0.2.1]}\n" + OUT)
    problem = only_problem(text)
    assert "inbound as well" in problem.what
    assert place(problem) == (14, 42)


def test_submission_needs_a_way_outward() -> None:
    problem = only_problem(peers("submission", "192.0.2.1").replace(OUT, ""))
    assert "way outward" in problem.what
    assert problem.position.line == 13


def test_a_listener_serves_somebody() -> None:
    problem = only_problem(GOOD + "      everyone_else: no\n")
    assert "serves nobody" in problem.what
    assert problem.position.line == 13


def test_a_gateway_listens_somewhere() -> None:
    assert len(problems(changed((LISTEN, "    []\n")))) == 1


@pytest.mark.parametrize(
    ("second", "taken"),
    [
        ("0.0.0.0:25", True),
        ("127.0.0.1:25", True),
        ('"[::]:25"', False),
        ("0.0.0.0:26", False),
    ],
)
def test_two_listeners_do_not_share_a_port(second: str, taken: bool) -> None:
    found = problems(GOOD + f"    - listen: {second}\n")
    assert [problem.position.line for problem in found] == ([13] if taken else [])


def test_listeners_on_a_free_port_do_not_meet() -> None:
    assert not problems(changed((LISTEN, "    - listen: 127.0.0.1:0\n    - listen: 127.0.0.1:0\n")))


def test_the_web_server_has_its_own_port() -> None:
    problem = only_problem(GOOD + "http: {listen: 127.0.0.1:25}\n")
    assert "taken by the gateway" in problem.what
    assert place(problem) == (13, 16)


def test_a_certificate_has_a_key_and_a_key_a_certificate() -> None:
    problem = only_problem(GOOD + "  certificate: /c.pem\n")
    assert "without its key" in problem.what
    assert problem.position.line == 13
    assert "without its certificate" in only_problem(GOOD + "  key: /k.pem\n").what


def test_client_certificates_need_tls_and_a_ca() -> None:
    assert "need TLS" in only_problem(GOOD + "  client_ca: /ca.pem\n").what
    by_print = peers("inbound", "", f", certificates: [{PRINT}]").replace("networks: [], ", "")
    problem = only_problem(by_print)
    assert "client_ca" in problem.remedy
    assert problem.position.line == 13
    tls = "  certificate: /c\n  key: /k\n  client_ca: /ca\n"
    assert not problems(by_print.replace(OUT, tls + OUT))


@pytest.mark.parametrize("written", [PRINT, PRINT.upper(), ":".join(["AB"] * 32)])
def test_fingerprints_are_kept_in_one_form(written: str) -> None:
    text = peers("inbound", "192.0.2.1", f', certificates: ["{written}"]')
    found = (
        read(text.replace(OUT, "  certificate: /c\n  key: /k\n  client_ca: /ca\n" + OUT)).gateway.listeners[0].inbound
    )
    assert found is not None
    assert found.certificates == (PRINT,)


@pytest.mark.parametrize("written", ["ab", "x" * 64, PRINT + "00"])
def test_what_is_no_fingerprint_is_told(written: str) -> None:
    assert "openssl" in only_problem(peers("inbound", "192.0.2.1", f", certificates: [{written}]")).remedy


def test_production_has_a_full_name_and_somebody_who_reads_letters() -> None:
    found = problems(changed(("mx.provider.example", "mx"), ("[post@surviving.example]", "[]")))
    assert [problem.position.line for problem in found] == [3, 4]
    assert not problems(
        changed(("production", "demo"), ("mx.provider.example", "mx"), ("[post@surviving.example]", "[]"))
    )


def test_production_without_administrators_at_all_is_told() -> None:
    assert "no administrators" in only_problem(changed(("  administrators: [post@surviving.example]\n", ""))).what


@pytest.mark.parametrize("purpose", ["demo", "test"])
def test_only_a_demo_or_test_moves_its_clock(purpose: str) -> None:
    clock = "clock: {file: /run/clock}\n"
    problem = only_problem(GOOD + clock)
    assert "moves time" in problem.what
    assert place(problem) == (13, 15)
    assert not problems(changed(("production", purpose)) + clock)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:geheim@db/mail",
        "postgresql+psycopg://me:geheim@db/mail",
        "postgresql://db/mail?password=geheim",
        "postgresql://:geheim@db/mail",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_shown(url: str) -> None:
    problem = only_problem(changed(("sqlite:////var/lib/lastpost/records.db", url)))
    assert "password" in problem.what
    assert "geheim" not in str(problem)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://db/mail",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:records.db",
        "records.db",
        "sqlite:///a?mode=ro",
        "postgresql://db",
        "postgresql://d b/mail",
    ],
)
def test_what_cannot_keep_records_is_refused(url: str) -> None:
    problem = only_problem(changed(("sqlite:////var/lib/lastpost/records.db", url)))
    assert problem.position.line == 6


@pytest.mark.parametrize(
    "url",
    ["postgresql://me@db:5432/mail", "postgresql+psycopg://me@[::1]/mail", "postgresql:///mail?host=/run/postgresql"],
)
def test_postgresql_is_kept_as_written(url: str) -> None:
    records = read(changed(("sqlite:////var/lib/lastpost/records.db", url))).records
    assert records.url == url
    assert not records.is_sqlite


def test_sqlite_has_no_password() -> None:
    text = changed(("records.db\n", "records.db\n  password: {env: X}\n"))
    assert "SQLite" in only_problem(text).what


@pytest.mark.parametrize(
    "source", ["{}", "{env: A, file: b}", "{env: '1 2'}", "hunter2", "[hunter2]", "{text: hunter2}"]
)
def test_a_secret_has_one_source_and_is_not_shown(source: str) -> None:
    url = ("sqlite:////var/lib/lastpost/records.db", f"postgresql:///mail\n  password: {source}")
    found = problems(changed(url))
    assert found
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("service: {notice_url: 'ftp://x'}", 0),
        ("outbox: {first_retry: 2 h, longest_retry: 1 h}", 13),
        ("outbox: {per_lane_concurrency: 0}", 13),
        ("outbox: {lease: 0 s}", 13),
        ("accounts: {shrink_percent: 101}", 13),
        ("log: {level: loud}", 13),
        ("http: {metrics_from: [everywhere]}", 13),
    ],
)
def test_values_out_of_range_are_told(entry: str, line: int) -> None:
    if line:
        assert only_problem(GOOD + entry + "\n").position.line == line
    else:
        assert only_problem(changed(("service:\n", "service:\n  notice_url: 'ftp://x'\n"))).position.line == 2


def test_metrics_may_be_for_everybody() -> None:
    assert len(read(GOOD + "http: {metrics_from: [0.0.0.0/0, '::/0']}\n").http.metrics_from) == 2


def test_a_word_nearly_right_is_corrected() -> None:
    assert only_problem(GOOD + "  bare_newline: normalize\n").remedy == "did you mean `normalise`?"
    assert read(GOOD + "  bare_newline: normalise\n").gateway.bare_newline is BareNewline.NORMALISE


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "\\0"])
def test_a_zone_is_of_this_world(zone: str) -> None:
    text = changed(("service:\n", f'service:\n  zone: "{zone}"\n'))
    assert "time zone" in only_problem(text).what


def advised(text: str) -> list[Problem]:
    return list(advice(read(text)))


FINE = changed(
    ("service:\n", "service:\n  notice_url: https://www.surviving.example/end\n"),
    (LISTEN, LISTEN + "  certificate: /c\n  key: /k\n"),
)


def test_good_settings_need_no_advice() -> None:
    assert advised(FINE) == []


def test_a_demo_gets_no_advice() -> None:
    assert advised(changed(("production", "demo"))) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("https://www", "http://www", "not protected by TLS"),
        ("www.surviving", "www.provider", ""),
        ("https://www.surviving.example/end", "''", "not named"),
        ("https://www.surviving", "https://provider", "on a domain that may end"),
        ("post@surviving", "post@provider", "on a domain that may end"),
        ("service:\n", "service:\n  letters_from: a@provider.example\n", "letters come from"),
        ("maildir:/srv/mail/{domain}/{user}", "smtp://mx.other.example:25?tls=none", "in clear"),
        ("maildir:/srv/mail/{domain}/{user}", "smtp://127.0.0.1:25?tls=none", ""),
        ("maildir:/srv/mail/{domain}/{user}", "smtp://localhost:25?tls=none", ""),
        ("  certificate: /c\n  key: /k\n", "", "no STARTTLS"),
        ("0.0.0.0:25\n  certificate: /c\n  key: /k\n", "127.0.0.1:25\n", ""),
        (
            "  certificate: /c\n",
            f"      inbound: {{certificates: [{PRINT}]}}\n  client_ca: /ca\n  certificate: /c\n",
            "own cannot use TLS",
        ),
    ],
)
def test_what_is_unwise_is_advised_against(old: str, new: str, what: str) -> None:
    assert old in FINE
    found = advised(FINE.replace(old, new))
    assert [what in problem.what for problem in found] == ([True] if what else [])
    assert all(problem.position.line and problem.remedy for problem in found)
