"""People and the places they belong to: Patient, Practitioner, Organization, Device (FHIR R4, Administration)."""

from __future__ import annotations

from typing import Literal

from clinic_app.records.datatypes import (
    Address,
    AdministrativeGender,
    CodeableConcept,
    ContactPoint,
    Element,
    FhirDate,
    HumanName,
    Identifier,
    Reference,
)
from clinic_app.records.resource import Resource


class Patient(Resource, frozen=True, kw_only=True, tag=True):
    """Somebody who is or was cared for."""

    identifier: tuple[Identifier, ...] = ()
    active: bool | None = None
    name: tuple[HumanName, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    gender: AdministrativeGender | None = None
    birth_date: FhirDate | None = None
    address: tuple[Address, ...] = ()
    managing_organization: Reference | None = None

    def identifier_value(self, system: str) -> str | None:
        """Return the patient's number in one system, or None."""
        return next((i.value for i in self.identifier if i.system == system), None)

    @property
    def full_name(self) -> str:
        """The first name as the banner shows it; empty when there is none."""
        return self.name[0].full if self.name else ""


class Practitioner(Resource, frozen=True, kw_only=True, tag=True):
    """Somebody who cares for patients or runs the clinic."""

    identifier: tuple[Identifier, ...] = ()
    active: bool | None = None
    name: tuple[HumanName, ...] = ()

    @property
    def full_name(self) -> str:
        """The first name, as documents print it."""
        return self.name[0].full if self.name else ""


class Organization(Resource, frozen=True, kw_only=True, tag=True):
    """A hospital or a department."""

    identifier: tuple[Identifier, ...] = ()
    active: bool | None = None
    name: str | None = None
    telecom: tuple[ContactPoint, ...] = ()
    address: tuple[Address, ...] = ()


class DeviceName(Element, frozen=True, kw_only=True):
    """What a device is called."""

    name: str
    type: Literal[
        "udi-label-name", "user-friendly-name", "patient-reported-name", "manufacturer-name", "model-name", "other"
    ]


class Device(Resource, frozen=True, kw_only=True, tag=True):
    """A workstation or a medical device; a workstation carries its public keys in ``extension``."""

    identifier: tuple[Identifier, ...] = ()
    status: Literal["active", "inactive", "entered-in-error", "unknown"] | None = None
    device_name: tuple[DeviceName, ...] = ()
    type: CodeableConcept | None = None
    owner: Reference | None = None
