"""Sockets and TLS: listening, the server's certificate, the client's trust.

`listen` gives a bound, listening socket or raises `CannotListen`, which says who may be in the way and what to do.
The TLS contexts speak 1.2 and 1.3. Python's ssl can only ask for a client certificate it can verify: so those of
peers must chain to the CA file, which may also hold the very certificates. `BadTls` names the file at fault.
"""

import errno
import hashlib
import os
import socket
import ssl
from pathlib import Path


class CannotListen(OSError):
    """A socket that could not be opened; the message says why and what to do."""


class BadTls(Exception):
    """Certificate, key or CA files that cannot be used; the message names them and what to do."""


_REMEDIES = {
    errno.EADDRINUSE: "stop the program that listens there (`ss -ltnp` shows it), or choose another port",
    errno.EACCES: "ports below 1024 need CAP_NET_BIND_SERVICE, or choose another port",
    errno.EADDRNOTAVAIL: "this machine does not have that address; `ip address` shows those it has",
    errno.EAFNOSUPPORT: "this machine has no such protocol family; listen on an address of the other one",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
}


def listen(host: str, port: int, *, backlog: int = 512) -> socket.socket:
    """A non-blocking socket listening on an IP address; port 0 takes a free one. Raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        opened = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _cannot(host, port, error) from None
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((host, port))
        opened.listen(backlog)
        opened.settimeout(0)
    except OSError as error:
        opened.close()
        raise _cannot(host, port, error) from None
    return opened


def _cannot(host: str, port: int, error: OSError) -> CannotListen:
    code = error.errno if error.errno is not None else 0
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    remedy = _REMEDIES.get(code, "check the address under `listen` in the settings")
    return CannotListen(code, f"cannot listen on {place} ({os.strerror(code)}): {remedy}")


def use_certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> BadTls | None:
    """Have a server's context show this certificate from now on; says why where the files cannot be used."""
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except (OSError, ValueError) as error:
        return BadTls(f"{certificate} and {key} cannot be used ({_why(error)}): {_CHAIN_REMEDY}")
    return None


def server_tls(certificate: Path, key: Path, *, client_ca: Path | None = None) -> ssl.SSLContext:
    """A server's context; with `client_ca` it asks for a client certificate. Raises BadTls.

    A client without a certificate is served; a handshake with one that does not verify fails.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    unusable = use_certificate(context, certificate, key)
    if unusable is not None:
        raise unusable
    if client_ca is not None:
        _trust(context, client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def client_tls(ca: Path | None = None, *, verify: bool = True) -> ssl.SSLContext:
    """A client's context: the peer's name checked against `ca` or the system's CAs, or nothing checked at all.

    Without `verify` it is opportunistic (RFC 7435): encryption against onlookers, no proof of who the peer is.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca is not None:
        _trust(context, ca)
    else:
        context.load_default_certs()
    return context


def fingerprint(peer: ssl.SSLObject | ssl.SSLSocket | None) -> str:
    """SHA-256 of the peer's verified certificate in lower-case hex, "" where it showed none."""
    shown = peer.getpeercert(binary_form=True) if peer is not None else None
    return hashlib.sha256(shown).hexdigest() if shown else ""


_CHAIN_REMEDY = "they must be PEM files of a certificate chain and its unencrypted key"


def _no_passphrase() -> str:
    raise ValueError("the key is encrypted")


def _trust(context: ssl.SSLContext, ca: Path) -> None:
    try:
        context.load_verify_locations(cafile=ca)
    except OSError as error:
        raise BadTls(f"{ca} cannot be used ({_why(error)}): it must be a PEM file of CA certificates") from None


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not a PEM file"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
