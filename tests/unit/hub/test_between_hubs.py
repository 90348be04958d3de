"""Records over three tiers: each arrives once, stays whose it is, and nothing is overwritten without a question."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import msgspec
import pytest
from sqlalchemy import func, select, text

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.ids import new_id
from clinic_app.records import CodeableConcept, Observation, Patient, Quantity, Reference, Task, with_audience
from clinic_app.referral.hub_times import hub_time_of
from clinic_app.storage import Store
from clinic_app.storage.exchange.giving_back import try_again
from clinic_app.storage.feed.tables import FEED_RECORD
from clinic_app.storage.tables import CURSOR, HISTORY
from clinic_app.sync.link import HubRefusalError
from tests.helpers.tiers import HERE, THERE, Desk, Tiers, tiers


class Exchanging(Protocol):
    """Whoever can do one exchange."""

    def exchange(self) -> None:
        """Do it."""


@dataclass
class World:
    """Two desks of a hospital at its own hub, a branch of it at the central hub, and another hospital there."""

    hubs: Tiers
    desk: Desk
    ward: Desk
    branch: Desk
    there: Desk

    def go(self, *those: Exchanging) -> None:
        """Do one exchange of each, in order; without names of all of them until everything is everywhere."""
        for each in those or (self.desk, self.ward, self.branch, self.there, self.hubs) * 2:
            each.exchange()

    def shared(self, family: str) -> str:
        """Return the id of a new patient whom every desk of the hospital knows."""
        patient_id = new_id()
        self.desk.write(family, patient_id)
        self.go(self.desk, self.hubs, self.branch, self.ward)
        return patient_id


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with tiers(tmp_path_factory.mktemp("tiers")) as hubs:
        desks = (hubs.desk("desk"), hubs.desk("ward"), hubs.desk("branch", "central"))
        yield World(hubs, *desks, hubs.desk("there", "central", THERE))


@pytest.fixture
def world(opened: World) -> World:
    """The same world for every test, each with patients of its own; the line is whole."""
    opened.hubs.line.is_cut = opened.hubs.line.loses_answers = False
    opened.hubs.line.cut_after = None
    return opened


def _versions(store: Store, record_id: str) -> int:
    with store.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(HISTORY).where(HISTORY.c.id == record_id)) or 0


def _task(requester: str = HERE, owner: str = THERE) -> Task:
    task = Task(
        id=new_id(),
        status="requested",
        intent="order",
        requester=Reference(reference=f"Organization/{requester}"),
        owner=Reference(reference=f"Organization/{owner}"),
    )
    return with_audience(task, requester, owner)


def _move(desk: Desk, task_id: str, status: str) -> None:
    task = desk.store.records.get(Task, task_id)
    desk.store.records.commit([msgspec.structs.replace(task, status=status)])


def _names(desk: Desk, record_id: str) -> list[tuple[str | None, str | None]]:
    """Return both answers of each question about a patient."""
    asked = desk.questions(record_id)
    return [
        (each.mine.name[0].family, each.theirs.name[0].family)
        for each in asked
        if isinstance(each.mine, Patient) and isinstance(each.theirs, Patient)
    ]


def test_two_desks_share_a_patient_while_the_line_is_cut_for_days(world: World) -> None:
    patient_id = new_id()
    world.hubs.line.is_cut = True
    for day in range(4):
        world.desk.write(f"Name of day {day}", patient_id)
        world.go(world.desk, world.ward)
        assert world.ward.name(patient_id) == f"Name of day {day}"
        with pytest.raises(LinkError):
            world.hubs.exchange()
        world.hubs.clock.advance(days=1)
    world.hubs.line.is_cut = False
    world.go(world.hubs, world.branch)
    assert world.branch.name(patient_id) == "Name of day 3"


def test_nothing_goes_round_in_a_ring(world: World) -> None:
    below, above = new_id(), new_id()
    world.desk.write("Written below", below)
    world.branch.write("Written above", above)
    world.go()
    stores = (world.hubs.facility_store, world.desk.store, world.branch.store)
    before = [_versions(store, each) for store in stores for each in (below, above)]
    world.hubs.line.requests.clear()
    world.go()
    assert [_versions(store, each) for store in stores for each in (below, above)] == before
    assert before[:2] == [1, 1]
    assert {method for method, _ in world.hubs.line.requests} == {"GET"}
    assert (world.desk.name(above), world.branch.name(below)) == ("Written above", "Written below")


def test_edits_go_back_and_forth_without_a_question(world: World) -> None:
    patient_id = world.shared("0")
    for turn in range(4):
        writer, reader = (world.branch, world.desk) if turn % 2 == 0 else (world.desk, world.branch)
        writer.write(str(turn + 1), patient_id)
        world.go(writer, world.hubs, reader)
        assert reader.name(patient_id) == str(turn + 1)
    for each in (world.desk, world.branch):
        assert each.questions(patient_id) == []
        assert each.refused(patient_id) == []


def test_a_record_from_above_stays_its_owners(world: World) -> None:
    shown, secret = new_id(), new_id()
    world.there.store.records.commit([with_audience(Patient(id=shown), HERE), Patient(id=secret)])
    world.go(world.there, world.hubs, world.desk)
    with world.hubs.facility_store.database.reading() as connection:
        owner = connection.scalar(select(FEED_RECORD.c.organization_id).where(FEED_RECORD.c.id == shown))
    assert owner == THERE
    known = {each.id for each in world.desk.store.records.find(Patient)}
    assert shown in known
    assert secret not in known
    world.desk.write("Ours now", shown)
    world.desk.exchange()
    assert ["another organisation" in each.last_error for each in world.desk.refused(shown)] == [True]
    world.go(world.hubs, world.there)
    assert world.there.store.records.get(Patient, shown).name == ()


def test_an_answer_that_is_lost_between_the_hubs_makes_nothing_twice(world: World) -> None:
    patient_id = world.shared("Once")
    world.desk.write("Twice", patient_id)
    world.desk.exchange()
    world.hubs.line.loses_answers = True
    with pytest.raises(LinkError):
        world.hubs.exchange()
    world.hubs.line.loses_answers = False
    world.go(world.hubs, world.branch)
    assert world.branch.name(patient_id) == "Twice"
    assert _versions(world.branch.store, patient_id) == 2
    assert world.branch.questions(patient_id) == []


def test_a_conflict_above_is_a_question_for_who_wrote_below(world: World) -> None:
    patient_id = world.shared("Base")
    world.hubs.line.is_cut = True
    world.desk.write("Desk", patient_id)
    world.go(world.desk, world.ward)
    assert world.ward.name(patient_id) == "Desk"
    world.branch.write("Branch", patient_id)
    world.branch.exchange()
    world.hubs.line.is_cut = False
    world.go(world.hubs, world.desk, world.ward)
    assert _names(world.desk, patient_id) == [("Desk", "Branch")]
    assert world.ward.questions(patient_id) == []
    assert world.ward.name(patient_id) == "Branch"
    (question,) = world.desk.questions(patient_id)
    world.desk.store.records.settle(question, question.mine)
    world.go(world.desk, world.hubs, world.branch, world.ward)
    assert {each.name(patient_id) for each in (world.desk, world.ward, world.branch)} == {"Desk"}
    assert _versions(world.hubs.facility_store, patient_id) == 4, "every version stays in the history"


def test_the_other_answer_can_be_right(world: World) -> None:
    patient_id = world.shared("Base")
    world.desk.write("Desk", patient_id)
    world.desk.exchange()
    world.branch.write("Branch", patient_id)
    world.go(world.branch, world.hubs, world.desk)
    (question,) = world.desk.questions(patient_id)
    world.desk.store.records.settle(question, question.theirs)
    world.go()
    assert {each.name(patient_id) for each in (world.desk, world.ward, world.branch)} == {"Branch"}
    assert world.desk.questions(patient_id) == []


def test_the_newest_of_several_lost_edits_is_asked_about_once(world: World) -> None:
    patient_id = world.shared("Base")
    world.hubs.line.is_cut = True
    world.desk.write("Desk", patient_id)
    world.go(world.desk, world.ward)
    world.ward.write("Ward on top of desk", patient_id)
    world.go(world.ward, world.desk)
    world.branch.write("Branch", patient_id)
    world.branch.exchange()
    world.hubs.line.is_cut = False
    world.go(world.hubs, world.desk, world.ward, world.hubs, world.desk, world.ward)
    assert world.desk.questions(patient_id) == []
    assert _names(world.ward, patient_id) == [("Ward on top of desk", "Branch")]


def test_what_is_not_taken_above_comes_back_and_goes_up_once_it_is(world: World) -> None:
    patient_id = new_id()
    world.there.store.records.commit([Patient(id=patient_id)])  # the same id; nobody here may know that
    world.there.exchange()
    world.desk.write("Ours", patient_id)
    world.go(world.desk, world.hubs, world.desk)
    (back,) = world.desk.refused(patient_id)
    assert back.state == "quarantined"
    assert back.last_error
    assert world.hubs.upstream.state().waiting.not_taken == 1
    with world.hubs.central.feed._database.writing() as connection:
        for table in ("feed_record", "feed_version", "index_entry", "record", "history"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE id = '{patient_id}'")
    assert try_again(world.hubs.facility_store.database) == 1
    world.go(world.hubs, world.desk, world.branch)
    assert world.branch.name(patient_id) == "Ours"
    assert world.desk.refused(patient_id) == []
    assert world.hubs.upstream.state().waiting.not_taken == 0


def test_what_is_refused_again_is_said_again(world: World) -> None:
    patient_id = new_id()
    world.there.store.records.commit([Patient(id=patient_id)])
    world.there.exchange()
    world.desk.write("Ours", patient_id)
    world.go(world.desk, world.hubs, world.desk)
    (back,) = world.desk.refused(patient_id)
    world.desk.store.outbox.release(back.seq)
    world.desk.exchange()
    assert world.desk.refused(patient_id) == []
    world.hubs.upstream.try_again_now()
    world.go(world.hubs, world.desk)
    assert [each.state for each in world.desk.refused(patient_id)] == ["quarantined"]


def test_the_second_clock_is_that_of_the_last_hub(world: World) -> None:
    task = _task()
    world.desk.store.records.commit([task], lane="emergency")
    world.go(world.desk, world.ward)
    assert hub_time_of(world.desk.store, task.id) is None
    assert hub_time_of(world.ward.store, task.id) is None
    seen_at = world.hubs.clock.advance(days=2)
    world.hubs.exchange()
    world.hubs.clock.advance(hours=3)
    world.go(world.desk, world.ward, world.there)
    clocks = {hub_time_of(each.store, task.id) for each in (world.desk, world.ward, world.there)}
    assert clocks == {seen_at}


def test_a_task_moved_at_both_ends_is_seen_by_a_person(world: World) -> None:
    task = _task(requester=THERE, owner=HERE)
    world.there.store.records.commit([task])
    world.go(world.there, world.hubs, world.desk, world.branch)
    for each, status in ((world.branch, "in-progress"), (world.desk, "accepted")):
        _move(each, task.id, status)
        each.exchange()
    world.go(world.hubs, world.desk, world.there)
    (question,) = world.desk.questions(task.id)
    assert isinstance(question.mine, Task)
    assert isinstance(question.theirs, Task)
    assert (question.mine.status, question.theirs.status) == ("accepted", "in-progress")
    assert world.there.store.records.get(Task, task.id).status == "in-progress"


def test_a_step_the_hub_above_takes_from_nobody_is_told_to_who_made_it(world: World) -> None:
    task = _task(requester=THERE, owner=HERE)
    world.there.store.records.commit([task])
    world.go(world.there, world.hubs, world.desk)
    _move(world.desk, task.id, "accepted")
    world.desk.exchange()
    with world.hubs.facility_store.database.writing() as connection:  # as if the hub above had other rules
        body = connection.exec_driver_sql(f"SELECT body FROM history WHERE id = '{task.id}' ORDER BY seq DESC").scalar()
        body = bytes(body or b"").replace(b'"accepted"', b'"completed"')
        row = {"body": body, "id": task.id}
        for table in ("history", "record"):
            connection.execute(text(f"UPDATE {table} SET body = :body WHERE id = :id"), row)
    world.go(world.hubs, world.desk)
    (refused,) = world.desk.refused(task.id)
    assert refused.state == "quarantined"
    assert "completed" in refused.last_error
    assert world.hubs.facility_store.records.get(Task, task.id).status == "completed", "nothing is undone here"


def test_said_received_twice_settles_itself(world: World) -> None:
    task = _task(requester=THERE, owner=HERE)
    world.there.store.records.commit([task])
    world.go(world.there, world.hubs, world.desk, world.branch)
    for each in (world.desk, world.branch):
        _move(each, task.id, "received")
        each.exchange()
    world.go(world.hubs, world.desk, world.hubs, world.desk, world.there)
    assert world.desk.questions(task.id) == []
    assert world.desk.refused(task.id) == []
    assert world.there.store.records.get(Task, task.id).status == "received"


def test_a_central_hub_that_does_not_know_our_cursor_is_read_from_the_start(world: World) -> None:
    patient_id = world.shared("Kept")
    with world.hubs.facility_store.database.writing() as connection:
        connection.execute(CURSOR.update().values(value="bm9uc2Vuc2U="))
    before = _versions(world.hubs.facility_store, patient_id)
    world.go()
    assert world.desk.name(patient_id) == "Kept"
    assert _versions(world.hubs.facility_store, patient_id) == before


def test_a_central_hub_restored_from_a_backup_is_told_again_what_it_lost(world: World) -> None:
    lost, kept = world.shared("Lost"), world.shared("Kept")
    with world.hubs.central.feed._database.writing() as connection:
        for table in ("feed_record", "feed_version", "index_entry", "record", "history"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE id = '{lost}'")
    world.hubs.upstream.way().link.habits.forgot()
    versions = _versions(world.hubs.facility_store, kept)
    world.hubs.exchange()
    newcomer = world.hubs.desk("newcomer", "central")
    newcomer.exchange()
    assert (newcomer.name(lost), newcomer.name(kept)) == ("Lost", "Kept")
    world.go()
    assert _versions(world.hubs.facility_store, kept) == versions
    assert world.desk.questions(kept) == world.desk.questions(lost) == []


def test_numbers_stay_as_they_were_written(world: World) -> None:
    value = Quantity(value=Decimal("72.50"))
    pulse = Observation(id=new_id(), status="final", code=CodeableConcept(text="pulse"), value_quantity=value)
    world.desk.store.records.commit([pulse])
    world.go(world.desk, world.hubs, world.branch)
    assert b"72.50" in world.branch.store.records.body(Observation, pulse.id)


def test_content_handed_in_here_is_read_there(world: World) -> None:
    data = random.Random(1).randbytes(300_000)
    sha256 = world.desk.hand_in(data, THERE)
    world.go(world.desk, world.hubs, world.there)
    assert world.there.fetch(sha256, len(data)) == data


def test_content_from_above_is_read_here_when_the_line_is_cut(world: World) -> None:
    data = random.Random(2).randbytes(700_000)
    sha256 = world.there.hand_in(data, HERE)
    world.go(world.there, world.hubs)
    world.hubs.line.is_cut = True
    assert world.ward.fetch(sha256, len(data)) == data


def test_content_that_is_cut_again_and_again_goes_on_where_it_stopped(world: World) -> None:
    up, down = random.Random(3).randbytes(600_000), random.Random(4).randbytes(600_000)
    from_below = world.desk.hand_in(up, THERE)
    from_above = world.there.hand_in(down, HERE)
    world.go(world.desk, world.there)
    for _ in range(40):
        world.hubs.line.is_cut, world.hubs.line.cut_after = False, 4
        world.hubs.line.requests.clear()
        with suppress(LinkError):
            world.hubs.exchange()
            break
    else:
        pytest.fail("it never came to its end")
    world.hubs.line.cut_after = None
    assert world.there.fetch(from_below, len(up)) == up
    assert world.ward.fetch(from_above, len(down)) == down


def test_content_of_others_is_not_fetched_by_knowing_its_digest(world: World) -> None:
    data = random.Random(5).randbytes(1000)
    sha256 = world.there.hand_in(data)
    world.go(world.there, world.hubs)
    assert world.desk.fetch(sha256, len(data)) is None


def test_a_workstation_of_another_hospital_is_turned_away(world: World) -> None:
    stranger = world.hubs.desk("stranger", "facility", THERE)
    with pytest.raises(HubRefusalError, match="another organisation"):
        stranger.exchange()


def test_what_waits_is_counted(world: World) -> None:
    world.go()
    world.desk.write("Waits", new_id())
    world.desk.exchange()
    world.hubs.line.is_cut = True
    with pytest.raises(LinkError):
        world.hubs.exchange()
    waiting = world.hubs.upstream.state().waiting
    assert waiting.records == 1
    assert waiting.bytes_waiting > 0
    assert waiting.oldest_at is not None
