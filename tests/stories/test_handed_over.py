"""Mail is handed to our own next hop while its client still waits: who is answered what, and what comes of the rest."""

import json
import smtplib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from tests.peers.smtp import Answer, SmtpPeer, TakenMail
from tests.peers.threaded import away, threaded
from tests.real.house import FRIEND, LastpostHouse, Words, house
from tests.support.deadline import wait_until

HANAKO, JIRO = "hanako@closing.example", "jiro@closing.example"
TARO, UME = "taro@store.example", "ume@store.example"
HOME = f"address,kind\n{HANAKO},base\n{JIRO},base\n"
ACCOUNTS = f"{HOME}{TARO},base\n{UME},base\n"
SECRET = "<secret@hidden.example>"
NEVER, LATER = Answer(f"550 5.1.1 {SECRET} is nobody"), Answer(f"450 4.2.1 {SECRET} sleeps")
OUTBOX = "first_retry: 10 min, longest_retry: 20 min, handoff_budget: {budget}"
AT_EASE, IN_HASTE = OUTBOX.format(budget="2 min"), OUTBOX.format(budget="1 s")


@dataclass
class Scene:
    """A house, its next hop by SMTP and its store by LMTP."""

    us: LastpostHouse
    hop: SmtpPeer
    store: SmtpPeer
    hours: Iterator[int] = field(default_factory=lambda: count(1))
    marks: Iterator[int] = field(default_factory=lambda: count(1))

    def send(self, mark: str, *to: str, port: int = 0, sender: str = FRIEND) -> str:
        """The reply to the end of the content."""
        with smtplib.SMTP("127.0.0.1", port or self.us.world, timeout=60) as client:
            client.ehlo("client.example")
            assert client.mail(sender)[0] == 250
            for one in to:
                assert client.rcpt(one)[0] == 250
            code, words = client.data(f"Message-ID: <{mark}@x.example>\r\nSubject: {mark}\r\n\r\n{mark}\r\n")
        return f"{code} {words.decode()}"

    def deliveries(self, reply: str) -> list[tuple[object, ...]]:
        """Recipient, state and attempts of each delivery of the message taken with this reply."""
        asked = "select recipient, state, attempts from deliveries where message_id = ? order by number"
        return self.us.asked(asked, reply.rsplit(maxsplit=1)[-1])

    def states(self, reply: str) -> list[object]:
        return [state for _, state, _ in self.deliveries(reply)]

    def queued(self, recipient: str) -> list[Mapping[str, str]]:
        found: list[Mapping[str, str]] = json.loads(
            self.us.lastpost("queue", "list", "--json", "--recipient", recipient)
        )
        return found

    def later(self) -> None:
        """An hour goes by: whatever waits is due."""
        self.us.move(f"+{next(self.hours)}h")

    def told(self, mark: str) -> list[EmailMessage]:
        """The reports that the friend has of the message with this mark."""
        found = [one for one in self.us.mail("elsewhere.example", "friend") if mark.encode() in one]
        return [message_from_bytes(one, policy=policy.default) for one in found]


def taken(peer: SmtpPeer, mark: str) -> list[TakenMail]:
    return [mail for mail in peer.taken if f"Subject: {mark}\r\n".encode() in mail.body]


def arrives(peer: SmtpPeer, mark: str) -> TakenMail:
    wait_until(lambda: taken(peer, mark), f"{mark} at the next hop")
    return taken(peer, mark)[0]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with threaded(SmtpPeer()) as hop, threaded(SmtpPeer(lmtp=True)) as store:
        words = Words(
            gateway="  handler_deadline: 10 min\n",
            domains=f'  store.example: {{{{deliver: "lmtp://127.0.0.1:{store.port}"}}}}\n',
            outbox=AT_EASE,
            more='resolver: {{servers: ["127.0.0.1@9"], timeout: 1 s}}\n',
        )
        folder, hop_url = tmp_path_factory.mktemp("handed") / "us", f"smtp://127.0.0.1:{hop.port}?tls=none"
        with house(folder, deliver=hop_url, accounts=ACCOUNTS, words=words) as us:
            yield Scene(us, hop, store)


@pytest.fixture
def scene(whole: Scene) -> Scene:
    """The house they share; both hops are friendly again."""
    whole.hop.follow({})
    whole.store.follow({})
    return whole


def test_what_the_next_hop_takes_is_delivered_before_the_250(scene: Scene) -> None:
    reply = scene.send("takes", HANAKO)
    assert reply.startswith("250 2.6.0 ")
    assert len(taken(scene.hop, "takes")) == 1
    (told,) = json.loads(scene.us.lastpost("trace", reply.rsplit(maxsplit=1)[-1], "--json"))
    assert [(one["recipient"], one["state"]) for one in told["deliveries"]] == [(HANAKO, "delivered")]


@pytest.mark.parametrize(
    "script", [{"RCPT": NEVER}, {"end": Answer(f"554 5.1.1 {SECRET} is nobody")}], ids=["rcpt", "dot"]
)
def test_what_all_refuse_for_good_is_refused_to_the_world_in_our_own_words(
    scene: Scene, script: dict[str, Answer]
) -> None:
    scene.hop.follow(script)
    reply = scene.send("refused", HANAKO, JIRO)
    assert reply.startswith("554 5.1.1 ")
    assert "secret" not in reply
    assert scene.queued(HANAKO) == []


def test_what_all_refuse_for_good_is_taken_from_an_inbound_mta_and_reported_once(scene: Scene) -> None:
    scene.hop.follow({"RCPT": NEVER})
    reply = scene.send("inbound", HANAKO, JIRO, port=scene.us.inbound)
    assert reply.startswith("250 ")
    wait_until(lambda: scene.told("inbound"), "a report")
    (report,) = scene.told("inbound")
    assert report.get_content_type() == "multipart/report"
    assert failed(report) == [HANAKO, JIRO]
    assert scene.states(reply) == ["returned", "returned"]


def failed(report: EmailMessage) -> list[str]:
    """The recipients it reports as failed."""
    status = list(report.iter_parts())[1]
    fields = [part for part in status.iter_parts() if part["Final-Recipient"]]
    assert {part["Action"] for part in fields} == {"failed"}
    return [str(part["Final-Recipient"]).partition(";")[2].strip() for part in fields]


def test_a_foreign_senders_mail_is_never_refused_to_our_submission_mta(scene: Scene) -> None:
    """Its bounce would go to a sender that may be forged; a subscriber of ours reads her own."""
    scene.hop.follow({"RCPT": NEVER})
    port = scene.us.submission
    assert scene.send("foreign", JIRO, port=port).startswith("250 ")
    assert scene.send("own", JIRO, port=port, sender=HANAKO).startswith("554 5.1.1 ")


@pytest.mark.parametrize(("door", "sender"), [("world", FRIEND), ("submission", HANAKO)])
def test_what_all_put_off_stays_with_the_client(scene: Scene, door: str, sender: str) -> None:
    scene.hop.follow({"RCPT": LATER})
    reply = scene.send("later", HANAKO, JIRO, port=getattr(scene.us, door), sender=sender)
    assert reply.startswith("451 4.2.1 ")
    assert "secret" not in reply
    assert scene.queued(HANAKO) == []


def test_what_all_put_off_is_taken_from_an_inbound_mta_and_tried_again(scene: Scene) -> None:
    scene.hop.follow({"RCPT": [LATER]})
    reply = scene.send("inbound later", HANAKO, port=scene.us.inbound)
    assert reply.startswith("250 ")
    assert scene.states(reply) == ["queued"]
    scene.later()
    arrives(scene.hop, "inbound later")
    wait_until(lambda: scene.states(reply) == ["delivered"], "it is settled")


def test_a_refusal_of_one_is_reported_and_the_others_have_it(scene: Scene) -> None:
    scene.hop.follow({f"RCPT TO:<{JIRO.upper()}": NEVER})
    reply = scene.send("mixed", HANAKO, JIRO)
    assert reply.startswith("250 ")
    assert arrives(scene.hop, "mixed").recipients == [HANAKO]
    wait_until(lambda: scene.told("mixed"), "a report")
    (report,) = scene.told("mixed")
    assert failed(report) == [JIRO]
    assert scene.states(reply) == ["delivered", "returned"]
    assert len(taken(scene.hop, "mixed")) == 1


def test_what_one_puts_off_is_tried_again_for_this_one(scene: Scene) -> None:
    scene.hop.follow({f"RCPT TO:<{JIRO.upper()}": [LATER]})
    reply = scene.send("half", HANAKO, JIRO)
    assert reply.startswith("250 ")
    assert [row["state"] for row in scene.queued(JIRO)] == ["queued"]
    scene.later()
    wait_until(lambda: len(taken(scene.hop, "half")) == 2, "the second recipient")
    assert [mail.recipients for mail in taken(scene.hop, "half")] == [[HANAKO], [JIRO]]
    wait_until(lambda: scene.states(reply) == ["delivered", "delivered"], "both are settled")


@pytest.mark.parametrize("leaves", ["not there", "421"])
def test_mail_waits_for_a_next_hop_that_is_away(scene: Scene, leaves: str) -> None:
    mark = f"waits, {leaves}"
    with gone(scene.hop, leaves):
        reply = scene.send(mark, HANAKO)
        assert reply.startswith("250 ")
        assert [row["state"] for row in scene.queued(HANAKO)] == ["queued"]
        assert taken(scene.hop, mark) == []
    scene.later()
    arrives(scene.hop, mark)
    wait_until(lambda: scene.states(reply) == ["delivered"], "it is settled")
    assert len(taken(scene.hop, mark)) == 1


@contextmanager
def gone(hop: SmtpPeer, how: str) -> Iterator[None]:
    if how == "not there":
        with away(hop):
            yield
        return
    hop.follow({"MAIL": Answer("421 4.3.2 closing", close=True), "connect": Answer("421 4.3.2 closing", close=True)})
    yield
    hop.follow({})


def test_a_slow_next_hop_keeps_nobody_waiting_and_is_told_once(tmp_path: Path) -> None:
    taken_at_last = Event()
    with threaded(SmtpPeer({"end": [Answer("250 2.0.0 taken at last", held=taken_at_last)]})) as hop:
        hop_url, words = f"smtp://127.0.0.1:{hop.port}?tls=none", Words(outbox=IN_HASTE)
        with house(tmp_path / "us", deliver=hop_url, accounts=HOME, words=words) as us:
            scene = Scene(us, hop, hop)
            try:
                reply = scene.send("slow", HANAKO)
                assert reply.startswith("250 ")
                assert scene.deliveries(reply) == [(HANAKO, "claimed", 1)]
            finally:
                taken_at_last.set()
            wait_until(lambda: scene.states(reply) == ["delivered"], "it is settled")
            assert scene.deliveries(reply) == [(HANAKO, "delivered", 1)]
            assert len(taken(hop, "slow")) == 1


@pytest.mark.parametrize("end", [Answer.CUT, Answer(b"25", close=True)], ids=["cut", "half an answer"])
def test_what_is_perhaps_taken_is_tried_again_and_may_come_twice(scene: Scene, end: Answer) -> None:
    mark = f"perhaps {len(end.octets)}"
    scene.hop.follow({"end": [end]})
    reply = scene.send(mark, HANAKO)
    assert reply.startswith("250 ")
    (row,) = scene.queued(HANAKO)
    assert (row["state"], row["last_reply"].partition(":")[0]) == ("unknown", "perhaps taken already")
    scene.later()
    wait_until(lambda: scene.states(reply) == ["delivered"], "it is settled")
    sent = [mail for mail in scene.hop.mails if f"<{mark}@x.example>".encode() in mail.body]
    assert len(sent) == 2
    assert len({mail.body for mail in sent}) == 1, "the same octets, the same Message-ID"


def test_a_full_mailbox_behind_lmtp_is_one_recipient_s_fault(scene: Scene) -> None:
    full = Answer("552 5.2.2 Quota exceeded")
    scene.store.follow({"end": [Answer("250 2.0.0 saved"), full]})
    reply = scene.send("full", TARO, UME)
    assert reply.startswith("250 ")
    wait_until(lambda: scene.told("full"), "a report")
    (report,) = scene.told("full")
    assert failed(report) == [UME]
    assert scene.states(reply) == ["delivered", "returned"]
    scene.store.follow({"end": full})
    assert scene.send("full again", TARO, UME).startswith("554 5.2.2 ")
