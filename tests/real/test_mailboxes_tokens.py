"""OAuth tokens with a real Dovecot, which asks a small server of ours about them (RFC 7662), by the command line."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest

from tests.real.dovecot import Dovecot, own_dovecot
from tests.real.mailboxes import PASSWORD, Place, by_command, fill, secret, told

pytestmark = pytest.mark.real("dovecot")

USER, GOOD, OTHERS = "hanako@token.example", "good.token", "taros.token"
SETTINGS = """
auth_mechanisms = plain {mechanism}
passdb {{
  driver = oauth2
  mechanisms = {mechanism}
  args = {folder}/oauth2.conf
}}
"""
ASKS = """
introspection_mode = post
introspection_url = http://127.0.0.1:{port}/introspect
username_attribute = username
active_attribute = active
active_value = true
scope = mail.read
"""
KNOWN = {
    GOOD: {"active": True, "username": USER, "scope": "mail.read"},
    OTHERS: {"active": True, "username": "taro@token.example", "scope": "mail.read"},
}


class Introspects(BaseHTTPRequestHandler):
    """Says of each token whether it is good, and whose."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        token = parse_qs(asked).get("token", [asked])[0]
        said = json.dumps(KNOWN.get(token, {"active": False})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so the base class names it
        """Nobody listens."""


@contextmanager
def introspecting() -> Iterator[int]:
    """The port of a server that knows tokens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Introspects) as server:
        listener = Thread(target=server.serve_forever)
        listener.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            listener.join()


@pytest.fixture(params=["oauthbearer", "xoauth2"])
def dovecot_with_tokens(request: pytest.FixtureRequest, short_tmp: Path) -> Iterator[Dovecot]:
    with introspecting() as port:
        (short_tmp / "oauth2.conf").write_text(ASKS.format(port=port))
        with own_dovecot(short_tmp, SETTINGS.format(folder=short_tmp, mechanism=request.param)) as dovecot:
            dovecot.add_user(USER, PASSWORD)
            yield dovecot


def words(dovecot: Dovecot, folder: Path, token: str) -> tuple[str, ...]:
    url = f"imap://{USER.replace('@', '%40')}@127.0.0.1:{dovecot.imap}?tls=none&auth=token"
    return "--from", url, "--to", f"maildir:{folder / 'box'}", "--from-secret", secret(folder, token)


def test_a_good_token_opens_the_mailbox_and_nothing_changes_in_it(dovecot_with_tokens: Dovecot, tmp_path: Path) -> None:
    place = Place(dovecot_with_tokens.imap, USER)
    fill(place, {"INBOX": 3, "Sent": 4})
    before, seen = told(place), len(dovecot_with_tokens.logins(2))
    ran = by_command(tmp_path, *words(dovecot_with_tokens, tmp_path, GOOD), "--read-back")
    assert (ran.returncode, "7 messages found" in ran.stderr) == (0, True), ran.stderr
    logins = dovecot_with_tokens.logins(seen + 1)[seen:]
    methods = {method for line in logins for method in re.findall("method=([A-Z0-9]+)", line)}
    assert len(methods & {"OAUTHBEARER", "XOAUTH2"}) == 1
    assert told(place) == before


def test_a_token_that_is_refused_is_told_with_the_servers_reason(dovecot_with_tokens: Dovecot, tmp_path: Path) -> None:
    for token in ("expired.token", OTHERS):
        ran = by_command(tmp_path, *words(dovecot_with_tokens, tmp_path, token))
        assert ran.returncode == 1, ran.stderr
        assert re.search(
            r"was refused: NO .*\((?:status=invalid_token|status=401 schemes=bearer scope=mail)\)", ran.stderr
        )
        assert token not in ran.stderr + dovecot_with_tokens.log()
        assert not (tmp_path / "box").exists()
