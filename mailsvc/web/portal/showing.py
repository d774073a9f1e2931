"""What the page of files says: each with its size and checksum, and until when they can be fetched."""

from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from mailsvc.notices.exports_ready import told_size
from mailsvc.web.portal.opening import Seen
from schedules.names import Address


def facts_of(seen: Seen, path: str, zone: ZoneInfo, more: datetime | None) -> dict[str, object]:
    """The facts of the page at `path`; dates are told in `zone`. `more`: until when its plan gave it more time."""

    def told(at: datetime) -> str:
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")

    files = [
        {
            "name": one.name,
            "size": told_size(one.size),
            "sha256": one.sha256,
            "url": f"{path}/{one.number}/{quote(one.name)}",
        }
        for one in seen.files
    ]
    return {
        "address": seen.link.address,
        "host": Address.parse(seen.link.address).domain.ascii,
        "until": told(seen.link.expires_at),
        "more": told(more) if more else "",
        "total": told_size(sum(one.size for one in seen.files)),
        "files": files,
        "form": str(seen.export.form),
        "action": path,
    }
