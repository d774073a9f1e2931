"""Small plans for tests, built from the stages a test is about."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from schedules.amendments import Act, Amendment
from schedules.edition import Edition
from schedules.names import Address
from schedules.plan import Plan
from schedules.planfile import read_plan
from schedules.words import Capability, Profile, Ruling

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
SUCCESSOR = "smtp://mx.successor.example:25"
HANAKO = Address.parse("hanako@closing.example")


def text(
    stages: Mapping[str, str],
    *,
    zone: str = "Asia/Tokyo",
    domains: Sequence[str] = ("closing.example",),
    brown_outs: Sequence[tuple[str, str]] = (),
    more: str = "",
) -> str:
    """A plan's YAML."""
    lines = [
        "plan: small",
        f"zone: {zone}",
        "domains: [" + ", ".join(f'"{domain}"' for domain in domains) + "]",
        "title: {ja: 終了, en: The end}",
        "reason: {ja: 終了しました, en: it has ended}",
        "stages:" + ("" if stages else " {}"),
        *(f"  {stage}: {_line(stage, at)}" for stage, at in stages.items()),
        *(["brown_outs:"] if brown_outs else []),
        *(f"  - {{from: {start}, until: {end}}}" for start, end in brown_outs),
        more,
    ]
    return "\n".join(lines) + "\n"


def _line(stage: str, at: str) -> str:
    """A stage's line; a date alone does not do where a host must be named too."""
    return f"{{at: {at}, to: {SUCCESSOR}}}" if stage == "successor" and not at.startswith("{") else at


def plan(
    stages: Mapping[str, str],
    *,
    zone: str = "Asia/Tokyo",
    domains: Sequence[str] = ("closing.example",),
    brown_outs: Sequence[tuple[str, str]] = (),
    more: str = "",
) -> Plan:
    """A plan, read from its YAML."""
    return read_plan(text(stages, zone=zone, domains=domains, brown_outs=brown_outs, more=more), "small.yaml")


def amended(edition: Edition, *acts: Act, made_at: str = "2024-01-01T00:00:00+00:00") -> Edition:
    """The edition with acts made one after another, all at one instant."""
    for act in acts:
        number = len(edition.amendments) + 1
        edition = edition.amended(Amendment(number, datetime.fromisoformat(made_at), "admin", "an earthquake", act))
    return edition


def local(written: str, zone: ZoneInfo = TOKYO) -> datetime:
    """A naive time in a zone."""
    return datetime.fromisoformat(written).replace(tzinfo=zone)


def ruling(edition: Edition, capability: str, at: str, profile: Profile | None = None) -> Ruling:
    """One ruling at a time in the plan's zone; for hanako where no profile is given."""
    asked = edition.profile(HANAKO) if profile is None else profile
    return edition.at(asked, local(at, edition.plan.zone))[Capability(capability)]
