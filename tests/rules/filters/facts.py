"""Facts for judges, made by hand: clients, senders, rulings and standings of closing.example."""

from datetime import UTC, datetime, timedelta, timezone

from filters import judge
from filters.mail import AddressKind, Client, ClientKind, Forwarding, Left, Sender, Standing, Usage
from filters.verdict import RecipientVerdict
from schedules.names import Address
from schedules.positions import Position
from schedules.text import Text
from schedules.words import Capability, Rule, Ruling, Rulings, Stage

NOTICE = "https://provider.example/end"
JST = timezone(timedelta(hours=9))
END = datetime(2024, 2, 1, tzinfo=JST)
REASON = Text("サービスは終了しました", "Mail service at closing.example has ended.")
SOURCE = Position("plan.yaml", 8, 5)

WORLD = Client(ClientKind.WORLD, "192.0.2.1", 4000)
INBOUND = Client(ClientKind.INBOUND, "127.0.0.1", 4001)
SUBMISSION = Client(ClientKind.SUBMISSION, "127.0.0.1", 4002)
CLIENTS = (WORLD, INBOUND, SUBMISSION)

NULL_SENDER = Sender(None)
FOREIGN_SENDER = Sender(Address.parse("someone@world.example"))


def judged(of: Standing, client: Client = WORLD, sender: Sender = FOREIGN_SENDER) -> RecipientVerdict:
    """What the judge says of mail for somebody of this standing."""
    return judge.recipient(client, sender, of)


def address(text: str) -> Address:
    return Address.parse(text if "@" in text else f"{text}@closing.example")


def ruling(
    capability: Capability,
    *,
    allowed: bool = True,
    rule: Rule = Rule.OPEN,
    deferred: bool = False,
    stage: Stage | None = None,
    reason: Text = REASON,
    since: datetime | None = None,
) -> Ruling:
    return Ruling(capability, allowed, rule, reason, SOURCE, since=since, deferred=deferred, stage=stage)


def rulings(**changed: Ruling) -> Rulings:
    """All allowed, but for what is `changed`, by capability."""
    of = {capability: ruling(capability) for capability in Capability}
    of.update({Capability(name): one for name, one in changed.items()})
    return Rulings(of, None, None)


def ended(capability: Capability, stage: Stage) -> Ruling:
    return ruling(capability, allowed=False, rule=Rule.STAGE, stage=stage, since=END)


def before_the_end() -> Rulings:
    return rulings()


def after_the_end() -> Rulings:
    """receive-end and send-end have come, forward-end has not."""
    return rulings(
        receive=ended(Capability.RECEIVE, Stage.RECEIVE_END),
        send=ended(Capability.SEND, Stage.SEND_END),
    )


def after_forward_end() -> Rulings:
    return rulings(
        receive=ended(Capability.RECEIVE, Stage.RECEIVE_END),
        send=ended(Capability.SEND, Stage.SEND_END),
        forward=ended(Capability.FORWARD, Stage.FORWARD_END),
    )


def suspended(**receive: bool) -> Rulings:
    """A suspended contract; by default mail is kept."""
    return rulings(
        receive=ruling(
            Capability.RECEIVE,
            allowed=receive.get("allowed", True),
            deferred=receive.get("deferred", False),
            rule=Rule.SUSPENSION,
        ),
        send=ruling(Capability.SEND, allowed=False, rule=Rule.SUSPENSION, since=END),
    )


def standing(
    local: str = "hanako",
    *,
    at: Rulings | None = None,
    kind: AddressKind | None = AddressKind.BASE,
    left: Left | None = None,
    forwarding: Forwarding | None = None,
    usage: Usage | None = None,
) -> Standing:
    asked = address(local)
    return Standing(
        asked,
        ours=True,
        kind=kind,
        mailbox=asked if kind else None,
        rulings=at or before_the_end(),
        left=left,
        forwarding=forwarding,
        usage=usage,
        notice_url=NOTICE,
    )


def stranger(text: str = "x@elsewhere.example") -> Standing:
    return Standing(address(text), ours=False, kind=None)


def forwards(target: str, *, disclose: bool = False, confirmed: bool = True, keep: bool = False) -> Forwarding:
    return Forwarding(Address.parse(target), confirmed=confirmed, disclose=disclose, keep=keep)


def moved(target: str | None, *, disclose: bool = False) -> Left:
    return Left(Address.parse(target) if target else None, disclose=disclose)


def over(*, grace_over: bool = False, fresh: bool = True) -> Usage:
    return Usage(1_000_001, 1_000_000, datetime(2024, 1, 1, tzinfo=UTC), grace_over=grace_over, fresh=fresh)


def local_sender(at: Rulings, local: str = "hanako") -> Sender:
    return Sender(address(local), standing(local, at=at))
