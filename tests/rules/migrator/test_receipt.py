"""A receipt that does not add up cannot be made, and one that was changed cannot be verified."""

import base64
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from migrator.receipts.reading import BadReceipt, receipt_from
from migrator.receipts.receipt import FolderReceipt, Named, NotCounted, Receipt
from migrator.receipts.signing import BadKey, public_key, public_pem, signed, signing_key, verified

AT = datetime(2024, 1, 31, 15, tzinfo=UTC)
texts = st.text(min_size=1).filter(str.strip)
named = st.builds(Named, uid=st.integers(1, 2**32), why=texts, size=st.none() | st.integers(0, 2**40))
names = st.lists(st.text(st.characters(), min_size=1), min_size=1, max_size=3).map(tuple)


@st.composite
def folders(draw: st.DrawFn) -> FolderReceipt:
    copied, already = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    twice, refused = draw(st.lists(named, max_size=3)), draw(st.lists(named, max_size=3))
    return FolderReceipt(
        folder=draw(names),
        into=draw(names),
        found=copied + already + len(twice) + len(refused),
        copied=copied,
        already_there=already,
        possible_duplicates=tuple(twice),
        refused=tuple(refused),
        vanished=tuple(draw(st.lists(named, max_size=2))),
        octets=draw(st.integers(0, 2**50)),
        notes=tuple(draw(st.lists(texts, max_size=2))),
    )


receipts = st.builds(
    Receipt,
    source=texts,
    target=texts,
    began=st.just(AT),
    ended=st.just(AT),
    folders=st.lists(folders(), max_size=4, unique_by=lambda one: one.folder).map(tuple),
    left_out=st.dictionaries(texts, texts, max_size=2),
    findings=st.lists(texts, max_size=2).map(tuple),
    independent=st.none() | st.tuples(st.integers(0, 99), st.integers(0, 99)),
    read_back=st.booleans(),
)


def receipt(*folders: FolderReceipt, findings: tuple[str, ...] = ()) -> Receipt:
    return Receipt(source="a", target="b", began=AT, ended=AT, folders=folders, findings=findings)


INBOX = FolderReceipt(folder=("INBOX",), into=("INBOX",), found=3, copied=3)


@given(
    *(st.integers(0, 4) for _ in range(5)),
)
def test_a_folder_adds_up_or_cannot_be_made(found: int, copied: int, already: int, twice: int, refused: int) -> None:
    one = Named(1, "why")

    def make() -> FolderReceipt:
        return FolderReceipt(
            folder=("a",),
            into=("a",),
            found=found,
            copied=copied,
            already_there=already,
            possible_duplicates=(one,) * twice,
            refused=(one,) * refused,
        )

    if found == copied + already + twice + refused:
        assert make().there == found - refused
    else:
        with pytest.raises(NotCounted):
            make()


def test_nothing_is_named_without_a_reason() -> None:
    with pytest.raises(NotCounted):
        Named(1, " ")


def test_what_the_source_counts_and_never_showed_must_be_told() -> None:
    with pytest.raises(NotCounted, match="counts 5"):
        replace(INBOX, counted=5)
    short = replace(INBOX, counted=5, never_shown=2)
    with pytest.raises(NotCounted, match="no finding"):
        receipt(short)
    assert not receipt(short, findings=("INBOX: 2 were never shown",)).complete


def test_a_target_that_holds_less_than_it_was_given_must_be_told() -> None:
    with pytest.raises(NotCounted, match="holds 2"):
        replace(INBOX, in_target=2)
    short = replace(INBOX, in_target=2, no_longer_there=1)
    assert not receipt(short, findings=("INBOX: 1 is there no more",)).complete


def test_more_in_the_target_than_was_put_there_is_nobody_s_fault() -> None:
    assert receipt(replace(INBOX, in_target=99)).complete


def test_refusals_and_folders_left_out_make_it_incomplete() -> None:
    refused = FolderReceipt(folder=("a",), into=("a",), found=1, refused=(Named(1, "too large"),))
    assert not receipt(refused).complete
    assert receipt(refused).refused == 1
    assert not replace(receipt(INBOX), left_out={"Shared": "not ours"}).complete


@given(receipts)
def test_a_receipt_is_read_again_as_it_was_written(one: Receipt) -> None:
    assert receipt_from(json.loads(one.to_json())) == one


@given(receipts)
def test_a_signed_receipt_is_verified(one: Receipt) -> None:
    key = Ed25519PrivateKey.generate()
    read, signer = verified(signed(one, key), trusted=key.public_key())
    assert read == one
    assert public_pem(signer) == public_pem(key)


def test_blanks_and_the_order_of_keys_do_not_matter() -> None:
    text = signed(receipt(INBOX), Ed25519PrivateKey.generate())
    tree = json.loads(text)
    turned = json.dumps({"signature": tree["signature"], "receipt": dict(reversed(tree["receipt"].items()))}, indent=7)
    assert verified(turned)[0] == receipt(INBOX)


def test_a_changed_receipt_is_not_verified() -> None:
    text = signed(receipt(INBOX), Ed25519PrivateKey.generate())
    changed = text.replace('"copied": 3', '"copied": 2').replace('"found": 3', '"found": 2')
    assert changed != text
    with pytest.raises(BadReceipt, match="not as it was signed"):
        verified(changed)


def test_a_receipt_signed_by_another_is_told_apart() -> None:
    text = signed(receipt(INBOX), Ed25519PrivateKey.generate())
    with pytest.raises(BadReceipt, match="another key"):
        verified(text, trusted=Ed25519PrivateKey.generate().public_key())


def test_a_signature_does_not_help_one_that_does_not_add_up() -> None:
    key = Ed25519PrivateKey.generate()
    tree = json.loads(signed(receipt(INBOX), key))
    tree["receipt"]["folders"][0]["found"] = 4
    told = json.dumps(tree["receipt"], sort_keys=True, separators=(",", ":")).encode()
    tree["signature"]["value"] = base64.b64encode(key.sign(told)).decode()
    with pytest.raises(BadReceipt, match="add up"):
        verified(json.dumps(tree))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"receipt": {}, "receipt": {}}',
        '{"receipt": {}, "signature": 7}',
        '{"receipt": {}, "signature": {"algorithm": "Ed25519", "public_key": "?", "value": "?"}}',
        '{"receipt": {}, "signature": {"algorithm": "none"}}',
        "[" * 100_000,
        "9" * 10_000,
    ],
    ids=range(9),
)
def test_what_is_no_signed_receipt_is_told_so(text: str) -> None:
    with pytest.raises(BadReceipt):
        verified(text)


@given(receipts, st.data())
def test_a_receipt_with_a_part_of_another_kind_is_no_receipt(one: Receipt, data: st.DataObject) -> None:
    tree = json.loads(one.to_json())
    key = data.draw(st.sampled_from(sorted(tree)))
    tree[key] = data.draw(st.sampled_from([{"a": 1}, [7], 7.5, "2024", True]))
    try:
        assert json.loads(receipt_from(tree).to_json())[key] == tree[key]
    except BadReceipt:
        return


def test_the_key_is_made_at_first_use_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "receipts.pem"
    first = signing_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_pem(signing_key(path)) == public_pem(first)
    assert [one.name for one in path.parent.iterdir()] == ["receipts.pem"]


def test_two_that_make_the_key_at_once_get_the_same(tmp_path: Path) -> None:
    path, found = tmp_path / "receipts.pem", list[str]()
    ones = [threading.Thread(target=lambda: found.append(public_pem(signing_key(path)))) for _ in range(8)]
    for one in ones:
        one.start()
    for one in ones:
        one.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_file_that_holds_no_key_is_told(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("nothing")
    with pytest.raises(BadKey, match="key"):
        signing_key(path)
    with pytest.raises(BadKey):
        public_key(b"nothing")
    with pytest.raises(BadKey, match="made"):
        signing_key(Path("/proc/nowhere/key"))


def test_a_public_key_is_read_from_either_half(tmp_path: Path) -> None:
    key = signing_key(tmp_path / "key")
    assert public_pem(public_key((tmp_path / "key").read_bytes())) == public_pem(key)
    assert public_pem(public_key(public_pem(key).encode())) == public_pem(key)


@pytest.mark.parametrize("wrong", [{"already_there": -1, "copied": 2}, {"octets": -1}, {"never_shown": -1}])
def test_nothing_is_counted_below_nothing(wrong: dict[str, int]) -> None:
    with pytest.raises(NotCounted, match="less than nothing"):
        FolderReceipt(**{"folder": ("A",), "into": ("A",), "found": 1, "copied": 1, **wrong})  # type: ignore[arg-type]


def test_a_folder_is_told_of_once() -> None:
    with pytest.raises(NotCounted, match="twice"):
        receipt(*[FolderReceipt(folder=("A",), into=("A",), found=0)] * 2)


def test_what_stands_beside_a_signed_receipt_is_not_taken_for_signed() -> None:
    text = signed(receipt(), Ed25519PrivateKey.generate())
    with pytest.raises(BadReceipt, match="more than was signed"):
        verified(json.dumps({**json.loads(text), "complete": True}))


def test_a_key_that_is_open_to_others_signs_nothing(tmp_path: Path) -> None:
    signing_key(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o640)
    with pytest.raises(BadKey, match="chmod 600"):
        signing_key(tmp_path / "key.pem")
