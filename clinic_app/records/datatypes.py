"""FHIR R4 data types that our resources are made of.

Only the elements we author are named here; what else a foreign system wrote into them survives an edit (see `codec`).
Source: FHIR R4, Datatypes.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from clinic_app.foundation.numbers import is_writable

FhirDate = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?\Z")]
"""A FHIR date: year, year-month, or year-month-day."""
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""An aware moment."""
AdministrativeGender = Literal["male", "female", "other", "unknown"]


class Element(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=False
):
    """The ground of every data type: frozen, keyword only, camelCase on the wire, empty elements left out."""


class Extension(Element, frozen=True, kw_only=True):
    """An addition to an element, named by its ``url``."""

    url: str
    value_string: str | None = None
    value_instant: Instant | None = None
    value_decimal: Decimal | None = None

    def __post_init__(self) -> None:
        _refuse_unwritable(self.value_decimal)


def _refuse_unwritable(*numbers: Decimal | None) -> None:
    """Refuse what JSON has no number for, and ten letters (1E+99999999) that written out are a hundred megabytes."""
    for number in numbers:
        if number is not None and not number.is_finite():
            raise ValueError("a decimal must be a number")
        if number is not None and not is_writable(number):
            raise ValueError("a decimal has too many digits")


class Coding(Element, frozen=True, kw_only=True):
    """A code of one terminology: ``system`` is its URI."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Element, frozen=True, kw_only=True):
    """A concept by its codings, or by plain words in ``text``."""

    coding: tuple[Coding, ...] = ()
    text: str | None = None

    def code(self, system: str) -> str | None:
        """Return the concept's code in one terminology, or None."""
        return next((c.code for c in self.coding if c.system == system), None)


class Meta(Element, frozen=True, kw_only=True):
    """About the record itself; ``version_id`` is opaque and belongs to the node that wrote it."""

    version_id: str | None = None
    last_updated: Instant | None = None
    source: str | None = None
    security: tuple[Coding, ...] = ()
    tag: tuple[Coding, ...] = ()


class Reference(Element, frozen=True, kw_only=True):
    """A pointer to another record: ``Patient/0190...``."""

    reference: str | None = None
    type: str | None = None
    display: str | None = None

    @property
    def id(self) -> str:
        """The id part of a relative reference, or an empty string."""
        return (self.reference or "").rpartition("/")[2]


class Period(Element, frozen=True, kw_only=True):
    """From ``start`` to ``end``, both included."""

    start: Instant | None = None
    end: Instant | None = None


class Identifier(Element, frozen=True, kw_only=True):
    """A number somebody gave, with the ``system`` that says who."""

    use: Literal["usual", "official", "temp", "secondary", "old"] | None = None
    system: str | None = None
    value: str | None = None


class HumanName(Element, frozen=True, kw_only=True):
    """A person's name: ``family``, then ``given`` with the patronymic last."""

    use: Literal["usual", "official", "temp", "nickname", "anonymous", "old", "maiden"] | None = None
    text: str | None = None
    family: str | None = None
    given: tuple[str, ...] = ()

    @property
    def full(self) -> str:
        """Family name and given names as the banner shows them."""
        return self.text or " ".join(part for part in (self.family, *self.given) if part)


class ContactPoint(Element, frozen=True, kw_only=True):
    """A telephone number or an address on a network."""

    system: Literal["phone", "fax", "email", "pager", "url", "sms", "other"] | None = None
    value: str | None = None
    use: Literal["home", "work", "temp", "old", "mobile"] | None = None


class Address(Element, frozen=True, kw_only=True):
    """Where somebody lives; ``text`` holds it as spoken."""

    use: Literal["home", "work", "temp", "old", "billing"] | None = None
    text: str | None = None
    city: str | None = None
    district: str | None = None
    state: str | None = None
    country: str | None = None


class Quantity(Element, frozen=True, kw_only=True):
    """A measured amount; ``unit`` for people, ``code`` in UCUM for machines."""

    value: Decimal | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        _refuse_unwritable(self.value)


class SampledData(Element, frozen=True, kw_only=True):
    """A short series of samples; ``period`` in milliseconds, ``data`` as numbers divided by spaces."""

    origin: Quantity
    period: Decimal
    factor: Decimal | None = None
    dimensions: int
    data: str | None = None

    def __post_init__(self) -> None:
        _refuse_unwritable(self.period, self.factor)


class Attachment(Element, frozen=True, kw_only=True):
    """Content elsewhere: ours has ``url`` = ``urn:sha256:<hex>`` of the plain bytes and lies in the blob store."""

    content_type: str | None = None
    language: str | None = None
    url: str | None = None
    size: int | None = None
    hash: str | None = None
    title: str | None = None
    creation: Instant | None = None

    @property
    def sha256(self) -> str:
        """The hex digest the content is stored under, or an empty string."""
        return (self.url or "").removeprefix(SHA256_URN) if (self.url or "").startswith(SHA256_URN) else ""


SHA256_URN = "urn:sha256:"


class Annotation(Element, frozen=True, kw_only=True):
    """A remark with its author and time."""

    author_string: str | None = None
    time: Instant | None = None
    text: str


class Signature(Element, frozen=True, kw_only=True):
    """A signature over a record; ``data`` is base64 of the JWS."""

    type: tuple[Coding, ...]
    when: Instant
    who: Reference
    sig_format: str | None = None
    data: str | None = None
