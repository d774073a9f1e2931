"""The settings that docs/TOPOLOGIES.md and docs/exim/ give for real servers, with the ports of a test in them.

ports = {2527: us.inbound, 10026: back, 10031: policy}
main_cf("the Postfix that filters", ports), master_cf(ports), exim("after-queue", ports)
"""

import re
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
TOPOLOGIES = DOCS / "TOPOLOGIES.md"


def main_cf(title: str, ports: Mapping[int, int]) -> dict[str, str]:
    """The lines under `# main.cf of TITLE`."""
    lines = _moved(_block(f"main.cf of {title}"), ports).splitlines()
    return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}


def master_cf(ports: Mapping[int, int]) -> str:
    """The services that `master.cf` gets."""
    return _moved(_block(r"master.cf: [^\n]*"), ports)


def exim(name: str, ports: Mapping[int, int]) -> str:
    """A whole exim.conf; port 25, of all addresses, becomes one of loopback."""
    text = (DOCS / "exim" / f"{name}.conf").read_text(encoding="utf-8").replace("0.0.0.0.25", "127.0.0.1.25")
    return _moved(text, ports)


def settings(heading: str) -> str:
    """The settings of ours in the section of this heading."""
    found = re.search(
        rf"^## {heading}\n.*?^```yaml\n(.*?)^```", TOPOLOGIES.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found, f"the section {heading} has settings of ours"
    return found[1]


def _block(title: str) -> str:
    found = re.search(rf"^# {title}\n(.*?)^```", TOPOLOGIES.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"the document has lines for {title}"
    return found[1]


def _moved(text: str, ports: Mapping[int, int]) -> str:
    for documented, used in ports.items():
        text = re.sub(rf"(?<![0-9]){documented}(?![0-9])", str(used), text)
    return text
