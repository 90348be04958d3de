"""What a person is told of the exchange: what waits and why, whose answer is right, and what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clinic_app.access.right_clock import CLOCK_OFFSET
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    AllergyIntolerance,
    AuditEvent,
    CodeableConcept,
    Device,
    Extension,
    Identifier,
    Observation,
    Organization,
    Patient,
    Provenance,
    ProvenanceAgent,
    Reference,
    Resource,
    encode,
    reference_to,
)
from clinic_app.storage import AuditQuery, Conflict
from clinic_app.storage.trail.countersigned import Countersigned, keep_countersigned
from clinic_app.sync import Exchange, LaneBudget, Question, WaitingItem
from clinic_app.sync.budget import Budget
from clinic_app.sync.merging import Side
from clinic_app.sync.pace import KEPT, LEAST_BYTES, Pace
from clinic_app.sync.state import Failed, Never, SyncState
from clinic_app.terminology.systems import CONTENT_SHA256, IIN
from tests.helpers.wards import Ward, ward

EVERYTHING = AuditQuery()
WORD = Text("Patient's card")


class PacedSync:
    """A standing exchange of which only the pace and the wish to try are real."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.is_paused = False
        self.last_contact_at = None
        self.tries = 0
        self.budget: Any = None
        self.now: SyncState = Never()

    def state(self) -> SyncState:
        return self.now

    def sync_now(self) -> None:
        self.tries += 1


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Ward]:
    with ward(tmp_path) as made:
        _acknowledge(made)
        yield made


@pytest.fixture
def sync() -> PacedSync:
    return PacedSync()


@pytest.fixture
def exchange(clinic: Ward, sync: PacedSync) -> Exchange:
    sync.budget = Budget({"images": 2_000_000}, sync.pace, clinic.store.memory, clinic.clock)
    return Exchange(clinic.store, clinic.station.exchange._trail, sync, clinic.clock)  # type: ignore[arg-type]


def _acknowledge(clinic: Ward) -> None:
    rows = clinic.store.outbox.pending(1000)
    clinic.store.outbox.acknowledge({row.seq: f"h-{row.seq}" for row in rows})


def _edit(clinic: Ward, kind: str = "own", **changed: Any) -> Patient:
    record = clinic.store.records.get(Patient, f"patient-{kind}")
    (written,) = clinic.store.records.commit([msgspec.structs.replace(record, **changed)])
    assert isinstance(written, Patient)
    return written


def _conflict(clinic: Ward, kind: str = "own", **theirs: Any) -> Conflict:
    """The birth date was changed here and at the hub."""
    base = msgspec.json.decode(clinic.store.records.body(Patient, f"patient-{kind}"))
    _edit(clinic, kind, birth_date="1964-03-06")
    elsewhere = {"birthDate": "1964-05-03", "deceasedBoolean": True, **theirs}
    meta = {**base.get("meta", {}), "versionId": "h-there", "lastUpdated": "2026-03-01T07:00:00Z"}
    clinic.store.records.receive([msgspec.json.encode({**base, **elsewhere, "meta": meta})])
    return clinic.store.records.conflicts()[-1]


def _all(question: Question, side: Side) -> dict[str, Side]:
    return {each.field: side for each in question.fields}


def _events(clinic: Ward) -> int:
    return len(clinic.store.records.find(AuditEvent, limit=10_000))


def test_what_waits_is_told_with_its_kind_its_patient_and_its_bytes(clinic: Ward, exchange: Exchange) -> None:
    edited = _edit(clinic, birth_date="1964-03-06")
    (item,) = (each for each in exchange.waiting(clinic.session("doctor")) if each.type_name == "Patient")
    assert (item.kind.render("en"), item.patient) == ("Patient's card", edited.full_name)
    assert item.size_bytes == len(clinic.store.records.body(Patient, edited.id))
    assert (item.since_at, item.attempts, item.state, item.reason) == (clinic.clock.now(), 0, "queued", None)


def test_the_audit_trail_is_one_line_however_long_it_is(clinic: Ward, exchange: Exchange) -> None:
    doctor = clinic.session("doctor")
    for _ in range(5):
        clinic.station.registration.get(doctor, "patient-own")
    (item,) = exchange.waiting(doctor)
    assert (item.type_name, item.count, item.lane) == ("AuditEvent", 5, "audit")
    assert item.size_bytes > 5 * 200


@pytest.mark.parametrize(("role", "is_named"), [("doctor", True), ("registrar", True), ("administrator", False)])
def test_a_name_is_told_only_to_those_who_may_see_the_patient(
    clinic: Ward, exchange: Exchange, role: Any, is_named: bool
) -> None:
    _edit(clinic, birth_date="1964-03-06")
    (item,) = (each for each in exchange.waiting(clinic.session(role)) if each.type_name == "Patient")
    assert bool(item.patient) is is_named


def test_the_name_of_a_closed_record_is_told_to_nobody_who_does_not_treat_him(clinic: Ward, exchange: Exchange) -> None:
    _edit(clinic, "restricted", birth_date="1964-03-06")
    (item,) = (each for each in exchange.waiting(clinic.session("doctor")) if each.type_name == "Patient")
    assert item.patient == ""


def test_a_name_that_was_shown_is_noted_once_and_not_at_every_look(clinic: Ward, exchange: Exchange) -> None:
    _edit(clinic, birth_date="1964-03-06")
    doctor, before = clinic.session("doctor"), _events(clinic)
    for _ in range(4):
        exchange.waiting(doctor)
    assert _events(clinic) == before + 1
    exchange.waiting(clinic.session("registrar"))
    assert _events(clinic) == before + 2


def test_why_something_is_not_there_yet_is_said(clinic: Ward, exchange: Exchange) -> None:
    _edit(clinic, birth_date="1964-03-06")
    (row,) = clinic.store.outbox.pending()[:1]
    clinic.store.outbox.sending([row.seq])
    clinic.store.outbox.failed([row.seq], "The hub cannot be reached.")
    (item,) = (each for each in exchange.waiting(clinic.session("doctor")) if each.seq == row.seq)
    assert item.attempts == 1
    assert item.reason is not None
    assert "Хаб" in item.reason.render("ru") or "хаб" in item.reason.render("ru")
    clinic.store.outbox.quarantine(row.seq, "birthDate {is} wrong")
    (item, *_rest) = exchange.waiting(clinic.session("doctor"))
    assert item.state == "quarantined"
    assert item.reason is not None
    assert "birthDate {is} wrong" in item.reason.render("kk")


def test_a_body_nobody_can_read_is_listed_without_a_name(clinic: Ward, exchange: Exchange) -> None:
    edited = _edit(clinic, birth_date="1964-03-06")
    (row,) = clinic.store.outbox.rows_for("Patient", edited.id)[-1:]
    with clinic.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE outbox SET body = X'7b7b' WHERE seq = ?", (row.seq,))
    (item,) = (each for each in exchange.waiting(clinic.session("doctor")) if each.seq == row.seq)
    assert (item.patient, item.size_bytes) == ("", 2)


def test_contents_are_told_with_how_much_has_arrived(clinic: Ward, exchange: Exchange) -> None:
    digest = clinic.store.blobs.put(b"x" * 1000)
    clinic.store.transfers.queue(digest, "up", "images", 1000)
    clinic.store.transfers.progress(digest, "up", 250)
    (content,) = exchange.contents(clinic.session("nurse"))
    assert (content.size_bytes, content.offset_bytes, content.state) == (1000, 250, "queued")
    clinic.store.transfers.done(digest, "up")
    assert exchange.contents(clinic.session("nurse")) == ()


def test_the_time_left_is_what_is_left_at_the_pace_of_the_last_exchanges(
    clinic: Ward, exchange: Exchange, sync: PacedSync
) -> None:
    digest = clinic.store.blobs.put(b"x" * 100_000)
    clinic.store.transfers.queue(digest, "up", "images", 100_000)
    doctor = clinic.session("doctor")
    assert exchange.summary(doctor).estimate_s is None
    sync.pace.note(10_000, 2.0)
    told = exchange.summary(doctor)
    assert told.bytes_waiting >= 100_000
    assert told.estimate_s == pytest.approx(told.bytes_waiting / 5000)
    assert (told.contents, told.has_hub, told.is_paused) == (1, True, False)
    sync.now = Failed(clinic.clock.now(), Text("The hub cannot be reached."))
    assert exchange.summary(doctor).estimate_s is None, "nothing goes over a link that is not there"


def test_a_workstation_without_a_hub_says_so(clinic: Ward) -> None:
    told = clinic.station.exchange.summary(clinic.session("doctor"))
    assert (told.has_hub, told.estimate_s, told.last_contact_at, told.clock_offset_s) == (False, None, None, None)


def test_how_far_the_clocks_are_apart_is_told(clinic: Ward, exchange: Exchange) -> None:
    clinic.store.memory.put(CLOCK_OFFSET, b"-93")
    assert exchange.summary(clinic.session("doctor")).clock_offset_s == -93.0


def test_what_was_refused_goes_again_and_the_hub_is_asked_at_once(
    clinic: Ward, exchange: Exchange, sync: PacedSync
) -> None:
    edited, nurse = _edit(clinic, birth_date="1964-03-06"), clinic.session("nurse")
    (row,) = clinic.store.outbox.rows_for("Patient", edited.id)[-1:]
    clinic.store.outbox.quarantine(row.seq, "no")
    assert exchange.summary(nurse).set_aside == 1
    (item, *_rest) = exchange.waiting(nurse)
    exchange.retry(nurse, item)
    assert exchange.summary(nurse).set_aside == 0
    assert row.seq in {each.seq for each in clinic.store.outbox.pending()}
    assert sync.tries == 1
    event = clinic.store.audit.page(EVERYTHING, 1)[0].event
    assert event.action == "E"
    with pytest.raises(NotFoundError):
        exchange.retry(nurse, item)
    assert sync.tries == 1


def test_content_that_was_refused_goes_again_too(clinic: Ward, exchange: Exchange, sync: PacedSync) -> None:
    digest, nurse = clinic.store.blobs.put(b"x" * 1000), clinic.session("nurse")
    clinic.store.transfers.queue(digest, "up", "images", 1000)
    clinic.store.transfers.failed(digest, "up", "too big")
    (content,) = exchange.contents(nurse)
    assert content.reason is not None
    assert exchange.summary(nurse).set_aside == 1
    exchange.retry(nurse, content)
    assert [each.sha256 for each in clinic.store.transfers.pending("up")] == [digest]
    with pytest.raises(NotFoundError):
        exchange.retry(nurse, content)
    assert sync.tries == 1


def test_a_question_shows_both_answers_also_where_nothing_is_modelled(clinic: Ward, exchange: Exchange) -> None:
    _conflict(clinic)
    (question,) = exchange.conflicts(clinic.session("doctor"))
    told = {each.field: (each.mine, each.theirs, each.is_safety) for each in question.fields}
    assert told["birthDate"] == (("06.03.1964",), ("03.05.1964",), True)
    assert told["deceased"][0] == ()
    assert set(told) == {"birthDate", "deceased"}
    assert question.suggested == "mine", "ours was written later"
    assert question.patient == clinic.store.records.get(Patient, "patient-own").full_name
    assert exchange.summary(clinic.session("doctor")).questions == 1


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_whichever_answer_is_kept_both_stay_in_the_history_and_it_goes_to_the_hub(
    clinic: Ward, exchange: Exchange, sync: PacedSync, side: Side
) -> None:
    _conflict(clinic)
    doctor = clinic.session("doctor")
    (question,) = exchange.conflicts(doctor)
    settled = exchange.settle(doctor, question, _all(question, side))
    assert isinstance(settled, Patient)
    assert settled.birth_date == {"mine": "1964-03-06", "theirs": "1964-05-03"}[side]
    body = msgspec.json.decode(clinic.store.records.body(Patient, "patient-own"))
    assert body.get("deceasedBoolean") is (True if side == "theirs" else None)
    days = [each.birth_date for each in clinic.store.records.versions(Patient, "patient-own")]
    assert {"1964-03-05", "1964-03-06", "1964-05-03"} <= set(days)
    (row,) = (each for each in clinic.store.outbox.pending() if each.type == "Patient")
    assert row.base_hub_version == "h-there"
    assert exchange.conflicts(doctor) == ()
    assert sync.tries == 1
    event = clinic.store.audit.page(EVERYTHING, 1)[0].event
    assert event.action == "U"


def test_a_question_says_by_what_the_patient_is_known_beside_the_name(clinic: Ward, exchange: Exchange) -> None:
    _conflict(clinic)
    numbers = (Identifier(system=IIN, value="640305400123"),)
    for born, number, told in (
        ("1964-03-06", numbers, ("06.03.1964", "640305400123")),
        ("1964", (), ("1964",)),
        (None, (), ()),
    ):
        _edit(clinic, identifier=number, birth_date=born)
        (asked,) = exchange.conflicts(clinic.session("doctor"))
        assert asked.known_by == told


def test_two_fields_may_come_from_two_sides(clinic: Ward, exchange: Exchange) -> None:
    _conflict(clinic)
    doctor = clinic.session("doctor")
    (question,) = exchange.conflicts(doctor)
    exchange.settle(doctor, question, {"birthDate": "mine", "deceased": "theirs"})
    body = msgspec.json.decode(clinic.store.records.body(Patient, "patient-own"))
    assert (body["birthDate"], body["deceasedBoolean"]) == ("1964-03-06", True)


def test_half_an_answer_changes_nothing(clinic: Ward, exchange: Exchange) -> None:
    _conflict(clinic)
    doctor = clinic.session("doctor")
    (question,) = exchange.conflicts(doctor)
    with pytest.raises(InvalidInputError):
        exchange.settle(doctor, question, {"birthDate": "mine"})
    assert len(exchange.conflicts(doctor)) == 1


def test_an_answer_that_makes_no_record_is_refused_and_nothing_is_lost(clinic: Ward, exchange: Exchange) -> None:
    _conflict(clinic)
    doctor = clinic.session("doctor")
    (question,) = exchange.conflicts(doctor)
    with clinic.store.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE conflict SET theirs = ? WHERE seq = ?",
            (b'{"resourceType":"Patient","id":"patient-own","birthDate":"soon"}', question.seq),
        )
    with pytest.raises(InvalidInputError):
        exchange.settle(doctor, question, _all(question, "theirs"))
    assert clinic.store.records.get(Patient, "patient-own").birth_date == "1964-03-06"


def test_an_answer_to_what_was_changed_meanwhile_is_refused(clinic: Ward, exchange: Exchange) -> None:
    _conflict(clinic)
    doctor = clinic.session("doctor")
    (question,) = exchange.conflicts(doctor)
    _edit(clinic, birth_date="1964-03-07")
    with pytest.raises(ConflictError):
        exchange.settle(doctor, question, _all(question, "theirs"))
    (again,) = exchange.conflicts(doctor)
    assert again.fields[0].mine == ("07.03.1964",)
    exchange.settle(doctor, again, _all(again, "theirs"))
    with pytest.raises(NotFoundError):
        exchange.settle(doctor, again, _all(again, "theirs"))


@pytest.mark.parametrize("kind", ["restricted", "foreign", "referred"])
def test_nobody_is_asked_about_a_patient_he_could_not_edit(clinic: Ward, exchange: Exchange, kind: str) -> None:
    _conflict(clinic, kind)
    doctor = clinic.session("doctor")
    assert exchange.conflicts(doctor) == ()
    assert exchange.summary(doctor).questions == 0
    forged = Question(
        clinic.store.records.conflicts()[0].seq, "Patient", "patient-own", WORD, "patient-own", "", None, None,
        clinic.store.records.get(Patient, f"patient-{kind}").version_id or "", (), None,
    )  # fmt: skip
    with pytest.raises(NotFoundError):
        exchange.settle(doctor, forged, {"birthDate": "theirs", "deceased": "theirs"})
    with pytest.raises(NotAllowedError):
        exchange.settle(
            doctor,
            Question(
                forged.seq, "Patient", f"patient-{kind}", WORD, f"patient-{kind}", "", None, None,
                forged.mine_version, (), None,
            ),
            {"birthDate": "theirs", "deceased": "theirs"},
        )  # fmt: skip
    with pytest.raises(NotAllowedError):
        exchange.settle(
            doctor,
            Question(
                forged.seq, "Patient", f"patient-{kind}", WORD, "patient-own", "", None, None,
                forged.mine_version, (), None,
            ),
            {"birthDate": "theirs", "deceased": "theirs"},
        )  # fmt: skip
    assert clinic.store.records.get(Patient, f"patient-{kind}").birth_date == "1964-03-06"


@pytest.mark.parametrize("role", ["administrator", "auditor", "laboratory"])
def test_who_edits_no_patient_is_asked_about_none(clinic: Ward, exchange: Exchange, role: Any) -> None:
    _conflict(clinic)
    assert exchange.conflicts(clinic.session(role)) == ()


def test_the_administrator_settles_what_is_about_nobody(clinic: Ward, exchange: Exchange) -> None:
    base = clinic.store.records.get(Organization, "org-there")
    clinic.store.records.commit([msgspec.structs.replace(base, name="Орталық 1")])
    clinic.store.records.receive([encode(msgspec.structs.replace(base, name="Орталық 2", meta=None))])
    admin = clinic.session("administrator")
    (question,) = exchange.conflicts(admin)
    assert (question.patient_id, question.patient) == ("", "")
    settled: Resource = exchange.settle(admin, question, {"name": "theirs"})
    assert isinstance(settled, Organization)
    assert settled.name == "Орталық 2"


def test_the_statistician_sees_nothing_of_it(clinic: Ward, exchange: Exchange) -> None:
    session = clinic.session("statistician")
    for ask in (exchange.waiting, exchange.contents, exchange.summary, exchange.conflicts):
        with pytest.raises(NotAllowedError):
            ask(session)


def test_an_allergy_is_never_suggested_and_is_settled_by_whoever_edits_allergies(
    clinic: Ward, exchange: Exchange
) -> None:
    base = msgspec.json.decode(clinic.store.records.body(AllergyIntolerance, "allergyintolerance-own"))
    record = clinic.store.records.get(AllergyIntolerance, "allergyintolerance-own")
    clinic.store.records.commit([msgspec.structs.replace(record, code=msgspec.structs.replace(record.code, text="A"))])  # type: ignore[type-var]
    clinic.store.records.receive([msgspec.json.encode({**base, "code": {"text": "B"}, "meta": {"versionId": "h9"}})])
    (question,) = exchange.conflicts(clinic.session("nurse"))
    assert [each.is_safety for each in question.fields] == [True]
    assert question.suggested is None, "nobody knows when theirs was written"
    exchange.settle(clinic.session("nurse"), question, {"code": "theirs"})
    settled = clinic.store.records.get(AllergyIntolerance, "allergyintolerance-own")
    assert settled.code is not None
    assert settled.code.text == "B"
    assert clinic.store.records.get(Device, "pc-there").status == "active"


def test_a_pace_is_known_only_after_some_bytes_and_forgets_what_is_old() -> None:
    pace = Pace()
    pace.note(LEAST_BYTES - 1, 1.0)
    assert pace.bytes_per_s() is None
    pace.note(1, 1.0)
    assert pace.bytes_per_s() == LEAST_BYTES / 2
    for size, taken in ((0, 1.0), (100, 0.0), (100, -1.0), (-5, 1.0)):
        pace.note(size, taken)
    assert pace.bytes_per_s() == LEAST_BYTES / 2
    for _ in range(KEPT):
        pace.note(1_000_000, 0.5)
    assert pace.bytes_per_s() == 2_000_000


def test_an_item_stands_for_one_unless_it_says_otherwise(clinic: Ward, exchange: Exchange) -> None:
    _edit(clinic, birth_date="1964-03-06")
    items: tuple[WaitingItem, ...] = exchange.waiting(clinic.session("doctor"))
    assert {each.count for each in items if each.type_name != "AuditEvent"} == {1}


def _join(clinic: Ward, kind: str = "own") -> None:
    """What `Settling` does: a telephone from here and a family status from elsewhere became one record."""
    store = clinic.store
    base = msgspec.json.decode(store.records.body(Patient, f"patient-{kind}"))
    mine = _edit(clinic, kind, active=True)
    meta = {**base.get("meta", {}), "versionId": "h-there"}
    store.records.receive([msgspec.json.encode({**base, "maritalStatus": {"text": "M"}, "meta": meta})])
    conflict = store.records.conflicts()[-1]
    parents = {mine.version_id or "": ("active",), "h-there": ("maritalStatus", "strange")}
    event = clinic.station.exchange._trail.joining(conflict.theirs, parents)
    store.records.settle(conflict, conflict.theirs, audit=[event])


def test_what_was_joined_by_itself_is_told_with_the_fields_of_each_side(clinic: Ward, exchange: Exchange) -> None:
    _join(clinic)
    doctor, before = clinic.session("doctor"), _events(clinic)
    (joined,) = exchange.joined(doctor)
    name = clinic.store.records.get(Patient, "patient-own").full_name
    assert (joined.kind.render("en"), joined.patient, joined.at) == ("Patient's card", name, clinic.clock.now())
    assert [each.render("en") for each in joined.from_here] == ["In use"]
    assert [each.render("en") for each in joined.from_hub] == ["Family status", "Entry “strange”"]
    assert exchange.joined(doctor) == (joined,)
    assert _events(clinic) == before + 1, "a name that was shown is noted once"


def test_whoever_may_not_see_the_patient_learns_only_that_something_was_joined(
    clinic: Ward, exchange: Exchange
) -> None:
    _join(clinic, "restricted")
    (joined,) = exchange.joined(clinic.session("doctor"))
    assert (joined.patient, len(joined.from_here)) == ("", 1)


def test_what_waits_for_another_record_says_for_which_kind(clinic: Ward, exchange: Exchange) -> None:
    card = _edit(clinic, birth_date="1964-03-06")
    (row,) = (each for each in clinic.store.outbox.pending() if each.type == "Patient")
    clinic.store.outbox.hold([row.seq], ("Device", "d"))
    (item,) = (each for each in exchange.waiting(clinic.session("doctor")) if each.type_name == "Patient")
    assert item.state == "held"
    assert item.reason is not None
    assert "Workstation or device" in item.reason.render("en")
    assert exchange.summary(clinic.session("doctor")).items > 0
    assert card.id == "patient-own"


def _queued(clinic: Ward, name: str) -> WaitingItem:
    exchange = clinic.station.exchange
    return next(each for each in exchange.waiting(clinic.session("doctor")) if each.type_name == name)


def test_a_case_that_is_sent_first_takes_what_belongs_to_it_along(
    clinic: Ward, exchange: Exchange, sync: PacedSync
) -> None:
    data = b"a recording"
    sha256 = clinic.store.blobs.put(data)
    clinic.store.records.commit([Device(id="d")], lane="referral")
    card = _edit(clinic, birth_date="1964-03-06")
    pulse = Observation(
        id="pulse",
        status="final",
        code=CodeableConcept(text="pulse"),
        subject=reference_to(card),
        extension=(Extension(url=CONTENT_SHA256, value_string=sha256),),
    )
    clinic.store.records.commit([pulse], uploads=[sha256], lane="bulk")
    other = clinic.store.blobs.put(b"another")
    clinic.store.transfers.queue(other, "up", "emergency", 7)
    item = _queued(clinic, "Observation")
    before = _events(clinic)
    exchange.send_first(clinic.session("doctor"), item)
    events = _events(clinic)
    first = [row.id for row in clinic.store.outbox.pending(2)]
    assert sorted(first) == sorted([card.id, "pulse"])
    assert [each.sha256 for each in clinic.store.transfers.pending("up")] == [sha256, other]
    assert _queued(clinic, "Observation").is_first
    assert _queued(clinic, "Patient").is_first
    assert not _queued(clinic, "Device").is_first
    assert (sync.tries, events) == (1, before + 1)


def test_what_is_about_nobody_is_sent_first_by_itself(clinic: Ward, exchange: Exchange) -> None:
    clinic.store.records.commit([Device(id="d"), Device(id="e")])
    exchange.send_first(clinic.session("doctor"), _queued(clinic, "Device"))
    assert [row.id for row in clinic.store.outbox.pending(1)] == ["d"]
    assert sum(row.is_first for row in clinic.store.outbox.unsent()) == 1


def test_a_content_on_its_way_down_can_come_first_too(clinic: Ward, exchange: Exchange) -> None:
    clinic.store.transfers.queue("a" * 64, "down", "bulk", 10)
    clinic.store.transfers.queue("b" * 64, "down", "emergency", 5)
    doctor = clinic.session("doctor")
    wanted = next(each for each in exchange.contents(doctor) if each.sha256 == "a" * 64)
    exchange.send_first(doctor, wanted)
    assert clinic.store.transfers.pending("down")[0].sha256 == "a" * 64
    clinic.store.transfers.done("a" * 64, "down")
    with pytest.raises(NotFoundError):
        exchange.send_first(doctor, wanted)


def test_what_is_gone_meanwhile_is_not_sent_first(clinic: Ward, exchange: Exchange, sync: PacedSync) -> None:
    _edit(clinic, birth_date="1964-03-06")
    item = _queued(clinic, "Patient")
    _acknowledge(clinic)
    with pytest.raises(NotFoundError):
        exchange.send_first(clinic.session("doctor"), item)
    assert sync.tries == 0


def test_bytes_are_told_as_they_are_on_the_link(clinic: Ward, exchange: Exchange, sync: PacedSync) -> None:
    _edit(clinic, birth_date="1964-03-06")
    plain = exchange.summary(clinic.session("doctor")).bytes_waiting
    sync.pace.note_packed(1000, 100)
    packed = exchange.summary(clinic.session("doctor")).bytes_waiting
    assert abs(packed - plain / 10) <= plain / 100


def test_the_summary_tells_of_budgets_the_clock_and_the_trail(
    clinic: Ward, exchange: Exchange, sync: PacedSync
) -> None:
    doctor = clinic.session("doctor")
    with sync.budget.spending("images"):
        sync.pace.carried(1000)
    summary = exchange.summary(doctor)
    assert summary.budgets == (LaneBudget("images", 1000, 2_000_000),)
    assert (summary.can_sign, summary.is_trail_whole) == (True, True)
    clinic.store.memory.put(CLOCK_OFFSET, b"-200000")
    keep_countersigned(clinic.store.memory, Countersigned(5, "head", "shorter", 1, clinic.clock.now()))
    summary = exchange.summary(doctor)
    assert (summary.can_sign, summary.is_trail_whole) == (False, False)


def _met(clinic: Ward, **theirs: Any) -> None:
    """A family status was changed elsewhere while the record was edited here, both from a version the hub had."""
    store = clinic.store
    ours = msgspec.json.decode(store.records.body(Patient, "patient-own"))
    base = {**ours, "multipleBirthInteger": 1, "meta": {"versionId": "h-base"}}
    store.records.receive([msgspec.json.encode(base)])
    _edit(clinic, active=True)
    store.records.receive([msgspec.json.encode({**base, **theirs, "meta": {"versionId": "h-there"}})])


def test_what_the_next_exchange_joins_by_itself_is_no_question(clinic: Ward, exchange: Exchange) -> None:
    _met(clinic, maritalStatus={"text": "M"})
    assert len(clinic.store.records.conflicts()) == 1
    assert exchange.conflicts(clinic.session("doctor")) == ()
    assert exchange.summary(clinic.session("doctor")).questions == 0


def test_about_a_record_somebody_signed_everything_is_asked(clinic: Ward, exchange: Exchange) -> None:
    agent = ProvenanceAgent(who=Reference(reference="Practitioner/x"))
    target = (Reference(reference="Patient/patient-own"),)
    clinic.store.records.commit([Provenance(id="s", target=target, recorded=clinic.clock.now(), agent=(agent,))])
    _met(clinic, maritalStatus={"text": "M"})
    (question,) = exchange.conflicts(clinic.session("doctor"))
    assert {each.field for each in question.fields} == {"active", "maritalStatus"}
    settled = exchange.settle(clinic.session("doctor"), question, {"active": "mine", "maritalStatus": "theirs"})
    assert isinstance(settled, Patient)
    assert settled.active is True
    assert b"maritalStatus" in clinic.store.records.body(Patient, "patient-own")
