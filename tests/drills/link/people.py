"""What the people of one hospital do all day, at random: each thing through the program's own services.

Whatever a person does is a `Deed`: said before it is tried, and said again when the service has returned, which is the
moment at which he believes it is saved.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, TypeVar

from clinic_app.access import Session, own_organization
from clinic_app.access.permissions import Role
from clinic_app.consultation import OpinionForm
from clinic_app.encounters import VitalsForm
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.ids import new_id
from clinic_app.records import (
    Attachment,
    DocumentReference,
    DocumentReferenceContent,
    Observation,
    Patient,
    Resource,
    Task,
    decode_as,
    reference_to,
)
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.referral import ReferralForm
from clinic_app.registration import PatientForm
from clinic_app.registration.form import form_of
from clinic_app.sync import Question, Side
from clinic_app.workstation import Workstation
from tests.drills.link.ledger import Deed, Edit, Key

FIELDS: Final = ("telecom", "address", "name", "birthDate")
"""What is edited in a patient's card; the first three are changed by marks, the last one concerns safety."""
MARK: Final = "Mark-"
_HOT: Final = 4
"""So many patients are edited at one time, so that both workstations meet."""
_TURNS_OF_A_TALK: Final = 5
_FIRST_DAY: Final = date(1921, 1, 1)
_DAYS: Final = 36_000
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_CONTENT_BYTES: Final = 60_000
_DIFFERENT: Final = 3
"""Birth dates of one workstation are never those of another."""
T = TypeVar("T")
Tell = Callable[[str, str, object], None]
"""Takes ``trying``, ``saved`` or ``refused``, the operation's number, and the deed or the words of the refusal."""


class NothingToDoError(Exception):
    """There is nobody this could be done to."""


class People:
    """The people at one workstation.

    Args:
        workstation: what they work at.
        name: begins the number of each of their operations.
        place: of the workstation among the others, counted from 0.
        rng: chooses.
        tell: hears what they do.
    """

    def __init__(self, workstation: Workstation, name: str, place: int, rng: random.Random, tell: Tell) -> None:
        self._workstation = workstation
        self._store = workstation._store
        self._name = name
        self._place = place
        self._rng = rng
        self._tell = tell
        self._number = 0
        self._sessions: dict[str, Session] = {}
        self._patients: list[str] = []
        organization = own_organization(self._store)
        self._organization_id = organization.id
        for account in self._store.accounts.all():
            self._sessions[account.role] = Session(
                account.practitioner_id, account.login, account.login, account.role, organization.id, "Aurukhana"
            )
        self._ways: Mapping[str, tuple[int, Callable[[], Deed]]] = {
            "register": (12, self.register),
            "amend": (34, self.amend),
            "measure": (26, self.measure),
            "allergy": (8, self.note_allergy),
            "document": (5, self.file_document),
            "refer": (4, self.refer),
            "answer": (8, self.answer),
            "close": (6, self.close),
            "settle": (2, self.settle),
        }

    def work(self, count: int, turn: int) -> None:
        """Do so many things at random.

        Args:
            count: how many.
            turn: which patients are the talk of the day.
        """
        own = [each.id for each in self._store.records.find(Patient, limit=400) if self._is_own(each)]
        own.sort()
        first = turn // _TURNS_OF_A_TALK * _HOT % max(1, len(own))
        self._patients = (own + own)[first : first + _HOT] if own else []
        names = list(self._ways)
        weights = [self._ways[name][0] for name in names]
        done = 0
        while done < count:
            done += self.do(self._rng.choices(names, weights)[0])

    def do(self, name: str) -> bool:
        """Do one thing; tell whether it could be tried."""
        self._number += 1
        try:
            deed = self._ways[name][1]()
        except NothingToDoError:
            return False
        except ClinicError as error:
            self._tell("refused", self._op, f"{name}: {error}")
            return True
        self._tell("saved", self._op, deed)
        return True

    def settle_everything(self) -> None:
        """Answer every question somebody here may answer, and say "closed" and the like to nothing else."""
        for _ in range(100):
            if not self.do("settle"):
                return

    # --- what they do --------------------------------------------------------------------------------------------

    def register(self) -> Deed:
        """Register somebody."""
        form = PatientForm(
            self._letters(), self._mark(), birth_date=self._day(), gender="female", phone=self._phone(),
            address=self._mark(),
        )  # fmt: skip
        self._try(Deed("register", marks=(f"Patient {form.given}",)))
        patient = self._workstation.registration.register(self._session("doctor"), form)
        values = values_of(patient)
        edits = tuple(Edit((*_key(patient), name), frozenset(), values[name]) for name in FIELDS)
        self._patients.append(patient.id)
        return Deed("register", edits, (f"Patient {form.given}",), (_key(patient),))

    def amend(self) -> Deed:
        """Change one or two fields of somebody's card."""
        patient = self._store.records.get(Patient, self._somebody())
        before, form = values_of(patient), form_of(patient)
        chosen = self._rng.sample(FIELDS, self._rng.choice((1, 1, 2)))
        new = {
            "telecom": {"phone": self._phone()}, "address": {"address": self._mark()},
            "name": {"family": self._letters()}, "birthDate": {"birth_date": self._day()},
        }  # fmt: skip
        for name in chosen:
            form = replace(form, **new[name])
        after = values_of(_filled(patient, form))
        edits = tuple(Edit((*_key(patient), name), before[name], after[name]) for name in chosen)
        deed = Deed("amend", edits, records=(_key(patient),))
        self._try(deed)
        self._workstation.registration.amend(self._session("doctor"), patient, form)
        return deed

    def measure(self) -> Deed:
        """Measure somebody's pulse."""
        mark = self._mark()
        self._try(Deed("measure", marks=(f"Observation {mark}",)))
        form = VitalsForm(heart_rate=str(self._rng.randrange(40, 180)))
        measured = self._workstation.encounters.record_vitals(self._session("doctor"), self._somebody(), form, mark)
        return Deed("measure", marks=(f"Observation {mark}",), records=tuple(_key(each) for each in measured))

    def note_allergy(self) -> Deed:
        """Note an allergy."""
        mark = self._mark()
        self._try(Deed("allergy", marks=(f"AllergyIntolerance {mark}",)))
        allergy = self._workstation.encounters.record_allergy(self._session("doctor"), self._somebody(), mark)
        return Deed("allergy", marks=(f"AllergyIntolerance {mark}",), records=(_key(allergy),))

    def file_document(self) -> Deed:
        """File a document with its content."""
        content = self._rng.randbytes(self._rng.randrange(1, _CONTENT_BYTES))
        mark, somebody = self._mark(), self._store.records.get(Patient, self._somebody())
        sha256 = self._store.blobs.put(content)
        attachment = Attachment(content_type="application/pdf", url=f"{SHA256_URN}{sha256}", size=len(content))
        document = DocumentReference(
            id=new_id(), status="current", description=mark, subject=reference_to(somebody),
            content=(DocumentReferenceContent(attachment=attachment),),
        )  # fmt: skip
        deed = Deed("document", (), (f"DocumentReference {mark}",), (_key(document),), contents=(sha256,))
        self._try(deed)
        self._store.records.commit([document], uploads=[sha256], lane="images")
        return deed

    def refer(self) -> Deed:
        """Ask the specialist about somebody."""
        doctor, patient_id = self._session("doctor"), self._somebody()
        others = self._workstation.referrals.destinations(doctor)
        if not others:
            raise NothingToDoError
        found = self._store.records.find(Observation, subject=patient_id, limit=3)
        mark = self._mark()
        urgency = self._rng.choice(("stat", "urgent", "routine"))
        form = ReferralForm("cardiology", urgency, mark, others[0].id, tuple(reference_to(each) for each in found))
        self._try(Deed("refer", marks=(f"ServiceRequest {mark}",)))
        case = self._workstation.referrals.send(doctor, patient_id, form)
        assert case.request is not None
        return Deed("refer", marks=(f"ServiceRequest {mark}",), records=(_key(case.task), _key(case.request)))

    def answer(self) -> Deed:
        """Open a case, write a draft or sign an opinion."""
        specialist = self._session("specialist")
        cases = self._workstation.consultations.worklist(specialist)
        if not cases:
            raise NothingToDoError
        case, mark = self._rng.choice(cases), self._mark()
        self._try(Deed("answer", marks=(f"DiagnosticReport {mark}",)))
        report = self._workstation.consultations.sign(specialist, case.task.id, OpinionForm(mark, "Bed rest."))
        says = {
            (*_key(report), "conclusion"): mark, (*_key(report), "status"): "final",
            (*_key(case.task), "status"): "completed",
        }  # fmt: skip
        return Deed("answer", (), (f"DiagnosticReport {mark}",), (_key(report),), says)

    def close(self) -> Deed:
        """Say that an answer was read."""
        doctor = self._session("doctor")
        answered = [each for each in self._workstation.referrals.cases(doctor) if each.progress == "answered"]
        if not answered:
            raise NothingToDoError
        case = self._rng.choice(answered)
        assert case.request is not None
        deed = Deed("close", says={(*_key(case.request), "status"): "completed"})
        self._try(deed)
        self._workstation.consultations.mark_read(doctor, case.task.id)
        return deed

    def settle(self) -> Deed:
        """Answer one question about a record that was changed on both sides, having seen both."""
        for session in self._sessions.values():
            questions = self._workstation.exchange.conflicts(session)
            if questions:
                return self._settle(session, self._rng.choice(questions))
        raise NothingToDoError

    def _settle(self, session: Session, question: Question) -> Deed:
        sides: tuple[Side, ...] = ("mine", "theirs")
        if question.type_name == "Task":  # a case the hub has answered or closed is not opened anew by anybody
            sides = ("theirs",)
        chosen = {each.field: self._rng.choice(sides) for each in question.fields}
        edits: tuple[Edit, ...] = ()
        if question.type_name == "Patient":
            asked = [each for each in self._store.records.conflicts() if each.seq == question.seq]
            if not asked:  # the exchange has settled it meanwhile
                raise NothingToDoError
            mine = values_of(self._store.records.get(Patient, question.record_id))
            theirs = values_of(decode_as(Patient, asked[0].theirs_body))
            made = {name: (mine if chosen.get(name, "theirs") == "mine" else theirs)[name] for name in FIELDS}
            place = (question.type_name, question.record_id)
            edits = tuple(Edit((*place, name), mine[name] | theirs[name], made[name]) for name in FIELDS)
        deed = Deed("settle", edits, records=((question.type_name, question.record_id),))
        self._try(deed)
        self._workstation.exchange.settle(session, question, chosen)
        return deed

    # --- what they choose ----------------------------------------------------------------------------------------

    @property
    def _op(self) -> str:
        return f"{self._name}-{self._number}"

    def _try(self, deed: Deed) -> None:
        self._tell("trying", self._op, deed)

    def _session(self, role: Role) -> Session:
        if role not in self._sessions:
            raise NothingToDoError
        return self._sessions[role]

    def _somebody(self) -> str:
        if not self._patients:
            raise NothingToDoError
        return self._rng.choice(self._patients)

    def _is_own(self, patient: Patient) -> bool:
        managing = patient.managing_organization
        return managing is not None and managing.id == self._organization_id

    def _letters(self) -> str:
        return "".join(self._rng.choices(_LETTERS, k=12)).title()

    def _mark(self) -> str:
        return f"{MARK}{''.join(self._rng.choices(_LETTERS, k=14))}"

    def _phone(self) -> str:
        return f"+7{self._rng.randrange(10**12, 10**13)}"

    def _day(self) -> str:
        day = self._rng.randrange(_DAYS // _DIFFERENT) * _DIFFERENT + self._place % _DIFFERENT
        return f"{_FIRST_DAY + timedelta(days=day):%d.%m.%Y}"


def values_of(patient: Patient) -> dict[str, frozenset[str]]:
    """Return what stands in each field that is edited."""
    return {
        "telecom": frozenset(each.value or "" for each in patient.telecom),
        "address": frozenset(each.text or "" for each in patient.address),
        "name": frozenset(each.family or "" for each in patient.name),
        "birthDate": frozenset((patient.birth_date,) if patient.birth_date else ()),
    }


def _filled(patient: Patient, form: PatientForm) -> Patient:
    from clinic_app.registration.form import filled

    return filled(patient, form)


def _key(record: Resource | Task) -> Key:
    return (record.type_name, record.id)
