"""What is answered in every situation the judge knows, by code, enhanced code and reason, in order of precedence."""

import pytest

from filters import judge, replies
from filters.mail import AddressKind, Client, Content, Standing, Usage
from filters.verdict import Accept, Because, Clean, Defer, Forward, Refuse
from schedules.text import Text
from schedules.words import Capability, Rule, Rulings
from tests.rules.filters import facts
from tests.rules.filters.facts import (
    INBOUND,
    NOTICE,
    SUBMISSION,
    WORLD,
    address,
    after_forward_end,
    after_the_end,
    forwards,
    judged,
    moved,
    over,
    ruling,
    rulings,
    standing,
    suspended,
)


def receive(rule: Rule, *, deferred: bool = False, allowed: bool = False) -> Rulings:
    return rulings(receive=ruling(Capability.RECEIVE, allowed=allowed, rule=rule, deferred=deferred))


ROWS: list[tuple[str, Standing, type, int, str, Because]] = [
    ("role address", standing("abuse", kind=AddressKind.ROLE), Accept, 250, "2.1.5", Because.ROLE_ADDRESS),
    (
        "role address in the end phase",
        standing("abuse", kind=AddressKind.ROLE, at=after_forward_end(), usage=over(grace_over=True)),
        Accept,
        250,
        "2.1.5",
        Because.ROLE_ADDRESS,
    ),
    ("unknown", standing(kind=None), Refuse, 550, "5.1.1", Because.UNKNOWN_ADDRESS),
    (
        "moved, disclosed",
        standing(left=moved("new@else.example", disclose=True)),
        Refuse,
        551,
        "5.1.6",
        Because.MOVED_DISCLOSED,
    ),
    ("moved, no consent", standing(left=moved("new@else.example")), Refuse, 550, "5.1.6", Because.MOVED),
    ("left for nowhere", standing(left=moved(None, disclose=True)), Refuse, 550, "5.1.6", Because.MOVED),
    (
        "moved to an address no reply can say",
        standing(left=moved("花子@else.example", disclose=True)),
        Refuse,
        550,
        "5.1.6",
        Because.MOVED,
    ),
    ("forwarded", standing(forwarding=forwards("n@else.example")), Forward, 250, "2.1.5", Because.FORWARDED),
    (
        "forwarded, disclosed",
        standing(forwarding=forwards("n@else.example", disclose=True)),
        Forward,
        251,
        "2.1.5",
        Because.FORWARDED_DISCLOSED,
    ),
    (
        "forwarded to an address no reply can say",
        standing(forwarding=forwards("花子@else.example", disclose=True)),
        Forward,
        250,
        "2.1.5",
        Because.FORWARDED,
    ),
    (
        "forwarding not confirmed",
        standing(forwarding=forwards("n@else.example", disclose=True, confirmed=False)),
        Accept,
        250,
        "2.1.5",
        Because.LIVE,
    ),
    (
        "forwarding to itself",
        standing("jiro", forwarding=forwards("JIRO@closing.example", disclose=True)),
        Accept,
        250,
        "2.1.5",
        Because.LIVE,
    ),
    (
        "forwarding of one who left",
        standing(left=moved("n@else.example"), forwarding=forwards("n@else.example")),
        Forward,
        250,
        "2.1.5",
        Because.FORWARDED,
    ),
    ("receive-end passed", standing(at=after_the_end()), Refuse, 550, "5.1.6", Because.SERVICE_ENDED),
    ("first hours, softly", standing(at=receive(Rule.SOFT_START, deferred=True)), Defer, 450, "4.1.6",
     Because.SERVICE_ENDED_SOFTLY),
    ("stage, deferred", standing(at=receive(Rule.STAGE, deferred=True)), Defer, 450, "4.1.6", Because.SERVICE_ENDED),
    ("switched off for good", standing(at=receive(Rule.SWITCH)), Refuse, 550, "5.1.6", Because.SERVICE_ENDED),
    ("switched off until it opens again", standing(at=receive(Rule.SWITCH, deferred=True)), Defer, 450, "4.1.6",
     Because.SERVICE_ENDED_SOFTLY),
    ("a stage that waits", standing(at=receive(Rule.WAITING, allowed=True)), Accept, 250, "2.1.5", Because.LIVE),
    ("brown-out", standing(at=receive(Rule.BROWN_OUT, deferred=True)), Defer, 450, "4.1.6", Because.BROWN_OUT),
    ("expired", standing(at=receive(Rule.EXPIRY)), Refuse, 550, "5.1.6", Because.EXPIRED),
    ("suspended, kept", standing(at=suspended()), Accept, 250, "2.1.5", Because.SUSPENDED_KEPT),
    ("suspended, deferred", standing(at=suspended(allowed=False, deferred=True)), Defer, 450, "4.2.1",
     Because.SUSPENDED),
    ("suspended, refused", standing(at=suspended(allowed=False)), Refuse, 550, "5.2.1", Because.SUSPENDED),
    ("over quota, in grace", standing(usage=over()), Defer, 452, "4.2.2", Because.OVER_QUOTA_GRACE),
    ("over quota, grace over", standing(usage=over(grace_over=True)), Refuse, 550, "5.2.2", Because.OVER_QUOTA),
    (
        "over quota by an old count",
        standing(usage=over(grace_over=True, fresh=False)),
        Defer,
        452,
        "4.2.2",
        Because.OVER_QUOTA_GRACE,
    ),
    ("suspended and over quota", standing(at=suspended(), usage=over()), Defer, 452, "4.2.2",
     Because.OVER_QUOTA_GRACE),
    ("live", standing(), Accept, 250, "2.1.5", Because.LIVE),
    ("nothing ruled, nothing counted", Standing(address("x"), ours=True, kind=AddressKind.BASE), Accept, 250,
     "2.1.5", Because.LIVE),
    ("outside", facts.stranger(), Refuse, 550, "5.7.1", Because.RELAY_DENIED),
]  # fmt: skip


@pytest.mark.parametrize(("of", "kind", "code", "enhanced", "because"), [row[1:] for row in ROWS],
                         ids=[row[0] for row in ROWS])  # fmt: skip
@pytest.mark.parametrize("client", [WORLD, INBOUND], ids=["world", "inbound"])
def test_each_situation(client: Client, of: Standing, kind: type, code: int, enhanced: str, because: Because) -> None:
    verdict = judged(of, client)
    assert (type(verdict), verdict.reply.code, verdict.reply.enhanced, verdict.because) == (
        kind, code, enhanced, because,
    )  # fmt: skip


@pytest.mark.parametrize(("of", "code", "because"), [(row[1], row[3], row[5]) for row in ROWS if row[1].ours],
                         ids=[row[0] for row in ROWS if row[1].ours])  # fmt: skip
def test_submission_hears_the_same_of_our_addresses(of: Standing, code: int, because: Because) -> None:
    verdict = judged(of, SUBMISSION)
    assert (verdict.reply.code, verdict.because) == (code, because)


def test_the_end_names_the_notice_page_in_full_behind_a_very_long_reason() -> None:
    long = Text("長", "So long, and thanks for all the mail. " * 40)
    for rule in (Rule.STAGE, Rule.SOFT_START, Rule.BROWN_OUT, Rule.EXPIRY):
        of = rulings(receive=ruling(Capability.RECEIVE, allowed=False, rule=rule, reason=long))
        line = str(judged(standing(at=of)).reply)
        assert line.endswith(f"; see {NOTICE}")
        assert len(line) <= 510


def test_a_domain_without_notice_page_gives_the_reason_alone() -> None:
    of = Standing(address("x"), ours=True, kind=AddressKind.BASE, rulings=after_the_end())
    assert str(judged(of).reply) == "550 5.1.6 Mail service at closing.example has ended"


class TestQuota:
    @pytest.mark.parametrize(
        ("used", "limit", "code"), [(0, 100, 250), (99, 100, 250), (100, 100, 452), (101, 100, 452), (5, 0, 250)]
    )
    def test_at_the_edge(self, used: int, limit: int, code: int) -> None:
        usage = Usage(used, limit, None, grace_over=False, fresh=True)
        assert judged(standing(usage=usage)).reply.code == code

    def test_never_hides_the_end(self) -> None:
        assert judged(standing(at=after_the_end(), usage=over(grace_over=True))).because is Because.SERVICE_ENDED


class TestContent:
    @pytest.mark.parametrize(("octets", "limit"), [(0, 0), (10**9, 0), (100, 100)])
    def test_within_the_limit_is_clean(self, octets: int, limit: int) -> None:
        assert judge.content(Content(octets, limit)) == Clean()

    def test_too_large(self) -> None:
        verdict = judge.content(Content(101, 100))
        assert isinstance(verdict, Refuse)
        assert (verdict.reply.code, verdict.reply.enhanced, verdict.because) == (552, "5.3.4", Because.TOO_LARGE)

    def test_bare_newline(self) -> None:
        verdict = judge.content(Content(10, 100, bare_newline=True))
        assert isinstance(verdict, Refuse)
        assert (verdict.reply.code, verdict.reply.enhanced, verdict.because) == (550, "5.6.11", Because.BARE_NEWLINE)

    def test_too_large_is_said_first(self) -> None:
        verdict = judge.content(Content(101, 100, bare_newline=True))
        assert isinstance(verdict, Refuse)
        assert verdict.because is Because.TOO_LARGE


class TestClockInDoubt:
    def test_what_the_jump_does_not_change_stands(self) -> None:
        verdict = judged(standing())
        assert judge.unless_clock_jumped(verdict, judged(standing())) == verdict

    @pytest.mark.parametrize(
        ("now", "trusted"),
        [
            (standing(at=after_the_end()), standing()),
            (standing(), standing(at=after_the_end())),
            (standing(usage=over(grace_over=True)), standing(usage=over())),
            (standing(forwarding=forwards("a@else.example")), standing(forwarding=forwards("b@else.example"))),
        ],
        ids=["jumped over the end", "jumped before the end", "jumped over the grace time", "another target"],
    )
    def test_what_only_the_jump_changes_is_put_off(self, now: Standing, trusted: Standing) -> None:
        verdict = judge.unless_clock_jumped(judged(now), judged(trusted))
        assert verdict == Defer(Because.CLOCK_JUMP, replies.CLOCK_JUMP)
        assert (verdict.reply.code, verdict.reply.enhanced) == (451, "4.3.0")


def test_facts_that_are_away_are_answered_4xx() -> None:
    assert str(judge.facts_away().reply).startswith("451 4.3.0 ")
    assert str(judge.facts_away(full=True).reply).startswith("452 4.3.1 ")
    assert judge.facts_away().because is Because.FACTS_AWAY
