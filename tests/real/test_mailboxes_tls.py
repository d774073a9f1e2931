"""TLS with a real server, by the command line: a certificate that is not believed ends it before any password."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from tests.real.dovecot import Dovecot, own_dovecot
from tests.real.mailboxes import PASSWORD, Place, by_command, fill, secret
from tests.support.ports import free_port

pytestmark = pytest.mark.real("dovecot")

USER = "hanako@tls.example"
SETTINGS = """
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
service imap-login {{
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
"""


@dataclass(frozen=True)
class Secured:
    """A Dovecot with a certificate, and the CA that made it."""

    dovecot: Dovecot
    imaps: int
    ca: Path

    def url(self, kind: str, host: str = "127.0.0.1", *, ca: Path | None = None) -> str:
        """`kind` is imaps or imap."""
        port = self.imaps if kind == "imaps" else self.dovecot.imap
        return f"{kind}://{USER.replace('@', '%40')}@{host}:{port}?ca={ca or self.ca}"

    @property
    def logins(self) -> int:
        """How many attempts to log in the server has seen."""
        return self.dovecot.log().count("Login: user=") + self.dovecot.log().count("auth failed")


def secured(folder: Path, *names: str, until: datetime | None = None) -> Iterator[Secured]:
    ca = trustme.CA()
    shown = ca.issue_cert(*names, not_after=until)
    shown.private_key_pem.write_to_path(folder / "key.pem")
    for blob in shown.cert_chain_pems:
        blob.write_to_path(folder / "cert.pem", append=True)
    ca.cert_pem.write_to_path(folder / "ca.pem")
    imaps = free_port()
    with own_dovecot(folder, SETTINGS.format(folder=folder, imaps=imaps)) as dovecot:
        dovecot.add_user(USER, PASSWORD)
        yield Secured(dovecot, imaps, folder / "ca.pem")


@pytest.fixture
def believed(short_tmp: Path) -> Iterator[Secured]:
    yield from secured(short_tmp, "127.0.0.1")


@pytest.fixture
def expired(short_tmp: Path) -> Iterator[Secured]:
    yield from secured(short_tmp, "127.0.0.1", until=datetime(2020, 1, 1, tzinfo=UTC))


def to_a_maildir(folder: Path, url: str) -> tuple[str, ...]:
    return "--from", url, "--to", f"maildir:{folder / 'box'}", "--from-secret", secret(folder)


@pytest.mark.parametrize("kind", ["imaps", "imap"])
def test_with_its_own_ca_a_mailbox_moves_by_tls_and_by_starttls(believed: Secured, tmp_path: Path, kind: str) -> None:
    fill(Place(believed.dovecot.imap, USER), {"INBOX": 3, "Sent": 4})
    seen = len(believed.dovecot.logins(1))
    ran = by_command(tmp_path, *to_a_maildir(tmp_path, believed.url(kind)))
    assert (ran.returncode, "7 messages found" in ran.stderr) == (0, True), ran.stderr
    assert all(", TLS," in line for line in believed.dovecot.logins(seen + 1)[seen:])


@pytest.mark.parametrize("kind", ["imaps", "imap"])
def test_a_certificate_of_another_ca_is_refused(believed: Secured, tmp_path: Path, kind: str) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    ran = by_command(tmp_path, *to_a_maildir(tmp_path, believed.url(kind, ca=tmp_path / "other.pem")))
    refused(ran.stderr, ran.returncode, "unable to get local issuer certificate", believed)


@pytest.mark.parametrize("kind", ["imaps", "imap"])
def test_a_certificate_for_another_host_is_refused(believed: Secured, tmp_path: Path, kind: str) -> None:
    ran = by_command(tmp_path, *to_a_maildir(tmp_path, believed.url(kind, "localhost")))
    refused(ran.stderr, ran.returncode, "not valid for 'localhost'", believed)


@pytest.mark.parametrize("kind", ["imaps", "imap"])
def test_an_expired_certificate_is_refused(expired: Secured, tmp_path: Path, kind: str) -> None:
    ran = by_command(tmp_path, *to_a_maildir(tmp_path, expired.url(kind)))
    refused(ran.stderr, ran.returncode, "certificate has expired", expired)


def test_without_a_ca_of_its_own_the_systems_are_asked(believed: Secured, tmp_path: Path) -> None:
    url = believed.url("imaps").partition("?")[0]
    ran = by_command(tmp_path, *to_a_maildir(tmp_path, url))
    refused(ran.stderr, ran.returncode, "self-signed certificate|unable to get", believed)


def test_a_target_is_verified_too(believed: Secured, dovecot: Dovecot, tmp_path: Path) -> None:
    dovecot.add_user(USER, PASSWORD)
    key = secret(tmp_path)
    here = f"imap://{USER.replace('@', '%40')}@127.0.0.1:{dovecot.imap}?tls=none"
    words = "--from", here, "--to", believed.url("imaps", "localhost"), "--from-secret", key, "--to-secret", key
    ran = by_command(tmp_path, *words)
    refused(ran.stderr, ran.returncode, "not valid for 'localhost'", believed)


def test_a_server_that_offers_no_starttls_is_told_nothing(dovecot: Dovecot, tmp_path: Path) -> None:
    user = "clear@tls.example"
    dovecot.add_user(user, PASSWORD)
    ran = by_command(tmp_path, *to_a_maildir(tmp_path, f"imap://clear%40tls.example@127.0.0.1:{dovecot.imap}"))
    assert (ran.returncode, "does not offer STARTTLS" in ran.stderr) == (1, True), ran.stderr
    assert user not in dovecot.log()


def test_tls_where_none_is_spoken_is_a_mistake(dovecot: Dovecot, tmp_path: Path) -> None:
    ran = by_command(tmp_path, *to_a_maildir(tmp_path, f"imaps://clear%40tls.example@127.0.0.1:{dovecot.imap}"))
    assert ran.returncode == 1, ran.stderr
    assert "is no TLS" in ran.stderr


def refused(told: str, code: int, why: str, secured: Secured) -> None:
    assert code == 1, told
    assert "certificate" in told
    assert any(one in told for one in why.split("|")), told
    assert PASSWORD not in told
    assert secured.logins == 0
