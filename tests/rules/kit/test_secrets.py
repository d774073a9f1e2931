"""A secret is used and never shown; where it is kept is checked."""

import copy
import json
import logging
import pickle
import traceback
from pathlib import Path

import pytest

from mailsvc.kit.secrets import BadSecret, Secret, SecretSource, read_secret

WORD = "correct horse battery"


def source(**where: str) -> SecretSource:
    return SecretSource.model_validate(where)


def kept(folder: Path, octets: bytes, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_bytes(octets)
    path.chmod(mode)
    return path


def test_a_secret_never_prints_itself() -> None:
    secret = Secret(WORD)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>30}", f"{[secret]}", f"{secret:>10}"]
    assert not [text for text in shown if WORD in text]
    assert str(secret) == "***"


def test_a_secret_is_revealed_only_on_demand() -> None:
    assert Secret(WORD).reveal() == WORD


def test_a_secret_is_compared_whole() -> None:
    secret = Secret(WORD)
    assert secret.matches(WORD)
    assert not secret.matches(WORD + " ")
    assert not secret.matches("")
    assert secret.matches("correct horse battery")
    assert Secret("ひみつ").matches("ひみつ")
    assert not Secret("a").matches("\udc80")


def test_equal_secrets_are_equal_and_texts_are_not_secrets() -> None:
    assert Secret(WORD) == Secret(WORD)
    assert Secret(WORD) != Secret("other")
    assert Secret(WORD) != WORD
    assert len({Secret(WORD), Secret(WORD)}) == 1


def test_a_secret_is_not_written_anywhere() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(WORD))
    with pytest.raises(TypeError):
        json.dumps(Secret(WORD))
    with pytest.raises(TypeError):
        copy.copy(Secret(WORD))


def test_a_secret_has_no_attributes_to_stumble_on() -> None:
    assert not hasattr(Secret(WORD), "__dict__")


def test_a_secret_does_not_stand_in_a_log_record(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("x").info("with %s and %r", Secret(WORD), Secret(WORD))
    assert WORD not in caplog.text


def test_a_file_is_read_when_needed(tmp_path: Path) -> None:
    path = kept(tmp_path, WORD.encode() + b"\n")
    where = source(file=str(path))
    assert where.resolve({}).reveal() == WORD
    path.write_text("changed\r\n")
    assert where.resolve({}).reveal() == "changed"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610, 0o601])
def test_a_file_others_can_reach_is_refused_with_its_remedy(tmp_path: Path, mode: int) -> None:
    path = kept(tmp_path, WORD.encode(), mode)
    with pytest.raises(BadSecret) as bad:
        source(file=str(path)).resolve({})
    assert bad.value.remedy == f"chmod 600 {path}"
    assert f"{mode:03o}" in bad.value.what


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_its_owner_is_read(tmp_path: Path, mode: int) -> None:
    assert source(file=str(kept(tmp_path, WORD.encode(), mode))).resolve({}).reveal() == WORD


@pytest.mark.parametrize("octets", [b"word", b"word\n", b"word\r\n"])
def test_its_last_newline_is_not_part_of_it(tmp_path: Path, octets: bytes) -> None:
    assert read_secret(kept(tmp_path, octets)).reveal() == "word"


@pytest.mark.parametrize(("octets", "secret"), [(b" word \n", " word "), (b"word\r", "word\r"), (b"a\r\r\n", "a\r")])
def test_everything_else_is(tmp_path: Path, octets: bytes, secret: str) -> None:
    assert read_secret(kept(tmp_path, octets)).reveal() == secret


@pytest.mark.parametrize("octets", [b"", b"\n", b"one\ntwo\n", b"two\n\n", b"a\0b", b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_is_not_one_line_of_text_is_refused(tmp_path: Path, octets: bytes) -> None:
    with pytest.raises(BadSecret) as bad:
        source(file=str(kept(tmp_path, octets))).resolve({})
    shown = "".join(traceback.format_exception(bad.value))
    assert "two" not in shown
    assert "xxx" not in shown


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSecret, match="No such file"):
        source(file=str(tmp_path / "nothing")).resolve({})


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(BadSecret, match="cannot be read"):
        source(file=str(tmp_path)).resolve({})


def test_a_variable_is_read_from_the_environment_given() -> None:
    assert source(env="DB").resolve({"DB": WORD}).reveal() == WORD


@pytest.mark.parametrize("environ", [{}, {"DB": ""}, {"db": WORD}])
def test_a_variable_that_is_not_set_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(BadSecret, match="DB is not set"):
        source(env="DB").resolve(environ)


@pytest.mark.parametrize(
    "where", [{}, {"file": "/a", "env": "B"}, {"env": ""}, {"env": "A B"}, {"file": ""}, {"key": "x"}]
)
def test_a_source_is_one_file_or_one_variable(where: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="SecretSource"):
        source(**where)
