"""Whatever is logged, in whatever nesting, a secret does not come out."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from mailsvc.kit.redaction import BLANK, redact
from mailsvc.kit.secrets import Secret
from mailsvc.kit.telemetry import configure

WORD = "g3h31m"
SECRETS = st.just(Secret(WORD))
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.binary(max_size=4))
NESTED = st.recursive(
    st.one_of(SECRETS, PLAIN),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=5), inner, max_size=3),
        st.frozensets(st.one_of(SECRETS, st.integers()), max_size=2),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1, max_size=6), NESTED, max_size=4))
def test_secrets_by_type_are_blank_in_any_nesting(fields: dict[str, object]) -> None:
    assert WORD not in repr(redact(None, "info", dict(fields)))


@given(
    st.sampled_from(
        ["password", "PASSWD", "passphrase", "secret", "token", "authorization", "cookie", "api_key", "apikey"]
    ),
    st.text("abcXYZ_-", max_size=4),
    st.text("abcXYZ_-", max_size=4),
)
def test_fields_with_a_speaking_name_are_blank(name: str, before: str, after: str) -> None:
    field = before + name + after
    assert redact(None, "info", {field: WORD, "outer": {field: [WORD]}}) == {field: BLANK, "outer": {field: BLANK}}


@given(st.text("abc:/@ .%", max_size=20), st.text("abc", max_size=5))
def test_url_passwords_are_blank_wherever_they_stand(around: str, user: str) -> None:
    text = f"{around} smtp://{user}:{WORD}@mx.example/ {around}"
    assert WORD not in str(redact(None, "info", {"event": text})["event"])


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none()))
def test_numbers_pass(value: object) -> None:
    assert redact(None, "info", {"count": value})["count"] == value


@given(st.dictionaries(st.text("abc", min_size=1, max_size=6), NESTED, max_size=4))
def test_any_line_is_one_line_of_json(fields: dict[str, object]) -> None:
    stream = io.StringIO()
    log = configure(stream, json=True, level="info")
    log.info("event", **{f"x{name}": value for name, value in fields.items()})
    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["event"] == "event"
    assert WORD not in stream.getvalue()
