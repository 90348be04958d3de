"""Referrals as the district's doctor uses them: where to ask, send, see how far each has come."""

from __future__ import annotations

from pathlib import Path

import msgspec

from clinic_app.access import Session, Trail, node_keys, own_device, own_organization
from clinic_app.access.right_clock import check_clock
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    AllergyIntolerance,
    Device,
    Organization,
    Patient,
    Reference,
    Resource,
    ServiceRequest,
    Task,
    encode,
)
from clinic_app.referral.bundle import build_document
from clinic_app.referral.cases import Case, by_urgency, case_of, package_of, permitted_tasks
from clinic_app.referral.cover import Cover
from clinic_app.referral.evidence import evidence_files, evidence_records
from clinic_app.referral.package import PackageSource, build_package, package_name
from clinic_app.referral.receiving import open_arrived, queue_wanted, receive_package, refusal_of
from clinic_app.referral.sending import (
    NewReferral,
    ReferralForm,
    checked_specialty,
    document_of,
    lane_of,
    new_ids,
    recipients,
    request_of,
    task_of,
)
from clinic_app.storage import Store
from clinic_app.terminology.specialties import URGENCY_WORDS


class Referrals:
    """The referrals of one workstation, sent and received.

    Args:
        store: where they lie.
        trail: writes who did what.
        clock: the district's own clock of every case.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._noted: frozenset[str] = frozenset()

    def destinations(self, session: Session) -> tuple[Organization, ...]:
        """Return the hospitals that can be asked, by name."""
        self._trail.require(session, "read", "Organization")
        own = own_organization(self._store).id
        others = (
            each for each in self._store.records.find(Organization) if each.id != own and each.active is not False
        )
        return tuple(sorted(others, key=lambda each: each.name or ""))

    def send(self, session: Session, patient_id: str, form: ReferralForm) -> Case:
        """Seal the question with its evidence and queue it for the hub; on return it is saved.

        Raises:
            NotAllowedError: this person may not refer.
            InvalidInputError: something in the form cannot be; nothing was saved.
            ClockError: this computer's clock cannot be right, and it is no emergency.
        """
        self._trail.require(session, "send", "ServiceRequest", patient_id)
        if lane_of(form.urgency) != "emergency":
            check_clock(self._store, self._clock)
        new = self._new(session, patient_id, form)
        task, request = task_of(new), request_of(new)
        sealed = self._sealed(new, task, request)
        document = document_of(new, self._store.blobs.put(sealed), len(sealed))
        stored = self._store.records.commit(
            [request, task, document],
            audit=[self._trail.event(session, "send", new.patient, request)],
            uploads=[document.content[0].attachment.sha256],
            lane=lane_of(form.urgency),
        )
        return case_of(self._store, next(each for each in stored if isinstance(each, Task)))

    def cases(self, session: Session) -> tuple[Case, ...]:
        """Return the cases this hospital has sent, the newest first."""
        self._trail.require(session, "read", "Task")
        sent = self._store.records.find(Task, requester=own_organization(self._store).id)
        tasks = permitted_tasks(self._trail, session, sent)
        cases = tuple(case_of(self._store, task) for task in tasks)
        self._note_list(session, tasks)
        return tuple(sorted(cases, key=lambda case: case.task.id, reverse=True))

    def received(self, session: Session) -> tuple[Case, ...]:
        """Return the cases this hospital has been asked, the most pressing first."""
        self._trail.require(session, "read", "Task")
        asked = self._store.records.find(Task, owner=own_organization(self._store).id)
        tasks = permitted_tasks(self._trail, session, asked)
        self._note_list(session, tasks)
        return by_urgency(case_of(self._store, task) for task in tasks)

    def case(self, session: Session, task_id: str) -> Case:
        """Return one case.

        Raises:
            NotFoundError: there is no such case here.
        """
        task = self._trail.require_stored(session, "read", Task, task_id)
        self._note_read(session, task)
        return case_of(self._store, task)

    def open_package(self, data: Path | bytes) -> Case:
        """Take a sealed package in, from the link or from a stick; untrusted, checked whole before anything is used.

        Raises:
            UnreadableFileError: damaged, changed or hostile; nothing was written.
            NotAllowedError: not addressed to this workstation.
            NotFoundError: the sender is not known here yet.
        """
        return case_of(self._store, receive_package(self._store, data, self._trail))

    def save_package(self, session: Session, task_id: str, folder: Path) -> Path:
        """Write the sealed package of a case to a folder, a stick for example, and return the file.

        Raises:
            NotFoundError: the package is not on this workstation.
        """
        task = self._trail.require_stored(session, "send", Task, task_id, "ServiceRequest")
        request = self._store.records.get(ServiceRequest, task.focus.id if task.focus else "")
        document = package_of(self._store, request)
        if document is None:
            raise NotFoundError(Text("The package of this case is not on this workstation."))
        sealed = self._store.blobs.read(document.content[0].attachment.sha256)
        target = folder / package_name(task.id)  # never a name that another hospital chose
        write_atomically(target, (sealed,))
        self._store.records.commit([], audit=[self._trail.event(session, "send", request)], send=False)
        return target

    def receive_arrivals(self) -> None:
        """Say "received" for every Task that has come to this hospital, and ask for its package; called by sync."""
        own = own_organization(self._store).id
        for task in self._store.records.find(Task, owner=own, status="requested"):
            if task.requester and task.requester.id != own:
                self._say_received(task)
        queue_wanted(self._store)

    def open_waiting(self) -> None:
        """Open the packages that have come; called by sync."""
        open_arrived(self._store, self._trail)

    def package_refusal(self, case: Case) -> Text | None:
        """Return why a case's package was not taken in here, or None."""
        document = package_of(self._store, case.request)
        return refusal_of(self._store, document) if document else None

    def _say_received(self, task: Task) -> None:
        received = msgspec.structs.replace(task, status="received", last_modified=self._clock.now())
        try:
            self._store.records.commit([received], audit=[self._trail.arrival(received)], lane=lane_of(task.priority))
        except ConflictError:  # it moved on between the reading and the writing, which says more than "received"
            return

    def _new(self, session: Session, patient_id: str, form: ReferralForm) -> NewReferral:
        specialty = checked_specialty(form)
        now = self._clock.now()
        return NewReferral(
            form=form,
            specialty=specialty,
            patient=self._store.records.get(Patient, patient_id),
            requester=own_organization(self._store),
            doctor=Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name),
            performer=self._performer(form.performer_organization_id),
            case_number=self._case_number(f"{now:%y%m}"),
            created_at=now,
            **new_ids(),
        )

    def _performer(self, organization_id: str) -> Organization:
        try:
            return self._store.records.get(Organization, organization_id)
        except NotFoundError as error:
            field = "performer_organization_id"
            raise InvalidInputError(Text("Choose the hospital to ask."), field) from error

    def _case_number(self, month: str) -> str:
        """A number made offline: year and month, the workstation (24 random bits of its id), a count."""
        workstation = own_device(self._store).id.replace("-", "")[-6:].upper()
        return f"{month}-{workstation}-{self._store.memory.next_number('case-number'):04d}"

    def _sealed(self, new: NewReferral, task: Task, request: ServiceRequest) -> bytes:
        device = own_device(self._store)
        evidence = evidence_records(self._store, new.patient.id, new.form.evidence)
        document = build_document(
            new.package_id,
            (*self._bodies(new.patient, *self._allergies(new), *evidence), encode(request), encode(task)),
            new.doctor,
            new.created_at,
        )
        source = PackageSource(
            package_id=new.package_id,
            service_request=request.id,
            task=task.id,
            organization=new.requester.id,
            device=device.id,
            created_at=new.created_at,
            cover=_cover(new),
            document=document,
            evidence=evidence_files(self._store, evidence),
        )
        devices = self._store.records.find(Device, owner=new.performer.id)
        return build_package(source, recipients(devices), node_keys(self._store))

    def _allergies(self, new: NewReferral) -> tuple[AllergyIntolerance, ...]:
        return self._store.records.find(AllergyIntolerance, subject=new.patient.id)

    def _bodies(self, *records: Resource) -> tuple[bytes, ...]:
        return tuple(self._store.records.body(type(record), record.id) for record in records)

    def _note_list(self, session: Session, tasks: tuple[Task, ...]) -> None:
        """A list that a screen reads again and again is one access for each person and each change of the list."""
        seen = frozenset((session.practitioner_id, *(task.id for task in tasks)))
        if seen != self._noted:
            self._note_read(session, *tasks)
            self._noted = seen

    def _note_read(self, session: Session, *records: Resource) -> None:
        self._store.records.commit([], audit=[self._trail.event(session, "read", *records)], send=False)


def _cover(new: NewReferral) -> Cover:
    return Cover(
        case_number=new.case_number,
        patient=" ".join(part for part in (new.patient.full_name, new.patient.birth_date) if part),
        sender=new.requester.name or "",
        specialty=new.specialty.words,
        urgency=URGENCY_WORDS[new.form.urgency],
        question=new.form.question.strip(),
        created_at=new.created_at,
    )
