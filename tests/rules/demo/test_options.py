"""The words behind `./run`: what is read from them, and what is said of those that make no sense."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.demo.options import DEFAULT_ENDS_IN, DEFAULT_PORT_BASE, Options, read_options

NOTHING = Options(None, None, None, fresh=False, clock_file=None, words=())


def test_without_words_nothing_was_asked() -> None:
    assert read_options([]) == NOTHING


def test_every_option_is_read() -> None:
    words = ["--port-base", "4000", "--state", "x/y", "--ends-in", "7", "--fresh", "--clock-file", "c"]
    assert read_options(words) == Options(4000, Path("x/y"), 7, fresh=True, clock_file=Path("c"), words=())


def test_options_precede_the_words_of_lastpost() -> None:
    read = read_options(["--state", "here", "plan", "show", "--json", "--fresh", "--state", "there"])
    assert read.state == Path("here")
    assert not read.fresh
    assert read.words == ("plan", "show", "--json", "--fresh", "--state", "there")


def test_two_dashes_end_the_options() -> None:
    assert read_options(["--fresh", "--", "--help"]).words == ("--help",)
    assert read_options(["--", "accounts", "list", "--", "x"]).words == ("accounts", "list", "--", "x")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port-base", "0"], "a port base lies between 1 and 65531, since five ports are used"),
        (["--port-base", "65532"], "a port base lies between 1 and 65531"),
        (["--port-base", "smtp"], "argument --port-base: 'smtp' is not a whole number"),
        (["--port-bas", "4000"], "unrecognized arguments: --port-bas"),
        (["--ends-in", "9" * 5000], "is not a whole number"),
        (["--ends-in", "0"], "the end lies at least one second ahead"),
        (["--ends-in", "-5"], "the end lies at least one second ahead"),
        (["--ends-in", "soon"], "argument --ends-in: 'soon' is not a whole number"),
        (["--state"], "expected one argument"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_what_makes_no_sense_ends_with_two_and_a_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        read_options(words)
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert said in told.err
    assert told.err.startswith("usage: ./run")


def test_help_names_every_option_and_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_options(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    for option in ("--port-base N", "--state DIR", "--ends-in SECONDS", "--fresh", "--clock-file FILE", "WORDS"):
        assert option in told
    assert f"default {DEFAULT_PORT_BASE}, http on 8025" in told
    assert f"(default {DEFAULT_ENDS_IN})" in told


@given(
    st.integers(1, 65_531), st.integers(1, 10**9), st.lists(st.text("abc-=", min_size=1).filter(lambda w: w[0] != "-"))
)
def test_what_is_given_is_what_is_read(base: int, seconds: int, words: list[str]) -> None:
    read = read_options([f"--port-base={base}", f"--ends-in={seconds}", *words])
    assert (read.port_base, read.ends_in, read.words) == (base, seconds, tuple(words))
