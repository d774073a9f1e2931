"""A side whose URL a stranger has typed: nothing but the checked address of a public server is ever connected to."""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
import trustme

from mailsvc.desk.migrating import Move, PublicOnly, Receipt, Resumable, Side, migrate, rehearse
from mailsvc.desk.refusals import Refused
from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls, MaildirUrl
from mailsvc.kit.public_hosts import Asking
from mailsvc.kit.secrets import Secret
from migrator.progress import Silent
from schedules.clock import SystemClock
from schedules.positions import Wrong
from tests.peers.imap import Reply
from tests.peers.imap_box import Box, BoxPeer
from tests.rules.migrator.maildir.trees import MAIL, folder, lay

NAME = "imap.new.example"


class Resolver:
    """Answers in turn; the last answer holds."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        await asyncio.sleep(0)
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ssl.SSLContext:
    """The certificate of the peer for NAME; this machine trusts who signed it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    return context


def near(asking: Asking, port: int) -> PublicOnly:
    """A guard that takes 127.0.0.1 for a public address, and the peer's port for IMAP's."""
    return PublicOnly(asking, is_allowed=lambda address: address == "127.0.0.1", ports=frozenset({port}))


def moving(tmp_path: Path, url: ImapUrl, guard: PublicOnly) -> Move:
    lay(folder(tmp_path / "old"), "1.a")
    return Move(Side(MaildirUrl(tmp_path / "old")), Side(url, Secret("geheim"), guard), tmp_path / "journal")


async def moved(move: Move) -> Receipt:
    return await migrate(move, clock=SystemClock(), progress=Silent(), stop=asyncio.Event())


@pytest.mark.parametrize("tls", [MailboxTls.TLS, MailboxTls.STARTTLS])
async def test_a_mailbox_moves_to_the_checked_address_and_the_certificate_is_checked_against_the_name(
    tmp_path: Path, server: ssl.SSLContext, tls: MailboxTls
) -> None:
    resolver = Resolver(["127.0.0.1"], ["10.0.0.1"])  # whoever asked again would be led elsewhere
    peer = BoxPeer({"INBOX": Box()}, can="LITERAL+ STARTTLS", script={"STARTTLS": Reply()})
    peer._tls, peer.starttls = (server, None) if tls is MailboxTls.TLS else (None, server)
    async with peer:
        receipt = await moved(moving(tmp_path, ImapUrl("h", NAME, peer.port, tls), near(resolver, peer.port)))
    assert (receipt.complete, [mail.octets for mail in peer.boxes["INBOX"].mails]) == (True, [MAIL])
    assert resolver.asked == [NAME]
    assert peer.connections >= 1


async def test_who_has_the_address_but_not_the_name_gets_no_password(tmp_path: Path, server: ssl.SSLContext) -> None:
    peer = BoxPeer({"INBOX": Box()})
    peer._tls = server
    async with peer:
        move = moving(
            tmp_path, ImapUrl("h", "else.example", peer.port, MailboxTls.TLS), near(Resolver(["127.0.0.1"]), peer.port)
        )
        with pytest.raises(Refused, match="not to be trusted"):
            await moved(move)
    assert peer.commands == []


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1", "100.64.0.1"]
)
async def test_a_name_that_leads_inside_is_refused_in_words_that_tell_nothing(tmp_path: Path, address: str) -> None:
    async with BoxPeer({"INBOX": Box()}) as peer:
        guard = PublicOnly(Resolver([address]), ports=frozenset({peer.port}))
        for act in (moved, lambda move: rehearse(move, clock=SystemClock())):
            with pytest.raises(Refused) as no:
                await act(moving(tmp_path / act.__name__, ImapUrl("h", NAME, peer.port, MailboxTls.TLS), guard))
            assert str(no.value).startswith(f"{NAME} is no host that mail is moved from or to: ")
            assert address not in str(no.value)
    assert peer.connections == 0


@pytest.mark.parametrize("first", [["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"]])
async def test_one_address_inside_is_enough(tmp_path: Path, first: list[str]) -> None:
    with pytest.raises(Refused):
        await moved(moving(tmp_path, ImapUrl("h", NAME, 993, MailboxTls.TLS), PublicOnly(Resolver(first))))


async def test_a_name_that_nobody_answers_for_now_is_asked_for_again_later(tmp_path: Path) -> None:
    async def asking(_host: str) -> Sequence[str]:
        await asyncio.sleep(0)
        raise TimeoutError

    with pytest.raises(Resumable, match="run the same command again"):
        await moved(moving(tmp_path, ImapUrl("h", NAME, 993, MailboxTls.TLS), PublicOnly(asking)))


def test_a_side_that_no_stranger_may_name_cannot_even_be_made(tmp_path: Path) -> None:
    for url in (
        MaildirUrl(tmp_path),
        ImapUrl("h", NAME, 143, MailboxTls.NONE),
        ImapUrl("h", NAME, 993, MailboxTls.TLS, ca=tmp_path),
        ImapUrl("h", NAME, 8025, MailboxTls.TLS),
    ):
        with pytest.raises(Wrong):
            Side(url, Secret("geheim"), PublicOnly())
