"""The inbox over a real store: nothing files itself, nothing is lost, nothing is filed twice, all can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
import pytest

from clinic_app.access import Session, Trail
from clinic_app.encounters import Encounters, ReceivedResult, ResultInbox, result_inbox
from clinic_app.encounters.result_matching import is_other_name
from clinic_app.foundation.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    StorageError,
)
from clinic_app.foundation.ids import new_id
from clinic_app.records import AuditEvent, Identifier, Observation, Patient, Reference, ServiceRequest
from clinic_app.registration.iin import check_digit
from clinic_app.storage import Store
from clinic_app.storage.memory import Memory
from clinic_app.terminology.systems import CASE_NUMBER, CHART_NUMBER
from tests.helpers.clocks import FixedClock
from tests.helpers.results import result, vital
from tests.helpers.stores import opened, patient, session_of, set_up


def _has_iin(number: int) -> bool:
    return None not in (check_digit(f"{64030540000 + each}") for each in (number, number + 1))


_NUMBERS = filter(_has_iin, count(10, 2))


@dataclass
class Desk:
    """A workstation with an inbox and two patients."""

    store: Store
    clock: FixedClock
    inbox: ResultInbox
    nurse: Session
    ours: Patient
    other: Patient
    number: int

    @property
    def chart(self) -> str:
        """The chart number of the first patient."""
        return f"AB-26-{self.number:06d}"

    def result(self, value: str | Decimal = Decimal("7.9"), **said: Any) -> ReceivedResult:
        """Return a result of an analyser that no other test has."""
        return result(value, **{"device": f"AU-{self.number}", **said})

    def vital(self, code: str, value: str, unit: str, **said: Any) -> ReceivedResult:
        """Return a vital sign of a spot device that no other test has."""
        return vital(code, value, unit, **{"device": f"BP-{self.number}", **said})

    def again(self) -> ResultInbox:
        """Return the inbox as the next start of the program finds it."""
        return ResultInbox(self.store, Trail(self.store, self.clock), self.clock)

    def observations(self, of: Patient) -> tuple[Observation, ...]:
        return self.store.records.find(Observation, subject=of.id)


def _ours(family: str, number: int) -> Patient:
    eleven = f"{64030540000 + number}"
    chart = f"AB-26-{number:06d}"
    made = patient(family, iin=f"{eleven}{check_digit(eleven)}")
    numbers = (*made.identifier, Identifier(system=CHART_NUMBER, value=chart))
    return msgspec.structs.replace(
        made, identifier=numbers, managing_organization=Reference(reference="Organization/org-a")
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, FixedClock]]:
    clock = FixedClock()
    with opened(tmp_path_factory.mktemp("inbox"), clock=clock) as store:
        set_up(store, "nurse", "laboratory", "registrar")
        yield store, clock


@pytest.fixture
def desk(shared: tuple[Store, FixedClock]) -> Desk:
    """A fresh inbox, patients and devices that no other test has, in a store they share."""
    store, clock = shared
    store.records.commit((), forgotten=tuple(store.memory.starting("results/")))
    number = next(_NUMBERS)
    ours, other = store.records.commit([_ours("Қасымов", number), _ours("Омарова", number + 1)])
    assert isinstance(ours, Patient)
    assert isinstance(other, Patient)
    inbox = ResultInbox(store, Trail(store, clock), clock)
    return Desk(store, clock, inbox, session_of(store, "nurse"), ours, other, number)


def iin_of(of: Patient) -> str:
    return str(of.identifier[0].value)


def test_a_result_waits_until_somebody_confirms_it(desk: Desk) -> None:
    assert desk.inbox.take(desk.result(patient_id=iin_of(desk.ours)))
    assert desk.inbox.count() == 1
    assert desk.observations(desk.ours) == ()
    (waiting,) = desk.inbox.waiting(desk.nurse)
    (match,) = waiting.matches
    assert (match.patient.id, match.by) == (desk.ours.id, "iin")
    assert desk.observations(desk.ours) == ()


def test_what_waits_survives_the_end_of_the_program(desk: Desk) -> None:
    desk.inbox.take(desk.result(sample_id="S1"))
    again = desk.again()
    assert again.count() == 1
    assert again.waiting(desk.nurse)[0].sheet.first == desk.result(sample_id="S1")


def test_the_same_result_sent_again_is_the_same_result(desk: Desk) -> None:
    assert desk.inbox.take(desk.result(sample_id="S1"))
    assert not desk.inbox.take(desk.result(sample_id="S1"))
    assert not desk.inbox.take(desk.result(sample_id="S1", comment="hemolysed"))
    assert not desk.inbox.take(desk.result(sample_id="S1"))
    assert desk.inbox.count() == 1
    assert desk.inbox.waiting(desk.nurse)[0].sheet.first.comment == "hemolysed"


def test_a_result_sent_again_after_it_was_filed_or_put_aside_stays_away(desk: Desk) -> None:
    one, two = desk.result(sample_id="S1"), desk.result(sample_id="S2")
    desk.inbox.take(one)
    desk.inbox.take(two)
    desk.inbox.confirm(desk.nurse, [one.fingerprint], desk.ours.id)
    desk.inbox.set_aside(desk.nurse, [two.fingerprint])
    assert not desk.inbox.take(one)
    assert not desk.again().take(two)
    assert desk.again().count() == 0


def test_a_confirmed_result_is_the_patients_and_in_the_trail(desk: Desk) -> None:
    desk.inbox.take(desk.result(sample_id="S1"))
    (made,) = desk.inbox.confirm(desk.nurse, [desk.result(sample_id="S1").fingerprint], desk.ours.id)
    assert desk.observations(desk.ours) == (made,)
    assert desk.inbox.count() == 0
    newest = desk.store.records.find(AuditEvent, limit=1)[0]
    assert newest.action == "C"
    named = {each.what.reference for each in newest.entity if each.what}
    assert f"Patient/{desk.ours.id}" in named


def test_a_sheet_is_filed_whole_or_not_at_all(desk: Desk) -> None:
    good, bad = desk.vital("8867-4", "72", "/min"), desk.vital("8480-6", "900", "mm[Hg]")
    desk.inbox.take(good)
    desk.inbox.take(bad)
    with pytest.raises(InvalidInputError):
        desk.inbox.confirm(desk.nurse, [good.fingerprint, bad.fingerprint], desk.ours.id)
    assert desk.observations(desk.ours) == ()
    assert desk.inbox.count() == 2


def test_a_number_of_another_patient_stops_whoever_does_not_insist(desk: Desk) -> None:
    of_other = desk.result(patient_id=iin_of(desk.other))
    desk.inbox.take(of_other)
    with pytest.raises(InvalidInputError):
        desk.inbox.confirm(desk.nurse, [of_other.fingerprint], desk.ours.id)
    assert desk.observations(desk.ours) == ()
    desk.inbox.confirm(desk.nurse, [of_other.fingerprint], desk.ours.id, is_sure=True)
    assert len(desk.observations(desk.ours)) == 1


@pytest.mark.parametrize("place", ["patient_id", "sample_id", "order_id"])
def test_iin_chart_and_case_numbers_are_matched_exactly_wherever_they_stand(desk: Desk, place: str) -> None:
    case = f"C-{desk.chart}"
    order = ServiceRequest(
        id=new_id(), status="active", intent="order", subject=Reference(reference=f"Patient/{desk.other.id}"),
        identifier=(Identifier(system=CASE_NUMBER, value=case),),
    )  # fmt: skip
    desk.store.records.commit([order])
    wanted = {iin_of(desk.ours): "iin", desk.chart: "chart", case: "order"}
    for number, by in wanted.items():
        one = desk.result(**{place: number})
        desk.inbox.take(one)
        (waiting,) = desk.inbox.waiting(desk.nurse)
        assert [match.by for match in waiting.matches] == [by]
        desk.inbox.set_aside(desk.nurse, [one.fingerprint])


def test_nothing_but_the_whole_number_matches(desk: Desk) -> None:
    whole = iin_of(desk.ours)
    for number in (whole[:-1], f"{whole}0", desk.chart[:-1], f"{desk.chart}1", "Қасымов", "000000000000", "*", "%"):
        desk.inbox.take(desk.result(patient_id=number, patient_text="Қасымов Нұрлан"))
    assert [each.matches for each in desk.inbox.waiting(desk.nurse)] == [()] * 8


@pytest.mark.parametrize(
    ("said", "is_other"),
    [
        ("КАСЫМОВ НУРЛАН", False),
        ("Kassymov N", False),
        ("Омарова Әсем", True),
        ("", False),
        ("19640305", False),
        ("F", False),
    ],
)
def test_another_name_is_a_warning(said: str, is_other: bool) -> None:
    assert is_other_name(said, patient("Қасымов")) is is_other


def test_a_control_is_nobodys(desk: Desk) -> None:
    control = desk.result(sample_id=desk.chart, is_control=True)
    desk.inbox.take(control)
    assert desk.inbox.waiting(desk.nurse)[0].matches == ()
    with pytest.raises(InvalidInputError):
        desk.inbox.confirm(desk.nurse, [control.fingerprint], desk.ours.id, is_sure=True)


def test_what_was_filed_can_be_taken_back(desk: Desk) -> None:
    one = desk.result(sample_id="S1")
    desk.inbox.take(one)
    (made,) = desk.inbox.confirm(desk.nurse, [one.fingerprint], desk.ours.id)
    (handled,) = desk.inbox.handled(desk.nurse)
    assert (handled.how, handled.patient_id, handled.by_name) == ("filed", desk.ours.id, "nurse here")
    desk.inbox.undo(desk.nurse, [one.fingerprint])
    assert desk.store.records.get(Observation, made.id).status == "entered-in-error"
    assert desk.inbox.handled(desk.nurse) == ()
    assert desk.inbox.waiting(desk.nurse)[0].sheet.first == one
    desk.inbox.confirm(desk.nurse, [one.fingerprint], desk.other.id)
    assert len(desk.observations(desk.other)) == 1


def test_a_blood_pressure_is_taken_back_with_both_values(desk: Desk) -> None:
    pair = [desk.vital("8480-6", "150", "mm[Hg]"), desk.vital("8462-4", "90", "mm[Hg]")]
    for each in pair:
        desk.inbox.take(each)
    desk.inbox.confirm(desk.nurse, [each.fingerprint for each in pair], desk.ours.id)
    desk.inbox.undo(desk.nurse, [pair[0].fingerprint])
    assert desk.inbox.count() == 2
    assert desk.inbox.handled(desk.nurse) == ()


def test_what_was_put_aside_can_be_taken_back(desk: Desk) -> None:
    one = desk.result(sample_id="S1")
    desk.inbox.take(one)
    desk.inbox.set_aside(desk.nurse, [one.fingerprint])
    assert desk.inbox.handled(desk.nurse)[0].how == "aside"
    desk.inbox.undo(desk.nurse, [one.fingerprint])
    assert desk.inbox.count() == 1


def test_after_a_week_a_filed_result_is_only_remembered(desk: Desk) -> None:
    one = desk.result(sample_id="S1")
    desk.inbox.take(one)
    desk.inbox.confirm(desk.nurse, [one.fingerprint], desk.ours.id)
    desk.clock.advance(days=8)
    assert desk.inbox.handled(desk.nurse) == ()
    assert not desk.inbox.take(one)
    with pytest.raises(NotFoundError):
        desk.inbox.undo(desk.nurse, [one.fingerprint])
    desk.clock.advance(days=401)
    desk.inbox.handled(desk.nurse)
    assert desk.store.memory.starting("results/") == {}


def test_a_result_another_workstation_filed_is_not_filed_again(desk: Desk) -> None:
    one = desk.result(sample_id="S1")
    desk.inbox.take(one)
    desk.inbox.confirm(desk.nurse, [one.fingerprint], desk.ours.id)
    for name in desk.store.memory.starting("results/"):
        desk.store.records.commit((), forgotten=(name,))
    again = desk.again()
    assert again.take(one)
    with pytest.raises(ConflictError):
        again.confirm(desk.nurse, [one.fingerprint], desk.ours.id)


def test_two_who_file_at_once_file_once(desk: Desk) -> None:
    one = desk.result(sample_id="S1")
    desk.inbox.take(one)

    def file(_: int) -> bool:
        try:
            desk.inbox.confirm(desk.nurse, [one.fingerprint], desk.ours.id)
        except NotFoundError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(file, range(4))) == 1
    assert len(desk.observations(desk.ours)) == 1


@pytest.mark.parametrize("what", ["confirm", "set_aside", "undo"])
def test_what_waits_no_longer_is_not_found(desk: Desk, what: str) -> None:
    more = (desk.ours.id,) if what == "confirm" else ()
    with pytest.raises(NotFoundError):
        getattr(desk.inbox, what)(desk.nurse, ["nothing"], *more)


def test_who_may_see_no_findings_sees_no_inbox(desk: Desk) -> None:
    registrar = session_of(desk.store, "registrar")
    for ask in (desk.inbox.waiting, desk.inbox.handled):
        with pytest.raises(NotAllowedError):
            ask(registrar)


def test_the_laboratory_files_too(desk: Desk) -> None:
    one = desk.result(sample_id="S1")
    desk.inbox.take(one)
    assert desk.inbox.confirm(session_of(desk.store, "laboratory"), [one.fingerprint], desk.ours.id)


def test_a_full_inbox_takes_no_more_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_inbox, "MOST_WAITING", 2)
    for name in ("S1", "S2"):
        desk.inbox.take(desk.result(sample_id=name))
    with pytest.raises(StorageError):
        desk.inbox.take(desk.result(sample_id="S3"))
    assert not desk.inbox.take(desk.result(sample_id="S1"))


def test_a_change_has_another_version(desk: Desk) -> None:
    versions = [desk.inbox.version]
    one = desk.result(sample_id="S1")
    for act in (
        lambda: desk.inbox.take(one),
        lambda: desk.inbox.confirm(desk.nurse, [one.fingerprint], desk.ours.id),
        lambda: desk.inbox.undo(desk.nurse, [one.fingerprint]),
        lambda: desk.inbox.set_aside(desk.nurse, [one.fingerprint]),
    ):
        act()
        versions.append(desk.inbox.version)
    assert len(set(versions)) == 5


def test_reading_the_list_again_is_noted_when_it_changed(desk: Desk) -> None:
    counts = []
    for name in ("S1", "", "S2"):
        if name:
            desk.inbox.take(desk.result(sample_id=name))
        before = len(desk.store.records.find(AuditEvent, limit=10_000))
        desk.inbox.waiting(desk.nurse)
        counts.append(len(desk.store.records.find(AuditEvent, limit=10_000)) - before)
    assert counts == [1, 0, 1]


def test_a_vital_sign_of_a_device_is_among_the_patients_vital_signs(desk: Desk) -> None:
    one = desk.vital("59408-5", "97", "%", at=desk.clock.now() - timedelta(minutes=1))
    desk.inbox.take(one)
    desk.inbox.confirm(desk.nurse, [one.fingerprint], desk.ours.id)
    chart = Encounters(desk.store, Trail(desk.store, desk.clock), desk.clock)
    assert len(chart.vitals(desk.nurse, desk.ours.id)) == 1
    assert chart.laboratory(desk.nurse, desk.ours.id) == ()
    desk.inbox.undo(desk.nurse, [one.fingerprint])
    assert chart.vitals(desk.nurse, desk.ours.id) == ()


def test_a_laboratory_result_is_on_the_chart_until_it_is_taken_back(desk: Desk) -> None:
    chart = Encounters(desk.store, Trail(desk.store, desk.clock), desk.clock)
    blood = {"sample_id": "S1", "code": "718-7", "unit": "g/L"}
    early = desk.result(**blood, taken_at=desk.clock.now())
    late = desk.result(**blood, taken_at=desk.clock.now() + timedelta(hours=1))
    for each in (late, early):
        desk.inbox.take(each)
    desk.inbox.confirm(desk.nurse, [early.fingerprint, late.fingerprint], desk.ours.id)
    found = chart.laboratory(desk.nurse, desk.ours.id)
    assert [each.effective_date_time for each in found] == [late.taken_at, early.taken_at]
    desk.inbox.undo(desk.nurse, [late.fingerprint])
    assert [each.effective_date_time for each in chart.laboratory(desk.nurse, desk.ours.id)] == [early.taken_at]
    assert chart.vitals(desk.nurse, desk.ours.id) == ()


def test_names_are_found_by_how_they_begin_and_nothing_else(desk: Desk) -> None:
    memory: Memory = desk.store.memory
    for name in ("a_b/1", "axb/2", "a_b/%"):
        memory.put(name, name.encode())
    assert memory.starting("a_b/") == {"a_b/1": b"a_b/1", "a_b/%": b"a_b/%"}
