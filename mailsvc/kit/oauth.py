"""Access tokens that are asked for anew: by a command of the operator's, or with a refresh token at an HTTPS endpoint.

    tokens = Tokens(renewals, now=clock.now, environ=os.environ)
    access = await tokens.access(host="imap.gmail.com", user="hanako@gmail.com", kept=secret)
    access.token, access.until, access.kept            # `kept`: what is to be kept in place of the former secret

What a job keeps for a mailbox with `auth=token` is then no access token but what one is got for: a refresh token, or
whatever the command wants on its standard input. A token is asked for when a job begins, and again when it goes on
after its end. The command is a list of words, run without a shell; `{user}` and `{host}` in them are filled in. It
prints a token as its only line, or the JSON of RFC 6749 5.1 (`access_token`, `expires_in`).
Raises TokenAway where a later try may find one, TokenRefused where a person has to act. Neither these nor anything else
repeats what was sent or came.
"""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import assert_never

from mailsvc.kit.https import HttpsAway, posted
from mailsvc.kit.net import BadTls, client_tls
from mailsvc.kit.secrets import BadSecret, Secret, SecretSource

LIFE = timedelta(minutes=55)  # of a token that comes without its end; most live for an hour
LONGEST = timedelta(days=365)
_FAREWELL = 5.0  # seconds for a killed command to be gone
LIMIT = 64 * 1024  # octets of an answer
_RETRY = frozenset({"temporarily_unavailable", "server_error", "slow_down"})  # RFC 6749 4.1.2.1, RFC 8628 3.5


class TokenAway(Exception):
    """No token came now."""


class TokenRefused(Exception):
    """There will be none before a person has put something right."""


@dataclass(frozen=True, slots=True)
class ByCommand:
    """A program that prints a token."""

    words: tuple[str, ...]
    timeout: float = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class ByRefresh:
    """An endpoint that gives an access token for a refresh token (RFC 6749 6)."""

    url: str  # https://
    client: str
    secret: SecretSource | None = None  # of the client
    scope: str = ""
    ca: Path | None = None  # certificates that its own is checked by; None: the system's
    timeout: float = 30.0


Way = ByCommand | ByRefresh


@dataclass(frozen=True, slots=True)
class Renewal:
    """How tokens for some hosts are got."""

    hosts: frozenset[str]
    way: Way


@dataclass(frozen=True, slots=True)
class Access:
    """A token, and how long it opens."""

    token: Secret
    until: datetime
    kept: Secret | None = None  # in place of what was kept; None: that stays


class Tokens:
    """Gets access tokens."""

    def __init__(self, renewals: Sequence[Renewal], *, now: Callable[[], datetime], environ: Mapping[str, str]) -> None:
        self._ways = {host: one.way for one in renewals for host in one.hosts}
        self._now = now
        self._environ = environ

    def renews(self, host: str) -> bool:
        """Whether tokens for this host are got here; else the secret is the token itself."""
        return host in self._ways

    async def access(self, *, host: str, user: str, kept: Secret) -> Access:
        """A token that opens a mailbox now. Raises TokenAway, TokenRefused; KeyError for a host without a way."""
        answer = await self._answer(self._ways[host], {"{user}": user, "{host}": host}, kept)
        return _access(answer, kept, self._now())

    async def _answer(self, way: Way, fields: Mapping[str, str], kept: Secret) -> bytes:
        match way:
            case ByCommand():
                return await _ran(way, fields, kept, self._environ)
            case ByRefresh():
                return await self._refreshed(way, kept)
            case _ as never:
                assert_never(never)

    async def _refreshed(self, way: ByRefresh, kept: Secret) -> bytes:
        form = {"grant_type": "refresh_token", "refresh_token": kept.reveal(), "client_id": way.client}
        if way.scope:
            form["scope"] = way.scope
        if way.secret is not None:
            try:
                form["client_secret"] = way.secret.resolve(self._environ).reveal()
            except BadSecret as bad:
                raise TokenRefused(f"the secret of the client: {bad}") from None
        try:
            trust = client_tls(way.ca)
            status, answer = await asyncio.to_thread(
                posted, way.url, form, timeout=way.timeout, limit=LIMIT, context=trust
            )
        except BadTls as bad:
            raise TokenRefused(str(bad)) from None
        except HttpsAway as error:
            raise TokenAway(f"no token came from {way.url}: {error}") from None
        if status == 200:
            return answer
        code = _code(answer)
        if status in {408, 429} or status >= 500 or code in _RETRY:
            raise TokenAway(f"no token came from {way.url}: it answered {status} {code}".rstrip())
        raise TokenRefused(f"{way.url} gives no token: it answered {status} {code}".rstrip())


async def _ran(way: ByCommand, fields: Mapping[str, str], kept: Secret, environ: Mapping[str, str]) -> bytes:
    """What the command prints; what it says on standard error is not read, since it may hold anything."""
    words = [_filled(word, fields) for word in way.words]
    pipe, none = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=pipe, stdout=pipe, stderr=none, env=dict(environ), start_new_session=True
        )
    except (OSError, ValueError) as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "it cannot be run so"
        raise TokenRefused(f"the command {way.words[0]} for tokens: {why}") from None
    try:
        async with asyncio.timeout(way.timeout):
            answer = await _talked(process, kept)
            code = await process.wait()
    except TimeoutError:
        raise TokenAway(f"the command {way.words[0]} gave no token within {way.timeout:g} s") from None
    finally:
        await _ended(process)
    if code == os.EX_TEMPFAIL:
        raise TokenAway(f"the command {way.words[0]} gave no token now (code {code})")
    if code:
        raise TokenRefused(f"the command {way.words[0]} gave no token (code {code})")
    return answer


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Kill it with all that it has started; what it still had to print is read, else it would never be seen to end."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await process.communicate()


async def _talked(process: asyncio.subprocess.Process, kept: Secret) -> bytes:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    with suppress(ConnectionError):  # it need not read what it does not want
        process.stdin.write(kept.reveal().encode("utf-8", "surrogatepass") + b"\n")
        await process.stdin.drain()
        process.stdin.close()
    answer = bytearray()
    while piece := await process.stdout.read(LIMIT):
        answer += piece
        if len(answer) > LIMIT:
            raise TokenRefused("the command for tokens prints more than a token")
    return bytes(answer)


def _filled(word: str, fields: Mapping[str, str]) -> str:
    """A word with its fields; what is filled in is never looked through again."""
    for field, value in fields.items():
        if field in word:
            return value.join(_filled(part, fields) for part in word.split(field))
    return word


def _access(answer: bytes, kept: Secret, now: datetime) -> Access:
    """What an answer says. Raises TokenRefused."""
    text = answer.decode("utf-8", "replace").strip()
    told: object = None
    if text.startswith("{"):
        with suppress(ValueError, RecursionError):
            told = json.loads(text)
        token, seconds, fresh = (_entry(told, name) for name in ("access_token", "expires_in", "refresh_token"))
    else:
        token, seconds, fresh = text, None, None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token or " " in token:
        raise TokenRefused("what came in place of a token is none")
    life = LIFE
    if isinstance(seconds, int | float | str):
        with suppress(ValueError, OverflowError):
            life = min(timedelta(seconds=max(0.0, float(seconds))), LONGEST)
    anew = Secret(fresh) if isinstance(fresh, str) and fresh and not kept.matches(fresh) else None
    return Access(Secret(token), now + life, anew)


def _entry(told: object, name: str) -> object:
    return told.get(name) if isinstance(told, dict) else None


def _code(answer: bytes) -> str:
    """The error code of RFC 6749 5.2, where it is one; nothing else of an answer is repeated."""
    with suppress(ValueError, RecursionError):
        code = _entry(json.loads(answer), "error")
        if isinstance(code, str) and len(code) <= 40 and code.replace("_", "").isalnum() and code.isascii():
            return code
    return ""
