"""The old IMAP server of the demo world, whose mailboxes are taken home: Dovecot where it is installed, else our own.

    prepare(world, random)                              # its old mail and its master user's password, made once
    async with old_server(world) as name: ...           # "Dovecot", or "the demo's own"

It serves the world's Maildirs, so what is delivered while the world is played is there too.
Raises CannotListen where its port is taken, OSError where its files cannot be written.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

from mailsvc.demo.old_dovecot import NoDovecot, dovecot
from mailsvc.demo.old_imap import Users, serving
from mailsvc.demo.old_mail import put_old_mail
from mailsvc.demo.old_shelf import Shelf
from mailsvc.demo.people import DOMAIN, addresses
from mailsvc.demo.world import OLD_KEY, World
from mailsvc.kit.files import make_folder, write_atomic
from mailsvc.kit.net import listen

MASTER = "lastpost"


def prepare(world: World, random: Random) -> None:
    """Put what the old server needs into a world that has it not yet."""
    make_folder(world.state / "old-imap")
    secret = world.state / OLD_KEY
    if not secret.exists():
        put_old_mail(world.mail / DOMAIN)
        write_atomic(secret, f"{random.getrandbits(160):040x}\n".encode())


@asynccontextmanager
async def old_server(world: World, *, by_dovecot: bool = True) -> AsyncIterator[str]:
    """Serve while this lasts; the server's name."""
    home, users = world.state / "old-imap", _users(world)
    listens = listen("127.0.0.1", world.ports.imap)
    async with AsyncExitStack() as stack:
        stack.callback(listens.close)
        if by_dovecot:
            listens.close()  # the port is free, so Dovecot may have it
            try:
                await stack.enter_async_context(dovecot(world.mail, home, users, world.ports.imap))
            except NoDovecot:
                listens = listen("127.0.0.1", world.ports.imap)
            else:
                yield "Dovecot"
                return
        await stack.enter_async_context(serving(Shelf(world.mail, home / "numbers.json"), users, listens))
        yield "the demo's own"


def _users(world: World) -> Users:
    """Who has no password of his own is opened by the master user's."""
    secret = (world.state / OLD_KEY).read_text(encoding="ascii").strip()
    passwords = {address: world.passwords.get(address.partition("@")[0], secret) for address in addresses()}
    return Users(passwords, MASTER, secret)
