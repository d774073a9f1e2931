import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.kit.oauth import LIFE, Access, ByCommand, ByRefresh, Renewal, TokenAway, TokenRefused, Tokens, Way
from mailsvc.kit.secrets import Secret, SecretSource

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOST, USER = "imap.new.example", "hanako@new.example"
KEPT = Secret("refresh-geheim")


def tokens(way: Way) -> Tokens:
    renewal = Renewal(frozenset({HOST}), way)
    return Tokens([renewal], now=lambda: NOW, environ={**os.environ, "CLIENT": "client-geheim"})


async def asked(way: Way, user: str = USER) -> Access:
    return await tokens(way).access(host=HOST, user=user, kept=KEPT)


def python(program: str, *words: str) -> ByCommand:
    return ByCommand((sys.executable, "-c", program, *words), timeout=300.0)


async def test_a_command_prints_a_token() -> None:
    access = await asked(python("print('abc.def')"))
    assert (access.token.reveal(), access.until, access.kept) == ("abc.def", NOW + LIFE, None)


async def test_a_command_says_how_long_its_token_lives_and_what_to_keep() -> None:
    answer = {"access_token": "abc", "expires_in": 120, "refresh_token": "next"}
    access = await asked(python(f"print({json.dumps(answer)!r})"))
    assert access.until == NOW + timedelta(seconds=120)
    assert access.kept is not None
    assert access.kept.reveal() == "next"


async def test_a_command_is_given_the_secret_by_its_input_and_is_no_shell() -> None:
    program = "import sys; print('-'.join([sys.stdin.readline().strip(), *sys.argv[1:]]).encode().hex())"
    user = "$(touch x);{host}"
    access = await asked(python(program, "{user}", "at={host}"), user)
    assert bytes.fromhex(access.token.reveal()).decode() == f"refresh-geheim-{user}-at={HOST}"


@pytest.mark.parametrize(
    ("way", "raised", "said"),
    [
        (python("import time; time.sleep(6000)"), TokenAway, "within 0.2 s"),
        (python("raise SystemExit(75)"), TokenAway, "code 75"),
        (python("raise SystemExit(3)"), TokenRefused, "code 3"),
        (python("print('x' * 100000)"), TokenRefused, "more than a token"),
        (python("while True: print('x' * 100000)"), TokenRefused, "more than a token"),
        (ByCommand(("/bin/sh", "-c", "yes x; true"), timeout=300.0), TokenRefused, "more than a token"),
        (python("print('two words')"), TokenRefused, "is none"),
        (python(""), TokenRefused, "is none"),
        (python("print('{\"access_token\": 7}')"), TokenRefused, "is none"),
        (ByCommand(("/nowhere/token",)), TokenRefused, "No such file"),
        (ByCommand(("a\0b",)), TokenRefused, "cannot be run so"),
    ],
)
async def test_a_command_that_gives_no_token_is_told(way: ByCommand, raised: type[Exception], said: str) -> None:
    timeout = 0.2 if "sleep" in "".join(way.words) else way.timeout
    with pytest.raises(raised, match=said) as error:
        await asked(replace(way, timeout=timeout))
    assert "geheim" not in str(error.value)


class Endpoint:
    """Answers each request with what stands in `answer`."""

    def __init__(self) -> None:
        self.answer = (200, b'{"access_token": "abc", "expires_in": "3600"}')
        self.extra = b""
        self.bodies: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        self.bodies.append((await reader.readexactly(length)).decode())
        status, body = self.answer
        writer.write(f"HTTP/1.1 {status} So\r\nContent-Length: {len(body)}\r\n".encode() + self.extra + b"\r\n" + body)
        writer.close()

    @asynccontextmanager
    async def served(self, folder: Path) -> AsyncIterator[ByRefresh]:
        ca = trustme.CA()
        ca.cert_pem.write_to_path(folder / "ca.pem")
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("localhost").configure_cert(context)
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield ByRefresh(
                f"https://localhost:{self.port}/token?v=2",
                "lastpost",
                secret=SecretSource(env="CLIENT"),
                scope="imap",
                ca=folder / "ca.pem",
                timeout=300.0,
            )


async def test_an_endpoint_gives_a_token_for_a_refresh_token(tmp_path: Path) -> None:
    endpoint = Endpoint()
    async with endpoint.served(tmp_path) as way:
        access = await asked(way)
    assert (access.token.reveal(), access.until, access.kept) == ("abc", NOW + timedelta(hours=1), None)
    assert {name: value[0] for name, value in parse_qs(endpoint.bodies[0]).items()} == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-geheim",
        "client_id": "lastpost",
        "client_secret": "client-geheim",
        "scope": "imap",
    }


@pytest.mark.parametrize(
    ("status", "body", "raised", "said"),
    [
        (400, b'{"error": "invalid_grant", "error_description": "geheim"}', TokenRefused, "400 invalid_grant$"),
        (400, b'{"error": "temporarily_unavailable"}', TokenAway, "temporarily_unavailable"),
        (401, b"geheim", TokenRefused, "401$"),
        (429, b"", TokenAway, "429"),
        (503, b"{[", TokenAway, "503"),
        (302, b"", TokenRefused, "302"),
        (200, b"<html>", TokenAway, "too long"),
        (200, b"{}", TokenRefused, "is none"),
    ],
)
async def test_an_endpoint_that_gives_no_token_is_told(
    tmp_path: Path, status: int, body: bytes, raised: type[Exception], said: str
) -> None:
    endpoint = Endpoint()
    endpoint.answer = (status, body if said != "too long" else b"x" * 100_000)
    endpoint.extra = b"Location: https://evil.example/\r\n" if status == 302 else b""
    async with endpoint.served(tmp_path) as way:
        with pytest.raises(raised, match=said) as error:
            await asked(way)
    assert "geheim" not in str(error.value)
    assert len(endpoint.bodies) == 1


async def test_an_endpoint_whose_certificate_is_not_trusted_is_told_nothing(tmp_path: Path) -> None:
    endpoint = Endpoint()
    async with endpoint.served(tmp_path) as way:
        with pytest.raises(TokenAway, match="certificate"):
            await asked(replace(way, ca=None))
    with pytest.raises(TokenAway, match="refused"):
        await asked(way)
    assert endpoint.bodies == []


async def test_a_secret_of_the_client_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with Endpoint().served(tmp_path) as way:
        with pytest.raises(TokenRefused, match="NOWHERE is not set"):
            await asked(replace(way, secret=SecretSource(env="NOWHERE")))


@given(st.binary(max_size=200))
async def test_whatever_comes_is_a_token_or_refused(answer: bytes) -> None:
    from mailsvc.kit.oauth import _access

    try:
        access = _access(answer, KEPT, NOW)
    except TokenRefused:
        return
    assert access.token.reveal().isprintable()
    assert access.until >= NOW


def test_only_the_hosts_named_are_renewed() -> None:
    assert tokens(ByCommand(("x",))).renews(HOST)
    assert not tokens(ByCommand(("x",))).renews("imap.old.example")
