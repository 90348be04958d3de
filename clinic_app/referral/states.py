"""Where a referral's Task may go next, and who may move it: one table of data for tests and hub alike.

The requester owns a Task until it has been received; from then on the performer does. No state has two writers, so two
sites can never disagree about a Task and nothing has to be merged.

Source: FHIR R4, Task state machine; https://hl7.org/fhir/R4/task.html#statemachine
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from clinic_app.records import TaskStatus

Writer = Literal["requester", "performer"]

MOVES: Final[Mapping[tuple[TaskStatus | None, TaskStatus], Writer]] = {
    (None, "draft"): "requester",
    (None, "requested"): "requester",
    ("draft", "requested"): "requester",
    ("draft", "entered-in-error"): "requester",
    ("requested", "received"): "performer",
    ("requested", "accepted"): "performer",
    ("requested", "rejected"): "performer",
    ("requested", "in-progress"): "performer",
    ("received", "accepted"): "performer",
    ("received", "rejected"): "performer",
    ("received", "in-progress"): "performer",
    ("received", "cancelled"): "performer",
    ("accepted", "in-progress"): "performer",
    ("accepted", "cancelled"): "performer",
    ("in-progress", "on-hold"): "performer",
    ("on-hold", "in-progress"): "performer",
    ("in-progress", "completed"): "performer",
    ("in-progress", "failed"): "performer",
    ("in-progress", "cancelled"): "performer",
    ("on-hold", "completed"): "performer",
    ("on-hold", "failed"): "performer",
    ("on-hold", "cancelled"): "performer",
}
"""Every move there is, from (None for a new Task) and to, with its only writer."""

FINAL: Final[frozenset[TaskStatus]] = frozenset({"rejected", "completed", "failed", "cancelled", "entered-in-error"})
"""States nobody leaves; to open a case again is to write a new Task."""

NOT_FINAL: Final[frozenset[TaskStatus]] = frozenset(state for state, _ in MOVES if state is not None)
"""States from which a case still goes on."""

OPENED: Final[frozenset[TaskStatus]] = frozenset({"accepted", "in-progress", "on-hold"})
"""States in which a person on the performer's side has the case in hand."""


def writer_of(old: TaskStatus | None, new: TaskStatus) -> Writer | None:
    """Return who may move a Task from ``old`` to ``new``, or None where nobody may."""
    return MOVES.get((old, new))


def may_move(old: TaskStatus | None, new: TaskStatus, *writers: Writer) -> bool:
    """Tell whether somebody who is all of ``writers`` may write ``new`` over ``old``.

    To write the same state again (a note, a time) is allowed to whoever may leave that state, never in a final one.
    """
    if old == new and old is not None:
        return old not in FINAL and any(start == old and who in writers for (start, _), who in MOVES.items())
    return writer_of(old, new) in writers
