"""SIGHUP: what the settings say anew is in force at once, without a restart and without losing a session."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

import pytest
import trustme

from tests.peers.clamd import EICAR, ClamdPeer
from tests.peers.smtp import SmtpPeer
from tests.peers.threaded import threaded
from tests.real.house import FRIEND, LastpostHouse, Words, house
from tests.support.deadline import wait_until
from tests.support.files import put

HANAKO = "hanako@closing.example"
GATEWAY = "  certificate: {{folder}}/cert.pem\n  key: {{folder}}/key.pem\n"
MORE = """\
quota: {{limit: 100 MB}}
forwarding: {{srs_domain: srs.surviving.example, srs_secrets: [{{file: {folder}/srs.secret}}]}}
"""


@dataclass
class Reloading:
    """A house, the two next hops it may have, and a session that was open before anything changed."""

    us: LastpostHouse
    first: SmtpPeer
    second: SmtpPeer
    session: smtplib.SMTP

    @property
    def file(self) -> Path:
        return self.us.folder / "lastpost.yaml"

    def told(self, event: str) -> int:
        return self.us.program.output().count(f'"event": "{event}"')

    def hang_up(self, event: str = "settings-reloaded") -> None:
        """Send SIGHUP, and wait until the log tells this of it."""
        before = self.told(event)
        self.us.program.send(Signals.SIGHUP)
        wait_until(lambda: self.told(event) > before, f"{event} in the log")

    @contextmanager
    def saying(self, *changes: tuple[str, str]) -> Iterator[None]:
        """Until the end of the block the settings say something else, and the service has read them."""
        whole = self.file.read_text()
        text = whole
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        put(self.file, text)
        self.hang_up()
        try:
            yield
        finally:
            put(self.file, whole)
            self.hang_up()

    def send(self, mark: str, *, content: bytes = b"hello") -> int:
        """The last code of a message sent in the old session."""
        self.session.mail(FRIEND)
        code = self.session.rcpt(HANAKO)[0]
        return self.session.data(b"Subject: %s\r\n\r\n%s\r\n" % (mark.encode(), content))[0] if code == 250 else code


def issue(folder: Path) -> trustme.CA:
    """A new certificate in the place of the old one; who issued it."""
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1")
    server.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "key.pem").chmod(0o600)
    server.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    return authority


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reloading]:
    folder = tmp_path_factory.mktemp("reloaded") / "us"
    folder.mkdir()
    (folder / "srs.secret").write_text("a line that nobody knows\n")
    (folder / "srs.secret").chmod(0o600)
    issue(folder)
    with threaded(SmtpPeer()) as first, threaded(SmtpPeer()) as second:
        words = Words(gateway=GATEWAY.format(), more=MORE)
        with (
            house(
                folder,
                deliver=f"smtp://127.0.0.1:{first.port}?tls=none",
                accounts=f"address,kind\n{HANAKO},base\n",
                words=words,
            ) as us,
            smtplib.SMTP("127.0.0.1", us.world, timeout=60) as session,
        ):
            session.ehlo("client.example")
            yield Reloading(us, first, second, session)


@pytest.fixture
def scene(whole: Reloading) -> Iterator[Reloading]:
    """What they share; the old session outlives every test."""
    yield whole
    assert whole.session.noop()[0] == 250


def test_mail_goes_to_the_new_next_hop(scene: Reloading) -> None:
    with scene.saying((f":{scene.first.port}?", f":{scene.second.port}?")):
        assert scene.send("to the second") == 250
        wait_until(lambda: taken(scene.second, b"to the second"), "it is at the second")
    assert scene.send("to the first") == 250
    wait_until(lambda: taken(scene.first, b"to the first"), "it is at the first")
    assert (taken(scene.first, b"to the second"), taken(scene.second, b"to the first")) == (0, 0)


def taken(hop: SmtpPeer, mark: bytes) -> int:
    return sum(mark in mail.body for mail in hop.taken)


def test_a_smaller_quota_holds(scene: Reloading) -> None:
    new = scene.us.folder / "mail" / "closing.example" / "hanako" / "new"
    new.mkdir(parents=True)
    (new / "1.old").write_bytes(b"x" * 2000)
    with scene.saying(("quota: {limit: 100 MB}", "quota: {limit: 1 kB}")):
        assert scene.send("too much") == 452
    assert scene.send("enough room") == 250


def test_soft_bounce_turns_refusals_into_patience(scene: Reloading) -> None:
    with scene.saying(("quota:", "soft_bounce: yes\nquota:")):
        assert scene.us.rcpt("nobody@closing.example").startswith("450 4.1.1")
    assert scene.us.rcpt("nobody@closing.example").startswith("550 5.1.1")


def test_a_closed_host_says_so_to_whoever_comes(scene: Reloading) -> None:
    with scene.saying(("gateway:\n", "gateway:\n  closed: yes\n")):
        with pytest.raises(smtplib.SMTPConnectError) as closed:
            smtplib.SMTP("127.0.0.1", scene.us.world, timeout=60)
        assert (closed.value.smtp_code, closed.value.smtp_error[:5]) == (521, b"5.3.2")
        assert scene.send("whoever was here already") == 250
    assert scene.us.rcpt(HANAKO).startswith("250 ")


def test_scanners_come_and_go(scene: Reloading) -> None:
    assert scene.send("unscanned", content=EICAR) == 250
    with threaded(ClamdPeer()) as clamd:
        with scene.saying(("quota:", f'virus: {{scanners: ["clamd://127.0.0.1:{clamd.port}"]}}\nquota:')):
            assert scene.send("scanned", content=EICAR) == 554
            assert scene.send("clean") == 250
        assert len(clamd.streams) == 2
    assert scene.send("unscanned again", content=EICAR) == 250


def shown(us: LastpostHouse, authority: trustme.CA) -> bool:
    """Whether a new session is encrypted by a certificate of this authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with smtplib.SMTP("127.0.0.1", us.world, timeout=60) as client:
        client.ehlo("client.example")
        try:
            client.starttls(context=context)
        except ssl.SSLCertVerificationError:
            client.close()
            return False
        return client.ehlo("client.example")[0] == 250


def test_a_new_certificate_is_shown_and_a_broken_one_is_not(scene: Reloading) -> None:
    authority = issue(scene.us.folder)
    assert not shown(scene.us, authority)
    scene.hang_up()
    assert shown(scene.us, authority)
    (scene.us.folder / "cert.pem").write_text("nothing that anybody issued\n")
    scene.hang_up("certificate-not-reloaded")
    assert shown(scene.us, authority)


BROKEN = {
    "not YAML": ("quota:", "quota: ["),
    "an unknown word": ("quota:", "quotas:"),
    "an impossible value": ("limit: 100 MB", "limit: many"),
    "a secret that is not there": ("srs.secret", "lost.secret"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_changes_nothing_and_is_told(scene: Reloading, how: str) -> None:
    text = scene.file.read_text()
    put(scene.file, text.replace(*BROKEN[how]).replace("gateway:\n", "gateway:\n  closed: yes\n"))
    scene.hang_up("settings-not-reloaded")
    told = [line for line in scene.us.program.output().splitlines() if "settings-not-reloaded" in line]
    assert "lastpost.yaml" in told[-1]
    assert scene.send(f"still here, {how}") == 250
    assert scene.us.rcpt("nobody@closing.example").startswith("550 5.1.1")
    put(scene.file, text)
    scene.hang_up()
