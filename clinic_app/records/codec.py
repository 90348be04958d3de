"""Records to bytes and back, without losing what we do not model.

A foreign system's extra elements, extensions and decimals (``72.50``) are nobody's to drop. So an edit is encoded
*onto* the bytes it was made from: members whose value did not change keep their bytes, members we do not know keep
theirs, and only what the edit changed is written anew.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import clinical, documents, people, trail, visits, workflow
from clinic_app.records.datatypes import Meta
from clinic_app.records.resource import Resource

R = TypeVar("R", bound=Resource)

TYPES: Final[Mapping[str, type[Resource]]] = {
    kind.__name__: kind
    for room in (people, clinical, visits, workflow, documents, trail)
    for kind in vars(room).values()
    if isinstance(kind, type) and issubclass(kind, Resource) and kind is not Resource
}
"""Every resource type we model, by its FHIR name."""

MAX_DEPTH: Final = 64
"""FHIR needs fewer than 20 levels; a deeper body is an attack. How deep the parser itself goes depends on who calls
it, so that a body which came in could be one that nobody can read again."""

_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TO_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_encoder = msgspec.json.Encoder(decimal_format="number")
_decoders: dict[type[msgspec.Struct], msgspec.json.Decoder[Any]] = {}
_making = threading.Lock()
"""msgspec looks at a type when it is first used, and two threads that do so at once can end the process."""


class _Header(msgspec.Struct):
    resourceType: str  # noqa: N815 - FHIR's own name


def decode(body: bytes | msgspec.Raw) -> Resource:
    """Return the record in ``body``, whatever modelled type it says it is.

    Raises:
        InvalidInputError: no JSON, no modelled type, nested too deep, or an element breaks FHIR's rules.
    """
    try:
        name = _decoder(_Header).decode(body).resourceType
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(str(error)) from error
    if name not in TYPES:
        raise _unreadable(f"unknown resource type {name!r}")
    if _is_too_deep(bytes(body)):
        raise _unreadable("nested too deep")
    record = decode_as(TYPES[name], body)
    _check_unmodelled(body)
    return record


def decode_as(kind: type[R], body: bytes | msgspec.Raw) -> R:
    """Return the record of type ``kind`` in ``body``.

    Raises:
        InvalidInputError: it is something else.
    """
    try:
        record: R = _decoder(kind).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(str(error)) from error
    return record


def _decoder(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    """Return what reads one type, made by one thread at a time."""
    found = _decoders.get(kind)
    if found is None:
        with _making:
            found = _decoders.setdefault(kind, msgspec.json.Decoder(kind))
    return found


def encode(record: msgspec.Struct, base: bytes | None = None) -> bytes:
    """Return ``record`` as JSON bytes.

    Args:
        record: a resource or a data type.
        base: the bytes this record was edited from; unknown members and untouched values keep those bytes.

    Raises:
        InvalidInputError: ``base`` is no record of this type.
    """
    fresh = _encoder.encode(record)
    if base is None:
        return fresh
    try:
        old = _decoder(type(record)).decode(base)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(str(error)) from error
    return bytes(_merge(fresh, bytes(base), record, old))


def stamped(record: R, body: bytes, version_id: str, at: datetime) -> tuple[R, bytes]:
    """Return a record and its bytes as a node stores them: with its version and moment, and every other byte kept.

    Args:
        record: what ``body`` says.
        body: JSON of the record.
        version_id: the version it becomes.
        at: when.
    """
    meta = msgspec.structs.replace(record.meta or Meta(), version_id=version_id, last_updated=at)
    members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    fresh = _encoder.encode(meta)
    kept = fresh if record.meta is None else _merge(fresh, bytes(members["meta"]), meta, record.meta)
    members["meta"] = msgspec.Raw(kept)
    return msgspec.structs.replace(record, meta=meta), _encoder.encode(members)


def _merge(fresh: bytes, base: bytes, new: Any, old: Any) -> bytes:  # noqa: ANN401 - JSON values of any shape
    """Return ``fresh`` written onto ``base``; ``new`` and ``old`` are their decoded values."""
    if new == old:
        return base
    if isinstance(new, msgspec.Struct) and type(new) is type(old):
        return _merge_members(fresh, base, new, old)
    if isinstance(new, tuple) and isinstance(old, tuple):
        return _merge_items(fresh, base, new, old)
    return fresh


def _merge_members(fresh: bytes, base: bytes, new: msgspec.Struct, old: msgspec.Struct) -> bytes:
    fresh_members = msgspec.json.decode(fresh, type=dict[str, msgspec.Raw])
    members = msgspec.json.decode(base, type=dict[str, msgspec.Raw])
    fields = zip(new.__struct_fields__, new.__struct_encode_fields__, strict=True)
    for field, wire_name in fields:
        if wire_name not in fresh_members:
            if getattr(new, field) != getattr(old, field):
                members.pop(wire_name, None)
        elif wire_name not in members:
            members[wire_name] = fresh_members[wire_name]
        else:
            merged = _merge(
                bytes(fresh_members[wire_name]), bytes(members[wire_name]), getattr(new, field), getattr(old, field)
            )
            members[wire_name] = msgspec.Raw(merged)
    return _encoder.encode(members)


def _merge_items(fresh: bytes, base: bytes, new: tuple[Any, ...], old: tuple[Any, ...]) -> bytes:
    """Match items by equal value first, then by place when the list kept its length."""
    fresh_items = msgspec.json.decode(fresh, type=list[msgspec.Raw])
    base_items = msgspec.json.decode(base, type=list[msgspec.Raw])
    free = dict(enumerate(old))
    result: list[msgspec.Raw] = []
    for place, (item, raw) in enumerate(zip(new, fresh_items, strict=True)):
        twin = next((i for i, value in free.items() if value == item), None)
        if twin is None and len(new) == len(old) and place in free and old[place] not in new:
            twin = place
        if twin is None:
            result.append(raw)
        else:
            result.append(msgspec.Raw(_merge(bytes(raw), bytes(base_items[twin]), item, free.pop(twin))))
    return _encoder.encode(result)


def _check_unmodelled(body: bytes | msgspec.Raw) -> None:
    """Refuse a body of which some reader could not read what we do not model: half letters, numbers beyond any.

    Such members are kept byte for byte, so they would come out again at somebody who reads them all.
    """
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(str(error)) from error


def _is_too_deep(body: bytes) -> bool:
    """Return whether objects and lists of well-formed JSON are nested deeper than `MAX_DEPTH`, strings left out."""
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False
    brackets = _STRING.sub(b"", body).translate(_TO_SQUARE, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):  # each round takes the innermost level away
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _unreadable(detail: str) -> InvalidInputError:
    return InvalidInputError(Text("This record cannot be read: {detail}", detail=detail))
