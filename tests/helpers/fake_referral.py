"""A workstation without a store: the same signatures as the services, everything in lists, errors on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from clinic_app.access import Session
from clinic_app.consultation import Answer, Evidence, OpinionForm
from clinic_app.encounters import VITAL_SIGNS
from clinic_app.foundation.errors import ClinicError, NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Language, Text
from clinic_app.imaging import FrameStack
from clinic_app.imaging.stack import Place
from clinic_app.records import (
    Attachment,
    CarePlan,
    CodeableConcept,
    Coding,
    DiagnosticReport,
    DocumentReference,
    DocumentReferenceContent,
    HumanName,
    Identifier,
    ImagingStudy,
    ImagingStudyInstance,
    ImagingStudySeries,
    Observation,
    ObservationComponent,
    Organization,
    Patient,
    Reference,
    ServiceRequest,
    Task,
    Urgency,
    reference_to,
)
from clinic_app.referral import Case, CaseProgress, ReferralForm
from clinic_app.terminology.specialties import specialty
from clinic_app.terminology.systems import CASE_NUMBER, CHART_NUMBER, IIN
from clinic_app.waveforms import Recording

NOW = datetime(2026, 3, 5, 9, 5, tzinfo=UTC)
HOSPITAL = Organization(id="org-district", name="Ырғыз аудандық ауруханасы")
CENTRE = Organization(id="org-centre", name="Ақтөбе медицина орталығы")
NATIONAL = Organization(id="org-national", name="Ұлттық ғылыми кардиохирургия орталығы")
DOCTOR = Session("doc", "Өмірзақ Әсет Һасанұлы", "omirzak", "doctor", HOSPITAL.id, HOSPITAL.name or "")
SPECIALIST = Session("spec", "Сейітқали Айгүл Маратқызы", "seitkali", "specialist", CENTRE.id, CENTRE.name or "")
QUESTION = (
    "Кеше кештен бері кеуденің сол жағында қысып ауырады, сол қолға береді.\n"
    "АҚ 150/90, тропонин тесті ≥2. ЭКГ-да II, III, aVF-те өзгеріс бар ма? Тасымалдау керек пе, орнында емдейміз бе?"
)
OPINION = (
    "Ырғақ синустық, ЖСЖ 73/мин. QTc 428 ms, PQ 160 ms. II, III, aVF тіркемелерінде ST сегменті 1 мм көтерілген.\n"
    "Жедел коронарлық синдром жоққа шығарылмайды."
)
PLAN = (
    "Ацетилсалицил қышқылы 250 мг, клопидогрел 300 мг.\n1 сағаттан соң ЭКГ қайталау.\nАвиациямен тасымалдауға дайындау."
)


def patient(family: str = "Әлібекқызы", *given: str, id: str = "") -> Patient:
    """Return a patient with all three identifiers."""
    return Patient(
        id=id or new_id(),
        name=(HumanName(family=family, given=given or ("Гүлнұр", "Ғабитқызы")),),
        gender="female",
        birth_date="1964-03-05",
        identifier=(Identifier(system=IIN, value="640305400123"), Identifier(system=CHART_NUMBER, value="Y-000417")),
    )


def vitals_of(patient_id: str, at: datetime = NOW, pulse: int = 88) -> tuple[Observation, ...]:
    """Return one sitting: pressure, pulse, saturation, temperature."""
    signs = {sign.field: sign for sign in VITAL_SIGNS}
    values = {"systolic": "150", "diastolic": "90", "heart_rate": str(pulse), "spo2": "96", "temperature": "36.8"}

    def quantity(name: str) -> Any:
        return signs[name].quantity(values[name])

    subject = Reference(reference=f"Patient/{patient_id}")
    pressure = Observation(
        id=new_id(), status="final", code=CodeableConcept(text="Blood pressure"), subject=subject,
        effective_date_time=at,
        component=tuple(
            ObservationComponent(code=signs[name].concept(), value_quantity=quantity(name))
            for name in ("systolic", "diastolic")
        ),
    )  # fmt: skip
    rest = tuple(
        Observation(
            id=new_id(), status="final", code=signs[name].concept(), subject=subject, effective_date_time=at,
            value_quantity=quantity(name),
        )
        for name in ("heart_rate", "spo2", "temperature")
    )  # fmt: skip
    return (pressure, *rest)


def recording_of(patient_id: str, at: datetime = NOW, mime: str = "application/dicom") -> DocumentReference:
    """Return the document of a 12-lead recording, or with an image's type that of a key image."""
    words = "12 leads, 10 s, CardioPoint 12" if mime == "application/dicom" else "CT, slice 1"
    attachment = Attachment(content_type=mime, url="urn:sha256:" + "0" * 64, size=240_000, title=words)
    return DocumentReference(
        id=new_id(),
        status="current",
        subject=Reference(reference=f"Patient/{patient_id}"),
        date=at,
        description=words,
        content=(DocumentReferenceContent(attachment=attachment),),
    )


def study_of(patient_id: str, at: datetime = NOW) -> ImagingStudy:
    """Return a study of one series with two instances."""
    sop = Coding(code="1.2.840.10008.5.1.4.1.1.2")
    series = ImagingStudySeries(
        uid="1.2.3.1", number=1, modality=Coding(code="CT"), description="Thorax 5 mm", number_of_instances=2,
        instance=tuple(ImagingStudyInstance(uid=f"1.2.3.1.{i}", sop_class=sop) for i in (1, 2)),
    )  # fmt: skip
    return ImagingStudy(
        id=new_id(), status="available", modality=(Coding(code="CT"),),
        subject=Reference(reference=f"Patient/{patient_id}"),
        started=at, number_of_series=1, number_of_instances=2, description="Кеуде қуысы", series=(series,),
    )  # fmt: skip


def case_for(
    about: Patient,
    *,
    urgency: Urgency = "urgent",
    progress: CaseProgress = "queued",
    question: str = QUESTION,
    asked: str = "cardiology",
    sent_at: datetime = NOW,
    evidence: Sequence[Any] = (),
    number: int = 123,
    problem: Text | None = None,
) -> Case:
    """Return a referral at any station."""
    chosen = specialty(asked)
    assert chosen is not None
    numbers = (Identifier(system=CASE_NUMBER, value=f"YRG-2026-{number:06d}"),)
    request = ServiceRequest(
        id=new_id(), identifier=numbers, status="active", intent="order", priority=urgency, subject=reference_to(about),
        performer_type=chosen.concept(), performer=(reference_to(CENTRE, CENTRE.name),), authored_on=sent_at,
        requester=Reference(reference="Practitioner/doc", display=DOCTOR.name),
        reason_code=(CodeableConcept(text=question),), supporting_info=tuple(reference_to(each) for each in evidence),
    )  # fmt: skip
    task = Task(
        id=new_id(), identifier=numbers, status="requested", intent="order", priority=urgency, authored_on=sent_at,
        focus=reference_to(request), for_=reference_to(about), requester=reference_to(HOSPITAL, HOSPITAL.name),
        owner=reference_to(CENTRE, CENTRE.name),
    )  # fmt: skip
    has_arrived = progress not in ("saved-here", "queued")
    hub_at = sent_at + timedelta(minutes=7) if has_arrived else None
    return Case(task, request, about, progress, sent_at, hub_at, problem)


def answer_to(case: Case, *, is_valid: bool = True, opinion: str = OPINION, plan: str = PLAN) -> Answer:
    """Return a signed answer."""
    report = DiagnosticReport(
        id=new_id(), status="final", code=CodeableConcept(text="Consult note"), conclusion=opinion
    )
    todo = CarePlan(id=new_id(), status="active", intent="proposal", subject=Reference(), description=plan)
    return Answer(report, todo if plan else None, SPECIALIST.name, NOW + timedelta(minutes=40), is_valid)


@dataclass
class FakeReferrals:
    """The district's side."""

    listed: list[Case] = field(default_factory=list)
    sent: list[tuple[str, ReferralForm]] = field(default_factory=list)
    places: tuple[Organization, ...] = (CENTRE, NATIONAL)
    failure: ClinicError | None = None
    people: dict[str, Patient] = field(default_factory=dict)
    reads: int = 0
    case_reads: int = 0

    def destinations(self, session: Session) -> tuple[Organization, ...]:
        return self.places

    def send(self, session: Session, patient_id: str, form: ReferralForm) -> Case:
        if self.failure:
            raise self.failure
        self.sent.append((patient_id, form))
        about = self.people.get(patient_id) or patient(id=patient_id)
        case = case_for(
            about, urgency=form.urgency, question=form.question, asked=form.specialty, progress="saved-here"
        )
        self.listed.append(case)
        return case

    def cases(self, session: Session) -> tuple[Case, ...]:
        self.reads += 1
        if self.failure:
            raise self.failure
        return tuple(self.listed)

    def case(self, session: Session, task_id: str) -> Case:
        self.case_reads += 1
        found = next((each for each in self.listed if each.task.id == task_id), None)
        if found is None:
            raise NotFoundError(Text("This document has not arrived on this workstation yet."))
        return found


@dataclass
class FakeConsultations:
    """Both sides of a consultation; shares its cases with `FakeReferrals`."""

    referrals: FakeReferrals
    answers: dict[str, Answer] = field(default_factory=dict)
    drafts: dict[str, OpinionForm] = field(default_factory=dict)
    saves: list[OpinionForm] = field(default_factory=list)
    signed: list[tuple[str, OpinionForm]] = field(default_factory=list)
    found: Evidence = field(default_factory=Evidence)
    opened: list[str] = field(default_factory=list)
    summaries: list[tuple[str, Language]] = field(default_factory=list)
    failure: ClinicError | None = None
    before_save: Callable[[], object] = lambda: None

    def worklist(self, session: Session) -> tuple[Case, ...]:
        return tuple(each for each in self.referrals.listed if each.progress not in ("answered", "closed"))

    def open(self, session: Session, task_id: str) -> Case:
        self.opened.append(task_id)
        return self._move(task_id, "opened")

    def evidence(self, session: Session, task_id: str) -> Evidence:
        return self.found

    def draft(self, session: Session, task_id: str) -> OpinionForm | None:
        return self.drafts.get(task_id)

    def save_draft(self, session: Session, task_id: str, form: OpinionForm) -> None:
        self.before_save()
        if self.failure:
            raise self.failure
        self.saves.append(form)
        self.drafts[task_id] = form

    def sign(self, session: Session, task_id: str, form: OpinionForm) -> DiagnosticReport:
        if self.failure:
            raise self.failure
        self.signed.append((task_id, form))
        case = self._move(task_id, "answered")
        self.answers[task_id] = answer_to(case, opinion=form.opinion, plan=form.plan)
        return self.answers[task_id].report

    def answer(self, session: Session, task_id: str) -> Answer | None:
        return self.answers.get(task_id)

    def mark_read(self, session: Session, task_id: str) -> Case:
        return self._move(task_id, "closed")

    def make_summary(self, session: Session, task_id: str, language: Language) -> DocumentReference:
        self.summaries.append((task_id, language))
        return recording_of("x", mime="application/pdf")

    def _move(self, task_id: str, progress: CaseProgress) -> Case:
        place = next(i for i, each in enumerate(self.referrals.listed) if each.task.id == task_id)
        old = self.referrals.listed[place]
        if old.progress not in ("answered", "closed") or progress == "closed":
            self.referrals.listed[place] = replace(old, progress=progress)
        return self.referrals.listed[place]


@dataclass
class FakeRecordings:
    """Recorded signals; every document loads the same one."""

    documents: list[DocumentReference] = field(default_factory=list)
    recording: Recording | None = None

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        return tuple(each for each in self.documents if each.subject and each.subject.id == patient_id)

    def load(self, session: Session, document: DocumentReference) -> Recording:
        if self.recording is None:
            raise NotFoundError(Text("This document has not arrived on this workstation yet."))
        return self.recording


@dataclass
class FakeStudies:
    """Imaging studies."""

    listed: list[ImagingStudy] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)

    def opened(self, session: Session, study: ImagingStudy, series_uid: str) -> FrameStack:
        series = next(each for each in study.series if each.uid == series_uid)
        places = tuple(Place(each.uid, each.uid, 0) for each in series.instance)
        return FrameStack(places, self.contents.__getitem__)

    def studies(self, session: Session, patient_id: str) -> tuple[ImagingStudy, ...]:
        return tuple(each for each in self.listed if each.subject.id == patient_id)


@dataclass
class FakeKeyImages:
    """Marked pictures."""

    listed: list[DocumentReference] = field(default_factory=list)

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        return tuple(each for each in self.listed if each.subject and each.subject.id == patient_id)


@dataclass
class FakeEncounters:
    """Vital signs."""

    listed: list[Observation] = field(default_factory=list)

    def vitals(self, session: Session, patient_id: str) -> tuple[Observation, ...]:
        return tuple(each for each in self.listed if each.subject and each.subject.id == patient_id)


class FakeDocuments:
    """Filed documents: every one is the same small PDF."""

    def open(self, session: Session, document: DocumentReference) -> bytes:
        return b"%PDF-1.7 consult summary"


class FakeStation:
    """One workstation."""

    def __init__(self) -> None:
        self.referrals = FakeReferrals()
        self.consultations = FakeConsultations(self.referrals)
        self.recordings = FakeRecordings()
        self.imaging = FakeStudies()
        self.key_images = FakeKeyImages()
        self.encounters = FakeEncounters()
        self.documents = FakeDocuments()

    def furnish(self, about: Patient) -> None:
        """Give a patient two recordings, a key image, a study and two sittings of vital signs."""
        self.referrals.people[about.id] = about
        earlier = NOW - timedelta(days=2)
        self.recordings.documents += [recording_of(about.id), recording_of(about.id, earlier)]
        self.key_images.listed.append(recording_of(about.id, earlier, "image/png"))
        self.imaging.listed.append(study_of(about.id, earlier))
        self.encounters.listed += [*vitals_of(about.id), *vitals_of(about.id, earlier, 92)]


def renamed(record: Patient, **changes: Any) -> Patient:
    """Return a newer version of the same patient."""
    return msgspec.structs.replace(record, **changes)
