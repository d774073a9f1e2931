"""The one header line a message gets from us: Received (RFC 5321 4.4), as octets to put in front of it.

`received(...)` never fails: what the client called itself is made safe first, so no name can end the line or the
comment it stands in. The recipient is named only where there is one, so that nobody learns of the others.

A message whose first line is no header field is all body, whatever follows, and an empty line parts it from our line.
Without that line a first line that begins with white space would fold into ours, and the fields after it would become
a header that neither the sender's own server nor a virus check has seen. The message's octets stay as they came.
"""

import re
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

from mailsvc.gateway.clients import plain_address
from mailsvc.gateway.reception import Envelope

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._:\[\]-]")
_LONGEST_NAME: Final = 255


def received(envelope: Envelope, hostname: str, at: datetime) -> bytes:
    """Received: from NAME ([IP]) by HOSTNAME with PROTOCOL id ID for <RECIPIENT>; DATE."""
    client, mail = envelope.client, envelope.mail
    address = plain_address(client.ip)
    literal = f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
    name = _UNSAFE.sub("?", client.helo)[:_LONGEST_NAME] or "unknown"
    secured = f" ({client.tls})" if client.tls else ""
    lines = [f"Received: from {name} ({literal})", f"\tby {hostname} with {mail.protocol}{secured}", f"\tid {mail.id}"]
    if len(envelope.recipients) == 1:
        asked = envelope.recipients[0].asked
        if asked.is_ascii or mail.path.smtputf8:
            lines.append(f"\tfor <{asked}>")
    end = "\r\n" if envelope.headed else "\r\n\r\n"
    return ("\r\n".join(lines) + f";\r\n\t{_date_time(at.replace(microsecond=0))}{end}").encode()


# RFC 5322 3.3 knows whole seconds only, and a busy second has thousands of messages.
_date_time = lru_cache(maxsize=4)(format_datetime)
