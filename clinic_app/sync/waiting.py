"""What waits for the hub, as the screens show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from clinic_app.foundation.texts import Text
from clinic_app.storage import Direction, Lane, TransferState
from clinic_app.sync.comparing import Difference
from clinic_app.sync.merging import Side

WaitingState = Literal["queued", "held", "conflict", "quarantined"]
KIND_WORDS: Final[Mapping[str, Text]] = {
    "Patient": Text("Patient's card"),
    "Practitioner": Text("Member of the staff"),
    "Organization": Text("Hospital"),
    "Device": Text("Workstation or device"),
    "Observation": Text("Measurement"),
    "AllergyIntolerance": Text("Allergy"),
    "DiagnosticReport": Text("Opinion"),
    "CarePlan": Text("Treatment plan"),
    "Encounter": Text("Visit"),
    "Appointment": Text("Appointment"),
    "ServiceRequest": Text("Question to a specialist"),
    "Task": Text("Case of a referral"),
    "Communication": Text("Message"),
    "DocumentReference": Text("Document"),
    "ImagingStudy": Text("Imaging study"),
    "Composition": Text("Summary"),
    "Provenance": Text("Signature"),
}
AUDIT_WORDS: Final = Text("Events of the audit trail")
OTHER_WORDS: Final = Text("Another record")


@dataclass(frozen=True)
class WaitingItem:
    """One thing that waits: a version of a record, or all events of the audit trail together.

    Args:
        seq: its place in the outbox; 0 for the events of the audit trail.
        type_name: FHIR type.
        kind: what it is, in words.
        patient: about whom; empty where it is about nobody, or about somebody this person may not see.
        lane: how pressing it is.
        size_bytes: of it.
        since_at: when it was written.
        attempts: how often it was tried.
        state: queued, held for another record, waiting for an answer to a question, or refused by the hub.
        reason: why it is not there yet; None before the first try.
        count: how many it stands for.
        is_first: somebody wants it sent before everything else.
    """

    seq: int
    type_name: str
    kind: Text
    patient: str
    lane: Lane
    size_bytes: int
    since_at: datetime
    attempts: int = 0
    state: WaitingState = "queued"
    reason: Text | None = None
    count: int = 1
    is_first: bool = False


@dataclass(frozen=True)
class ContentOnWay:
    """One picture, recording or document on its way; ``size_bytes`` of which ``offset_bytes`` have arrived."""

    sha256: str
    direction: Direction
    lane: Lane
    size_bytes: int
    offset_bytes: int
    state: TransferState
    reason: Text | None = None


@dataclass(frozen=True)
class LaneBudget:
    """What a lane has used today of what it may use in a day, in bytes."""

    lane: Lane
    spent_bytes: int
    most_bytes: int


@dataclass(frozen=True)
class ExchangeSummary:
    """How the exchange stands as a whole.

    Args:
        has_hub: False where the workstation stands alone.
        is_paused: somebody holds it back.
        items: records that wait.
        contents: pictures and recordings that wait to go up.
        bytes_waiting: of both, as they are on the link.
        set_aside: how many the hub refused.
        questions: how many wait for this person's answer.
        estimate_s: how long it takes at the pace of the last exchanges; None while that is unknown or nobody answers.
        last_contact_at: when the last exchange ended well.
        clock_offset_s: hub's clock minus ours, in seconds; None while unknown.
        can_sign: this computer's clock may stand under a signature.
        budgets: of every lane that has one.
        is_trail_whole: the hub knows this workstation's audit trail as it is.
    """

    has_hub: bool = False
    is_paused: bool = False
    items: int = 0
    contents: int = 0
    bytes_waiting: int = 0
    set_aside: int = 0
    questions: int = 0
    estimate_s: float | None = None
    last_contact_at: datetime | None = None
    clock_offset_s: float | None = None
    can_sign: bool = True
    budgets: tuple[LaneBudget, ...] = ()
    is_trail_whole: bool = True


@dataclass(frozen=True)
class Question:
    """One record that was changed here and elsewhere, both answers side by side.

    Args:
        seq: of the conflict.
        type_name: FHIR type of the record.
        record_id: of the record.
        kind: what it is, in words.
        patient_id: about whom; empty for nobody.
        patient: his name.
        mine_at: when ours was written.
        theirs_at: when theirs was.
        mine_version: of our answer as it was compared.
        fields: what differs.
        suggested: the later of the two, or None where nobody knows; never counts for fields of safety.
        known_by: birth date and number of the patient, as far as they are known here: a name is shared by many.
    """

    seq: int
    type_name: str
    record_id: str
    kind: Text
    patient_id: str
    patient: str
    mine_at: datetime | None
    theirs_at: datetime | None
    mine_version: str
    fields: tuple[Difference, ...]
    suggested: Side | None
    known_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class JoinedRecord:
    """One record changed at two places that this workstation joined by itself.

    Args:
        at: when.
        kind: what it is, in words.
        patient: about whom; empty where it is about nobody, or about somebody this person may not see.
        from_here: the fields whose value was written here.
        from_hub: those whose value came from elsewhere; a list with items of both is in both.
    """

    at: datetime
    kind: Text
    patient: str
    from_here: tuple[Text, ...]
    from_hub: tuple[Text, ...]
