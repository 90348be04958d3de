"""The bedside over a real store: exact decimals, the last measured first, hostile words, all of it in the trail."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.access import People, Session, Trail
from clinic_app.encounters import VITAL_SIGNS, Encounters, VitalsForm, VitalSign, check_vitals, vital_sign_of
from clinic_app.encounters.vitals import BLOOD_PRESSURE
from clinic_app.foundation.errors import DiskFullError, InvalidInputError, NotAllowedError, NotFoundError
from clinic_app.records import (
    AllergyIntolerance,
    AuditEvent,
    CodeableConcept,
    Coding,
    Observation,
    Patient,
    Quantity,
    Reference,
    ServiceRequest,
    encode,
)
from clinic_app.storage import Store
from clinic_app.terminology.systems import LOINC, OBSERVATION_CATEGORY, UCUM
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.refusals import outcome
from tests.helpers.stores import PASSWORD, QUICK, opened, patient, set_up

GOOD = VitalsForm("165", "95", "88", "94", "36,9", "18", "5,6")


@dataclass
class Bedside:
    """A workstation's bedside and one patient."""

    store: Store
    clock: FixedClock
    service: Encounters
    patient: Patient
    nurse: Session

    def audited(self, action: str) -> tuple[AuditEvent, ...]:
        """Return the audit rows of one REST action, the newest first."""
        rows = self.store.records.find(AuditEvent, limit=10_000)
        return tuple(row for row in rows if row.subtype and row.subtype[0].code == action)

    def as_(self, role: str) -> Session:
        return People(self.store, self.clock, QUICK).sign_in(role, PASSWORD)


@pytest.fixture
def bedside(tmp_path: Path) -> Iterator[Bedside]:
    clock = FixedClock()
    with opened(tmp_path, clock=clock) as store:
        set_up(store, "nurse", "registrar", "doctor", "specialist")
        nurse = People(store, clock, QUICK).sign_in("nurse", PASSWORD)
        (saved,) = store.records.commit((patient(),))
        assert isinstance(saved, Patient)
        yield Bedside(store, clock, Encounters(store, Trail(store, clock), clock), saved, nurse)


def measured(observations: tuple[Observation, ...]) -> dict[str, Decimal | None]:
    """Return LOINC code to value, components too."""
    found: dict[str, Decimal | None] = {}
    for each in observations:
        for code, quantity in ((each.code, each.value_quantity), *((c.code, c.value_quantity) for c in each.component)):
            if quantity is not None:
                found[code.code(LOINC) or ""] = quantity.value
    return found


def foreign_vital(id: str, at: datetime | None, value: str = "36.6", category: str = "vital-signs") -> Observation:
    """Return a temperature as another system writes it, with a display beside its category."""
    coding = Coding(system=OBSERVATION_CATEGORY, code=category, display="Vital Signs")
    return Observation(
        id=id,
        status="final",
        category=(CodeableConcept(coding=(coding,), text="Vital Signs"),),
        code=CodeableConcept(coding=(Coding(system=LOINC, code="8310-5"),)),
        subject=Reference(reference="Patient/p"),
        effective_date_time=at,
        value_quantity=Quantity(value=Decimal(value), unit="°C", system=UCUM, code="Cel"),
    )


def test_a_sitting_is_saved_whole_and_read_back_digit_by_digit(bedside: Bedside) -> None:
    saved = bedside.service.record_vitals(bedside.nurse, bedside.patient.id, GOOD, device="Mindray 7")
    assert saved == bedside.store.records.find(Observation)[::-1]
    assert measured(bedside.service.vitals(bedside.nurse, bedside.patient.id)) == {
        "8480-6": Decimal(165),
        "8462-4": Decimal(95),
        "8867-4": Decimal(88),
        "59408-5": Decimal(94),
        "8310-5": Decimal("36.9"),
        "9279-1": Decimal(18),
        "15074-8": Decimal("5.6"),
    }
    for each in saved:
        assert each.status == "final"
        assert each.effective_date_time == NOON
        assert each.performer[0].display == "nurse here"
        assert each.device == Reference(display="Mindray 7")
        assert each.subject is not None
        assert each.subject.id == bedside.patient.id


def test_what_was_measured_earlier_is_kept_with_its_time_and_nothing_lies_in_the_future(bedside: Bedside) -> None:
    earlier = {
        "systolic": NOON - timedelta(minutes=8),
        "diastolic": NOON - timedelta(minutes=9),
        "spo2": NOON + timedelta(hours=1),
    }
    saved = bedside.service.record_vitals(bedside.nurse, bedside.patient.id, GOOD, "Bed 7", earlier)
    times = {each.code.code(LOINC): each.effective_date_time for each in saved}
    assert times.pop("85354-9") == NOON - timedelta(minutes=9), "a pressure is as old as its older half"
    assert set(times.values()) == {NOON}


def test_a_pressure_is_one_observation_with_two_parts_and_every_other_sign_one_of_its_own(bedside: Bedside) -> None:
    pressure, *others = bedside.service.record_vitals(bedside.nurse, bedside.patient.id, GOOD)
    assert pressure.code == BLOOD_PRESSURE
    assert pressure.value_quantity is None
    assert [part.code.code(LOINC) for part in pressure.component] == ["8480-6", "8462-4"]
    assert len(others) == 5
    assert vital_sign_of(pressure) is None
    assert [sign.field for each in others if (sign := vital_sign_of(each))] == [f.name for f in fields(VitalsForm)][2:]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("36,60", "36.60"),
        ("36.6", "36.6"),
        ("+36,6", "36.6"),
        (" 37 ", "37"),
        ("036,6", "36.6"),
        ("36,666666", "36.666666"),
    ],
)
def test_a_decimal_is_stored_as_typed_and_never_as_a_rounded_binary(bedside: Bedside, typed: str, kept: str) -> None:
    (saved,) = bedside.service.record_vitals(bedside.nurse, bedside.patient.id, VitalsForm(temperature=typed))
    body = bedside.store.records.body(Observation, saved.id)
    assert f'"value":{kept}'.encode() in body.replace(b'"value":"', b'"value":')
    again = bedside.store.records.get(Observation, saved.id)
    assert again.value_quantity is not None
    assert str(again.value_quantity.value) == kept


@pytest.mark.parametrize(
    "typed", ["٣٦", "36,6°", "1e2", "NaN", "inf", "0x24", "36 6", "36.", "\ud800", "--36", "９０", "½"]
)
def test_what_is_no_number_saves_nothing(bedside: Bedside, typed: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        bedside.service.record_vitals(bedside.nurse, bedside.patient.id, VitalsForm(temperature=typed, heart_rate="70"))
    assert caught.value.field == "temperature"
    assert bedside.store.records.find(Observation) == ()
    assert bedside.audited("create") == ()


@pytest.mark.parametrize("sign", VITAL_SIGNS, ids=lambda sign: sign.field)
def test_the_limits_themselves_are_plausible_and_just_beyond_is_not(sign: VitalSign) -> None:
    step = Decimal("0.1")
    for value in (sign.least, sign.most):
        assert sign.quantity(str(value)).value == value
    for value in (sign.least - step, sign.most + step):
        with pytest.raises(InvalidInputError) as caught:
            sign.quantity(str(value))
        assert caught.value.field == sign.field
        assert str(sign.most) in caught.value.text.render("kk")


def test_a_sitting_of_the_dying_is_plausible_too(bedside: Bedside) -> None:
    """Values outside are slips of the pen; those of the very sick must go in."""
    form = VitalsForm("40", "15", "210", "45", "27,5", "4", "0,9")
    assert check_vitals(form) == ()
    assert len(bedside.service.record_vitals(bedside.nurse, bedside.patient.id, form)) == 6


def test_the_last_measured_stands_first_although_an_older_one_came_later(bedside: Bedside) -> None:
    """What a specialist pulls from the hub arrives in any order; the top line must still be the newest."""
    hours = [3, 1, 5, 2]
    bodies = [encode(foreign_vital(f"t{hour}", NOON + timedelta(hours=hour))) for hour in hours]
    bedside.store.records.commit((Patient(id="p"),))
    bedside.store.records.receive([*bodies, encode(foreign_vital("undated", None))], is_from_hub=False)
    found = bedside.service.vitals(bedside.nurse, "p")
    assert [each.id for each in found] == ["t5", "t3", "t2", "t1", "undated"]


def test_a_vital_sign_of_another_system_is_one_although_its_category_has_words(bedside: Bedside) -> None:
    bodies = [encode(foreign_vital("v", NOON)), encode(foreign_vital("lab", NOON, category="laboratory"))]
    bedside.store.records.commit((Patient(id="p"),))
    bedside.store.records.receive(bodies, is_from_hub=False)
    assert [each.id for each in bedside.service.vitals(bedside.nurse, "p")] == ["v"]


def test_two_sittings_stay_two_and_the_second_is_the_first_line(bedside: Bedside) -> None:
    bedside.service.record_vitals(bedside.nurse, bedside.patient.id, GOOD)
    bedside.clock.advance(minutes=5)
    bedside.service.record_vitals(bedside.as_("doctor"), bedside.patient.id, VitalsForm(systolic="120", diastolic="80"))
    newest, *oldest = bedside.service.vitals(bedside.nurse, bedside.patient.id)
    assert measured((newest,)) == {"8480-6": Decimal(120), "8462-4": Decimal(80)}
    assert newest.performer[0].display == "doctor here"
    assert len(oldest) == 6
    assert {each.performer[0].display for each in oldest} == {"nurse here"}


def test_the_moment_does_not_move_when_the_computer_changes_its_time_zone(bedside: Bedside) -> None:
    bedside.clock.moment = datetime(2024, 2, 29, 23, 59, 59, 999000, tzinfo=UTC)
    (saved,) = bedside.service.record_vitals(bedside.nurse, bedside.patient.id, VitalsForm(heart_rate="70"))
    body = msgspec.json.decode(bedside.store.records.body(Observation, saved.id))
    assert body["effectiveDateTime"] in ("2024-02-29T23:59:59.999Z", "2024-02-29T23:59:59.999000Z")


def test_another_patients_values_are_never_shown(bedside: Bedside) -> None:
    (other,) = bedside.store.records.commit((patient("Иванов"),))
    bedside.service.record_vitals(bedside.nurse, bedside.patient.id, GOOD)
    bedside.service.record_allergy(bedside.nurse, bedside.patient.id, "пенициллин")
    assert bedside.service.vitals(bedside.nurse, other.id) == ()
    assert bedside.service.allergies(bedside.nurse, other.id) == ()
    for like in ("", "%", bedside.patient.id[:-1], bedside.patient.id.upper()):
        with pytest.raises(NotFoundError):
            bedside.service.vitals(bedside.nurse, like)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Пенициллин  ", "Пенициллин"),
        ("<b>нет аллергии</b>", "<b>нет аллергии</b>"),
        ("Robert'); DROP TABLE record;--", "Robert'); DROP TABLE record;--"),
        ("{value} %s %n", "{value} %s %n"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("\u202eниллицинеп", "ниллицинеп"),
        ("бал\nара\tшаққан", "бал ара шаққан"),
        ("\ud83d\ude00 \ud800 шаң", "шаң"),
        ("ү" * 119 + " " * 40, "ү" * 119),
        ("и\u0306од" * 1, "йод"),
    ],
)
def test_an_allergy_is_kept_as_words_and_nothing_else(bedside: Bedside, typed: str, kept: str) -> None:
    saved = bedside.service.record_allergy(bedside.nurse, bedside.patient.id, typed)
    assert saved.code is not None
    assert saved.code.text == kept
    assert bedside.service.allergies(bedside.nurse, bedside.patient.id) == (saved,)


@pytest.mark.parametrize("typed", ["", "   ", "\u200b", "\x00\x01", "\u202e\u202c", "\ud800", "ү" * 121])
def test_an_allergy_nobody_could_read_is_refused_for_its_field(bedside: Bedside, typed: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        bedside.service.record_allergy(bedside.nurse, bedside.patient.id, typed)
    assert caught.value.field == "allergy"
    assert "120" in caught.value.text.render("kk")
    assert bedside.store.records.find(AllergyIntolerance) == ()


def order(id: str, patient_id: str, at: datetime | None, **changes: Any) -> ServiceRequest:
    """Return an order for a patient."""
    about = Reference(reference=f"Patient/{patient_id}")
    values = {"status": "active", "intent": "order", "subject": about, "authored_on": at, **changes}
    return ServiceRequest(id=id, **values)


def test_orders_are_listed_the_last_ordered_first_without_what_was_never_sent(bedside: Bedside) -> None:
    mine = bedside.patient.id
    bedside.store.records.commit(
        (
            order("old", mine, NOON - timedelta(days=2), status="completed"),
            order("new", mine, NOON),
            order("undated", mine, None),
            order("draft", mine, NOON, status="draft"),
            order("error", mine, NOON, status="entered-in-error"),
            order("other", "somebody-else", NOON),
        )
    )
    assert [each.id for each in bedside.service.orders(bedside.nurse, mine)] == ["new", "old", "undated"]
    event = bedside.audited("read")[0]
    assert next(entity.what.reference for entity in event.entity if entity.what) == f"Patient/{mine}"


def test_looking_at_no_orders_is_noted_too_and_the_reception_sees_none(bedside: Bedside) -> None:
    before = len(bedside.store.records.find(AuditEvent, limit=10_000))
    assert bedside.service.orders(bedside.nurse, bedside.patient.id) == ()
    assert len(bedside.store.records.find(AuditEvent, limit=10_000)) == before + 1
    with pytest.raises(NotAllowedError):
        bedside.service.orders(bedside.as_("registrar"), bedside.patient.id)


def test_allergies_are_listed_the_last_written_first(bedside: Bedside) -> None:
    for words in ("шаң", "бал", "йод"):
        bedside.service.record_allergy(bedside.nurse, bedside.patient.id, words)
    listed = bedside.service.allergies(bedside.nurse, bedside.patient.id)
    assert [each.code.text for each in listed if each.code] == ["йод", "бал", "шаң"]
    assert all(each.recorder and each.recorder.display == "nurse here" for each in listed)


def test_nurses_who_save_at_once_lose_nothing(bedside: Bedside) -> None:
    def save(number: int) -> None:
        bedside.service.record_vitals(bedside.nurse, bedside.patient.id, VitalsForm(heart_rate=str(60 + number)))
        bedside.service.record_allergy(bedside.nurse, bedside.patient.id, f"зат {number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(save, range(24)))
    values = [each.value_quantity for each in bedside.service.vitals(bedside.nurse, bedside.patient.id)]
    assert sorted(quantity.value for quantity in values if quantity and quantity.value) == list(range(60, 84))
    assert len(bedside.service.allergies(bedside.nurse, bedside.patient.id)) == 24
    assert len(bedside.audited("create")) == 48
    assert bedside.store.records.broken_audit_row() is None


def test_every_write_and_every_read_names_the_patient_in_the_trail(bedside: Bedside) -> None:
    bedside.service.record_vitals(bedside.nurse, bedside.patient.id, GOOD)
    bedside.service.record_allergy(bedside.nurse, bedside.patient.id, "йод")
    bedside.service.vitals(bedside.nurse, bedside.patient.id)
    bedside.service.allergies(bedside.nurse, bedside.patient.id)
    assert [len(bedside.audited(action)) for action in ("create", "read")] == [2, 2]
    for event in (*bedside.audited("create"), *bedside.audited("read")):
        entities = [entity.what.reference for entity in event.entity if entity.what]
        assert entities[0] == f"Patient/{bedside.patient.id}"
        assert len(entities) in (2, 7)
        assert event.agent[0].name == "nurse"


@pytest.mark.parametrize("login", ["registrar", "admin"])
def test_who_has_no_business_at_the_bedside_sees_and_writes_nothing(bedside: Bedside, login: str) -> None:
    stranger, about = bedside.as_(login), bedside.patient.id
    for attempt in (
        lambda: bedside.service.record_vitals(stranger, about, GOOD),
        lambda: bedside.service.vitals(stranger, about),
        lambda: bedside.service.record_allergy(stranger, about, "йод"),
        lambda: bedside.service.allergies(stranger, about),
    ):
        with pytest.raises(NotAllowedError):
            attempt()
    assert bedside.store.records.find(Observation) == ()
    assert bedside.store.records.find(AllergyIntolerance) == ()


def test_a_full_disk_leaves_no_half_of_a_sitting(bedside: Bedside, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third of the records does not fit any more."""
    from clinic_app.foundation.durable_files import DISK_FULL
    from clinic_app.storage import record_store

    written, write = [], record_store.write_version

    def no_room_after_two(*args: object, **values: object) -> None:
        written.append(args)
        if len(written) > 2:
            raise DiskFullError(DISK_FULL)
        write(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(record_store, "write_version", no_room_after_two)
    with pytest.raises(DiskFullError):
        bedside.service.record_vitals(bedside.nurse, bedside.patient.id, GOOD)
    monkeypatch.undo()
    assert bedside.store.records.find(Observation) == ()
    assert len(bedside.service.record_vitals(bedside.nurse, bedside.patient.id, GOOD)) == 6


TYPED = st.one_of(
    st.text(max_size=8),
    st.integers(-50, 500).map(str),
    st.decimals(-5, 400, places=1).map(str),
    st.decimals(0, 400, places=2).map(lambda number: str(number).replace(".", ",")),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.builds(VitalsForm, *[TYPED] * 7))
def test_any_form_is_saved_exactly_or_refused_whole(bedside: Bedside, form: VitalsForm) -> None:
    before = bedside.store.records.find(Observation, limit=10_000)
    saved, error = outcome(lambda: bedside.service.record_vitals(bedside.nurse, bedside.patient.id, form))
    if error is not None:
        assert isinstance(error, InvalidInputError)
        assert error.text.render("ru")
        assert error.field in ("", *(f.name for f in fields(VitalsForm)))
        assert bedside.store.records.find(Observation, limit=10_000) == before
        return
    typed = {sign.loinc: getattr(form, sign.field).strip().replace(",", ".") for sign in VITAL_SIGNS}
    assert measured(saved or ()) == {loinc: Decimal(value) for loinc, value in typed.items() if value}
