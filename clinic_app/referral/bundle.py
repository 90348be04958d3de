"""The records of a package as one FHIR document: a Composition first, then what it points to.

Source: FHIR R4, Documents; https://hl7.org/fhir/R4/documents.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.ids import new_id
from clinic_app.records import (
    AllergyIntolerance,
    Bundle,
    BundleEntry,
    CodeableConcept,
    Coding,
    Composition,
    CompositionSection,
    DocumentReference,
    Identifier,
    ImagingStudy,
    Meta,
    Observation,
    Organization,
    Patient,
    Practitioner,
    Reference,
    Resource,
    ServiceRequest,
    Task,
    decode,
    decode_as,
    encode,
    reference_to,
)
from clinic_app.referral.archive import damaged
from clinic_app.terminology.systems import LOINC

ALLOWED: Final[tuple[type[Resource], ...]] = (
    Patient,
    ServiceRequest,
    Task,
    Observation,
    AllergyIntolerance,
    DocumentReference,
    ImagingStudy,
    Organization,
    Practitioner,
)
"""The types a package may bring; anything else in it is refused."""

_SECTIONS: Final[tuple[tuple[str, type[Resource]], ...]] = (
    ("Reason for referral", ServiceRequest),
    ("Allergies", AllergyIntolerance),
    ("Vital signs and findings", Observation),
    ("Recordings and pictures", DocumentReference),
    ("Imaging studies", ImagingStudy),
)


def build_document(package_id: str, bodies: Sequence[bytes], author: Reference, created_at: datetime) -> bytes:
    """Return the document Bundle over the records in ``bodies``, which keep their bytes."""
    records = [decode(body) for body in bodies]
    composition = _composition(records, author, created_at)
    raw = [encode(composition), *bodies]
    entries = tuple(
        BundleEntry(full_url=f"urn:uuid:{record.id}", resource=msgspec.Raw(body))
        for record, body in zip((composition, *records), raw, strict=True)
    )
    bundle = Bundle(
        id=package_id,
        identifier=Identifier(system="urn:ietf:rfc:3986", value=f"urn:uuid:{package_id}"),
        type="document",
        timestamp=created_at,
        entry=entries,
    )
    return encode(bundle)


def read_document(data: bytes) -> tuple[Resource, ...]:
    """Return the records of a document Bundle without its Composition.

    Raises:
        UnreadableFileError: no document, a type that has no business here, or the same record twice.
    """
    try:
        bundle = decode_as(Bundle, data)
        records = [decode(entry.resource) for entry in bundle.entry if isinstance(entry.resource, msgspec.Raw)]
    except ClinicError as error:
        raise damaged() from error
    if bundle.type != "document" or not records or not isinstance(records[0], Composition):
        raise damaged()
    rest = tuple(records[1:])
    if not all(isinstance(record, ALLOWED) for record in rest) or len({_name(each) for each in rest}) != len(rest):
        raise damaged()
    return rest


def bodies_of(data: bytes) -> tuple[bytes, ...]:
    """Return the raw bytes of every record of a document but its Composition, in order."""
    return tuple(
        bytes(entry.resource) for entry in decode_as(Bundle, data).entry[1:] if isinstance(entry.resource, msgspec.Raw)
    )


def with_source(body: bytes, source: str) -> bytes:
    """Return ``body`` with ``meta.source`` = ``source``: which sender's package it came in."""
    record = decode(body)
    meta = record.meta or Meta()
    return encode(msgspec.structs.replace(record, meta=msgspec.structs.replace(meta, source=source)), body)


def _composition(records: Iterable[Resource], author: Reference, created_at: datetime) -> Composition:
    records = tuple(records)
    patient = next((record for record in records if isinstance(record, Patient)), None)
    sections = tuple(
        CompositionSection(title=title, entry=tuple(reference_to(each) for each in records if isinstance(each, kind)))
        for title, kind in _SECTIONS
    )
    return Composition(
        id=new_id(),
        status="final",
        type=CodeableConcept(coding=(Coding(system=LOINC, code="57133-1", display="Referral note"),)),
        subject=reference_to(patient) if patient else None,
        date=created_at,
        author=(author,),
        title="Referral",
        section=tuple(section for section in sections if section.entry),
    )


def _name(record: Resource) -> str:
    return f"{record.type_name}/{record.id}"
