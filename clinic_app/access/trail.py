"""The gate and the trail: whether somebody may, and who did what to whose record, when, at which workstation.

Every service asks `Trail.require` first and hands the event of what it did to the same transaction. What was refused is
noted too, with what was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from clinic_app.access.audit_events import (
    AUTHENTICATION,
    CODES,
    IMPORT,
    KINDS,
    OBJECT,
    PURPOSES,
    REST,
    SUBTYPES,
    Happening,
    Outcome,
    patient_entity,
    patients_of,
    person_agent,
    query_entity,
    record_entities,
    subtype_of,
)
from clinic_app.access.emergencies import Emergencies
from clinic_app.access.own import own_device, own_organization
from clinic_app.access.permissions import Action, Relation, may
from clinic_app.access.relations import REFERRAL_ACCESS_DAYS, Relations
from clinic_app.access.session import ClosedRecordError, Session, refused
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, NotAllowedError, NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    AuditEvent,
    AuditEventAgent,
    AuditEventEntity,
    AuditEventSource,
    Coding,
    Patient,
    Reference,
    Resource,
    reference_to,
)
from clinic_app.storage import Store

R = TypeVar("R", bound=Resource)
T = TypeVar("T")
_SAID_ALREADY: Final = timedelta(minutes=1)
_MOST_SAID: Final = 1000


class Trail:
    """Lets people through or refuses them, and makes audit events; the services commit them with what they tell of.

    Args:
        store: knows this workstation, its people and its patients.
        clock: says when.
        referral_days: how many days after its end a referral still opens the patient's record.
    """

    def __init__(self, store: Store, clock: Clock, referral_days: int = REFERRAL_ACCESS_DAYS) -> None:
        self._store = store
        self._clock = clock
        self._referral_days = referral_days
        self._refused: dict[tuple[str, ...], datetime] = {}
        self.emergencies = Emergencies(store, clock)

    def require(self, session: Session, action: Action, type_name: str, patient_id: str | None = None) -> None:
        """Return if this person may do this; a refusal is written to the trail.

        Args:
            session: who.
            action: what.
            type_name: FHIR type of the record.
            patient_id: whom the record is about; None for what is about nobody, for a list whose entries are asked
                for one by one, and for a patient who is being registered.

        Raises:
            NotAllowedError: his role does not allow it, for nobody or not for this patient, or he was shut out.
            ClosedRecordError: he could, if it were an emergency.
            NotFoundError: there is no such patient here.
        """
        error = self._objection(session, action, type_name, patient_id)
        if error is not None:
            self._note_refusal(session, action, type_name, patient_id or "", error)
            raise error

    def require_stored(self, session: Session, action: Action, kind: type[R], id: str, type_name: str = "") -> R:
        """Return a record, if this person may do this to it; whose it is says the store and not the caller.

        Args:
            session: who.
            action: what.
            kind: type of the record.
            id: of the record.
            type_name: FHIR type of what is done, where it is another: an opinion on a Task.

        Raises:
            NotAllowedError: as `require`.
            NotFoundError: there is no such record here.
        """
        type_name = type_name or kind.__name__
        self.require(session, action, type_name)
        record = self._store.records.get(kind, id)
        for patient in patients_of(record):
            self.require(session, action, type_name, patient.partition("/")[2])
        return record

    def require_signed_in(self, session: Session) -> None:
        """Return if this person is still one of the staff, in the same role.

        Raises:
            NotAllowedError: he was shut out since he signed in.
        """
        if not self._is_signed_in(session):
            raise _shut_out()

    def permitted(
        self,
        session: Session,
        action: Action,
        type_name: str,
        items: Iterable[T],
        patient_of: Callable[[T], Patient | str | None],
    ) -> tuple[T, ...]:
        """Return those of a list this person may see; what he may not is left out without a word.

        Args:
            session: who.
            action: what.
            type_name: FHIR type of the records.
            items: the list.
            patient_of: tells whom an item is about, as record or id; None for nobody.
        """
        relations = self._relations(session)

        def is_permitted(item: T) -> bool:
            about = patient_of(item)
            if about is None:
                return may(session.role, action, type_name)
            held = relations.of_patient(about) if isinstance(about, Patient) else relations.of(about)
            return may(session.role, action, type_name, held or ())

        return tuple(filter(is_permitted, items))

    def event(self, session: Session, action: Action, *records: Resource) -> AuditEvent:
        """Return the event of one person doing one thing to records; the patients they are about are named first."""
        return self._made(
            REST,
            subtype_of(action),
            CODES[action],
            (self._person(session, entities := tuple(record_entities(records))), self._workstation()),
            entities,
        )

    def happening(
        self, session: Session, what: Happening, *records: Resource, query: str = "", description: str = ""
    ) -> AuditEvent:
        """Return the event of something that is no action of the table: a search, an export, a look at the trail.

        Args:
            session: who.
            what: it was.
            *records: what it brought to light.
            query: what was asked for.
            description: what else there is to say.
        """
        entities = tuple(record_entities(records))
        if query or what == "search":
            entities += (query_entity(query),)
        if description:
            entities += (AuditEventEntity(type=OBJECT, description=description),)
        agents = (self._person(session, entities), self._workstation())
        return self._made(KINDS[what], SUBTYPES[what], "E", agents, entities)

    def looking(self, session: Session, type_name: str, patient_id: str, *records: Resource) -> AuditEvent:
        """Return the event of somebody looking what a patient has of one type, also where there is nothing."""
        if records:
            return self.event(session, "read", *records)
        entities = (*patient_entity(patient_id), query_entity(f"{type_name}?subject={patient_id}"))
        agents = (self._person(session, entities), self._workstation())
        return self._made(REST, SUBTYPES["search"], "E", agents, entities)

    def refusal(self, session: Session, action: Action, type_name: str, patient_id: str, why: str) -> AuditEvent:
        """Return the event of something that was asked for and refused."""
        entities = (*patient_entity(patient_id), AuditEventEntity(type=OBJECT, name=type_name))
        agents = (self._person(session, entities), self._workstation())
        return self._made(REST, subtype_of(action), CODES[action], agents, entities, outcome="4", why=why)

    def sign_in(self, practitioner_id: str, name: str, outcome: Outcome, why: str = "") -> AuditEvent:
        """Return the event of somebody signing in, or trying to; without an id for a login nobody has."""
        who = Reference(reference=f"Practitioner/{practitioner_id}", display=name) if practitioner_id else None
        agents = (AuditEventAgent(who=who, name=name or None, requestor=True), self._workstation())
        return self._made(AUTHENTICATION, SUBTYPES["login"], "E", agents, (), outcome=outcome, why=why)

    def arrival(self, *records: Resource) -> AuditEvent:
        """Return the event of records this workstation took in by itself, from another hospital."""
        here = AuditEventAgent(who=reference_to(own_device(self._store)), requestor=True)
        return self._made(IMPORT, SUBTYPES["import"], "C", (here,), tuple(record_entities(records)))

    def joining(self, record: Resource, parents: Mapping[str, Sequence[str]]) -> AuditEvent:
        """Return the event of this workstation joining two versions of a record by itself.

        Args:
            record: it.
            parents: the fields that were taken from each version, by the version's id.
        """
        here = AuditEventAgent(who=reference_to(own_device(self._store)), requestor=True)
        address = f"{record.type_name}/{record.id}/_history"
        versions = tuple(
            AuditEventEntity(type=OBJECT, name=f"{address}/{version}", description=" ".join(fields) or None)
            for version, fields in parents.items()
        )
        return self._made(KINDS["join"], SUBTYPES["join"], "U", (here,), (*record_entities((record,)), *versions))

    def maintenance(self, what: str, account: str) -> AuditEvent:
        """Return the event of a command given at this workstation outside the program, by an account of the system."""
        agents = (AuditEventAgent(name=account or None, requestor=True), self._workstation())
        entities = (AuditEventEntity(type=OBJECT, description=what),)
        return self._made(KINDS["keys"], SUBTYPES["keys"], "E", agents, entities)

    def _objection(
        self, session: Session, action: Action, type_name: str, patient_id: str | None
    ) -> ClinicError | None:
        if not self._is_signed_in(session):
            return _shut_out()
        if not may(session.role, action, type_name):
            return refused(session.role)
        if patient_id is None:
            return None
        held = self._relations(session).of(patient_id)
        if held is None:
            return NotFoundError(Text("This record is not on this computer."))
        if may(session.role, action, type_name, held):
            return None
        in_an_emergency: set[Relation] = {*held, "emergency"} - {"restricted"}
        if may(session.role, action, type_name, in_an_emergency):
            return ClosedRecordError(patient_id)
        return refused(session.role)

    def _is_signed_in(self, session: Session) -> bool:
        account = self._store.accounts.get(session.login)
        return (
            account is not None
            and account.is_active
            and (account.practitioner_id, account.role) == (session.practitioner_id, session.role)
        )

    def _relations(self, session: Session) -> Relations:
        open_for = frozenset(each.patient_id for each in self.emergencies.open_of(session))
        visits = [each for each in self.emergencies.of(session) if not each.is_justified]
        return Relations(self._store, session, self._clock.now(), open_for, self._referral_days, visits)

    def _note_refusal(
        self, session: Session, action: Action, type_name: str, patient_id: str, error: ClinicError
    ) -> None:
        """Write a refusal down; a screen that asks the same again and again is written down once a minute."""
        asked, now = (session.practitioner_id, session.login, action, type_name, patient_id), self._clock.now()
        said = self._refused.get(asked)
        if said is not None and timedelta() <= now - said < _SAID_ALREADY:
            return
        event = self.refusal(session, action, type_name, patient_id, str(error))
        self._store.records.commit((), audit=(event,))
        if len(self._refused) >= _MOST_SAID:
            self._refused.clear()
        self._refused[asked] = now

    def _person(self, session: Session, entities: tuple[AuditEventEntity, ...]) -> AuditEventAgent:
        """Return the person; what he does to a patient whose glass he has broken is marked."""
        about = {entity.what.id for entity in entities if entity.what}
        purposes = {
            code
            for each in self.emergencies.open_of(session)
            if each.patient_id in about
            for code in PURPOSES[each.reason]
        }
        return person_agent(session, tuple(sorted(purposes)))

    def _made(
        self,
        kind: Coding,
        subtype: Coding,
        action: str,
        agents: tuple[AuditEventAgent, ...],
        entities: tuple[AuditEventEntity, ...],
        *,
        outcome: Outcome = "0",
        why: str = "",
    ) -> AuditEvent:
        return AuditEvent(
            id=new_id(),
            type=kind,
            subtype=(subtype,),
            action=action,  # type: ignore[arg-type]
            recorded=self._clock.now(),
            outcome=outcome,
            outcome_desc=why or None,
            agent=agents,
            source=self._source(),
            entity=entities,
        )

    def _workstation(self) -> AuditEventAgent:
        return AuditEventAgent(who=reference_to(own_device(self._store)), requestor=False)

    def _source(self) -> AuditEventSource:
        organization = own_organization(self._store)
        return AuditEventSource(site=organization.id, observer=reference_to(own_device(self._store)))


def _shut_out() -> NotAllowedError:
    return NotAllowedError(Text("Your access was ended by an administrator. Sign in again."))
