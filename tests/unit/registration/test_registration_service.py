"""The reception over a real store: found however typed, registered once, amended by one person at a time, all noted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.access import People, Role, Session, Trail, is_restricted
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from clinic_app.records import AuditEvent, HumanName, Meta, Patient, Reference
from clinic_app.registration import PatientForm, Registration, form_of
from clinic_app.registration.confidentiality import is_masked, with_restriction
from clinic_app.registration.iin import check_digit
from clinic_app.storage import Store
from clinic_app.terminology.systems import CHART_NUMBER, IIN
from tests.helpers.clocks import FixedClock
from tests.helpers.refusals import outcome
from tests.helpers.stores import PASSWORD, QUICK, opened, set_up

FORM = PatientForm(
    family="Өмірзақов",
    given="Қайрат",
    patronymic="Әбілұлы",
    iin="850101 300 124",
    birth_date="01.01.1985",
    gender="male",
    phone="8 701 123 45 67",
    address="Ырғыз, Абай 1",
)
ROLES: tuple[Role, ...] = ("registrar", "nurse", "doctor", "specialist")


@dataclass
class Reception:
    """A workstation's reception and the people before it."""

    store: Store
    clock: FixedClock
    service: Registration

    def as_(self, role: str) -> Session:
        return People(self.store, self.clock, QUICK).sign_in(role, PASSWORD)

    def audited(self, action: str) -> tuple[AuditEvent, ...]:
        """Return the audit rows of one REST action, the newest first."""
        rows = self.store.records.find(AuditEvent, limit=10_000)
        return tuple(row for row in rows if row.subtype and row.subtype[0].code == action)


@pytest.fixture
def reception(tmp_path: Path) -> Iterator[Reception]:
    clock = FixedClock()
    with opened(tmp_path, clock=clock) as store:
        set_up(store, *ROLES)
        yield Reception(store, clock, Registration(store, Trail(store, clock), clock, lambda: "7F3A"))


@pytest.fixture
def registrar(reception: Reception) -> Session:
    return reception.as_("registrar")


def chart_number(patient: Patient) -> str:
    return patient.identifier_value(CHART_NUMBER) or ""


def ids(patients: tuple[Patient, ...]) -> list[str]:
    return [each.id for each in patients]


def test_who_is_registered_is_found_again_with_number_hospital_and_all_that_was_typed(
    reception: Reception, registrar: Session
) -> None:
    patient = reception.service.register(registrar, FORM)
    assert reception.service.get(registrar, patient.id) == patient
    assert form_of(patient) == FORM
    assert chart_number(patient) == "7F3A-26-000001"
    assert patient.managing_organization is not None
    assert patient.managing_organization.id == "org-a"
    assert patient.active is True


@pytest.mark.parametrize(
    "words",
    [
        "Өмірзақов Қайрат",
        "қайрат өмірзақов",
        "ОМИРЗАКОВ",
        "Омирзаков Кайрат Абилулы",
        "Omirzaqov",
        "omirzakov kairat",
        "Ömırzaqov Qairat",
        "өмір қай",
        "850101300124",
        "850101 300 124",
        "850101-300-124",
        "8501013",
        "7F3A-26-000001",
        "7f3a-26-000001",
        "87011234567",
        "7011234567",
        "+7 701 123 45 67",
        "Jvbhpfrjd",
        "-v3hpf0jd",
        "rfqhfn",
        "0fqhfn",
        "Өмірзақов\u00a0Қаи\u0306рат",
        "  Өмірзақов\t",
    ],
)
def test_a_patient_is_found_by_any_script_number_or_layout(
    reception: Reception, registrar: Session, words: str
) -> None:
    patient = reception.service.register(registrar, FORM)
    reception.service.register(registrar, PatientForm("Иванов", "Пётр", birth_date="02.02.1990", gender="male"))
    assert ids(reception.service.search(registrar, words)) == [patient.id]


@pytest.mark.parametrize("words", ["Сидоров", "Өмірзақов Пётр", "850101300125", "zzz", "ghbdtn", "-----", "000002"])
def test_who_is_not_here_is_not_found(reception: Reception, registrar: Session, words: str) -> None:
    reception.service.register(registrar, FORM)
    assert reception.service.search(registrar, words) == ()


@pytest.mark.parametrize(
    "words",
    ['"', "*", "NEAR(a b)", "a AND", "NOT", "^x", "{name}:b", "(", "' OR 1=1 --", "\x00", "\ud800", "%", "_", "🫀"],
)
def test_no_search_words_are_taken_for_commands(reception: Reception, registrar: Session, words: str) -> None:
    reception.service.register(registrar, FORM)
    assert reception.service.search(registrar, words) == ()


def test_half_a_book_of_words_is_an_ordinary_search_that_finds_nobody(reception: Reception, registrar: Session) -> None:
    reception.service.register(registrar, FORM)
    assert reception.service.search(registrar, "қаба " * 20_000) == ()
    assert reception.service.search(registrar, "ж" * 100_000) == ()


def test_nothing_typed_lists_the_last_registered_or_amended_first(reception: Reception, registrar: Session) -> None:
    first = reception.service.register(registrar, FORM)
    second = reception.service.register(registrar, replace(FORM, iin="", given="Болат"))
    assert ids(reception.service.search(registrar, " ")) == [second.id, first.id]
    reception.clock.advance(days=-400)  # the battery of the clock is empty: order does not hang on it
    reception.service.amend(registrar, first, replace(FORM, phone="8 702 000 00 00"))
    assert ids(reception.service.search(registrar, "")) == [first.id, second.id]
    assert ids(reception.service.search(registrar, "", limit=1)) == [first.id]


def test_nobody_leafs_through_the_closed_records_but_finds_one_by_its_name(
    reception: Reception, registrar: Session
) -> None:
    hidden = reception.service.register(registrar, FORM)
    shown = reception.service.register(registrar, replace(FORM, iin="", family="Болатова"))
    reception.store.records.commit((with_restriction(hidden, is_restricted=True),))
    assert ids(reception.service.search(registrar, "")) == [shown.id]
    (found,) = reception.service.search(registrar, FORM.family)
    assert found.id == hidden.id
    assert is_masked(found)


def test_amending_changes_nothing_of_who_may_see_the_patient(reception: Reception, registrar: Session) -> None:
    patient = reception.service.register(registrar, FORM)
    forged = msgspec.structs.replace(
        patient,
        meta=Meta(version_id=patient.meta.version_id if patient.meta else None, source="Organization/elsewhere"),
        managing_organization=Reference(reference="Organization/elsewhere"),
    )
    forged = with_restriction(forged, is_restricted=True)
    saved = reception.service.amend(registrar, forged, replace(FORM, phone="8 702 000 00 00"))
    assert saved.managing_organization == patient.managing_organization
    assert not is_restricted(saved)
    assert saved.meta is not None
    assert saved.meta.source is None


def test_a_changed_name_leaves_the_old_one_unfindable_and_a_changed_number_too(
    reception: Reception, registrar: Session
) -> None:
    patient = reception.service.register(registrar, FORM)
    reception.service.amend(registrar, patient, replace(FORM, family="Сейітова", iin=""))
    assert reception.service.search(registrar, "Өмірзақов") == ()
    assert reception.service.search(registrar, "850101300124") == ()
    assert ids(reception.service.search(registrar, "сейит")) == [patient.id]


@pytest.mark.parametrize(
    "typed",
    [
        {"iin": "850101300124", "family": "Совсем", "given": "Другой", "birth_date": "05.05.1955"},
        {"iin": "", "family": "Омирзаков", "given": "Кайрат"},
        {"iin": "", "family": "Қайрат", "given": "Өмірзақов"},
        {"iin": "", "family": "OMIRZAQOV", "given": "Qairat"},
        {"iin": "061211600012"},
        {"iin": "", "family": "Өмірзақов", "given": ""},
        {"iin": "85010130012", "patronymic": ""},
    ],
)
def test_who_may_be_the_same_is_shown_before_anything_is_saved(
    reception: Reception, registrar: Session, typed: dict[str, str]
) -> None:
    patient = reception.service.register(registrar, FORM)
    found = reception.service.possible_duplicates(registrar, replace(FORM, **typed))
    assert ids(found) == [patient.id]


@pytest.mark.parametrize(
    "typed",
    [
        {"iin": "", "birth_date": "02.01.1985"},
        {"iin": "", "birth_date": ""},
        {"iin": "", "birth_date": "31.02.1985"},
        {"iin": "", "family": "", "given": ""},
        {"iin": "850101300125", "family": "Иванов"},
        {"iin": "", "given": "Болат"},
    ],
)
def test_somebody_else_is_no_duplicate(reception: Reception, registrar: Session, typed: dict[str, str]) -> None:
    reception.service.register(registrar, FORM)
    assert reception.service.possible_duplicates(registrar, replace(FORM, **typed)) == ()


def test_a_namesake_is_registered_all_the_same_with_another_number(reception: Reception, registrar: Session) -> None:
    """Two people can share name and birth date: the look at duplicates warns and never locks."""
    one = reception.service.register(registrar, FORM)
    two = reception.service.register(registrar, FORM)
    assert one.id != two.id
    assert chart_number(one) != chart_number(two)
    assert len(reception.service.possible_duplicates(registrar, FORM)) == 2


def test_the_second_of_two_people_who_amend_learns_of_the_first_and_nothing_is_lost(reception: Reception) -> None:
    registrar, nurse = reception.as_("registrar"), reception.as_("nurse")
    read_by_both = reception.service.register(registrar, FORM)
    first = reception.service.amend(registrar, read_by_both, replace(FORM, phone="8 702 111 11 11"))
    with pytest.raises(ConflictError) as caught:
        reception.service.amend(nurse, read_by_both, replace(FORM, address="Ақтөбе"))
    assert caught.value.text.render("kk") != caught.value.text.render("en")
    assert reception.service.get(nurse, read_by_both.id) == first
    again = reception.service.amend(nurse, first, replace(form_of(first), address="Ақтөбе"))
    assert (form_of(again).phone, form_of(again).address) == ("8 702 111 11 11", "Ақтөбе")
    assert len(reception.store.records.versions(Patient, first.id)) == 3
    assert len(reception.audited("update")) == 2


def test_of_many_who_amend_at_once_exactly_one_wins(reception: Reception, registrar: Session) -> None:
    patient = reception.service.register(registrar, FORM)

    def amend(number: int) -> bool:
        try:
            reception.service.amend(registrar, patient, replace(FORM, address=f"Көше {number}"))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(amend, range(16)))
    assert won.count(True) == 1
    kept = reception.service.get(registrar, patient.id)
    assert form_of(kept).address == f"Көше {won.index(True)}"
    assert len(reception.store.records.versions(Patient, patient.id)) == 2


def test_chart_numbers_given_by_many_hands_at_once_are_all_different(reception: Reception, registrar: Session) -> None:
    def register(number: int) -> str:
        form = PatientForm("Иванов", f"Иван{'а' * number}", birth_date="02.02.1990", gender="male")
        return chart_number(reception.service.register(registrar, form))

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(register, range(40)))
    assert sorted(numbers) == [f"7F3A-26-{n:06d}" for n in range(1, 41)]


def test_chart_numbers_go_on_after_a_restart_and_start_anew_each_year(tmp_path: Path) -> None:
    clock, given_numbers = FixedClock(), []
    for days in (0, 1, 364, -364):
        clock.advance(days=days)
        with opened(tmp_path, clock=clock) as store:
            if not store.accounts.all():
                set_up(store, "registrar")
            session = People(store, clock, QUICK).sign_in("registrar", PASSWORD)
            service = Registration(store, Trail(store, clock), clock, lambda: "7F3A")
            given_numbers.append(chart_number(service.register(session, replace(FORM, iin=""))))
    assert given_numbers == ["7F3A-26-000001", "7F3A-26-000002", "7F3A-27-000001", "7F3A-26-000003"]


def test_a_form_that_is_refused_uses_up_no_chart_number_and_leaves_no_trace(
    reception: Reception, registrar: Session
) -> None:
    with pytest.raises(InvalidInputError):
        reception.service.register(registrar, replace(FORM, birth_date="06.03.2026"))
    assert reception.store.records.find(Patient) == ()
    assert reception.audited("create") == ()
    assert chart_number(reception.service.register(registrar, FORM)).endswith("000001")


def test_every_read_and_every_write_is_in_the_trail_with_person_role_and_patient(
    reception: Reception, registrar: Session
) -> None:
    patient = reception.service.register(registrar, FORM)
    reception.service.get(registrar, patient.id)
    reception.service.search(registrar, "Өмірзақов")
    reception.service.possible_duplicates(registrar, FORM)
    reception.service.amend(registrar, patient, replace(FORM, address=""))
    assert [len(reception.audited(action)) for action in ("create", "read", "search", "update")] == [1, 1, 2, 1]
    for event in (row for action in ("create", "read", "search", "update") for row in reception.audited(action)):
        assert event.agent[0].name == "registrar"
        assert event.agent[0].role[0].coding[0].code == "registrar"
        assert event.agent[0].who is not None
        assert event.agent[0].who.id == registrar.practitioner_id
        assert [entity.what.id for entity in event.entity if entity.what] == [patient.id]
    assert reception.store.records.broken_audit_row() is None


def test_a_list_of_patients_that_was_read_names_every_one_of_them(reception: Reception, registrar: Session) -> None:
    patients = [reception.service.register(registrar, replace(FORM, iin="")) for _ in range(3)]
    reception.service.search(registrar, "")
    (event,) = reception.audited("search")
    assert {entity.what.id for entity in event.entity if entity.what} == set(ids(tuple(patients)))


def test_an_administrator_sees_and_changes_no_patient(reception: Reception, registrar: Session) -> None:
    patient, admin = reception.service.register(registrar, FORM), reception.as_("admin")
    before = set(reception.store.records.find(AuditEvent, limit=10_000))
    for attempt in (
        lambda: reception.service.search(admin, "Өмірзақов"),
        lambda: reception.service.get(admin, patient.id),
        lambda: reception.service.possible_duplicates(admin, FORM),
        lambda: reception.service.register(admin, FORM),
        lambda: reception.service.amend(admin, patient, FORM),
    ):
        with pytest.raises(NotAllowedError):
            attempt()
    assert reception.store.records.find(Patient) == (patient,)
    noted = set(reception.store.records.find(AuditEvent, limit=10_000)) - before
    assert {event.outcome for event in noted} == {"4"}
    assert len(noted) == 4, "a search and a look for duplicates are the same question"


def test_somebody_who_is_not_here_is_a_sentence(reception: Reception, registrar: Session) -> None:
    for stranger in ("", "nobody", "../../etc/passwd", "x' OR 1=1", "\x00"):
        with pytest.raises(NotFoundError):
            reception.service.get(registrar, stranger)


def test_what_another_system_wrote_into_a_patient_survives_our_form(reception: Reception, registrar: Session) -> None:
    body = (
        b'{"resourceType":"Patient","id":"p1","meta":{"versionId":"1"},"birthDate":"1964","maritalStatus":{"text":"m"},'
        b'"name":[{"family":"Old","given":["A","B","C"],"period":{"start":"2001"}}],'
        b'"address":[{"city":"Aqtobe","postalCode":"030000"}],"telecom":[{"system":"email","value":"a@b"}]}'
    )
    (foreign,) = reception.store.records.receive([body])
    assert isinstance(foreign, Patient)
    shown = form_of(foreign)
    assert (shown.patronymic, shown.birth_date, shown.address) == ("B C", "", "")
    reception.service.amend(registrar, foreign, replace(shown, birth_date="05.03.1964", gender="female"))
    kept = reception.store.records.body(Patient, "p1")
    for member in (b'"maritalStatus":{"text":"m"}', b'"city":"Aqtobe"', b'"postalCode":"030000"', b'"a@b"', b'"2001"'):
        assert member in kept


def test_an_amended_patient_waits_for_the_hub_once_for_each_change(reception: Reception, registrar: Session) -> None:
    patient = reception.service.register(registrar, FORM)
    reception.service.amend(registrar, patient, replace(FORM, phone=""))
    assert len(reception.store.outbox.rows_for("Patient", patient.id)) == 2


def test_a_patient_from_a_package_is_found_although_his_name_came_in_parts(
    reception: Reception, registrar: Session
) -> None:
    """A Mac wrote ``й`` as two signs."""
    foreign = Patient(id="p1", name=(HumanName(family="Аи\u0306ткожин", given=("Андреи\u0306",)),))
    reception.store.records.receive([msgspec.json.encode(foreign)], is_from_hub=False)
    for words in ("Айткожин Андрей", "Аи\u0306ткожин", "aitkozhin andrei"):
        assert ids(reception.service.search(registrar, words)) == ["p1"]


LETTERS = st.text(st.characters(categories=("L", "M", "N", "P", "Z", "C", "S")), max_size=24)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(typed=st.builds(PatientForm, *[LETTERS] * 8), words=LETTERS)
def test_whatever_is_typed_is_saved_and_found_or_refused_with_a_sentence(
    reception: Reception, typed: PatientForm, words: str
) -> None:
    registrar = reception.as_("registrar")
    form = replace(typed, gender="other", birth_date="01.02.2003", iin="", phone="")
    patient, error = outcome(lambda: reception.service.register(registrar, form))
    assert (patient is None) == bool(error and error.text.render("ru"))
    if patient is not None:
        assert form_of(patient) == form_of(reception.service.get(registrar, patient.id))
        assert patient.id in ids(reception.service.search(registrar, patient.full_name, limit=1000))
    reception.service.search(registrar, words)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(first=st.from_regex(r"\A[0-9]{11}\Z"))
def test_any_right_iin_is_kept_and_finds_its_owner(reception: Reception, first: str) -> None:
    digit = check_digit(first)
    if digit is None:
        return
    registrar = reception.as_("registrar")
    patient = reception.service.register(registrar, replace(FORM, iin=f"{first[:6]} {first[6:9]} {first[9:]}{digit}"))
    assert patient.identifier_value(IIN) == f"{first}{digit}"
    assert patient.id in ids(reception.service.search(registrar, f"{first}{digit}", limit=1000))
