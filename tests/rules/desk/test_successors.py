import pytest

from mailsvc.desk.successors import refuse_loops
from mailsvc.kit.settings import Settings
from schedules.positions import BadFile
from tests.rules.schedules.plans import plan


def settings(listen: str = "0.0.0.0:25") -> Settings:
    return Settings.model_validate(
        {
            "service": {"purpose": "test", "hostname": "mx.closing.example"},
            "records": {"url": "sqlite:///records.db"},
            "domains": {
                "closing.example": {"deliver": "smtp://store.provider.example:2600?tls=none"},
                "kept.example": {"deliver": "maildir:/srv/mail/{domain}/{user}"},
            },
            "outbound": {"deliver": "smtp://relay.provider.example:25"},
            "gateway": {"listeners": [{"listen": listen}]},
        }
    )


def told(to: str, listen: str = "0.0.0.0:25") -> list[str]:
    try:
        refuse_loops(plan({"successor": f"{{at: 2024-02-01, to: '{to}'}}"}), settings(listen))
    except BadFile as bad:
        return [str(problem) for problem in bad.problems]
    return []


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("smtp://mx.closing.example:25", "is this gateway itself"),
        ("smtp://localhost", "is this gateway itself"),
        ("smtp://127.0.0.1:25", "is this gateway itself"),
        ("smtp://store.provider.example:2600", "is where mail for closing.example goes already"),
        ("smtp://relay.provider.example?tls=required", "is our own way outward"),
    ],
)
def test_a_successor_that_is_ourselves_is_one_problem_at_its_line(to: str, words: str) -> None:
    (problem,) = told(to)
    assert problem.startswith("small.yaml:7:19: the successor smtp://")
    assert words in problem


@pytest.mark.parametrize(
    "to",
    [
        "smtp://mx.successor.example",
        "smtp://mx.closing.example:10026",
        "smtp://store.provider.example:25",
        "smtp://192.0.2.1:25",
        "smtp://[2001:db8::1]:25",
    ],
)
def test_another_host_or_port_is_a_successor(to: str) -> None:
    assert told(to) == []


def test_a_listener_on_one_address_is_only_there() -> None:
    assert told("smtp://127.0.0.1:25", listen="127.0.0.2:25") == []
    assert len(told("smtp://127.0.0.2:25", listen="127.0.0.2:25")) == 1


def test_a_plan_without_one_is_no_matter() -> None:
    refuse_loops(plan({"receive-end": "2024-02-01"}), settings())
