"""The exchange as a person asks about it: what waits and why, which of two answers is right, what was refused.

Nobody sees the name of a patient here whom he could not see elsewhere, and nobody settles what he could not edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Final

from clinic_app.access import Session, Trail
from clinic_app.access.audit_events import patients_of
from clinic_app.access.right_clock import can_sign, clock_offset
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.dates import form_date
from clinic_app.foundation.errors import ClinicError, ConflictError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient, Resource, decode, decode_as
from clinic_app.storage import AuditQuery, Conflict, Store
from clinic_app.storage.exchange.leaving import is_erased
from clinic_app.storage.exchange.unsent import Unsent
from clinic_app.storage.trail.countersigned import kept_countersigned
from clinic_app.sync.budget import Budget
from clinic_app.sync.comparing import differences, merged
from clinic_app.sync.hastening import MOST_LOOKED_AT, rows_of_case, send_first
from clinic_app.sync.joinings import joined_record, patient_in
from clinic_app.sync.merging import Side
from clinic_app.sync.service import SyncService
from clinic_app.sync.settling import asks_nothing, known_base
from clinic_app.sync.state import Failed
from clinic_app.sync.waiting import (
    AUDIT_WORDS,
    KIND_WORDS,
    OTHER_WORDS,
    ContentOnWay,
    ExchangeSummary,
    JoinedRecord,
    LaneBudget,
    Question,
    WaitingItem,
)
from clinic_app.terminology.systems import IIN

MOST_SHOWN: Final = 200
"""Rows of each kind; a longer queue is counted and not listed."""
MOST_JOINED: Final = 50


class Exchange:
    """What a workstation has not sent, and what it is asked.

    Args:
        store: whose outbox it is.
        trail: asks for rights and writes who did what.
        sync: the standing exchange; None where the workstation stands alone.
        clock: the time now.
    """

    def __init__(self, store: Store, trail: Trail, sync: SyncService | None, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._sync = sync
        self._clock = clock
        self._noted: dict[str, frozenset[str]] = {}

    def waiting(self, session: Session) -> tuple[WaitingItem, ...]:
        """Return what is unsent: refused records, those in the queue in their order, the audit trail as one.

        Raises:
            NotAllowedError: this person may not see the exchange.
        """
        self._trail.require(session, "read", "Device")
        rows = self._store.outbox.unsent(MOST_SHOWN)
        about = {row.seq: _patient_of(row) for row in rows}
        names = self._names(session, about.values())
        items = tuple(_item(row, names.get(about[row.seq], "")) for row in rows)
        self._note(session, names)
        return (*items, *self._audit_item())

    def contents(self, session: Session) -> tuple[ContentOnWay, ...]:
        """Return the contents under way in both directions, refused ones too."""
        self._trail.require(session, "read", "Device")
        return tuple(
            ContentOnWay(
                each.sha256, each.direction, each.lane, each.size, each.offset, each.state,
                _reason(each.last_error, is_refused=each.state == "failed"),
            )
            for each in self._store.transfers.unfinished(MOST_SHOWN)
        )  # fmt: skip

    def summary(self, session: Session) -> ExchangeSummary:
        """Return how the exchange stands as a whole."""
        self._trail.require(session, "read", "Device")
        rows, sync, offset = self._store.outbox.unsent(MOST_SHOWN), self._sync, clock_offset(self._store)
        up = self._store.transfers.pending("up")
        share = sync.pace.packed_share() if sync is not None else 1.0
        left = round(self._store.outbox.waiting_bytes() * share) + self._store.transfers.waiting_bytes()
        is_cut = sync is None or isinstance(sync.state(), Failed)
        pace = sync.pace.bytes_per_s() if sync is not None and not is_cut else None
        failed = [each for each in self._store.transfers.unfinished(MOST_SHOWN) if each.state == "failed"]
        return ExchangeSummary(
            has_hub=sync is not None,
            is_paused=sync is not None and sync.is_paused,
            items=self._store.outbox.count(),
            contents=len(up),
            bytes_waiting=left,
            set_aside=sum(each.state == "quarantined" for each in rows) + len(failed),
            questions=len(self._permitted(session)),
            estimate_s=left / pace if pace and left else None,
            last_contact_at=sync.last_contact_at if sync is not None else None,
            clock_offset_s=offset.total_seconds() if offset is not None else None,
            can_sign=can_sign(self._store, self._clock),
            budgets=_budgets(sync.budget) if sync is not None else (),
            is_trail_whole=self._is_trail_whole(),
        )

    def _is_trail_whole(self) -> bool:
        """Whether the hub knows this workstation's trail as it is; it does not after a restoration, or of a copy."""
        word = kept_countersigned(self._store.memory)
        return word is None or word.verdict == "whole"

    def retry(self, session: Session, item: WaitingItem | ContentOnWay) -> None:
        """Queue again what the hub refused, and ask it at once.

        Raises:
            NotFoundError: it is set aside no longer.
            NotAllowedError: this person may not see the exchange.
        """
        self._trail.require(session, "read", "Device")
        if isinstance(item, ContentOnWay):
            self._retry_content(item)
            audit = self._trail.happening(session, "export", description=f"content {item.sha256}")
        else:
            row = next((each for each in self._store.outbox.unsent(MOST_SHOWN) if each.seq == item.seq), None)
            if row is None or row.state != "quarantined":
                raise _gone()
            self._store.outbox.release(row.seq)
            audit = self._trail.event(session, "send", decode(row.body))
        self._store.records.commit([], audit=[audit], send=False)
        if self._sync is not None:
            self._sync.sync_now()

    def send_first(self, session: Session, item: WaitingItem | ContentOnWay) -> None:
        """Send a case before everything else: all that waits about the same patient, or this one thing.

        Raises:
            NotFoundError: it waits no longer.
            NotAllowedError: this person may not see the exchange.
        """
        self._trail.require(session, "read", "Device")
        if isinstance(item, ContentOnWay):
            if not self._store.transfers.put_first([item.sha256]):
                raise _waits_no_more()
            audit = self._trail.happening(session, "export", description=f"content {item.sha256} first")
        else:
            row = next((each for each in self._store.outbox.unsent(MOST_LOOKED_AT) if each.seq == item.seq), None)
            rows = rows_of_case(self._store, _patient_of(row), row.seq) if row is not None else ()
            if row is None or not rows:
                raise _waits_no_more()
            send_first(self._store, rows)
            audit = self._trail.event(session, "send", decode(row.body))
        self._store.records.commit([], audit=[audit], send=False)
        if self._sync is not None:
            self._sync.sync_now()

    def conflicts(self, session: Session) -> tuple[Question, ...]:
        """Return the records changed on both sides that this person may settle, the oldest first."""
        self._trail.require(session, "read", "Device")
        asked = self._permitted(session)
        questions = tuple(self._question(each) for each in asked)
        shown = {each.record_id: each.record_id for each in questions}
        if shown and self._noted.get(f"{session.practitioner_id} asked") != frozenset(shown):
            self._noted[f"{session.practitioner_id} asked"] = frozenset(shown)
            audit = self._trail.event(session, "read", *(each.mine for each in asked))
            self._store.records.commit([], audit=[audit], send=False)
        return questions

    def joined(self, session: Session) -> tuple[JoinedRecord, ...]:
        """Return what this workstation joined by itself, the latest first; the trail keeps all of it.

        Raises:
            NotAllowedError: this person may not see the exchange.
        """
        self._trail.require(session, "read", "Device")
        rows = self._store.audit.page(AuditQuery(action="join"), MOST_JOINED)
        about = {row.seq: patient_in(row.event) for row in rows}
        names = self._names(session, about.values())
        self._note(session, names)
        return tuple(joined_record(row.event, names.get(about[row.seq], "")) for row in rows)

    def settle(self, session: Session, question: Question, chosen: Mapping[str, Side]) -> Resource:
        """Save one answer, chosen field by field; both former answers stay in the history.

        Args:
            session: who answers.
            question: as it was shown to him.
            chosen: for each field that differs, whose value it is to be.

        Raises:
            NotAllowedError: this person may not edit the record.
            NotFoundError: somebody else has answered meanwhile.
            ConflictError: the record was changed here since it was shown.
            InvalidInputError: a field has no answer, or the two together make no record.
        """
        self._trail.require(session, "update", question.type_name, question.patient_id or None)
        conflict = next((each for each in self._store.records.conflicts() if each.seq == question.seq), None)
        if conflict is None or (conflict.mine.type_name, conflict.mine.id) != (question.type_name, question.record_id):
            raise NotFoundError(Text("This conflict is settled already."))
        for record in (conflict.mine, conflict.theirs):
            for patient in patients_of(record):
                self._trail.require(session, "update", question.type_name, patient.partition("/")[2])
        kind = type(conflict.mine)
        mine = self._store.records.body(kind, conflict.mine.id)
        if decode_as(kind, mine).version_id != question.mine_version:
            raise ConflictError(Text("Somebody else changed this record meanwhile. Open it again to see the change."))
        body = merged(mine, conflict.theirs_body, chosen, known_base(self._store, conflict))
        record = decode_as(kind, body)
        audit = [self._trail.event(session, "update", record)]
        settled = self._store.records.settle(conflict, record, audit=audit, body=body, made_from=question.mine_version)
        if self._sync is not None:
            self._sync.sync_now()
        return settled

    def _permitted(self, session: Session) -> tuple[Conflict, ...]:
        """Return the conflicts about what this person may edit; each record is asked about once, its newest first."""
        latest = {(each.mine.type_name, each.mine.id): each for each in self._store.records.conflicts()}
        return tuple(
            each for each in latest.values() if self._may_settle(session, each) and not asks_nothing(self._store, each)
        )

    def _may_settle(self, session: Session, conflict: Conflict) -> bool:
        about = [next(patients_of(each), "").partition("/")[2] or None for each in (conflict.mine, conflict.theirs)]
        type_name = conflict.mine.type_name
        return len(self._trail.permitted(session, "update", type_name, about, lambda patient: patient)) == len(about)

    def _question(self, conflict: Conflict) -> Question:
        record = conflict.mine
        body = self._store.records.body(type(record), record.id)
        mine = decode_as(type(record), body)
        patient_id = next(patients_of(mine), "").partition("/")[2]
        mine_at, theirs_at = _written_at(mine), _written_at(conflict.theirs)
        kind, erased = KIND_WORDS.get(record.type_name, OTHER_WORDS), is_erased(conflict.theirs)
        suggested: Side | None = None
        if mine_at is not None and theirs_at is not None and mine_at != theirs_at:
            suggested = "mine" if mine_at > theirs_at else "theirs"
        return Question(
            seq=conflict.seq,
            type_name=record.type_name,
            record_id=record.id,
            kind=Text("{kind}, erased by order; your change goes with it", kind=kind) if erased else kind,
            patient_id=patient_id,
            patient=self._name(patient_id),
            mine_at=mine_at,
            theirs_at=theirs_at,
            mine_version=mine.version_id or "",
            fields=differences(body, conflict.theirs_body, known_base(self._store, conflict)),
            suggested=suggested,
            known_by=self._known_by(patient_id),
        )

    def _names(self, session: Session, ids: Iterable[str]) -> dict[str, str]:
        """Return the names of those patients this person may see."""
        known = sorted({each for each in ids if each})
        open_ones = self._trail.permitted(session, "read", "Patient", known, lambda each: each)
        return {each: self._name(each) for each in open_ones}

    def _name(self, patient_id: str) -> str:
        try:
            return self._store.records.get(Patient, patient_id).full_name if patient_id else ""
        except NotFoundError:
            return ""

    def _known_by(self, patient_id: str) -> tuple[str, ...]:
        try:
            patient = self._store.records.get(Patient, patient_id) if patient_id else Patient(id="")
        except NotFoundError:
            return ()
        born = patient.birth_date or ""
        with suppress(ValueError):  # an incomplete date stands as it was written
            born = form_date(date.fromisoformat(born))
        return tuple(each for each in (born, patient.identifier_value(IIN) or "") if each)

    def _note(self, session: Session, names: Mapping[str, str]) -> None:
        """A list that a screen reads again and again is one access for each person and each change of the list."""
        shown = frozenset(names)
        if shown <= self._noted.get(session.practitioner_id, frozenset()):
            return
        self._noted[session.practitioner_id] = shown
        seen = [self._store.records.get(Patient, each) for each in sorted(shown)]
        self._store.records.commit([], audit=[self._trail.event(session, "read", *seen)], send=False)

    def _audit_item(self) -> tuple[WaitingItem, ...]:
        count, size_bytes, first = self._store.outbox.unsent_audit()
        if not count:
            return ()
        since_at = datetime.fromisoformat(first) if first else self._clock.now()
        return (WaitingItem(0, "AuditEvent", AUDIT_WORDS, "", "audit", size_bytes, since_at, count=count),)

    def _retry_content(self, item: ContentOnWay) -> None:
        transfer = self._store.transfers.get(item.sha256, item.direction)
        if transfer is None or transfer.state != "failed":
            raise _gone()
        self._store.transfers.queue(transfer.sha256, transfer.direction, transfer.lane, transfer.size)


def _budgets(budget: Budget) -> tuple[LaneBudget, ...]:
    spent = budget.spent()
    return tuple(LaneBudget(lane, spent[lane], most) for lane, most in budget.limits.items())


def _item(row: Unsent, patient: str) -> WaitingItem:
    return WaitingItem(
        seq=row.seq,
        type_name=row.type,
        kind=KIND_WORDS.get(row.type, OTHER_WORDS),
        patient=patient,
        lane=row.lane,
        size_bytes=len(row.body),
        since_at=datetime.fromisoformat(row.queued_at),
        attempts=row.attempts,
        state=row.state,
        reason=_row_reason(row),
        is_first=row.is_first,
    )


def _row_reason(row: Unsent) -> Text | None:
    if row.state == "conflict":
        return Text("It was changed at two places; a person chooses.")
    if row.state == "held":
        kind = KIND_WORDS.get(row.last_error.partition("/")[0], OTHER_WORDS)
        return Text("It waits for another record that the hub does not take: {kind}", kind=kind)
    return _reason(row.last_error, is_refused=row.state == "quarantined")


def _reason(error: str, *, is_refused: bool) -> Text | None:
    if not error:
        return None
    if is_refused:
        return Text("The hub does not take this: {words}", words=error)
    return Text("The last try came to nothing: {words}", words=Text(error))


def _patient_of(row: Unsent) -> str:
    try:
        return next(patients_of(decode(row.body)), "").partition("/")[2]
    except ClinicError:  # the hub refused it for that, perhaps; it is shown all the same
        return ""


def _written_at(record: Resource) -> datetime | None:
    return record.meta.last_updated if record.meta else None


def _waits_no_more() -> NotFoundError:
    return NotFoundError(Text("This waits no longer."))


def _gone() -> NotFoundError:
    return NotFoundError(Text("This is set aside no longer."))
