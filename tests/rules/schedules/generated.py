"""Plans made by hypothesis out of the blocks themselves: every field of every block, by its type."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from annotated_types import Ge, Le, MaxLen, MinLen
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from schedules.blocks.scopes import Scope
from schedules.names import Address
from schedules.plan import BrownOut, Plan, StageLine
from schedules.text import Text
from schedules.words import COURSES_HAVE, Capability, Power, Stage, Suspension
from schedules.yamlshape import SOURCE

ZONES = ("Asia/Tokyo", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "UTC")
_LIMITS = (date(1971, 1, 1), date(2190, 1, 1))
_WORDS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
_SENTENCES = st.lists(st.text("aé終了。:#'\"%&*!|>{}[]-", min_size=1, max_size=8), min_size=1, max_size=3).map(" ".join)
_TEXTS = st.builds(Text, _SENTENCES, _SENTENCES)
_ADDRESSES = st.sampled_from(["hanako@closing.example", "taro.y@a.closing.example", '"a b"@closing.example'])
_POWERS = st.one_of(
    st.builds(Power, st.sampled_from(Capability)),
    st.builds(Power, st.sampled_from(sorted(COURSES_HAVE)), _WORDS),
)


def plans() -> st.SearchStrategy[Plan]:
    """Any plan that can be written, sensible or not."""
    return st.sampled_from(ZONES).map(ZoneInfo).flatmap(_in_zone)


def _in_zone(zone: ZoneInfo) -> st.SearchStrategy[Plan]:
    lines = st.dictionaries(st.sampled_from(Stage), _record(StageLine, zone), max_size=4)
    made = {
        field.name: _or_default(field, _of(kind, zone))
        for field, kind in _kinds(Plan)
        if field.name not in {"stages", "brown_outs", SOURCE, "text", "zone", "name", "notice_url", "domains"}
    }
    return st.builds(
        Plan,
        zone=st.just(zone),
        name=st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True),
        notice_url=st.sampled_from(["", "https://provider.example/end?a=1#b"]),
        domains=st.sampled_from([(), ("closing.example",), ("*.closing.example", "xn--wgv71a119e.example")]),
        stages=lines.map(_named),
        brown_outs=st.lists(_record(BrownOut, zone), max_size=2).map(_in_order),
        **made,
    )


def _or_default(field: dataclasses.Field[object], made: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """A section, or nothing of it: most plans have few sections, and small ones are found faster."""
    if field.default_factory is not dataclasses.MISSING:
        return st.one_of(st.builds(field.default_factory), made)
    return made if field.default is dataclasses.MISSING else st.one_of(st.just(field.default), made)


def _named(lines: dict[Stage, object]) -> Mapping[Stage, StageLine]:
    hosts = {Stage.SUCCESSOR: "smtp://mx.successor.example:25"}
    named = {
        stage: dataclasses.replace(line, stage=stage, to=hosts.get(stage, ""))
        for stage, line in lines.items()
        if isinstance(line, StageLine)
    }
    return MappingProxyType(named)


def _in_order(found: list[object]) -> tuple[BrownOut, ...]:
    brown_outs = [one for one in found if isinstance(one, BrownOut)]
    return tuple(sorted(brown_outs, key=lambda one: one.start.timestamp()))


def _kinds(record: type) -> list[tuple[dataclasses.Field[object], object]]:
    kinds = typing.get_type_hints(record, include_extras=True)
    return [(field, kinds[field.name]) for field in dataclasses.fields(record)]


def _record(record: type, zone: ZoneInfo) -> st.SearchStrategy[object]:
    """A block: each field of its type, or left to its default."""
    required: dict[str, st.SearchStrategy[object]] = {}
    optional: dict[str, st.SearchStrategy[object]] = {}
    for field, kind in _kinds(record):
        if field.name != SOURCE:
            has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
            (optional if has_default else required)[field.name] = _of(kind, zone)
    return st.fixed_dictionaries(required, optional=optional).map(lambda made: record(**made))


def _of(kind: object, zone: ZoneInfo, limits: tuple[object, ...] = ()) -> st.SearchStrategy[object]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        inner = [limit for one in arguments[1:] if isinstance(one, FieldInfo) for limit in one.metadata]
        return _of(arguments[0], zone, (*arguments[1:], *inner, *limits))
    if origin in {typing.Union, types.UnionType}:
        return st.one_of([_of(one, zone, limits) for one in arguments])
    if origin is typing.Literal:
        return st.just(arguments[0])
    if origin is tuple:
        return st.lists(_of(arguments[0], zone), min_size=1, max_size=2).map(tuple)
    if arguments:
        key, value = (_of(one, zone) for one in arguments)
        return st.dictionaries(key, value, min_size=1, max_size=2)
    if isinstance(kind, type):
        return _plain(kind, zone, limits)
    raise AssertionError(kind)


def _plain(kind: type, zone: ZoneInfo, limits: tuple[object, ...]) -> st.SearchStrategy[object]:
    least = max((int(str(one.ge)) for one in limits if isinstance(one, Ge)), default=0)
    most = min((int(str(one.le)) for one in limits if isinstance(one, Le)), default=10**9)
    simple: dict[type, st.SearchStrategy[object]] = {
        datetime: _instants(zone),
        timedelta: st.timedeltas(timedelta(), timedelta(days=36_525)),
        date: st.dates(),
        time: st.times(),
        int: st.integers(least, most),
        float: st.integers(0, 100_000).map(lambda thousandths: thousandths / 1000),
        bool: st.booleans(),
        str: _written(limits),
        type(None): st.none(),
        Text: _TEXTS,
        Power: _POWERS,
        Address: _ADDRESSES.map(Address.parse),
        Scope: st.builds(Scope, st.sampled_from(["", "closing.example", "*.closing.example"]), _WORDS, _WORDS),
        Suspension: st.sampled_from(Suspension),
    }
    if kind in simple:
        return simple[kind]
    return st.sampled_from(kind) if issubclass(kind, Enum) else _record(kind, zone)


def _instants(zone: ZoneInfo) -> st.SearchStrategy[datetime]:
    seconds = (int(datetime(one.year, 1, 1, tzinfo=UTC).timestamp()) for one in _LIMITS)
    return st.one_of(
        st.integers(*seconds).map(lambda at: datetime.fromtimestamp(at, zone)),
        st.dates(*_LIMITS).map(lambda day: datetime(day.year, day.month, day.day, 12, tzinfo=zone)),
    )


def _written(limits: tuple[object, ...]) -> st.SearchStrategy[str]:
    if any("is_word" in repr(one) or "_word" in repr(one) for one in limits):
        return _WORDS
    if any("pattern=" in repr(one) for one in limits):
        return st.just("https://provider.example/x")
    longest = min((one.max_length for one in limits if isinstance(one, MaxLen)), default=20)
    least = max((one.min_length for one in limits if isinstance(one, MinLen)), default=0)
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=min(longest, 20))
