import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.kit.sealing import KEY, Sealer
from mailsvc.kit.secrets import BadSecret, Secret

OLD, NEW = b"\x01" * KEY, b"\x02" * KEY


def line(key: bytes) -> str:
    return base64.b64encode(key).decode() + "\n"


@given(st.text(), st.text(max_size=30), st.sampled_from(["source", "target"]))
def test_a_sealed_secret_opens_for_its_job_and_side(text: str, job: str, side: str) -> None:
    sealer = Sealer([NEW])
    sealed = sealer.seal(Secret(text), job=job, side=side)
    assert sealer.unseal(sealed, job=job, side=side).reveal() == text


def test_a_sealed_secret_does_not_open_for_another_job_or_side() -> None:
    sealer = Sealer([NEW])
    sealed = sealer.seal(Secret("geheim"), job="1", side="source")
    for job, side in (("2", "source"), ("1", "target")):
        with pytest.raises(BadSecret, match="of another job"):
            sealer.unseal(sealed, job=job, side=side)


@given(st.data())
def test_whatever_is_changed_in_a_sealed_secret_it_does_not_open(data: st.DataObject) -> None:
    sealer = Sealer([NEW])
    sealed = bytearray(sealer.seal(Secret("geheim"), job="1", side="source"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadSecret):
        sealer.unseal(bytes(sealed), job="1", side="source")


@given(st.binary(max_size=80))
def test_what_was_never_sealed_does_not_open(octets: bytes) -> None:
    with pytest.raises(BadSecret):
        Sealer([NEW]).unseal(octets, job="1", side="source")


def test_two_secrets_alike_are_sealed_unlike() -> None:
    sealer = Sealer([NEW])
    assert sealer.seal(Secret("x"), job="1", side="source") != sealer.seal(Secret("x"), job="1", side="source")


def test_the_first_key_seals_and_all_unseal() -> None:
    before = Sealer([OLD]).seal(Secret("geheim"), job="1", side="source")
    both = Sealer([NEW, OLD])
    assert both.unseal(before, job="1", side="source").reveal() == "geheim"
    after = both.seal(Secret("geheim"), job="1", side="source")
    assert Sealer([NEW]).unseal(after, job="1", side="source").reveal() == "geheim"
    with pytest.raises(BadSecret, match="the key that sealed a secret of this job is not there"):
        Sealer([OLD]).unseal(after, job="1", side="source")


def test_the_file_of_keys_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "jobs" / "secrets.keys"
    with ThreadPoolExecutor(8) as threads:
        sealers = list(threads.map(lambda _: Sealer.open(path), range(8)))
    sealed = sealers[0].seal(Secret("geheim"), job="1", side="source")
    assert {one.unseal(sealed, job="1", side="source").reveal() for one in sealers} == {"geheim"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (line(NEW), 0o640, "may be read by others"),
        ("", 0o600, "something else than keys"),
        ("password\n", 0o600, "something else than keys"),
        (line(NEW) + line(b"short"), 0o600, "something else than keys"),
    ],
)
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, content: str, mode: int, said: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(BadSecret, match=said) as raised:
        Sealer.open(path)
    assert "password" not in str(raised.value)


def test_a_place_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSecret, match="neither be read nor made"):
        Sealer.open(tmp_path / "file" / "keys")
