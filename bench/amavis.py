"""Postfix with amavisd-new as its content filter, the usual way to have mail scanned: for comparison.

`with filtered(folder, clamd=SOCKET, sink=PORT, user=NAME) as postfix:` takes mail on `postfix.port`, amavisd-new asks
the same clamd, and what comes back is relayed to the sink. Needs root, and the Debian packages postfix and amavisd-new.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.real.postfix import Postfix
from tests.support.ports import free_port, listens
from tests.support.programs import Program

SERVERS = 4  # of amavisd-new at once; two to eight made no difference on two cores

CONFIG = """\
use strict;
$daemon_user = '{user}'; $daemon_group = '{group}';
$MYHOME = '{home}'; $TEMPBASE = "$MYHOME/tmp"; $db_home = "$MYHOME/db"; $pid_file = "$MYHOME/amavisd.pid";
$lock_file = "$MYHOME/amavisd.lock"; $helpers_home = $MYHOME; $QUARANTINEDIR = undef; $enable_db = 0;
$mydomain = 'closing.example'; $myhostname = 'filter.closing.example';
$max_servers = {servers}; $max_requests = 0; $child_timeout = 120;
@inet_acl = qw(127.0.0.1); $inet_socket_bind = '127.0.0.1'; $inet_socket_port = {port};
$forward_method = 'smtp:[127.0.0.1]:{back}'; $notify_method = $forward_method;
$do_syslog = 0; $LOGFILE = "$MYHOME/log"; $log_level = 0; $nanny_details_level = 0;
@bypass_spam_checks_maps = (1); @bypass_banned_checks_maps = (1); @bypass_header_checks_maps = (1);
$final_virus_destiny = D_DISCARD; @mynetworks = qw(127.0.0.0/8); $X_HEADER_LINE = undef;
@av_scanners = (['ClamAV', \\&ask_daemon, ["CONTSCAN {{}}\\n", "{clamd}"],
  qr/\\bOK$/m, qr/\\bFOUND$/m, qr/^.*?: (?!Infected Archive)(.*) FOUND$/m]);
@av_scanners_backup = (); @decoders = ();
1;
"""

REINJECT = """\
127.0.0.1:{back} inet n - n - - smtpd -o content_filter= -o receive_override_options=no_unknown_recipient_checks
filter unix - - n - {servers} smtp -o smtp_send_xforward_command=no
"""


@contextmanager
def filtered(folder: Path, *, clamd: Path, sink: int, user: str) -> Iterator[Postfix]:
    port, back = free_port(), free_port()
    home = folder / "amavis"
    for one in (folder, home, home / "tmp", home / "db"):
        one.mkdir(mode=0o755, exist_ok=True)
    subprocess.run(["chown", "-R", f"{user}:", home], check=True)
    group = subprocess.run(["id", "-gn", user], check=True, capture_output=True, text=True).stdout.strip()
    config = folder / "amavisd.conf"  # which amavisd-new must not be able to write
    config.write_text(
        CONFIG.format(user=user, group=group, home=home, servers=SERVERS, port=port, back=back, clamd=clamd)
    )
    settings = {
        "content_filter": f"filter:[127.0.0.1]:{port}",
        "relayhost": f"[127.0.0.1]:{sink}",
        "default_destination_concurrency_limit": "20",
        "in_flow_delay": "0s",
    }
    services = REINJECT.format(back=back, servers=SERVERS)
    postfix = Postfix(folder / "postfix", "mx.closing.example", settings, services)
    with Program(["amavisd", "-c", str(config), "foreground"], folder / "amavis.log") as program:
        program.ready(lambda: listens(port), "amavisd-new listens", within=60)
        with postfix:
            yield postfix
