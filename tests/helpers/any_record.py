"""Any record at all: hypothesis strategies made from the types of the records themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as shape

from clinic_app.records import Resource
from clinic_app.records.codec import TYPES

IDS = st.from_regex(r"[A-Za-z0-9\-]{1,20}", fullmatch=True)
DATES = st.from_regex(r"(19|20)[0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|1[0-9]|2[0-8]))?)?", fullmatch=True)
FIRST, LAST = datetime(1900, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
INSTANTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
DECIMALS = st.decimals(-10_000, 10_000, places=2)
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
RAW_JSON = st.sampled_from([b"null", b"1.50", b'"x"', b'{"a":[1,2.00]}']).map(msgspec.Raw)


def records() -> st.SearchStrategy[Resource]:
    """Return a strategy for records of every type we model."""
    return st.sampled_from(sorted(TYPES)).flatmap(lambda name: structs(TYPES[name]))


@cache
def structs(kind: type[Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Return a strategy for one struct; deeper down only what must be there is filled in."""
    info = shape.type_info(kind)
    assert isinstance(info, shape.StructType)
    required = {field.name: _values(field.type, depth) for field in info.fields if field.required}
    optional = {field.name: _values(field.type, depth) for field in info.fields if not field.required and depth < 3}
    if "id" in required:
        required["id"] = IDS
    return st.fixed_dictionaries(required, optional=optional).map(lambda values: kind(**values))


def _values(kind: shape.Type, depth: int) -> st.SearchStrategy[Any]:
    if isinstance(kind, shape.UnionType):
        return st.one_of(*(_values(each, depth) for each in kind.types))
    if isinstance(kind, shape.StructType):
        return st.deferred(lambda: structs(kind.cls, depth + 1))
    if isinstance(kind, shape.VarTupleType):
        return st.lists(_values(kind.item_type, depth), max_size=2).map(tuple)
    if isinstance(kind, shape.LiteralType):
        return st.sampled_from(kind.values)
    if isinstance(kind, shape.StrType):
        return DATES if kind.pattern else WORDS
    return _PLAIN[type(kind)]


_PLAIN: dict[type[shape.Type], st.SearchStrategy[Any]] = {
    shape.NoneType: st.none(),
    shape.BoolType: st.booleans(),
    shape.IntType: st.integers(-(2**31), 2**31),
    shape.DecimalType: DECIMALS,
    shape.DateTimeType: INSTANTS,
    shape.RawType: RAW_JSON,
}
