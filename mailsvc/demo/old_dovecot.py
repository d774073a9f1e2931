"""A Dovecot of the demo world's own, without root's rights: IMAP on one loopback port, in clear, over its Maildirs.

    async with dovecot(world.mail, world.state / "old-imap", users, 1143): ...

Raises NoDovecot where there is none that can be used: not installed, of another generation than 2.3, or not serving.
For root it runs in a user namespace in which root is nobody, since Dovecot opens no mail as root. It ends with the
process that started it, however that ends.
"""

import asyncio
import os
import pwd
import re
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from grp import getgrgid
from pathlib import Path

from mailsvc.demo.old_imap import Users
from mailsvc.kit.files import write_atomic

_NOBODY = 65_534
_PATIENCE = 10.0  # seconds until it serves, and until it has ended
_LOOKS_EACH = 0.1
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]+")
_CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {home}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
auth_username_format = %Lu
auth_master_user_separator = *
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_uid = {uid}
mail_gid = {gid}
mail_location = maildir:{mail}/%Ld/%Ln:CONTROL={home}/control/%Ld/%Ln:INDEX={home}/index/%Ld/%Ln
passdb {{
  driver = passwd-file
  args = {home}/masters
  master = yes
}}
passdb {{
  driver = passwd-file
  args = {home}/users
}}
userdb {{
  driver = static
  args = home={home}/homes/%Ld/%Ln
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox 送信済み {{
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class NoDovecot(Exception):
    """There is none that can be used; the message says why."""


@asynccontextmanager
async def dovecot(mail: Path, home: Path, users: Users, port: int) -> AsyncIterator[None]:
    """Serve the Maildirs DOMAIN/USER below `mail` while this lasts; what it remembers of them is kept in `home`."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin")
    if program is None:
        raise NoDovecot("it is not installed")
    if not _PLAIN_PATH.fullmatch(f"{mail}{home}"):
        raise NoDovecot("the folder's name means something else to it")
    if not (await _said(program, "--version")).startswith("2.3."):
        raise NoDovecot("another generation is configured otherwise")
    async with AsyncExitStack() as stack:
        # For sockets alone, whose paths are no longer than 107 octets.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="old-imap-", ignore_cleanup_errors=True)))
        _configure(folder, mail, home, users, port)
        process = await _started(program, home)
        stack.push_async_callback(_ended, process)
        await _serves(process, users, port)
        yield


def _configure(folder: Path, mail: Path, home: Path, users: Users, port: int) -> None:
    uid, gid = (os.getuid(), os.getgid()) if os.getuid() else (_NOBODY, _NOBODY)
    try:
        names = {"user": pwd.getpwuid(uid).pw_name, "group": getgrgid(gid).gr_name}
    except KeyError:
        raise NoDovecot("this user has no name") from None
    config = _CONFIG.format(folder=folder, home=home, mail=mail, port=port, uid=uid, gid=gid, **names)
    write_atomic(home / "dovecot.conf", config.encode())
    write_atomic(home / "masters", f"{users.master}:{{PLAIN}}{users.secret}\n".encode())
    lines = "".join(f"{address}:{{PLAIN}}{password}\n" for address, password in users.passwords.items())
    write_atomic(home / "users", lines.encode())


async def _started(program: str, home: Path) -> Process:
    """In the foreground, ended by the kernel with whoever started it."""
    as_nobody = ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}", "--"]
    words = [*([] if os.getuid() else as_nobody), "setpriv", "--pdeathsig", "TERM", program, "-F", "-c"]
    try:
        return await asyncio.create_subprocess_exec(
            *words, str(home / "dovecot.conf"), stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
    except OSError as why:
        raise NoDovecot(str(why)) from None


async def _ended(process: Process) -> None:
    """Ask it to end, and wait until its port is free."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _PATIENCE)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _serves(process: Process, users: Users, port: int) -> None:
    """Wait until a mailbox can be opened by the master user."""
    for _ in range(int(_PATIENCE / _LOOKS_EACH)):
        if process.returncode is not None:
            raise NoDovecot("it does not start")
        with suppress(OSError, ValueError, TimeoutError):
            if await asyncio.wait_for(_opens(users, port), _PATIENCE):
                return
            break
        await asyncio.sleep(_LOOKS_EACH)
    raise NoDovecot("it opens no mailbox")


async def _opens(users: Users, port: int) -> bool:
    """Whether the first of the mailboxes can be opened. Raises OSError while nothing listens."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        who = b64encode(f"{next(iter(users.passwords))}\0{users.master}\0{users.secret}".encode())
        writer.write(b"a AUTHENTICATE PLAIN " + who + b"\r\nb STATUS INBOX (MESSAGES)\r\nc LOGOUT\r\n")
        return b"\nb OK" in await reader.read(-1)
    finally:
        writer.close()


async def _said(program: str, word: str) -> str:
    try:
        process = await asyncio.create_subprocess_exec(program, word, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    except OSError as why:
        raise NoDovecot(str(why)) from None
    said, _ = await process.communicate()
    return said.decode("utf-8", "replace")
