"""STARTTLS: offered only with a certificate, nothing carried over, clients known by their certificates."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from filters.mail import ClientKind
from tests.rules.gateway.house import OpenHouse, Peer, open_gateway
from tests.support.deadline import until


class Papers:
    """Certificates of a gateway and of its clients."""

    def __init__(self, folder: Path) -> None:
        self.ca, self.client_ca = trustme.CA(), trustme.CA()
        server = self.ca.issue_cert("mx.closing.example")
        self.certificate, self.key, self.client_ca_file = folder / "cert.pem", folder / "key.pem", folder / "ca.pem"
        server.private_key_pem.write_to_path(self.key)
        for blob in server.cert_chain_pems:
            blob.write_to_path(self.certificate, append=True)
        self.client_ca.cert_pem.write_to_path(self.client_ca_file)
        self.own = self.client_ca.issue_cert("smtp.closing.example")
        self.foreign = self.ca.issue_cert("someone.example")

    def settings(self) -> dict[str, Any]:
        return {"certificate": self.certificate, "key": self.key, "client_ca": self.client_ca_file}

    def context(self, shown: trustme.LeafCert | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if shown is not None:
            shown.configure_cert(context)
        return context

    def pin(self) -> str:
        pem = self.own.cert_chain_pems[0].bytes().decode()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(tmp_path_factory.mktemp("tls"))


@asynccontextmanager
async def secure_gateway(papers: Papers, **listener: object) -> AsyncIterator[OpenHouse]:
    own = {"submission": {"certificates": [papers.pin()]}, **listener}
    async with open_gateway(listeners=[{"listen": "127.0.0.1:0", **own}], **papers.settings()) as house:
        yield house


async def shake(peer: Peer, context: ssl.SSLContext) -> None:
    await peer.say("STARTTLS", "220 2.0.0")
    await peer.writer.start_tls(context, server_hostname="mx.closing.example")


async def test_it_is_offered_until_it_is_active(papers: Papers) -> None:
    async with secure_gateway(papers) as house, house.client() as peer:
        assert "STARTTLS" in await peer.say("EHLO me.example", "250-")
        await shake(peer, papers.context())
        assert "STARTTLS" not in await peer.say("EHLO me.example", "250-")
        await peer.say("STARTTLS", "503 5.5.1")
        await peer.say("STARTTLS now", "501 5.5.4")


async def test_everything_said_before_is_forgotten(papers: Papers) -> None:
    async with secure_gateway(papers) as house, house.client() as peer:
        await peer.open_mail()
        await shake(peer, papers.context())
        await peer.say("MAIL FROM:<>", "503 5.5.1")
        await peer.say("EHLO me.example", "250-")
        await peer.say("RCPT TO:<hanako@closing.example>", "503 5.5.1")


async def test_a_message_over_tls_says_so_in_its_envelope(papers: Papers) -> None:
    content = b"x" * 300_000 + b"\r\n"
    async with secure_gateway(papers) as house, house.client() as peer:
        await peer.say("EHLO me.example", "250-")
        await shake(peer, papers.context())
        await peer.open_mail()
        await peer.say("DATA", "354")
        await peer.send(content + b".\r\n")
        await peer.expect("250 2.6.0")
        envelope, kept = house.reception.kept[0]
        assert kept == content
        assert envelope.mail.protocol == "ESMTPS"
        assert envelope.client.tls.startswith("TLSv1.3 TLS_")
        assert envelope.client.kind is ClientKind.WORLD
        assert envelope.client.certificate == ""


async def test_a_certificate_makes_a_client_our_own(papers: Papers) -> None:
    async with secure_gateway(papers) as house, house.client() as peer:
        await peer.say("EHLO me.example", "250-")
        await shake(peer, papers.context(papers.own))
        await peer.open_mail("x@elsewhere.example")
        client = house.reception.asked[0][0]
        assert client.kind is ClientKind.SUBMISSION
        assert client.certificate == papers.pin()


async def test_a_verified_certificate_of_nobody_we_know_is_the_world(papers: Papers) -> None:
    stranger = papers.client_ca.issue_cert("stranger.example")
    async with secure_gateway(papers) as house, house.client() as peer:
        await peer.say("EHLO me.example", "250-")
        await shake(peer, papers.context(stranger))
        await peer.say("EHLO me.example", "250-")
        await peer.say("MAIL FROM:<>", "250")
        await peer.say("RCPT TO:<x@elsewhere.example>", "550 5.7.1")


async def test_a_certificate_that_does_not_verify_ends_the_session(papers: Papers) -> None:
    async with secure_gateway(papers) as house, house.client() as peer:
        await peer.say("EHLO me.example", "250-")
        with suppress(ssl.SSLError, ConnectionError):
            await shake(peer, papers.context(papers.foreign))
            assert await peer.reply() == ""
        await until(lambda: not house.gateway._open, "the session ends")


async def test_only_listeners_that_know_certificates_ask_for_one(papers: Papers) -> None:
    listeners = [
        {"listen": "127.0.0.1:0", "inbound": {"networks": ["192.0.2.0/24"]}},
        {"listen": "127.0.0.1:0", "submission": {"certificates": [papers.pin()]}},
    ]
    async with open_gateway(listeners=listeners, **papers.settings()) as house, house.client(0) as peer:
        await peer.say("EHLO me.example", "250-")
        await shake(peer, papers.context(papers.foreign))  # an MTA of the world has a certificate of its own
        await peer.say("EHLO me.example", "250-")
        await peer.say("MAIL FROM:<>", "250 2.1.0")


async def test_a_listener_for_certificates_alone_serves_nobody_else(papers: Papers) -> None:
    async with secure_gateway(papers, everyone_else=False) as house, house.client() as peer:
        await peer.say("EHLO me.example", "250-")
        await peer.say("MAIL FROM:<>", "550 5.7.1")
        await shake(peer, papers.context(papers.own))
        await peer.say("EHLO me.example", "250-")
        await peer.say("MAIL FROM:<>", "250 2.1.0")


async def test_commands_injected_behind_starttls_are_refused(papers: Papers) -> None:
    async with secure_gateway(papers) as house, house.client() as peer:
        await peer.say("EHLO me.example", "250-")
        await peer.send(b"STARTTLS\r\nMAIL FROM:<evil@world.example>\r\n")
        await peer.expect("554 5.5.1")
        assert await peer.reply() == ""
        assert not house.reception.asked


async def test_garbage_instead_of_a_handshake_ends_the_session_quietly(papers: Papers) -> None:
    async with secure_gateway(papers) as house, house.client() as peer:
        await peer.say("STARTTLS", "220")
        await peer.send(b"MAIL FROM:<evil@world.example>\r\n")
        assert await asyncio.wait_for(peer.reader.read(), 60) is not None
        await until(lambda: not house.gateway._open, "the session ends")
        assert not [event for level, event, _ in house.log.lines if level == "error"]


async def test_a_client_that_leaves_in_the_handshake_is_forgotten(papers: Papers) -> None:
    async with secure_gateway(papers) as house:
        async with house.client() as peer:
            await peer.say("STARTTLS", "220")
            peer.writer.transport.abort()
        await until(lambda: not house.gateway._open, "the session ends")
        assert house.gateway._admission.sessions == 0


async def test_stop_says_421_over_tls_too(papers: Papers) -> None:
    async with secure_gateway(papers) as house, house.client() as peer:
        await peer.say("EHLO me.example", "250-")
        await shake(peer, papers.context())
        await peer.say("EHLO me.example", "250-")
        await house.gateway.stop()
        await peer.expect("421 4.3.2")
