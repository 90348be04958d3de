"""What each type of record is found by, besides its id.

One function per kind of element, one table of which type has which. Values are what a caller asks for: bare ids for
references, ``system|value`` for identifiers, the code both alone and as ``system|code``.
Names follow FHIR R4's search parameters where there is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from clinic_app.foundation.folding import name_keys
from clinic_app.records import CodeableConcept, Coding, Identifier, Patient, Reference, Resource

Values = Iterable[str | None]
Extract = Callable[[Any], Values]
_LONGEST_VALUE: Final = 500
"""Characters; PostgreSQL takes 2.7 kB for a whole row of an index ("Limitations", B-tree)."""


def entries(record: Resource) -> frozenset[tuple[str, str]]:
    """Return the ``(name, value)`` pairs ``record`` is found by."""
    pairs: set[tuple[str, str]] = set()
    for name, extract in _EXTRACTS.items():
        pairs.update((name, index_value(value)) for value in extract(record) if value)
    return frozenset(pairs)


def index_value(value: str) -> str:
    """Return what stands in the index for a value: itself, unless a stranger made it too long or put a NUL in it."""
    value = value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if len(value) <= _LONGEST_VALUE:
        return value
    return value[: _LONGEST_VALUE - 64] + hashlib.sha256(value.encode()).hexdigest()


def search_keys(patient: Patient) -> str:
    """Return the folded words a patient is searched by: names, numbers, telephone."""
    words = [
        key for name in patient.name for part in (name.text, name.family, *name.given) for key in name_keys(part or "")
    ]
    for number in (*(i.value for i in patient.identifier), *(t.value for t in patient.telecom)):
        words.extend(name_keys(number or ""))
        words.extend(telephone_keys(number or ""))
    return " ".join(dict.fromkeys(words))


def telephone_keys(number: str) -> tuple[str, ...]:
    """Return the digits of a number in one piece; of an 11-digit telephone also without the 7 or 8 in front."""
    digits = "".join(c for c in number if c in "0123456789")
    if len(digits) == 11 and digits[0] in "78":
        return (digits, digits[1:])
    return (digits,) if digits else ()


def _references(*fields: str) -> Extract:
    def extract(record: Resource) -> Iterator[str]:
        for field in fields:
            for reference in _many(getattr(record, field, ())):
                if isinstance(reference, Reference):
                    yield reference.id

    return extract


def _codes(*fields: str) -> Extract:
    def extract(record: Resource) -> Iterator[str]:
        for field in fields:
            for concept in _many(getattr(record, field, ())):
                yield from _of_concept(concept)

    return extract


def _of_concept(concept: CodeableConcept | Coding) -> Iterator[str]:
    for coding in concept.coding if isinstance(concept, CodeableConcept) else (concept,):
        if coding.code:
            yield coding.code
            yield f"{coding.system or ''}|{coding.code}"


def _identifiers(record: Resource) -> Iterator[str]:
    for identifier in _many(getattr(record, "identifier", ())):
        if isinstance(identifier, Identifier) and identifier.value:
            yield f"{identifier.system or ''}|{identifier.value}"


def _tags(record: Resource) -> Iterator[str]:
    for tag in record.meta.tag if record.meta else ():
        yield from _of_concept(tag)


def _status(record: Resource) -> Values:
    return (getattr(record, "status", None),)


def _birth_date(record: Resource) -> Values:
    return (record.birth_date,) if isinstance(record, Patient) else ()


def _name_key(record: Resource) -> Iterator[str]:
    """The whole name as one key, its words sorted: the order they are typed in does not matter."""
    if isinstance(record, Patient):
        for name in record.name:
            yield " ".join(sorted(name_keys(name.full)))


def _agents(record: Resource) -> Iterator[str]:
    for agent in _many(getattr(record, "agent", ())):
        if agent.who:
            yield agent.who.id


def _entities(record: Resource) -> Iterator[str]:
    for entity in _many(getattr(record, "entity", ())):
        if entity.what:
            yield entity.what.id


def _content(record: Resource) -> Iterator[str]:
    for content in _many(getattr(record, "content", ())):
        yield content.attachment.sha256
    for attachment in _many(getattr(record, "presented_form", ())):
        yield attachment.sha256


def _many(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - an element, a tuple of them, or nothing
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


_EXTRACTS: Final[Mapping[str, Extract]] = {
    "subject": _references("subject", "patient", "for_"),
    "status": _status,
    "based_on": _references("based_on"),
    "owner": _references("owner"),
    "requester": _references("requester"),
    "performer": _references("performer"),
    "focus": _references("focus", "about"),
    "target": _references("target"),
    "author": _references("author", "sender", "recorder", "results_interpreter"),
    "code": _codes("code", "type"),
    "category": _codes("category"),
    "identifier": _identifiers,
    "tag": _tags,
    "birth_date": _birth_date,
    "name_key": _name_key,
    "agent": _agents,
    "entity": _entities,
    "content": _content,
}
NAMES: Final = frozenset(_EXTRACTS)
"""Every name `RecordStore.find` knows."""
