"""The inbox of results: what analysers and spot devices sent waits here, encrypted, until a person says whose it is.

A result never files itself, whatever it says of the patient. It is kept before its device is answered; the same result
sent again is the same result, also after it was filed. Waiting results are no records: they go to no hub and into
nobody's chart. One that is filed becomes an observation in the same transaction that takes it out of the inbox, and
both can be taken back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeVar

import msgspec

from clinic_app.access import Session, Trail
from clinic_app.encounters.received_result import Handled, ReceivedResult, Sheet, observations, sheets_of
from clinic_app.encounters.result_matching import Match, matches_of
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotFoundError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.records import Observation, Patient
from clinic_app.storage import Store
from clinic_app.terminology.systems import DEVICE_RESULT

T = TypeVar("T")
MOST_WAITING: Final = 5000
KEPT: Final = timedelta(days=7)
"""So long what was filed or put aside can be taken back from the list."""
REMEMBERED: Final = timedelta(days=400)
"""So long a result that is sent again is known."""
_WAITING: Final = "results/waiting/"
_HANDLED: Final = "results/handled/"
_SEEN: Final = "results/seen/"


@dataclass(frozen=True)
class WaitingSheet:
    """A sheet in the inbox.

    Args:
        sheet: its results.
        matches: patients whose number stands on it, as far as the reader may see them.
        is_closed: a number on it is of a patient whose record the reader may not open.
    """

    sheet: Sheet
    matches: tuple[Match, ...] = ()
    is_closed: bool = False


class ResultInbox:
    """Keeps results until they have a patient.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        clock: says when something was filed.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: frozenset[str] = frozenset()
        self._waiting: int | None = None
        self._forgotten_on: date | None = None
        self.version = 0
        """Another number after every change; a screen reads the list again when it differs."""

    def take(self, result: ReceivedResult) -> bool:
        """Keep a result; return whether it is new. Called on a device's thread, before the device is answered.

        Raises:
            StorageError: it cannot be kept, or too many wait already; the device must not be told that it was.
        """
        with self._lock:
            known = self._get(_WAITING, result.fingerprint)
            if known is not None and len(known.comment) >= len(result.comment):
                return False
            if known is None and self._is_known(result.fingerprint):
                return False
            if known is None and self._count() >= MOST_WAITING:
                raise StorageError(Text("{count} results wait in the inbox; no more are taken.", count=MOST_WAITING))
            self._store.memory.put(_WAITING + result.fingerprint, msgspec.json.encode(result))
            self._changed(0 if known else 1)
            return known is None

    def count(self) -> int:
        """Return how many results wait."""
        with self._lock:
            return self._count()

    def waiting(self, session: Session) -> tuple[WaitingSheet, ...]:
        """Return what waits, the newest sheet first, with the patients whose numbers stand on it."""
        self._trail.require(session, "read", "Observation")
        results = self._all(_WAITING, ReceivedResult)
        sheets = tuple(self._with_matches(session, sheet) for sheet in sheets_of(results))
        self._note_list(session, sheets)
        return sheets

    def handled(self, session: Session) -> tuple[Handled, ...]:
        """Return what was filed or put aside in the last days, the last first."""
        self._trail.require(session, "read", "Observation")
        self._forget_old()
        recent = sorted(self._all(_HANDLED, Handled), key=lambda each: each.at, reverse=True)
        seen = self._trail.permitted(session, "read", "Observation", recent, lambda each: each.patient_id or None)
        patients = [self._store.records.get(Patient, key) for key in dict.fromkeys(e.patient_id for e in seen) if key]
        self._note(session, patients)
        return seen

    def confirm(
        self, session: Session, ids: Sequence[str], patient_id: str, *, is_sure: bool = False
    ) -> tuple[Observation, ...]:
        """File results onto the patient a person chose.

        Args:
            session: who says so.
            ids: fingerprints of the results.
            patient_id: whose they are.
            is_sure: the person was told that a number on them is another patient's, and stands by his choice.

        Raises:
            InvalidInputError: control material, an implausible vital sign, or a number of another patient.
            NotFoundError: one of them waits no longer.
            ConflictError: one of them was filed already, perhaps at another workstation.
        """
        self._trail.require(session, "create", "Observation", patient_id)
        patient = self._store.records.get(Patient, patient_id)
        with self._lock:
            results = [self._waits(key) for key in dict.fromkeys(ids)]
            self._refuse(results, patient, is_sure=is_sure)
            made = observations(results, patient, session)
            ids_of = {each.value: record.id for record in made for each in record.identifier}
            now = self._clock.now()
            handled = [
                Handled(
                    result=each,
                    how="filed",
                    at=now,
                    by=session.practitioner_id,
                    by_name=session.name,
                    patient_id=patient_id,
                    patient_name=patient.full_name,
                    observation_id=ids_of[each.fingerprint],
                )
                for each in results
            ]
            event = self._trail.event(session, "create", *made)
            saved = self._store.records.commit(made, audit=(event,), values=_values(handled), forgotten=_names(results))
            self._changed(-len(results))
        return tuple(each for each in saved if isinstance(each, Observation))

    def set_aside(self, session: Session, ids: Sequence[str]) -> None:
        """Take results out of the inbox that are no patient's: a control, a trial, a mistake.

        Raises:
            NotFoundError: one of them waits no longer.
        """
        self._trail.require(session, "update", "Observation")
        with self._lock:
            results = [self._waits(key) for key in dict.fromkeys(ids)]
            now, by = self._clock.now(), session
            handled = [
                Handled(result=each, how="aside", at=now, by=by.practitioner_id, by_name=by.name) for each in results
            ]
            said = "; ".join(f"{each.device} {each.label or each.code} {each.sample_id}" for each in results)
            event = self._trail.happening(session, "import", description=f"put aside: {said}"[:500])
            self._store.records.commit((), audit=(event,), values=_values(handled), forgotten=_names(results))
            self._changed(-len(results))

    def undo(self, session: Session, ids: Sequence[str]) -> None:
        """Put results back into the inbox; the observations they became are marked as entered in error.

        Raises:
            NotFoundError: one of them is in the list no longer.
            NotAllowedError: this person may not change that patient's findings.
        """
        self._trail.require(session, "update", "Observation")
        with self._lock:
            wanted = [self._was_handled(key) for key in dict.fromkeys(ids)]
            filed = tuple(dict.fromkeys(each.observation_id for each in wanted if each.observation_id))
            records = [
                self._trail.require_stored(session, "update", Observation, observation_id) for observation_id in filed
            ]
            together = {i.value or "" for record in records for i in record.identifier if i.system == DEVICE_RESULT}
            wanted += [self._was_handled(key) for key in sorted(together - set(ids))]
            wrong = [msgspec.structs.replace(record, status="entered-in-error") for record in records]
            event = (
                self._trail.event(session, "update", *wrong)
                if wrong
                else self._trail.happening(session, "import", description="put back into the inbox")
            )
            self._store.records.commit(
                wrong,
                audit=(event,),
                values={_WAITING + each.result.fingerprint: msgspec.json.encode(each.result) for each in wanted},
                forgotten=tuple(_HANDLED + each.result.fingerprint for each in wanted),
            )
            self._changed(len(wanted))

    # --- within ---

    def _with_matches(self, session: Session, sheet: Sheet) -> WaitingSheet:
        if sheet.is_control:
            return WaitingSheet(sheet)
        found = matches_of(self._store, sheet.first)
        seen = self._trail.permitted(session, "read", "Patient", found, lambda match: match.patient)
        return WaitingSheet(sheet, seen, len(seen) < len(found))

    def _refuse(self, results: Sequence[ReceivedResult], patient: Patient, *, is_sure: bool) -> None:
        for result in results:
            if result.is_control:
                raise InvalidInputError(Text("This is a control, not a patient's result."))
            named = matches_of(self._store, result)
            if named and patient.id not in {match.patient.id for match in named} and not is_sure:
                raise InvalidInputError(Text("A number on this result is another patient's."), "patient")
            already = self._store.records.find(Observation, identifier=f"{DEVICE_RESULT}|{result.fingerprint}")
            if any(each.status != "entered-in-error" for each in already):
                raise ConflictError(Text("This result was filed already, perhaps at another workstation."))

    def _waits(self, id: str) -> ReceivedResult:
        result = self._get(_WAITING, id)
        if result is None:
            raise NotFoundError(Text("This result waits no longer: somebody has filed it or put it aside."))
        return result

    def _was_handled(self, id: str) -> Handled:
        body = self._store.memory.get(_HANDLED + id)
        if not body:
            raise NotFoundError(Text("This result cannot be taken back any more."))
        return msgspec.json.decode(body, type=Handled)

    def _get(self, place: str, id: str) -> ReceivedResult | None:
        body = self._store.memory.get(place + id)
        return msgspec.json.decode(body, type=ReceivedResult) if body else None

    def _is_known(self, id: str) -> bool:
        return any(self._store.memory.get(place + id) is not None for place in (_HANDLED, _SEEN))

    def _all(self, place: str, kind: type[T]) -> list[T]:
        return [msgspec.json.decode(body, type=kind) for body in self._store.memory.starting(place).values() if body]

    def _count(self) -> int:
        if self._waiting is None:
            self._waiting = len(self._store.memory.starting(_WAITING))
        return self._waiting

    def _changed(self, by: int) -> None:
        if self._waiting is not None:
            self._waiting += by
        self.version += 1

    def _forget_old(self) -> None:
        """What cannot be taken back any more is only remembered, and that not for ever."""
        now = self._clock.now()
        if self._forgotten_on == now.date():
            return
        self._forgotten_on = now.date()
        with self._lock:
            old = [each for each in self._all(_HANDLED, Handled) if now - each.at > KEPT]
            seen = self._store.memory.starting(_SEEN)
            late = (now - REMEMBERED).isoformat().encode()
            gone = [name for name, at in seen.items() if at < late]
            if old or gone:
                self._store.records.commit(
                    (),
                    values={_SEEN + each.result.fingerprint: each.at.isoformat().encode() for each in old},
                    forgotten=(*(_HANDLED + each.result.fingerprint for each in old), *gone),
                )

    def _note_list(self, session: Session, sheets: Iterable[WaitingSheet]) -> None:
        """A list that a screen reads again and again is one access for each person and each change of the list."""
        shown = list(sheets)
        seen = frozenset((session.practitioner_id, *(key for each in shown for key in each.sheet.ids)))
        if seen != self._noted:
            self._note(session, [match.patient for each in shown for match in each.matches])
            self._noted = seen

    def _note(self, session: Session, patients: Iterable[Patient]) -> None:
        named = {each.id: each for each in patients}.values()
        event = self._trail.happening(session, "search", *named, query="results")
        self._store.records.commit((), audit=(event,))


def _values(handled: Sequence[Handled]) -> dict[str, bytes]:
    return {_HANDLED + each.result.fingerprint: msgspec.json.encode(each) for each in handled}


def _names(results: Sequence[ReceivedResult]) -> tuple[str, ...]:
    return tuple(_WAITING + each.fingerprint for each in results)
