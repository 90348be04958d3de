"""A workstation without a disk: what the windows ask of the core, kept in memory.

Each service answers as the real one does where a screen can tell the difference: errors carry sentences, rights are
asked, saved records have versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import msgspec

from clinic_app.access import ClosedRecordError, Draft, Person, RecentPerson, Role, Session
from clinic_app.encounters import VITAL_SIGNS, VitalsForm, check_vitals
from clinic_app.foundation.errors import ClinicError, InvalidInputError, NotAllowedError, NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    AllergyIntolerance,
    CodeableConcept,
    HumanName,
    Identifier,
    Meta,
    Observation,
    Patient,
    Practitioner,
    Reference,
    ServiceRequest,
)
from clinic_app.registration import PatientForm, check_form
from clinic_app.registration.confidentiality import masked, with_restriction
from clinic_app.registration.form import filled
from clinic_app.settings import Settings
from clinic_app.sync import Never, QueueSummary, SyncState
from clinic_app.terminology.systems import CHART_NUMBER
from clinic_app.waveforms import LiveTraces
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.fake_audit import FakeAuditLog, FakeBreakGlass
from tests.helpers.fake_devices import FakeDevices, FakeInbox
from tests.helpers.fake_exchange import FakeExchange
from tests.helpers.fake_hub_place import FakeHubPlace
from tests.helpers.fake_images import FakeImageInbox, FakeImageNetwork, FakeImageOrders, FakeImageSending
from tests.helpers.fake_safekeeping import CODE, FakeKeys, FakeSafekeeping
from tests.helpers.fake_statistics import FakeStatistics
from tests.helpers.fake_updates import FakeUpdates

PASSWORD = "steppe-wind-7"


class FakePeople:
    """Staff by login; everybody's password is `PASSWORD`, until he changes it."""

    def __init__(self) -> None:
        self.staff: dict[str, Person] = {}
        self.facility = "Ырғыз АА"
        self.passwords: dict[str, str] = {}

    def is_empty(self) -> bool:
        return not self.staff

    def facility_name(self) -> str:
        return "" if self.is_empty() else self.facility

    def add(self, session: Session | None, login: str, password: str, name: str, role: Role) -> Practitioner:
        if login in self.staff:
            raise InvalidInputError(Text("This login is taken."), "login")
        practitioner = Practitioner(id=new_id(), name=(HumanName(text=name),))
        self.staff[login] = Person(practitioner.id, name, login, role, True)
        return practitioner

    def all(self, session: Session) -> tuple[Person, ...]:
        session.require("read", "Practitioner")
        return tuple(self.staff.values())

    def set_active(self, session: Session, login: str, *, is_active: bool) -> Person:
        session.require("update", "Practitioner")
        old = self.staff[login]
        self.staff[login] = Person(old.practitioner_id, old.name, old.login, old.role, is_active)
        return self.staff[login]

    def change_password(self, session: Session, old: str, new: str) -> None:
        if old != self.passwords.get(session.login, PASSWORD):
            raise NotAllowedError(Text("The login or the password is wrong."))
        self.passwords[session.login] = new

    def sign_in(self, login: str, password: str) -> Session:
        person = self.staff.get(login)
        if person is None or not person.is_active or password != self.passwords.get(login, PASSWORD):
            raise NotAllowedError(Text("The login or the password is wrong."))
        return Session(person.practitioner_id, person.name, login, person.role, "org", self.facility)


class FakeRegistration:
    """Patients in a list, the newest first; who is in ``closed`` is shown whole only through broken glass."""

    def __init__(self) -> None:
        self.patients: list[Patient] = []
        self.closed: set[str] = set()
        self.glass = FakeBreakGlass()

    def search(self, session: Session, words: str) -> tuple[Patient, ...]:
        session.require("read", "Patient")
        found = (each for each in reversed(self.patients) if words.casefold() in each.full_name.casefold())
        return tuple(masked(each) if self.is_closed(session, each.id) else each for each in found)

    def is_closed(self, session: Session, patient_id: str) -> bool:
        """Say whether a record is closed to somebody."""
        opened = {each.patient_id for each in self.glass.active(session)}
        return patient_id in self.closed - opened

    def restrict(self, session: Session, patient: Patient, is_restricted: bool) -> Patient:
        session.require("restrict", "Patient")
        new = with_restriction(patient, is_restricted=is_restricted)
        self.patients = [new if each.id == patient.id else each for each in self.patients]
        return new

    def get(self, session: Session, patient_id: str) -> Patient:
        session.require("read", "Patient")
        if self.is_closed(session, patient_id):
            raise ClosedRecordError(patient_id)
        found = next((each for each in self.patients if each.id == patient_id), None)
        if found is None:
            raise NotFoundError(Text("There is no such record here."))
        return found

    def check(self, form: PatientForm) -> tuple[InvalidInputError, ...]:
        return check_form(form, date(2026, 3, 5))

    def possible_duplicates(self, session: Session, form: PatientForm) -> tuple[Patient, ...]:
        name = f"{form.family} {form.given}"
        return tuple(each for each in self.patients if each.full_name.startswith(name))

    def register(self, session: Session, form: PatientForm) -> Patient:
        session.require("create", "Patient")
        chart = Identifier(system=CHART_NUMBER, value=f"AKT-26-{len(self.patients) + 1:06d}")
        patient = filled(Patient(id=new_id(), identifier=(chart,), meta=Meta(version_id="1")), form)
        self.patients.append(patient)
        return patient

    def amend(self, session: Session, patient: Patient, form: PatientForm) -> Patient:
        session.require("update", "Patient")
        new = msgspec.structs.replace(filled(patient, form), meta=Meta(version_id="2"))
        self.patients = [new if each.id == patient.id else each for each in self.patients]
        return new


class FakeEncounters:
    """Vital signs and allergies, the newest first."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []
        self.allergy_list: list[AllergyIntolerance] = []
        self.order_list: list[ServiceRequest] = []
        self.laboratory_list: list[Observation] = []

    def laboratory(self, session: Session, patient_id: str) -> tuple[Observation, ...]:
        session.require("read", "Observation")
        return tuple(each for each in self.laboratory_list if each.subject and each.subject.id == patient_id)

    def orders(self, session: Session, patient_id: str) -> tuple[ServiceRequest, ...]:
        session.require("read", "ServiceRequest")
        return tuple(each for each in self.order_list if each.subject.id == patient_id)

    def record_vitals(
        self,
        session: Session,
        patient_id: str,
        form: VitalsForm,
        device: str = "",
        measured_at: Mapping[str, datetime] | None = None,
    ) -> tuple[Observation, ...]:
        for error in check_vitals(form):
            raise error
        typed = ((sign, getattr(form, sign.field)) for sign in VITAL_SIGNS)
        new = [
            Observation(
                id=new_id(), status="final", code=sign.concept(), value_quantity=sign.quantity(value),
                effective_date_time=(measured_at or {}).get(sign.field, NOON),
                performer=(Reference(display=session.name),),
            )
            for sign, value in typed if value
        ]  # fmt: skip
        self.observations = [*new, *self.observations]
        return tuple(new)

    def vitals(self, session: Session, patient_id: str) -> tuple[Observation, ...]:
        return tuple(self.observations)

    def record_allergy(self, session: Session, patient_id: str, text: str) -> AllergyIntolerance:
        patient = Reference(reference=f"Patient/{patient_id}")
        allergy = AllergyIntolerance(id=new_id(), code=CodeableConcept(text=text), patient=patient)
        self.allergy_list.append(allergy)
        return allergy

    def allergies(self, session: Session, patient_id: str) -> tuple[AllergyIntolerance, ...]:
        session.require("read", "AllergyIntolerance")
        return tuple(each for each in self.allergy_list if each.patient.id == patient_id)


class FakePreferences:
    """One value for each person and key."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str] = {}

    def get(self, session: Session, key: str) -> str | None:
        return self.values.get((session.login, key))

    def put(self, session: Session, key: str, value: str) -> None:
        self.values[session.login, key] = value

    def of_computer(self, key: str) -> str | None:
        return self.values.get(("", key))

    def put_for_computer(self, key: str, value: str) -> None:
        self.values["", key] = value


class FakeDrafts:
    """What each person has begun; ``refusal`` is raised instead of keeping, while it is set."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[Draft, ...]] = {}
        self.refusal: ClinicError | None = None

    def all(self, session: Session) -> tuple[Draft, ...]:
        return self.values.get(session.login, ())

    def keep(self, session: Session, drafts: Sequence[Draft]) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.values[session.login] = tuple(drafts)


class FakeRecentPeople:
    """Who signed in, the last one first."""

    def __init__(self, people: FakePeople) -> None:
        self.people = people
        self.logins: list[str] = []

    def note(self, session: Session) -> None:
        self.logins = [session.login, *(each for each in self.logins if each != session.login)]

    def all(self) -> tuple[RecentPerson, ...]:
        known = (self.people.staff[login] for login in self.logins)
        return tuple(RecentPerson(each.login, each.name, each.role) for each in known if each.is_active)


class FakeSync:
    """A link whose state a test sets."""

    def __init__(self) -> None:
        self.now: SyncState = Never()
        self.waiting = QueueSummary(0, 0, 0, None)
        self.subscribers: list[Callable[[], None]] = []
        self.tries = 0
        self.is_paused = False

    def state(self) -> SyncState:
        return self.now

    def queue(self) -> QueueSummary:
        return self.waiting

    def sync_now(self) -> None:
        self.tries += 1

    def pause(self, is_paused: bool) -> None:
        self.is_paused = is_paused

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        self.subscribers.append(callback)
        return lambda: self.subscribers.remove(callback)

    def become(self, state: SyncState, queue: QueueSummary) -> None:
        """Change the state and tell the subscribers."""
        self.now, self.waiting = state, queue
        for callback in list(self.subscribers):
            callback()


class NothingStored:
    """Recordings and studies of a hospital that has none yet."""

    def of_patient(self, session: Session, patient_id: str) -> tuple[object, ...]:
        return ()

    def studies(self, session: Session, patient_id: str) -> tuple[object, ...]:
        return ()

    def cases(self, session: Session) -> tuple[object, ...]:
        return ()

    def worklist(self, session: Session) -> tuple[object, ...]:
        return ()

    def destinations(self, session: Session) -> tuple[object, ...]:
        return ()

    def lines(self) -> tuple[object, ...]:
        return ()


@dataclass
class FakeWorkstation:
    """All of them together."""

    people: FakePeople = field(default_factory=FakePeople)
    registration: FakeRegistration = field(default_factory=FakeRegistration)
    encounters: FakeEncounters = field(default_factory=FakeEncounters)
    preferences: FakePreferences = field(default_factory=FakePreferences)
    drafts: FakeDrafts = field(default_factory=FakeDrafts)
    settings: Settings = field(default_factory=lambda: Settings(Path("nowhere"), {"lock_after_s": 0}))
    sync: FakeSync | None = field(default_factory=FakeSync)
    recordings: NothingStored = field(default_factory=NothingStored)
    recording_files: NothingStored = field(default_factory=NothingStored)
    long_files: NothingStored = field(default_factory=NothingStored)
    imaging: NothingStored = field(default_factory=NothingStored)
    archives: NothingStored = field(default_factory=NothingStored)
    key_images: NothingStored = field(default_factory=NothingStored)
    marks: NothingStored = field(default_factory=NothingStored)
    image_exit: NothingStored = field(default_factory=NothingStored)
    documents: NothingStored = field(default_factory=NothingStored)
    referrals: NothingStored = field(default_factory=NothingStored)
    consultations: NothingStored = field(default_factory=NothingStored)
    break_glass: FakeBreakGlass = field(default_factory=FakeBreakGlass)
    audit_log: FakeAuditLog = field(default_factory=FakeAuditLog)
    statistics: FakeStatistics = field(default_factory=FakeStatistics)
    exchange: FakeExchange = field(default_factory=FakeExchange)
    hub: FakeHubPlace = field(default_factory=FakeHubPlace)
    keys: FakeKeys = field(default_factory=FakeKeys)
    safekeeping: FakeSafekeeping = field(default_factory=FakeSafekeeping)
    updates: FakeUpdates = field(default_factory=FakeUpdates)
    result_inbox: FakeInbox = field(default_factory=FakeInbox)
    devices: FakeDevices = field(default_factory=FakeDevices)
    image_orders: FakeImageOrders = field(default_factory=FakeImageOrders)
    image_inbox: FakeImageInbox = field(default_factory=FakeImageInbox)
    image_network: FakeImageNetwork = field(default_factory=FakeImageNetwork)
    image_sending: FakeImageSending = field(default_factory=FakeImageSending)
    live_traces: LiveTraces = field(default_factory=LiveTraces)
    monitor_listener: None = None
    bedside: None = None
    limits: None = None
    long_recordings: None = None
    clock: FixedClock = field(default_factory=FixedClock)

    def __post_init__(self) -> None:
        """Make what rests on the others."""
        self.recent_people = FakeRecentPeople(self.people)
        self.break_glass.clock = self.clock
        self.registration.glass = self.break_glass

    def set_up(self, facility_name: str, name: str, login: str, password: str) -> str:
        """Make the facility and its first administrator; return the recovery code."""
        self.people.facility = facility_name
        self.people.add(None, login, password, name, "administrator")
        return CODE


def staffed() -> FakeWorkstation:
    """Return a workstation with one person of each role; the login is the role."""
    station = FakeWorkstation()
    names: dict[Role, str] = {
        "registrar": "Сәдуақасова Айгүл",
        "nurse": "Жүнісова Іңкәр",
        "doctor": "Өмірзақ Әлішер",
        "specialist": "Нұрмағамбетов Ерғали",
        "administrator": "Петров Сергей",
    }
    for role, name in names.items():
        station.people.add(None, role, PASSWORD, name, role)
    return station
