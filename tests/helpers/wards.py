"""A workstation with somebody of every role and patients of every kind: ours, referred, a stranger's, a closed one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from clinic_app.access import ROLES, EnrolmentForm, NewUser, Relation, Role, Session, enrol
from clinic_app.keys import NodeKeys
from clinic_app.records import (
    AllergyIntolerance,
    Attachment,
    CodeableConcept,
    Coding,
    Device,
    DiagnosticReport,
    DocumentReference,
    DocumentReferenceContent,
    HumanName,
    Identifier,
    ImagingStudy,
    ImagingStudySeries,
    Meta,
    Observation,
    Organization,
    Patient,
    Reference,
    Resource,
    ServiceRequest,
    Task,
    TaskOutput,
    encode,
)
from clinic_app.settings import Settings
from clinic_app.storage import Store
from clinic_app.terminology.systems import CHART_NUMBER, CONFIDENTIALITY, IIN, TASK_OUTPUT
from clinic_app.workstation import Workstation, build_workstation
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import PASSWORD, QUICK, session_of

Kind = Literal["own", "referred", "foreign", "lapsed", "restricted"]
KINDS: Final[tuple[Kind, ...]] = ("own", "referred", "foreign", "lapsed", "restricted")
HERE, THERE = "org-here", "org-there"
HELD: Final[dict[Kind, tuple[Relation, ...]]] = {
    "own": ("own",),
    "referred": ("referred",),
    "foreign": (),
    "lapsed": (),
    "restricted": ("own", "restricted"),
}
"""How everybody stands to a patient of each kind; nobody of the staff treats the restricted one."""
_SERIES: Final = ImagingStudySeries(uid="1.2", modality=Coding(code="CT"))
_IINS: Final = dict(
    zip(KINDS, ("850101300124", "061211600012", "340903366230", "900101300017", "700101300011"), strict=True)
)


@dataclass
class Ward:
    """One workstation with its people and patients."""

    station: Workstation
    store: Store
    clock: FixedClock
    folder: Path
    patients: dict[Kind, Patient] = field(default_factory=dict)

    def session(self, role: Role) -> Session:
        """Return somebody of this role, signed in."""
        return session_of(self.store, role)

    def record(self, kind: Kind, of: type[Resource]) -> Resource:
        """Return the record of one type that is about the patient of one kind."""
        return self.store.records.get(of, f"{of.__name__}-{kind}".lower())


@contextmanager
def ward(folder: Path) -> Iterator[Ward]:
    """Set up a workstation; it is closed at the end."""
    clock = FixedClock()
    station = build_workstation(Settings(folder / "data", {"key_storage": "file"}), clock)
    try:
        users = tuple(NewUser(role, PASSWORD, f"{role} here", role) for role in ROLES)
        form = EnrolmentForm("Аурухана", "PC", organization_id=HERE, users=users)
        enrol(station._store, NodeKeys.create(), form, QUICK)
        made = Ward(station, station._store, clock, folder)
        furnish(made)
        yield made
    finally:
        station.close()


def furnish(ward: Ward) -> None:
    """Put a patient of every kind into a ward, each with a whole case."""
    store = ward.store
    elsewhere = Organization(id=THERE, active=True, name="Орталық")
    store.records.receive([encode(elsewhere), encode(Device(id="pc-there", status="active"))], is_from_hub=False)
    digest = store.blobs.put(b"%PDF-1.7 a finding")
    for kind in KINDS:
        records = _case(kind, digest)
        if kind in ("own", "restricted"):
            store.records.commit(records)
        else:
            store.records.receive([encode(each) for each in records], is_from_hub=False)
        ward.patients[kind] = store.records.get(Patient, f"patient-{kind}")


def _case(kind: Kind, digest: str) -> list[Resource]:
    is_ours = kind in ("own", "restricted")
    labels = (Coding(system=CONFIDENTIALITY, code="R"),) if kind == "restricted" else ()
    meta = Meta(security=labels) if is_ours else Meta(version_id="1", source=f"Organization/{THERE}")
    about = Reference(reference=f"Patient/patient-{kind}")
    here, there = (Reference(reference=f"Organization/{each}") for each in (HERE, THERE))
    owner = THERE if is_ours else "org-third" if kind == "foreign" else HERE
    attachment = Attachment(content_type="application/pdf", url=f"urn:sha256:{digest}", size=18)
    content = (DocumentReferenceContent(attachment=attachment),)
    patient = Patient(
        id=f"patient-{kind}",
        meta=meta,
        name=(HumanName(family=f"Тест{kind}", given=("Нұрлан",)),),
        identifier=(Identifier(system=CHART_NUMBER, value=f"C-{kind}"), Identifier(system=IIN, value=_IINS[kind])),
        birth_date="1964-03-05",
        managing_organization=here if is_ours else there,
    )
    report = Reference(reference=f"DiagnosticReport/diagnosticreport-{kind}")
    output = TaskOutput(
        type=CodeableConcept(coding=(Coding(system=TASK_OUTPUT, code="DiagnosticReport"),)), value_reference=report
    )
    task = Task(
        id=f"task-{kind}",
        status="completed" if is_ours or kind == "lapsed" else "received",
        intent="order",
        focus=Reference(reference=f"ServiceRequest/servicerequest-{kind}"),
        for_=about,
        requester=here if is_ours else there,
        owner=Reference(reference=f"Organization/{owner}"),
        authored_on=NOON,
        last_modified=NOON.replace(year=NOON.year - 1) if kind == "lapsed" else NOON,
        output=(output,) if is_ours else (),
    )
    records: list[Resource] = [
        patient,
        Observation(id=f"observation-{kind}", status="final", code=CodeableConcept(text="x"), subject=about),
        AllergyIntolerance(id=f"allergyintolerance-{kind}", code=CodeableConcept(text="x"), patient=about),
        DocumentReference(id=f"documentreference-{kind}", status="current", subject=about, content=content),
        ImagingStudy(id=f"imagingstudy-{kind}", status="available", subject=about, series=(_SERIES,)),
        ServiceRequest(id=f"servicerequest-{kind}", status="active", intent="order", subject=about, priority="stat"),
        DiagnosticReport(id=f"diagnosticreport-{kind}", status="final", subject=about, code=CodeableConcept(text="x"),
                         based_on=(Reference(reference=f"ServiceRequest/servicerequest-{kind}"),)),
        task,
    ]  # fmt: skip
    return records
