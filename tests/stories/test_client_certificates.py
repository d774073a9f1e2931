"""Submission by TLS client certificate: the pinned certificate may send outward, every other client is the world."""

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.real.house import LastpostHouse, Words, house

HANAKO, OUTSIDE = "hanako@closing.example", "friend@elsewhere.example"


@dataclass(frozen=True)
class Papers:
    """A gateway's certificate, and clients': ours, another of the same CA, and a stranger's."""

    ca: trustme.CA
    own: trustme.LeafCert
    sister: trustme.LeafCert
    stranger: trustme.LeafCert

    @classmethod
    def issue(cls, folder: Path) -> "Papers":
        ca, client_ca = trustme.CA(), trustme.CA()
        server = ca.issue_cert("mx.closing.example")
        server.private_key_pem.write_to_path(folder / "key.pem")
        (folder / "key.pem").chmod(0o600)
        for blob in server.cert_chain_pems:
            blob.write_to_path(folder / "cert.pem", append=True)
        client_ca.cert_pem.write_to_path(folder / "clients.pem")
        own, sister = (client_ca.issue_cert(f"{name}.closing.example") for name in ("smtp", "other"))
        return cls(ca, own, sister, trustme.CA().issue_cert("someone.example"))

    def pin(self) -> str:
        pem = self.own.cert_chain_pems[0].bytes().decode()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    def context(self, shown: trustme.LeafCert | None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        context.check_hostname = False  # it is reached by its address here
        if shown is not None:
            shown.configure_cert(context)
        return context


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers.issue(tmp_path_factory.mktemp("papers", numbered=False))


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory, papers: Papers) -> Iterator[LastpostHouse]:
    kept = tmp_path_factory.getbasetemp() / "papers"
    words = Words(
        listener=f", submission: {{{{certificates: ['{papers.pin()}']}}}}",
        gateway=f"  certificate: {kept}/cert.pem\n  key: {kept}/key.pem\n  client_ca: {kept}/clients.pem\n",
    )
    with house(tmp_path_factory.mktemp("tls") / "us", words=words) as running:
        yield running


def asked(us: LastpostHouse, context: ssl.SSLContext | None, recipient: str) -> str:
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.ehlo("client.example")
        if context is not None:
            client.starttls(context=context)
            client.ehlo("client.example")
        assert client.mail(HANAKO)[0] == 250
        code, words = client.rcpt(recipient)
        return f"{code} {words.decode()}"


def test_the_pinned_certificate_may_send_outward(us: LastpostHouse, papers: Papers) -> None:
    assert asked(us, papers.context(papers.own), OUTSIDE).startswith("250 2.1.5")
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.starttls(context=papers.context(papers.own))
        client.sendmail(HANAKO, [OUTSIDE], "Subject: by certificate\r\n\r\nout\r\n")
    assert b"with ESMTPS" in us.arrives("elsewhere.example", "friend", b"by certificate")


@pytest.mark.parametrize("who", ["nobody by TLS", "nobody", "sister"])
def test_everybody_else_is_the_world(us: LastpostHouse, papers: Papers, who: str) -> None:
    shown = {"sister": papers.sister}.get(who)
    context = None if who == "nobody" else papers.context(shown)
    assert asked(us, context, OUTSIDE).startswith("550 5.7.1")
    assert asked(us, context, HANAKO).startswith("250 2.1.5")


def test_a_certificate_of_a_foreign_ca_gains_nothing(us: LastpostHouse, papers: Papers) -> None:
    """Either the handshake fails, or who shows it is the world; never more."""
    try:
        reply = asked(us, papers.context(papers.stranger), OUTSIDE)
    except (OSError, smtplib.SMTPException):
        reply = ""
    assert reply == "" or reply.startswith("550 5.7.1")
    assert us.healthy()
