"""Sockets are opened or the reason is told; TLS trusts only what it should."""

import asyncio
import errno
import hashlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from mailsvc.kit.net import BadTls, CannotListen, client_tls, fingerprint, listen, server_tls
from tests.support.ports import free_port

HOST = "mx.provider.example"


def test_a_free_port_is_taken() -> None:
    opened = listen("127.0.0.1", 0)
    with socket.create_connection(opened.getsockname()):
        pass
    assert not opened.getblocking()
    opened.close()


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    first = listen("127.0.0.1", 0)
    port = first.getsockname()[1]
    with pytest.raises(CannotListen, match=rf"127\.0\.0\.1:{port} .*in use.*ss -ltnp") as cannot:
        listen("127.0.0.1", port)
    assert cannot.value.errno == errno.EADDRINUSE
    first.close()


def test_a_port_is_free_again_at_once_after_a_connection() -> None:
    first = listen("127.0.0.1", free_port())
    place = first.getsockname()
    with socket.create_connection(place) as client:
        first.settimeout(60)
        server, _ = first.accept()
        server.close()
        client.recv(1)
    first.close()
    listen(*place).close()


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(CannotListen, match="does not have that address"):
        listen("192.0.2.1", 0)


def test_ipv6_leaves_ipv4_to_another_listener() -> None:
    six = listen("::1", 0)
    assert six.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    six.close()
    everywhere = listen("::", free_port())
    listen("0.0.0.0", everywhere.getsockname()[1]).close()
    everywhere.close()


def test_no_descriptor_is_lost_where_listening_fails() -> None:
    first = listen("127.0.0.1", 0)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(CannotListen):
            listen("127.0.0.1", first.getsockname()[1])
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    first.close()


class Papers:
    """Certificates of a small world, as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = trustme.CA()
        self.ca_file = self._write("ca.pem", self.ca.cert_pem.bytes())
        self.certificate, self.key = self.issue("server", self.ca, HOST)

    def issue(self, name: str, ca: trustme.CA, host: str) -> tuple[Path, Path]:
        issued = ca.issue_cert(host)
        chain = b"".join(one.bytes() for one in issued.cert_chain_pems)
        return self._write(f"{name}.pem", chain), self._write(f"{name}.key", issued.private_key_pem.bytes())

    def _write(self, name: str, octets: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(octets)
        return path


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


async def meet(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """The fingerprint the server sees, after both have spoken; raises what the client raises."""
    seen: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.set_result(fingerprint(writer.get_extra_info("ssl_object")))
        writer.write(b"hello")
        writer.close()

    listening = await asyncio.start_server(serve, sock=listen("127.0.0.1", 0), ssl=server)
    try:
        place = listening.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(*place, ssl=client, server_hostname=HOST)
        try:
            assert await asyncio.wait_for(reader.read(), 60) == b"hello"
        finally:
            writer.transport.abort()
        return await asyncio.wait_for(seen, 60)
    finally:
        listening.close()
        await listening.wait_closed()


async def test_a_client_that_trusts_the_ca_speaks_with_the_server(papers: Papers) -> None:
    assert await meet(server_tls(papers.certificate, papers.key), client_tls(papers.ca_file)) == ""


async def test_a_server_with_another_name_is_not_trusted(papers: Papers) -> None:
    certificate, key = papers.issue("other", papers.ca, "other.example")
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        await meet(server_tls(certificate, key), client_tls(papers.ca_file))


async def test_a_server_of_an_unknown_ca_is_not_trusted(papers: Papers) -> None:
    certificate, key = papers.issue("foreign", trustme.CA(), HOST)
    with pytest.raises(ssl.SSLCertVerificationError):
        await meet(server_tls(certificate, key), client_tls(papers.ca_file))
    with pytest.raises(ssl.SSLCertVerificationError):
        await meet(server_tls(certificate, key), client_tls())


async def test_opportunistic_tls_checks_nothing(papers: Papers) -> None:
    certificate, key = papers.issue("foreign", trustme.CA(), "other.example")
    assert await meet(server_tls(certificate, key), client_tls(verify=False)) == ""


async def test_a_client_certificate_is_known_by_its_fingerprint(papers: Papers) -> None:
    clients = trustme.CA()
    certificate, key = papers.issue("client", clients, "mta.provider.example")
    clients_file = papers.folder / "clients.pem"
    clients_file.write_bytes(clients.cert_pem.bytes())
    client = client_tls(papers.ca_file)
    client.load_cert_chain(certificate, key)
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text().partition("-----END CERTIFICATE-----")[0] + END)
    server = server_tls(papers.certificate, papers.key, client_ca=clients_file)
    assert await meet(server, client) == hashlib.sha256(der).hexdigest()
    assert await meet(server, client_tls(papers.ca_file)) == ""


END = "-----END CERTIFICATE-----\n"


async def test_the_ca_file_may_hold_the_very_certificate_of_a_client(papers: Papers) -> None:
    certificate, key = papers.issue("client", trustme.CA(), "mta.provider.example")
    client = client_tls(papers.ca_file)
    client.load_cert_chain(certificate, key)
    own = papers.folder / "own.pem"
    own.write_text(certificate.read_text().partition("-----END CERTIFICATE-----")[0] + END)
    server = server_tls(papers.certificate, papers.key, client_ca=own)
    assert len(await meet(server, client)) == 64


async def test_a_client_certificate_of_an_unknown_ca_is_refused(papers: Papers) -> None:
    certificate, key = papers.issue("client", trustme.CA(), "mta.provider.example")
    client = client_tls(papers.ca_file)
    client.load_cert_chain(certificate, key)
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        await meet(server_tls(papers.certificate, papers.key, client_ca=papers.ca_file), client)


async def test_a_client_certificate_is_not_asked_for_without_a_ca(papers: Papers) -> None:
    certificate, key = papers.issue("client", trustme.CA(), "mta.provider.example")
    client = client_tls(papers.ca_file)
    client.load_cert_chain(certificate, key)
    assert await meet(server_tls(papers.certificate, papers.key), client) == ""


@pytest.mark.parametrize("make", [lambda p: server_tls(p.certificate, p.key), lambda p: client_tls(p.ca_file)])
def test_old_protocols_are_not_spoken(papers: Papers, make: Callable[[Papers], ssl.SSLContext]) -> None:
    assert make(papers).minimum_version is ssl.TLSVersion.TLSv1_2


def test_files_that_do_not_fit_are_named(papers: Papers) -> None:
    _, other_key = papers.issue("other", papers.ca, HOST)
    nowhere, garbage = papers.folder / "nowhere.pem", papers.folder / "garbage.pem"
    garbage.write_text("no PEM at all")
    for certificate, key in ((nowhere, papers.key), (papers.certificate, other_key), (garbage, papers.key)):
        with pytest.raises(BadTls, match="cannot be used") as bad:
            server_tls(certificate, key)
        assert str(certificate) in str(bad.value)
    for ca in (nowhere, garbage):
        with pytest.raises(BadTls, match="must be a PEM file of CA"):
            server_tls(papers.certificate, papers.key, client_ca=ca)
        with pytest.raises(BadTls, match="must be a PEM file of CA"):
            client_tls(ca)


ENCRYPTED = """-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhBMoPgkLEYfgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEKfmB0zQdX7lUtCzP1k8yVMEgZDm
-----END ENCRYPTED PRIVATE KEY-----
"""


def test_an_encrypted_key_does_not_ask_on_the_terminal(papers: Papers) -> None:
    key = papers.folder / "encrypted.key"
    key.write_text(ENCRYPTED)
    with pytest.raises(BadTls, match="unencrypted"):
        server_tls(papers.certificate, key)


def test_no_connection_has_no_fingerprint() -> None:
    assert fingerprint(None) == ""
