"""The orders of images: a doctor writes them, the machines are told of them, the images that come close them.

Whoever may take pictures of a patient says that it begins and that it is done; only doctors order and cancel. A
registrar sees when, where and what for, as with any visit, and not why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from clinic_app.access import Session, Trail
from clinic_app.access.permissions import may
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.order_record import (
    IMAGING,
    OrderForm,
    OrderState,
    accession_of,
    body_part_of,
    checked,
    is_imaging_order,
    modality_of,
    order_of,
    reason_of,
    state_of,
    station_of,
    study_uid_of,
    with_state,
)
from clinic_app.records import Annotation, Patient, ServiceRequest
from clinic_app.storage import Store
from clinic_app.terminology.systems import ACCESSION_NUMBER, DICOM_UID

_MOST: Final = 2000
OVERDUE: Final = timedelta(days=7)
"""So long an order that nothing came of stands in the list of the day, and in the machines' lists."""


@dataclass(frozen=True)
class ImageOrder:
    """An order as screens and machines see it.

    Args:
        record: the record.
        patient: whom it is about.
        is_reason_shown: whether its reader may know why.
    """

    record: ServiceRequest
    patient: Patient
    is_reason_shown: bool = True

    @property
    def id(self) -> str:
        """The record's id."""
        return self.record.id

    @property
    def state(self) -> OrderState:
        """Where it stands."""
        return state_of(self.record)

    @property
    def accession(self) -> str:
        """Its number."""
        return accession_of(self.record)

    @property
    def study_uid(self) -> str:
        """The UID its study is to have."""
        return study_uid_of(self.record)

    @property
    def modality(self) -> str:
        """What is to be done."""
        return modality_of(self.record)

    @property
    def body_part(self) -> str:
        """Which part of the body."""
        return body_part_of(self.record)

    @property
    def reason(self) -> str:
        """What the doctor wants to know; empty where its reader may not."""
        return reason_of(self.record) if self.is_reason_shown else ""

    @property
    def note(self) -> str:
        """What whoever does it must know."""
        return "\n".join(each.text for each in self.record.note if each.text) if self.is_reason_shown else ""

    @property
    def station(self) -> str:
        """AE title of its machine; empty for any of its kind."""
        return station_of(self.record)

    @property
    def at(self) -> datetime:
        """When it is to be done."""
        when = self.record.occurrence_date_time or self.record.authored_on
        assert when is not None
        return when

    @property
    def doctor(self) -> str:
        """Who ordered it."""
        return (self.record.requester.display or "") if self.record.requester else ""


class ImageOrders:
    """Keeps the orders.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        clock: the time.
        site_code: what starts the numbers given here; no other workstation has it.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock, site_code: Callable[[], str]) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._site_code = site_code
        self._noted: frozenset[str] = frozenset()

    def order(self, session: Session, patient_id: str, form: OrderForm) -> ImageOrder:
        """Write an order.

        Raises:
            InvalidInputError: something is missing.
        """
        self._trail.require(session, "create", "ServiceRequest", patient_id)
        form = checked(form)
        patient = self._store.records.get(Patient, patient_id)
        record = order_of(form, patient, session, self._next_number(), self._clock.now())
        return self._saved(session, record, patient, is_new=True)

    def cancel(self, session: Session, id: str, reason: str) -> ImageOrder:
        """Cancel an order.

        Raises:
            InvalidInputError: no reason was given.
            ConflictError: it is done or cancelled already.
        """
        record = self._trail.require_stored(session, "update", ServiceRequest, id)
        if not reason.strip():
            raise InvalidInputError(Text("Say why it is cancelled."), "reason")
        self._refuse_closed(record)
        said = Annotation(text=reason.strip()[:300], time=self._clock.now(), author_string=session.name)
        return self._saved(session, msgspec.structs.replace(with_state(record, "cancelled"), note=(*record.note, said)))

    def begin(self, session: Session, id: str) -> ImageOrder:
        """Say that pictures are being taken.

        Raises:
            ConflictError: it is done or cancelled already.
        """
        return self._move(session, id, "in-progress", {"ordered", "arrived"})

    def finish(self, session: Session, id: str) -> ImageOrder:
        """Say that it is done.

        Raises:
            ConflictError: it is done or cancelled already.
        """
        return self._move(session, id, "done", {"ordered", "in-progress", "arrived"})

    def reopen(self, session: Session, id: str) -> ImageOrder:
        """Take back that it has begun or is done.

        Raises:
            ConflictError: it is cancelled, or has not begun.
        """
        return self._move(session, id, "ordered", {"in-progress", "done"})

    def of_day(self, session: Session, day: date) -> tuple[ImageOrder, ...]:
        """Return the orders of a day, by time; of today also what is open from the days before.

        Args:
            session: who looks.
            day: in this computer's time.
        """
        self._trail.require(session, "read", "Appointment")
        found = [each for each in self._all() if self._is_of(each, day)]
        seen = self._trail.permitted(session, "read", "Appointment", found, lambda each: each.patient)
        knows_why = may(session.role, "read", "ServiceRequest")
        shown = tuple(replace(each, is_reason_shown=knows_why) for each in seen)
        seen_now = frozenset((session.practitioner_id, day.isoformat(), *(each.id for each in shown)))
        if seen_now != self._noted:  # a screen reads the list again and again
            self._noted = seen_now
            patients = {each.patient.id: each.patient for each in shown}.values()
            event = self._trail.happening(session, "search", *patients, query=f"imaging orders {day.isoformat()}")
            self._store.records.commit((), audit=(event,))
        return shown

    # --- for machines and images; nobody is signed in ---

    def open_ones(self) -> tuple[ImageOrder, ...]:
        """Return what is to be done: what the machines are told."""
        oldest = self._clock.now() - OVERDUE
        return tuple(each for each in self._all() if each.state in ("ordered", "in-progress") and each.at >= oldest)

    def named(self, accessions: Iterable[str], study_uid: str) -> tuple[ImageOrder, ...]:
        """Return the orders whose study's UID or accession number stands on images, the UID's first."""
        wanted = [f"{DICOM_UID}|urn:oid:{study_uid}", *(f"{ACCESSION_NUMBER}|{each}" for each in accessions if each)]
        found: dict[str, ServiceRequest] = {}
        for identifier in wanted:
            for record in self._store.records.find(ServiceRequest, identifier=identifier):
                if is_imaging_order(record) and state_of(record) != "cancelled":
                    found.setdefault(record.id, record)
        return tuple(self._with_patients(found.values()))

    # --- within ---

    def _all(self) -> list[ImageOrder]:
        records = self._store.records.find(ServiceRequest, category=IMAGING, limit=_MOST)
        return sorted(self._with_patients(records), key=lambda each: (each.at, each.accession))

    def _with_patients(self, records: Iterable[ServiceRequest]) -> Sequence[ImageOrder]:
        found = []
        for record in records:
            try:
                found.append(ImageOrder(record, self._store.records.get(Patient, record.subject.id or "")))
            except NotFoundError:
                continue  # his record is not on this computer
        return found

    def _is_of(self, order: ImageOrder, day: date) -> bool:
        own_day = order.at.astimezone().date()
        if own_day == day:
            return True
        today = self._clock.now().astimezone().date()
        is_late = today - OVERDUE <= own_day < today and order.state in ("ordered", "in-progress", "arrived")
        return day == today and is_late

    def _move(self, session: Session, id: str, to: OrderState, allowed: set[OrderState]) -> ImageOrder:
        record = self._trail.require_stored(session, "update", ServiceRequest, id, "ImagingStudy")
        if state_of(record) not in allowed:
            raise ConflictError(Text("The order has changed meanwhile; look at the list again."))
        return self._saved(session, with_state(record, to))

    def _saved(
        self, session: Session, record: ServiceRequest, patient: Patient | None = None, *, is_new: bool = False
    ) -> ImageOrder:
        event = self._trail.event(session, "create" if is_new else "update", record)
        saved = self._store.records.commit((record,), audit=(event,))[0]
        assert isinstance(saved, ServiceRequest)
        return ImageOrder(saved, patient or self._store.records.get(Patient, record.subject.id or ""))

    @staticmethod
    def _refuse_closed(record: ServiceRequest) -> None:
        if state_of(record) in ("done", "cancelled"):
            raise ConflictError(Text("The order has changed meanwhile; look at the list again."))

    def _next_number(self) -> str:
        """Return the next accession number, at most 16 characters (DICOM's SH): site, year, number."""
        year = self._clock.now().astimezone().year % 100
        return f"{self._site_code()}{year:02d}{self._store.memory.next_number(f'accession-{year:02d}'):06d}"
