"""What the page of files says: each with its size and checksum, and until when they can be fetched."""

from urllib.parse import quote
from zoneinfo import ZoneInfo

from mailsvc.notices.exports_ready import told_size
from mailsvc.web.portal.opening import Seen


def facts_of(seen: Seen, path: str, zone: ZoneInfo) -> dict[str, object]:
    """The facts of the page at `path`; dates are told in `zone`."""
    files = [
        {
            "name": one.name,
            "file": one.name.rpartition("/")[2].replace('"', ""),
            "size": told_size(one.size),
            "sha256": one.sha256,
            "url": f"{path}/{one.number}/{quote(one.name.rpartition('/')[2])}",
        }
        for one in seen.files
    ]
    return {
        "address": seen.link.address,
        "until": seen.link.expires_at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z"),
        "total": told_size(sum(one.size for one in seen.files)),
        "files": files,
        "form": str(seen.export.form),
        "action": path,
    }
