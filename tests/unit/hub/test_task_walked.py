"""Every move of a referral's Task, tried by every hospital over HTTP: the hub allows what the table says, no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from clinic_app.foundation.errors import ConflictError, NotAllowedError
from clinic_app.hub.rules import judge
from clinic_app.records import CodeableConcept, Patient, Reference, ServiceRequest, Task, TaskStatus, with_audience
from clinic_app.referral.states import FINAL, MOVES, NOT_FINAL, OPENED, Writer, may_move
from clinic_app.storage.feed.rows import Caller, StoredRecord
from tests.helpers.hub_clients import HubClient, RunningHub, running_hub, write_of

A, B, C = "org-a", "org-b", "org-c"
STATES: tuple[TaskStatus, ...] = get_args(TaskStatus)
ENDS: dict[str, Writer] = {A: "requester", B: "performer"}


def _task(status: TaskStatus = "requested", **changes: Any) -> Task:
    values: dict[str, Any] = {"requester": _organization(A), "owner": _organization(B), **changes}
    return with_audience(Task(id="t1", status=status, intent="order", **values), B)


def _organization(id: str) -> Reference:
    return Reference(reference=f"Organization/{id}")


def _judged(writer: str, old: Task | None, new: Task, stored_by: str = A) -> type[Exception] | None:
    stored = None if old is None else StoredRecord(stored_by, "v1", old)
    try:
        judge(Caller("pc", writer), stored, new)
    except (NotAllowedError, ConflictError) as error:
        return type(error)
    return None


@pytest.mark.parametrize("writer", [A, B, C])
@pytest.mark.parametrize("old", [None, *STATES])
def test_every_move_from_every_state_by_everybody_is_as_the_table_says(writer: str, old: TaskStatus | None) -> None:
    for new in STATES:
        before = _task(old) if old else None
        refusal = _judged(writer, before, _task(new))
        if writer == C:
            assert refusal is NotAllowedError, (old, new)
        else:
            assert (refusal is None) == may_move(old, new, ENDS[writer]), (old, new)


@pytest.mark.parametrize("old", STATES)
def test_a_hospital_that_asks_itself_may_do_both_parts_and_no_more(old: TaskStatus) -> None:
    for new in STATES:
        refusal = _judged(A, _task(old, owner=_organization(A)), _task(new, owner=_organization(A)))
        assert (refusal is None) == may_move(old, new, "requester", "performer"), (old, new)


@pytest.mark.parametrize(("old", "new"), [move for move in MOVES if move[0] is not None])
@pytest.mark.parametrize("writer", [A, B])
def test_on_no_move_does_the_asking_hospital_become_another(old: TaskStatus, new: TaskStatus, writer: str) -> None:
    for ends in ({"requester": _organization(C)}, {"requester": None}):
        assert _judged(writer, _task(old), _task(new, **ends)) is not None
        both = {"owner": _organization(A)}
        assert _judged(A, _task(old, **both), _task(new, **{**both, **ends})) is not None


@pytest.mark.parametrize(("old", "new"), [move for move in MOVES if move[0] not in (None, "draft")])
@pytest.mark.parametrize("owner", [_organization(C), None])
def test_once_sent_a_case_is_never_handed_to_a_third_hospital(
    old: TaskStatus, new: TaskStatus, owner: Reference | None
) -> None:
    for writer in (A, B):
        assert _judged(writer, _task(old), _task(new, owner=owner)) is not None
    assert _judged(A, _task(old, owner=_organization(A)), _task(new, owner=owner)) is not None


def test_a_draft_may_still_be_meant_for_another_hospital() -> None:
    assert _judged(A, _task("draft"), _task("requested", owner=_organization(C))) is None


@pytest.mark.parametrize("ends", [{"requester": None}, {"owner": None}, {"requester": None, "owner": None}])
def test_a_task_without_ends_is_moved_by_nobody_it_does_not_name(ends: dict[str, Any]) -> None:
    for writer in (A, B, C):
        allowed = _judged(writer, None, _task("requested", **ends)) is None
        assert allowed == (writer == A and "requester" not in ends)


def test_the_states_are_parted_into_final_and_not() -> None:
    assert frozenset() == NOT_FINAL & FINAL
    assert {new for _, new in MOVES} | {"draft"} == NOT_FINAL | FINAL
    assert OPENED < NOT_FINAL


@pytest.mark.parametrize("start", sorted(NOT_FINAL))
def test_from_every_open_state_there_is_a_way_to_an_end(start: TaskStatus) -> None:
    reached: set[TaskStatus] = {start}
    while fresh := {new for old, new in MOVES if old in reached} - reached:
        reached |= fresh
    assert reached & FINAL
    assert start in FINAL or start == "draft" or "completed" in reached


@pytest.fixture
def hub(tmp_path: Any) -> Iterator[RunningHub]:
    with running_hub(tmp_path / "hub") as made:
        yield made


def _about_two(hub: RunningHub) -> tuple[HubClient, HubClient]:
    return hub.enrol(A), hub.enrol(B)


def test_both_sides_cannot_win_a_race_for_one_version(hub: RunningHub) -> None:
    _, performer = _about_two(hub)
    colleague = hub.enrol(B)
    base = hub.enrol(A).put(_task()).version
    assert performer.write(write_of(_task("accepted"), base)).status_code == 200
    assert colleague.write(write_of(_task("rejected"), base)).status_code == 412
    assert [change.body.count(b'"accepted"') for change in hub.enrol(A).changes()[0]] == [1]


def test_the_question_stays_the_asking_hospitals(hub: RunningHub) -> None:
    asking, asked = _about_two(hub)
    request = ServiceRequest(
        id="r1",
        status="active",
        intent="order",
        subject=Reference(reference="Patient/p"),
        code=CodeableConcept(text="q"),
    )
    base = asking.put(with_audience(request, B)).version
    closed = with_audience(msgspec.structs.replace(request, status="completed"), B)
    assert asked.write(write_of(closed, base)).status_code == 403
    assert asking.write(write_of(closed, base)).status_code == 200


def test_a_task_cannot_be_made_where_another_record_lies(hub: RunningHub) -> None:
    asking, _ = _about_two(hub)
    asking.put(Patient(id="t1"))
    assert asking.put(_task()).is_new


class TwoHospitals(RuleBasedStateMachine):
    """Two hospitals and a stranger write whatever they like; the hub's Task only goes ways that are in the table."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile
        from contextlib import ExitStack
        from pathlib import Path

        self.open = ExitStack()
        folder = self.open.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        hub = self.open.enter_context(running_hub(Path(folder) / "hub"))
        self.clients = {each: hub.enrol(each) for each in (A, B, C)}
        self.watch = hub.enrol(A)
        self.state: TaskStatus | None = None
        self.version: str | None = None
        self.cursor = ""
        self.told: list[TaskStatus] = []
        self.walked: list[TaskStatus] = []

    @rule(writer=st.sampled_from([A, B, C]), new=st.sampled_from(STATES), note=st.integers(0, 3))
    def write(self, writer: str, new: TaskStatus, note: int) -> None:
        task = _task(new, status_reason=CodeableConcept(text=f"{note}"))
        response = self.clients[writer].write(write_of(task, self.version))
        is_allowed = writer in ENDS and may_move(self.state, new, ENDS[writer])
        if response.status_code == 200 and not is_allowed:
            assert new in self.walked, "only what was written before may be said again"
        elif is_allowed:
            assert response.status_code == 200, response.text
        if is_allowed and response.status_code == 200:
            self._went_on(new)

    @precondition(lambda self: self.version is not None)
    @rule(writer=st.sampled_from([A, B]), new=st.sampled_from(STATES))
    def write_over_an_old_version(self, writer: str, new: TaskStatus) -> None:
        task = msgspec.structs.replace(_task(new), status_reason=CodeableConcept(text="stale"))
        assert self.clients[writer].write(write_of(task, "0123456789")).status_code == 412

    def _went_on(self, new: TaskStatus) -> None:
        changes, self.cursor = self.watch.changes(self.cursor)
        for change in changes:
            record = msgspec.json.decode(change.body, type=Task)
            self.version = record.version_id
            self.told.append(record.status)
            self.state = record.status
        self.walked.append(new)

    @invariant()
    def every_step_told_is_a_step_of_the_table(self) -> None:
        for old, new in zip([None, *self.told], self.told, strict=False):
            assert may_move(old, new, "requester", "performer"), self.told

    def teardown(self) -> None:
        self.open.close()


TwoHospitals.TestCase.settings = settings(max_examples=6, stateful_step_count=15, deadline=None)
TestTwoHospitals = TwoHospitals.TestCase
