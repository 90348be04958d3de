"""A referral as people speak of it: one case, how far it has come, and its two clocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeVar

from clinic_app.access import Session, Trail
from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import DocumentReference, Patient, Resource, ServiceRequest, Task
from clinic_app.referral.hub_times import hub_time_of
from clinic_app.referral.states import FINAL, OPENED
from clinic_app.storage import Store
from clinic_app.terminology.systems import CASE_NUMBER, REFERRAL_PACKAGE

R = TypeVar("R", bound=Resource)
CaseProgress = Literal["saved-here", "queued", "received-by-hub", "opened", "answered", "closed"]
PROGRESS: Final[tuple[CaseProgress, ...]] = (
    "saved-here",
    "queued",
    "received-by-hub",
    "opened",
    "answered",
    "closed",
)
"""In the order a case goes through them."""
_PRESSING: Final = {"stat": 0, "asap": 1, "urgent": 1, "routine": 2}


@dataclass(frozen=True)
class Case:
    """One referral with everything that says where it stands.

    Args:
        task: the work on it.
        request: the question; None while only the Task has arrived.
        patient: who it is about; None while the package has not been opened here.
        progress: how far it has come.
        sent_at: when the asking hospital sent it, by its own clock.
        hub_received_at: when the hub had it, by the hub's clock; None while the hub has not said so.
        problem: what keeps it from going on, in words for the user.
    """

    task: Task
    request: ServiceRequest | None
    patient: Patient | None
    progress: CaseProgress
    sent_at: datetime | None
    hub_received_at: datetime | None
    problem: Text | None = None

    @property
    def number(self) -> str:
        """The number people call the case by."""
        return next((each.value or "" for each in self.task.identifier if each.system == CASE_NUMBER), "")

    @property
    def question(self) -> str:
        """What is asked, in the asking doctor's words."""
        return next((reason.text or "" for reason in self.request.reason_code), "") if self.request else ""


def case_of(store: Store, task: Task) -> Case:
    """Return the case of a Task as this workstation knows it."""
    request = _found(store, ServiceRequest, task.focus.id if task.focus else "")
    return Case(
        task=task,
        request=request,
        patient=_found(store, Patient, task.for_.id if task.for_ else ""),
        progress=_progress(store, task, request),
        sent_at=task.authored_on,
        hub_received_at=hub_time_of(store, task.id),
        problem=_problem(store, task, request),
    )


def permitted_tasks(trail: Trail, session: Session, tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Return the tasks about patients this person may see."""
    return trail.permitted(session, "read", "Task", tasks, lambda task: task.for_.id if task.for_ else None)


def package_of(store: Store, request: ServiceRequest | None) -> DocumentReference | None:
    """Return the document of the sealed package of a referral, or None where it is not known here."""
    for reference in request.supporting_info if request else ():
        if (reference.reference or "").startswith("DocumentReference/"):
            document = _found(store, DocumentReference, reference.id)
            if document and document.content and package_id(document):
                return document
    return None


def package_id(document: DocumentReference) -> str:
    """Return the id of the package a document stands for, or an empty string for another document."""
    return next((each.value or "" for each in document.identifier if each.system == REFERRAL_PACKAGE), "")


def by_urgency(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Return the cases, the most pressing first, and among those the one that waits longest."""
    return tuple(sorted(cases, key=lambda case: (_PRESSING.get(case.task.priority or "", 3), _sent(case))))


def _sent(case: Case) -> float:
    return case.sent_at.timestamp() if case.sent_at else 0.0


def _progress(store: Store, task: Task, request: ServiceRequest | None) -> CaseProgress:
    if (request and request.status == "completed") or (task.status in FINAL and task.status != "completed"):
        return "closed"
    if task.status == "completed":
        return "answered"
    if task.status in OPENED:
        return "opened"
    if hub_time_of(store, task.id) is not None and not _is_package_waiting(store, request):
        return "received-by-hub"
    rows = store.outbox.rows_for("Task", task.id)
    return "queued" if any(row.attempts or row.state == "acked" for row in rows) else "saved-here"


def _is_package_waiting(store: Store, request: ServiceRequest | None) -> bool:
    document = package_of(store, request)
    transfer = store.transfers.get(document.content[0].attachment.sha256, "up") if document else None
    return transfer is not None and transfer.state != "done"


def _problem(store: Store, task: Task, request: ServiceRequest | None) -> Text | None:
    rows = store.outbox.rows_for("Task", task.id)
    if request:
        rows += store.outbox.rows_for("ServiceRequest", request.id)
    if any(row.state in ("quarantined", "conflict") for row in rows):
        return Text(
            "The hub did not take this referral. Call the other hospital, and tell whoever looks after the computer."
        )
    document = package_of(store, request)
    transfer = store.transfers.get(document.content[0].attachment.sha256, "up") if document else None
    if transfer is not None and transfer.state == "failed":
        return Text("The hub did not take the evidence of this referral; the question itself has arrived.")
    return None


def _found(store: Store, kind: type[R], id: str) -> R | None:
    try:
        return store.records.get(kind, id) if id else None
    except NotFoundError:
        return None
