"""What each type of record is found by, besides its id.

One function per kind of element, one table of the fields it stands in. Values are what a caller asks for: bare ids for
references, ``system|value`` for identifiers, the code both alone and as ``system|code``.
Names follow FHIR R4's search parameters where there is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from clinic_app.foundation.folding import name_keys
from clinic_app.records import (
    AppointmentParticipant,
    Attachment,
    AuditEventEntity,
    CodeableConcept,
    Coding,
    DocumentReferenceContent,
    HumanName,
    Identifier,
    Meta,
    Patient,
    Reference,
    Resource,
)

Values = Iterable[str | None]
Read = Callable[[Any], Values]
_LONGEST_VALUE: Final = 500
"""Characters; PostgreSQL takes 2.7 kB for a whole row of an index ("Limitations", B-tree)."""


def entries(record: Resource) -> frozenset[tuple[str, str]]:
    """Return the ``(name, value)`` pairs ``record`` is found by."""
    pairs: set[tuple[str, str]] = set()
    for name, read, field in _readers(type(record)):
        value = getattr(record, field)
        for element in value if isinstance(value, tuple) else (value,) if value is not None else ():
            pairs.update((name, index_value(each)) for each in read(element) if each)
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


@cache
def _readers(kind: type[Resource]) -> tuple[tuple[str, Read, str], ...]:
    """Return what one type is found by: the index's name, what reads an element, and the field it stands in."""
    return tuple(
        (name, read, field)
        for name, (read, *fields) in _INDEXES.items()
        for field in fields
        if field in kind.__struct_fields__ and (kind is Patient or name not in _OF_PATIENTS)
    )


def _reference(element: Any) -> Values:  # noqa: ANN401 - elements of any kind
    return (element.id,) if isinstance(element, Reference) else ()


def _about(element: Any) -> Values:  # noqa: ANN401
    """The patient of an appointment is one of those who are to come."""
    if isinstance(element, AppointmentParticipant):
        is_patient = element.actor is not None and (element.actor.reference or "").startswith("Patient/")
        return (element.actor.id,) if element.actor is not None and is_patient else ()
    return _reference(element)


def _concept(element: CodeableConcept | Coding) -> Iterator[str]:
    for coding in element.coding if isinstance(element, CodeableConcept) else (element,):
        if coding.code:
            yield coding.code
            yield f"{coding.system or ''}|{coding.code}"


def _identifier(element: Any) -> Values:  # noqa: ANN401
    is_told = isinstance(element, Identifier) and element.value
    return (f"{element.system or ''}|{element.value}",) if is_told else ()


def _tags(meta: Meta) -> Iterator[str]:
    for tag in meta.tag:
        yield from _concept(tag)


def _word(element: str) -> Values:
    return (element,)


def _name_key(name: HumanName) -> Values:
    """The whole name as one key, its words sorted: the order they are typed in does not matter."""
    return (" ".join(sorted(name_keys(name.full))),)


def _agent(agent: Any) -> Values:  # noqa: ANN401 - of an AuditEvent or a Provenance
    return (agent.who.id,) if agent.who else ()


def _entity(entity: AuditEventEntity) -> Values:
    return (entity.what.id,) if entity.what else ()


def _content(element: DocumentReferenceContent | Attachment) -> Values:
    return ((element if isinstance(element, Attachment) else element.attachment).sha256,)


_INDEXES: Final[Mapping[str, tuple[Any, ...]]] = {
    "subject": (_about, "subject", "patient", "for_", "participant"),
    "status": (_word, "status"),
    "based_on": (_reference, "based_on"),
    "owner": (_reference, "owner"),
    "requester": (_reference, "requester"),
    "performer": (_reference, "performer"),
    "focus": (_reference, "focus", "about"),
    "target": (_reference, "target"),
    "author": (_reference, "author", "sender", "recorder", "results_interpreter"),
    "code": (_concept, "code", "type"),
    "category": (_concept, "category"),
    "identifier": (_identifier, "identifier"),
    "tag": (_tags, "meta"),
    "birth_date": (_word, "birth_date"),
    "name_key": (_name_key, "name"),
    "agent": (_agent, "agent"),
    "entity": (_entity, "entity"),
    "content": (_content, "content", "presented_form"),
}
_OF_PATIENTS: Final = frozenset({"birth_date", "name_key"})
NAMES: Final = frozenset(_INDEXES)
"""Every name `RecordStore.find` knows."""
