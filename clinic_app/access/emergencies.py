"""Whose glass is broken, by whom and until when: kept in the encrypted store, so that it outlives a restart.

The audit trail holds the whole story of every emergency; this list holds what a service asks at each call (is one
open?) and what waits for a review. A reviewed emergency that is over leaves the list, unless it was not justified:
what was written through it makes nobody one of those who treat the patient.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from clinic_app.access.session import Session
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import StorageError
from clinic_app.records import AuditEvent
from clinic_app.storage import Store

ReasonCode = Literal["emergency-treatment", "patient-wish", "other"]
LASTS: Final = timedelta(minutes=60)
_NAME: Final = "emergencies"
_CLOCK_SLACK: Final = timedelta(minutes=5)
_log = logging.getLogger(__name__)


class EmergencyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One broken glass, as it is kept.

    Args:
        event_id: the audit event of its opening.
        practitioner_id: who broke it.
        patient_id: whose it is.
        opened_at: when.
        until_at: when it ends by itself.
        reason: why, as a code.
        words: why, in his words.
        ended_at: when he ended it himself.
        is_reviewed: whether the auditor has judged it.
        is_justified: whether he found that it was one.
    """

    event_id: str
    practitioner_id: str
    patient_id: str
    opened_at: datetime
    until_at: datetime
    reason: ReasonCode
    words: str
    ended_at: datetime | None = None
    is_reviewed: bool = False
    is_justified: bool = False

    def is_open(self, now: datetime) -> bool:
        """Return whether it holds now; a clock set back before its opening ends it instead of prolonging it."""
        return self.ended_at is None and self.opened_at - _CLOCK_SLACK <= now < self.until_at


class Emergencies:
    """The emergencies of one data folder.

    Args:
        store: keeps them.
        clock: says which are over.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen_over: set[str] = set()

    def all(self) -> tuple[EmergencyRecord, ...]:
        """Return every emergency that is open or waits for a review, the oldest first."""
        kept = self._store.memory.get(_NAME)
        return msgspec.json.decode(kept, type=tuple[EmergencyRecord, ...]) if kept else ()

    def open_of(self, session: Session) -> tuple[EmergencyRecord, ...]:
        """Return the emergencies a person has open now; one that was seen over stays so if the clock is set back."""
        now = self._clock.now()
        own = self.of(session)
        over = {each.event_id for each in own if each.ended_at is None and each.until_at <= now} - self._seen_over
        if over:
            self._note_over(frozenset(over))
        return tuple(each for each in own if each.is_open(now) and each.event_id not in self._seen_over)

    def of(self, session: Session) -> tuple[EmergencyRecord, ...]:
        """Return every emergency of a person that is still on the list."""
        return tuple(each for each in self.all() if each.practitioner_id == session.practitioner_id)

    def change(
        self, to: Callable[[tuple[EmergencyRecord, ...]], tuple[EmergencyRecord, ...]], event: AuditEvent
    ) -> None:
        """Change the list and note it in the trail, in one transaction.

        Args:
            to: makes the new list from the old one; called under a lock of the store.
            event: tells who did it.
        """
        with self._store.one_at_a_time:
            now = self._clock.now()
            kept = (
                each for each in to(self.all()) if not (each.is_reviewed and each.is_justified) or each.is_open(now)
            )
            values = {_NAME: msgspec.json.encode(tuple(kept))}
            self._store.records.commit((), audit=(event,), values=values)

    def _note_over(self, event_ids: frozenset[str]) -> None:
        """Keep that the hour of these has passed; where the disk takes nothing it holds until the program ends."""
        self._seen_over |= event_ids
        try:
            with self._store.one_at_a_time:
                kept = tuple(
                    msgspec.structs.replace(each, ended_at=each.until_at)
                    if each.event_id in event_ids and each.ended_at is None
                    else each
                    for each in self.all()
                )
                self._store.memory.put(_NAME, msgspec.json.encode(kept))
        except StorageError as error:
            _log.warning("the end of an emergency could not be kept: %s", error)
