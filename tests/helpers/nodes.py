"""Workstations of two hospitals with their own stores and keys, and a patient with real evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from pydicom.data import get_testdata_file

from clinic_app.access import EnrolmentForm, NewUser, Role, Session, Trail, enrol, own_device, own_organization
from clinic_app.consultation import Consultations
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.ids import new_id
from clinic_app.keys import NodeKeys
from clinic_app.records import (
    AllergyIntolerance,
    Attachment,
    CodeableConcept,
    Coding,
    DocumentReference,
    DocumentReferenceContent,
    Extension,
    HumanName,
    ImagingStudy,
    ImagingStudyInstance,
    ImagingStudySeries,
    Observation,
    Patient,
    Quantity,
    Reference,
    Resource,
    reference_to,
)
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.referral import ReferralForm, Referrals
from clinic_app.storage import Store
from clinic_app.sync import SyncService
from clinic_app.terminology.systems import CONTENT_SHA256, LOINC
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import PASSWORD, QUICK

DISTRICT = "org-district"
CENTRE = "org-centre"
OUTSIDER = "org-outsider"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)
"""A picture of one red pixel."""


@dataclass
class Node:
    """One workstation."""

    organization_id: str
    store: Store
    clock: Clock
    referrals: Referrals
    consultations: Consultations
    services: list[SyncService] = field(default_factory=list)

    def session(self, role: Role) -> Session:
        """Return somebody of this role, signed in here."""
        account = next(each for each in self.store.accounts.all() if each.role == role)
        organization = own_organization(self.store)
        return Session(account.practitioner_id, f"{role} Серікбай", account.login, role, organization.id, "Aurukhana")

    def sync(self, url: str, token: str, **options: float) -> SyncService:
        """Return this workstation's sync service, not yet started."""
        service = SyncService(self.store, self.referrals, url, token, self.clock, **options)  # type: ignore[arg-type]
        self.services.append(service)
        return service


@contextmanager
def node(folder: Path, organization_id: str, clock: Clock | None = None) -> Iterator[Node]:
    """Set up a workstation of one hospital; its sync is stopped and its store closed at the end."""
    clock = clock or FixedClock()
    key = hashlib.sha256(str(folder).encode()).digest()
    store = Store.open(folder, key, clock)
    try:
        users = tuple(
            NewUser(role, PASSWORD, f"{role} Серікбай", role) for role in ("doctor", "specialist", "nurse", "registrar")
        )
        form = EnrolmentForm(f"Аурухана {organization_id}", "PC", organization_id=organization_id, users=users)
        enrol(store, NodeKeys.create(), form, QUICK)
        trail = Trail(store, clock)
        made = Node(organization_id, store, clock, Referrals(store, trail, clock), Consultations(store, trail, clock))
        try:
            yield made
        finally:
            for service in made.services:
                service.stop()
    finally:
        store.close()


def introduce(*nodes: Node) -> None:
    """Let workstations know one another's hospitals and public keys without a hub."""
    for here in nodes:
        for there in nodes:
            if here is not there:
                known = (own_organization(there.store), own_device(there.store))
                bodies = [there.store.records.body(type(each), each.id) for each in known]
                here.store.records.receive(bodies, is_from_hub=False)


def patient_with_evidence(here: Node) -> tuple[Patient, tuple[Reference, ...]]:
    """Store a patient with an ECG, a CT object, a key image, a pulse and an allergy; return what can be attached."""
    patient = Patient(id=new_id(), name=(HumanName(family="Қасымов", given=("Нұрлан",)),), birth_date="1964-03-05")
    about = reference_to(patient)
    allergy = AllergyIntolerance(id=new_id(), patient=about, code=CodeableConcept(text="Пенициллин"))
    pulse = Observation(
        id=new_id(),
        status="final",
        code=CodeableConcept(coding=(Coding(system=LOINC, code="8867-4"),)),
        subject=about,
        value_quantity=Quantity(value=Decimal("72.50"), unit="/min"),
    )
    ecg = _document(here.store, about, _pydicom("waveform_ecg.dcm"), "application/dicom")
    picture = _document(here.store, about, PIXEL, "image/png")
    study = _study(here.store, about)
    evidence: tuple[Resource, ...] = (pulse, ecg, picture, study)
    here.store.records.commit([patient, allergy, *evidence])
    return patient, tuple(reference_to(each) for each in evidence)


def form(evidence: tuple[Reference, ...], question: str = "Ырғағы қалай? Тактика?") -> ReferralForm:
    """Return a filled-in emergency referral to the cardiologist of the centre."""
    return ReferralForm("cardiology", "stat", question, CENTRE, evidence)


def _document(store: Store, about: Reference, data: bytes, mime: str) -> DocumentReference:
    attachment = Attachment(content_type=mime, url=f"{SHA256_URN}{store.blobs.put(data)}", size=len(data))
    content = (DocumentReferenceContent(attachment=attachment),)
    return DocumentReference(id=new_id(), status="current", subject=about, content=content)


def _study(store: Store, about: Reference) -> ImagingStudy:
    sha256 = store.blobs.put(_pydicom("CT_small.dcm"))
    instance = ImagingStudyInstance(
        uid="1.2.3.4",
        sop_class=Coding(code="1.2.840.10008.5.1.4.1.1.2"),
        extension=(Extension(url=CONTENT_SHA256, value_string=sha256),),
    )
    series = ImagingStudySeries(uid="1.2.3", modality=Coding(code="CT"), instance=(instance,))
    return ImagingStudy(id=new_id(), status="available", subject=about, series=(series,))


def _pydicom(name: str) -> bytes:
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    return Path(path).read_bytes()
