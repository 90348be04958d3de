"""How far a case has come, for every combination of what is known about it, and in every language."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.texts import LANGUAGES
from clinic_app.records import (
    Attachment,
    CodeableConcept,
    Coding,
    DocumentReference,
    DocumentReferenceContent,
    Identifier,
    Reference,
    ServiceRequest,
    Task,
    TaskStatus,
    Urgency,
    encode,
)
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.referral.cases import PROGRESS, Case, CaseProgress, by_urgency, case_of
from clinic_app.referral.hub_times import hub_time_of, remember_hub_time
from clinic_app.referral.states import FINAL, OPENED
from clinic_app.storage import Store
from clinic_app.terminology.systems import CASE_NUMBER, REFERRAL_PACKAGE
from tests.helpers.clocks import NOON
from tests.helpers.stores import opened

STATES: tuple[TaskStatus, ...] = get_args(TaskStatus)
REQUESTS = ("active", "completed")
ROWS = ("none", "queued", "tried", "acked", "conflict", "quarantined")
TRANSFERS = ("none", "queued", "failed", "done")
SENT = b"sealed"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "store") as made:
        yield made


@dataclass(frozen=True)
class Known:
    """What a workstation knows of one case."""

    status: TaskStatus = "requested"
    request: str | None = "active"
    row: str = "none"
    has_hub_time: bool = False
    transfer: str = "none"

    def expected(self) -> CaseProgress:
        """Say how far the case is, from the words of the contract and not from the code."""
        if self.request == "completed" or self.status in FINAL - {"completed"}:
            return "closed"
        if self.status == "completed":
            return "answered"
        if self.status in OPENED:
            return "opened"
        is_package_there = self.request is None or self.transfer in ("none", "done")
        if self.has_hub_time and is_package_there:
            return "received-by-hub"
        return "queued" if self.row in ("tried", "acked") else "saved-here"


def _made(store: Store, known: Known, number: int) -> Case:
    """Put a case into the store that is known just so far, and return it."""
    request_id, task_id, sha256 = f"r{number}", f"t{number}", store.blobs.put(SENT + str(number).encode())
    attachment = Attachment(url=SHA256_URN + sha256, size=6)
    document = DocumentReference(
        id=f"d{number}",
        status="current",
        identifier=(Identifier(system=REFERRAL_PACKAGE, value=f"p{number}"),),
        content=(DocumentReferenceContent(attachment=attachment),),
    )
    task = Task(
        id=task_id,
        status=known.status,
        intent="order",
        focus=Reference(reference=f"ServiceRequest/{request_id}"),
        identifier=(Identifier(system=CASE_NUMBER, value=str(number)),),
    )
    store.records.commit([task], send=known.row != "none")
    _settle(store, known.row, task_id)
    if known.request is not None:
        request = ServiceRequest(
            id=request_id,
            status=known.request,  # type: ignore[arg-type]
            intent="order",
            subject=Reference(reference="Patient/p"),
            reason_code=(CodeableConcept(text="?"),),
            supporting_info=(Reference(reference=f"DocumentReference/d{number}"),),
        )
        store.records.commit([document, request], send=False)
    if known.has_hub_time:
        remember_hub_time(store, task_id, NOON)
    if known.transfer != "none":
        store.transfers.queue(sha256, "up", "referral", 6)
        if known.transfer == "done":
            store.transfers.done(sha256, "up")
        if known.transfer == "failed":
            store.transfers.failed(sha256, "up", "no")
    return case_of(store, task)


def _settle(store: Store, row: str, task_id: str) -> None:
    for each in store.outbox.rows_for("Task", task_id):
        if row == "tried":
            store.outbox.sending([each.seq])
            store.outbox.failed([each.seq], "no link")
        if row == "acked":
            store.outbox.acknowledge({each.seq: "v1"})
        if row == "conflict":
            store.outbox.conflicted(each.seq, "no")
        if row == "quarantined":
            store.outbox.quarantine(each.seq, "no")


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize("row", ["none", "queued", "tried", "acked"])
def test_every_combination_says_how_far_the_case_is(store: Store, status: TaskStatus, row: str) -> None:
    combinations = itertools.product((*REQUESTS, None), (False, True), ("none", "queued", "done"))
    for number, (request, has_hub_time, transfer) in enumerate(combinations):
        known = Known(status, request, row, has_hub_time, transfer)
        case = _made(store, known, number)
        assert case.progress == known.expected(), known
        assert case.number == str(number)
        assert (case.hub_received_at == NOON) == has_hub_time
        assert (case.request is None) == (request is None)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("transfer", TRANSFERS)
def test_a_case_in_trouble_says_so_in_every_language_and_no_other_does(store: Store, row: str, transfer: str) -> None:
    case = _made(store, Known(row=row, transfer=transfer), 0)
    is_in_trouble = row in ("conflict", "quarantined") or transfer == "failed"
    assert (case.problem is not None) == is_in_trouble
    if case.problem is not None:
        said = {language: case.problem.render(language) for language in LANGUAGES}
        assert len(set(said.values())) == 3
        assert ("evidence" in said["en"]) == (row not in ("conflict", "quarantined"))


def test_the_words_for_progress_are_all_used() -> None:
    every = itertools.product(STATES, (*REQUESTS, None), ROWS, (False, True), TRANSFERS)
    assert {Known(*each).expected() for each in every} == set(PROGRESS)


def test_only_the_first_time_at_the_hub_counts_whatever_the_clocks_say_later(store: Store) -> None:
    assert hub_time_of(store, "t") is None
    for days in (0, 5, -5, 20_000):
        remember_hub_time(store, "t", NOON + timedelta(days=days))
    assert hub_time_of(store, "t") == NOON
    assert hub_time_of(store, "other") is None


@pytest.mark.parametrize("focus", [None, Reference(), Reference(reference="Patient/p"), Reference(reference="x")])
def test_a_task_that_points_nowhere_is_a_case_without_a_question(store: Store, focus: Reference | None) -> None:
    task = Task(id="t", status="requested", intent="order", focus=focus, for_=focus)
    store.records.receive([encode(task)])
    case = case_of(store, task)
    assert (case.request, case.patient, case.question, case.number, case.problem) == (None, None, "", "", None)


@pytest.mark.parametrize(
    "document",
    [
        DocumentReference(id="d0", status="current", content=()),
        DocumentReference(
            id="d0", status="current", content=(), identifier=(Identifier(system=REFERRAL_PACKAGE, value="p"),)
        ),
        DocumentReference(id="d0", status="current", content=(), type=CodeableConcept(coding=(Coding(code="x"),))),
    ],
)
def test_a_document_without_content_does_not_stop_the_case_from_being_read(
    store: Store, document: DocumentReference
) -> None:
    request = ServiceRequest(
        id="r0",
        status="active",
        intent="order",
        subject=Reference(reference="Patient/p"),
        supporting_info=(Reference(reference="DocumentReference/d0"), Reference()),
    )
    task = Task(id="t0", status="requested", intent="order", focus=Reference(reference="ServiceRequest/r0"))
    store.records.receive([encode(each) for each in (document, request, task)])
    assert case_of(store, task).progress == "saved-here"


URGENCIES: tuple[Urgency | None, ...] = ("stat", "asap", "urgent", "routine", None)
RANKS = {"stat": 0, "asap": 1, "urgent": 1, "routine": 2, None: 3}


@given(cases=st.lists(st.tuples(st.sampled_from(URGENCIES), st.none() | st.integers(-(10**6), 10**6)), max_size=12))
def test_the_order_is_urgency_first_then_waiting_time_and_loses_no_case(
    cases: list[tuple[Urgency | None, int | None]],
) -> None:
    made = [
        Case(
            task=Task(id=str(number), status="received", intent="order", priority=urgency),
            request=None,
            patient=None,
            progress="received-by-hub",
            sent_at=None if minutes is None else NOON + timedelta(minutes=minutes),
            hub_received_at=None,
        )
        for number, (urgency, minutes) in enumerate(cases)
    ]
    ordered = by_urgency(made)
    assert {case.task.id for case in ordered} == {case.task.id for case in made}
    for before, after in itertools.pairwise(ordered):
        ranks = RANKS[before.task.priority], RANKS[after.task.priority]
        assert ranks[0] <= ranks[1]
        if ranks[0] == ranks[1] and after.sent_at is not None:
            assert before.sent_at is None or before.sent_at <= after.sent_at
        if ranks[0] == ranks[1] and after.sent_at is None:
            assert before.sent_at is None
