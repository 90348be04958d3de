"""What was joined by itself, read back from the trail: the event of it names both parents and what came from which."""

from __future__ import annotations

from clinic_app.foundation.texts import Text
from clinic_app.records import AuditEvent
from clinic_app.sync.field_words import field_word
from clinic_app.sync.waiting import KIND_WORDS, OTHER_WORDS, JoinedRecord


def joined_record(event: AuditEvent, patient: str) -> JoinedRecord:
    """Return what one event of `Trail.joining` tells, for people.

    Args:
        event: it.
        patient: the name of the patient, as far as it may be told.
    """
    parents = [entity for entity in event.entity if entity.name]
    words = [_words(entity.description or "") for entity in parents[:2]]
    kind = (parents[0].name or "").partition("/")[0] if parents else ""
    here, hub = (*words, (), ())[:2]
    return JoinedRecord(event.recorded, KIND_WORDS.get(kind, OTHER_WORDS), patient, here, hub)


def patient_in(event: AuditEvent) -> str:
    """Return the id of the patient an event is about, or an empty string."""
    about = (entity.what.reference or "" for entity in event.entity if entity.what)
    return next((each.partition("/")[2] for each in about if each.startswith("Patient/")), "")


def _words(fields: str) -> tuple[Text, ...]:
    return tuple(field_word(field) for field in fields.split())
