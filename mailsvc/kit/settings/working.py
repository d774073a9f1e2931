"""How the service carries jobs out: mailboxes moved and exported in the background."""

from pydantic import Field

from mailsvc.kit.paths import FilePath
from mailsvc.kit.settings.words import Section


class JobsSettings(Section):
    """Mailboxes moved and exported in the background."""

    folder: FilePath | None = Field(
        default=None,
        description="Folder for what jobs keep on this machine: keys, and large messages on their way; left out, this "
        "service carries out no jobs.",
        examples=["/var/lib/lastpost/jobs"],
    )
    at_once: int = Field(default=4, ge=1, le=64, description="Jobs that this service carries out at once.")
    per_host: int = Field(
        default=4, ge=1, le=1000, description="Jobs at one host at once, of all services on the same records together."
    )
