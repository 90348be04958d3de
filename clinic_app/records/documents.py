"""Documents, images and envelopes: DocumentReference, ImagingStudy, Composition, Bundle, OperationOutcome (FHIR R4)."""

from __future__ import annotations

from typing import Literal

import msgspec

from clinic_app.records.datatypes import (
    Attachment,
    CodeableConcept,
    Coding,
    Element,
    Extension,
    Identifier,
    Instant,
    Reference,
)
from clinic_app.records.resource import Resource


class DocumentReferenceContent(Element, frozen=True, kw_only=True):
    """Where the document's bytes are."""

    attachment: Attachment
    format: Coding | None = None


class DocumentReferenceRelatesTo(Element, frozen=True, kw_only=True):
    """Another document and what this one is to it; ``transforms``: a part of it, or it in another form."""

    code: Literal["replaces", "transforms", "signs", "appends"]
    target: Reference


class DocumentReference(Resource, frozen=True, kw_only=True, tag=True):
    """A document by its content: a PDF, a recording, a sealed package."""

    identifier: tuple[Identifier, ...] = ()
    status: Literal["current", "superseded", "entered-in-error"]
    type: CodeableConcept | None = None
    category: tuple[CodeableConcept, ...] = ()
    subject: Reference | None = None
    date: Instant | None = None
    author: tuple[Reference, ...] = ()
    relates_to: tuple[DocumentReferenceRelatesTo, ...] = ()
    description: str | None = None
    content: tuple[DocumentReferenceContent, ...]


class ImagingStudyInstance(Element, frozen=True, kw_only=True):
    """One DICOM object of a series; its bytes lie in the blob store under the digest in ``extension``."""

    uid: str
    sop_class: Coding
    number: int | None = None
    title: str | None = None
    extension: tuple[Extension, ...] = ()


class ImagingStudySeries(Element, frozen=True, kw_only=True):
    """A DICOM series."""

    uid: str
    number: int | None = None
    modality: Coding
    description: str | None = None
    number_of_instances: int | None = None
    body_site: Coding | None = None
    started: Instant | None = None
    instance: tuple[ImagingStudyInstance, ...] = ()


class ImagingStudy(Resource, frozen=True, kw_only=True, tag=True):
    """A DICOM study with its series and instances."""

    identifier: tuple[Identifier, ...] = ()
    status: Literal["registered", "available", "cancelled", "entered-in-error", "unknown"]
    modality: tuple[Coding, ...] = ()
    subject: Reference
    based_on: tuple[Reference, ...] = ()
    started: Instant | None = None
    number_of_series: int | None = None
    number_of_instances: int | None = None
    description: str | None = None
    series: tuple[ImagingStudySeries, ...] = ()


class CompositionSection(Element, frozen=True, kw_only=True):
    """A chapter of a document: its title and what it points to."""

    title: str | None = None
    code: CodeableConcept | None = None
    entry: tuple[Reference, ...] = ()


class Composition(Resource, frozen=True, kw_only=True, tag=True):
    """The table of contents of a document Bundle."""

    identifier: Identifier | None = None
    status: Literal["preliminary", "final", "amended", "entered-in-error"]
    type: CodeableConcept
    subject: Reference | None = None
    date: Instant
    author: tuple[Reference, ...]
    title: str
    section: tuple[CompositionSection, ...] = ()


class BundleEntryRequest(Element, frozen=True, kw_only=True):
    """What is asked for one entry of a transaction."""

    method: Literal["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]
    url: str
    if_match: str | None = None
    if_none_match: str | None = None


class BundleEntryResponse(Element, frozen=True, kw_only=True):
    """What became of one entry of a transaction."""

    status: str
    location: str | None = None
    etag: str | None = None
    last_modified: Instant | None = None
    outcome: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class BundleEntry(Element, frozen=True, kw_only=True):
    """One record in an envelope, as its own bytes."""

    full_url: str | None = None
    resource: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    request: BundleEntryRequest | None = None
    response: BundleEntryResponse | None = None
    extension: tuple[Extension, ...] = ()


class BundleLink(Element, frozen=True, kw_only=True):
    """Where a page comes from or goes on: ``relation`` is ``self`` or ``next``."""

    relation: str
    url: str


class Bundle(Resource, frozen=True, kw_only=True, tag=True):
    """An envelope of records; the entries keep the bytes they came with."""

    identifier: Identifier | None = None
    type: Literal[
        "document",
        "message",
        "transaction",
        "transaction-response",
        "batch",
        "batch-response",
        "history",
        "searchset",
        "collection",
    ]
    timestamp: Instant | None = None
    total: int | None = None
    link: tuple[BundleLink, ...] = ()
    entry: tuple[BundleEntry, ...] = ()


class OperationOutcomeIssue(Element, frozen=True, kw_only=True):
    """One thing the hub has to say."""

    severity: Literal["fatal", "error", "warning", "information"]
    code: str
    diagnostics: str | None = None
    details: CodeableConcept | None = None
    expression: tuple[str, ...] = ()


class OperationOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel",
                       tag_field="resourceType", tag="OperationOutcome"):  # fmt: skip
    """What went wrong with a request, for people and machines; has no id of its own."""

    issue: tuple[OperationOutcomeIssue, ...]
