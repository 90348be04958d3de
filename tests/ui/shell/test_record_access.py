"""Closed records: shown as closed, opened in an emergency with a reason, marked, and closed again."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QPlainTextEdit, QTableView

from clinic_app.access import Session
from clinic_app.foundation.errors import ConflictError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from clinic_app.registration import PatientForm, is_masked
from clinic_app.registration.confidentiality import masked, with_restriction
from clinic_app.settings import Settings
from clinic_app.workstation import build_workstation
from tests.helpers.clocks import FixedClock
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation
from tests.helpers.held import Held
from tests.helpers.late_runner import LateRunner
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog
from tests.helpers.windows import Desk
from ui import language, theme
from ui.shell.patient_in_hand import PatientInHand
from ui.shell.view_model_record_access import RecordAccessViewModel
from ui.tasks import TaskRunner
from ui.widgets.patient_words import closed_look

FORM = PatientForm(family="Әлібекқызы", given="Гүлнұр", birth_date="05.03.1964", gender="female")
OFFICE_WIDTH = 1366
WORDS = "Есінен танған, туыстары жоқ"


@pytest.fixture
def patient(desk: Desk) -> Patient:
    session = desk.station.people.sign_in("doctor", PASSWORD)
    made = desk.station.registration.register(session, FORM)
    desk.station.registration.closed.add(made.id)
    return made


def _reach(desk: Desk, patient: Patient, login: str = "nurse") -> None:
    desk.enter(login)
    desk.take(masked(patient))
    desk.click("rail.chart")


def _break(desk: Desk, words: str = WORDS) -> None:
    desk.click("closed_record.reason.emergency-treatment")
    desk.find("closed_record.words", QPlainTextEdit).setPlainText(words)
    desk.click("closed_record.open")


def test_a_closed_record_is_named_in_the_banner_and_no_screen_asks_for_it(desk: Desk, patient: Patient) -> None:
    asked = Held(desk.station.encounters, "vitals")
    _reach(desk, patient)
    assert desk.words("banner.name") == "ӘЛІБЕКҚЫЗЫ Гүлнұр"
    assert desk.words("banner.restricted") == "Сіз үшін жабық"
    assert desk.sees("closed_record")
    assert not desk.sees("chart")
    assert asked.calls == []


def test_a_closed_record_is_found_and_marked_in_the_list_and_cannot_be_amended(desk: Desk, patient: Patient) -> None:
    desk.enter("nurse")
    table = desk.find("registration.results", QTableView)
    table.selectRow(0)
    desk.settle()
    shown = desk.window.work.widget_of("patients")._table.rows[0]  # type: ignore[union-attr, attr-defined]
    assert shown.id == patient.id
    assert closed_look(shown) is not None
    assert not desk.find("registration.amend", QAbstractButton).isEnabled()
    desk.keys(Qt.Key.Key_F2)
    assert not desk.sees("registration.family")
    table.activated.emit(table.model().index(0, 0))
    desk.settle()
    assert desk.sees("closed_record")


def test_an_open_record_has_no_mark_in_the_list(patient: Patient) -> None:
    assert closed_look(patient) is None


def test_an_emergency_with_a_reason_opens_the_screen_that_was_wanted(desk: Desk, patient: Patient) -> None:
    _reach(desk, patient)
    _break(desk)
    assert desk.station.break_glass.opened == [("nurse", patient.id, "emergency-treatment", WORDS)]
    assert desk.sees("chart")
    assert "60 минут" in desk.words("emergency.text")
    assert not desk.sees("banner.restricted")


@pytest.mark.parametrize(("reason", "words", "field"), [("", WORDS, "reason"), ("patient-wish", " ", "words")])
def test_without_reason_or_words_nothing_is_opened(
    desk: Desk, patient: Patient, reason: str, words: str, field: str
) -> None:
    _reach(desk, patient)
    if reason:
        desk.click(f"closed_record.reason.{reason}")
    desk.find("closed_record.words", QPlainTextEdit).setPlainText(words)
    desk.click("closed_record.open")
    assert desk.station.break_glass.opened == []
    assert desk.words(f"closed_record.{field}.message") != ""


def test_too_few_words_are_refused_by_the_service_at_the_field(desk: Desk, patient: Patient) -> None:
    _reach(desk, patient)
    _break(desk, "ж")
    assert desk.words("closed_record.words.message") != ""
    assert desk.find("closed_record.words", QPlainTextEdit).toPlainText() == "ж"


def test_enter_and_ctrl_enter_open_nothing(desk: Desk, patient: Patient) -> None:
    _reach(desk, patient)
    desk.click("closed_record.reason.other")
    desk.find("closed_record.words", QPlainTextEdit).setPlainText(WORDS)
    for modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier):
        desk.keys(Qt.Key.Key_Return, modifiers)
    assert desk.station.break_glass.opened == []


def test_the_bar_counts_down_and_ending_puts_the_patient_away(desk: Desk, patient: Patient) -> None:
    _reach(desk, patient)
    _break(desk)
    desk.station.clock.advance(minutes=13, seconds=20)
    assert desk.window.work is not None
    desk.window.work.access.model.look_at_clock()
    assert "47 минут" in desk.words("emergency.text")
    desk.click("emergency.action")
    assert not desk.sees("emergency")
    assert desk.station.break_glass.until == {}
    assert not desk.sees("banner.close")
    assert desk.sees("registration")


def test_after_an_hour_the_record_closes_by_itself(desk: Desk, patient: Patient) -> None:
    _reach(desk, patient)
    _break(desk)
    desk.station.clock.advance(minutes=61)
    assert desk.window.work is not None
    desk.window.work.access.model.look_at_clock()
    desk.settle()
    assert not desk.sees("chart")
    assert not desk.sees("emergency")
    assert desk.words("notice.text") == "Шұғыл ашу мерзімі аяқталды."


def test_another_patient_in_hand_has_no_bar_and_the_first_has_it_again(desk: Desk, patient: Patient) -> None:
    other = desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), FORM)
    _reach(desk, patient)
    _break(desk)
    desk.take(other)
    assert not desk.sees("emergency")
    desk.take(patient)
    assert desk.sees("emergency.text")


def test_a_closed_record_that_is_put_away_leads_back_to_the_first_screen(desk: Desk, patient: Patient) -> None:
    _reach(desk, patient)
    desk.click("banner.close")
    assert desk.sees("registration")
    assert not desk.sees("closed_record")


def test_a_closed_record_while_the_chart_is_in_front_takes_its_place(desk: Desk, patient: Patient) -> None:
    other = desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), FORM)
    desk.enter("nurse")
    desk.take(other)
    desk.click("rail.chart")
    desk.take(masked(patient))
    assert desk.sees("closed_record")
    assert not desk.sees("chart")
    desk.take(other)
    desk.click("rail.chart")
    assert desk.sees("chart")


def test_words_of_one_patient_are_never_left_for_the_next(desk: Desk, patient: Patient) -> None:
    _reach(desk, patient)
    desk.find("closed_record.words", QPlainTextEdit).setPlainText(WORDS)
    desk.click("rail.patients")
    desk.click("rail.chart")
    assert desk.find("closed_record.words", QPlainTextEdit).toPlainText() == ""


def test_endless_words_are_cut(desk: Desk, patient: Patient) -> None:
    _reach(desk, patient)
    editor = desk.find("closed_record.words", QPlainTextEdit)
    editor.setPlainText("x" * 10_000)
    assert len(editor.toPlainText()) == 500


def test_pressed_twice_opens_once(desk: Desk, patient: Patient, watchdog: Watchdog) -> None:
    with watchdog.paused():
        _reach(desk, patient)
        slow = Held(desk.station.break_glass, "open")
        desk.click("closed_record.reason.other")
        desk.find("closed_record.words", QPlainTextEdit).setPlainText(WORDS)
    desk.press("closed_record.open", is_double=True)
    assert not desk.find("closed_record.open", QAbstractButton).isEnabled()
    slow.let_go()
    with watchdog.paused():
        desk.settle()
    assert len(slow.calls) == 1


def test_a_doctor_restricts_a_record_and_lifts_it_again(desk: Desk) -> None:
    session = desk.station.people.sign_in("doctor", PASSWORD)
    made = desk.station.registration.register(session, FORM)
    desk.enter("doctor")
    desk.take(made)
    assert not desk.sees("banner.restricted")
    desk.click("banner.restrict")
    assert desk.cursor == "restriction.no"
    desk.click("restriction.yes")
    assert desk.words("banner.restricted") == "Шектеулі жазба"
    assert desk.words("notice.text") == "Жазба енді жабық."
    desk.click("banner.restrict")
    desk.click("restriction.yes")
    assert not desk.sees("banner.restricted")


def test_enter_and_esc_on_the_question_restrict_nothing(desk: Desk) -> None:
    made = desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), FORM)
    desk.enter("doctor")
    desk.take(made)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        desk.click("banner.restrict")
        desk.keys(key)
        assert not desk.sees("restriction")
    assert not desk.sees("banner.restricted")


def test_a_question_about_one_patient_is_gone_with_him(desk: Desk) -> None:
    made = desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), FORM)
    desk.enter("doctor")
    desk.take(made)
    desk.click("banner.restrict")
    desk.click("banner.close")
    assert not desk.sees("restriction")


@pytest.mark.parametrize("login", ["nurse", "registrar"])
def test_who_may_not_restrict_is_not_offered_it(desk: Desk, login: str) -> None:
    made = desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), FORM)
    desk.enter(login)
    desk.take(made)
    assert not desk.sees("banner.restrict")


def test_a_restriction_that_somebody_was_quicker_with_is_said(desk: Desk) -> None:
    made = desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), FORM)
    desk.enter("doctor")
    desk.take(made)
    broken = Held(desk.station.registration, "restrict", ConflictError(Text("Nobody yet")))
    desk.click("banner.restrict")
    desk.press("restriction.yes")
    broken.let_go()
    desk.settle()
    assert desk.words("notice.text") == "Әзірге ешкім жоқ"


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_everything_is_said_in_every_language_and_the_window_keeps_its_width(
    desk: Desk, qapp: QApplication, patient: Patient, code: str, shade: str
) -> None:
    _reach(desk, patient)
    language.use(code)  # type: ignore[arg-type]
    theme.apply(qapp, shade)  # type: ignore[arg-type]
    desk.settle()
    assert desk.window.minimumSizeHint().width() <= OFFICE_WIDTH
    for name in ("closed_record.open", "closed_record.reason.patient-wish", "closed_record.reason.other"):
        button = desk.find(name, QAbstractButton)
        assert button.accessibleName() != ""
        wait_until(lambda b=button: b.width() >= b.minimumSizeHint().width(), what=f"{name} to show its words")
    _break(desk)
    assert desk.sees("emergency.text")
    assert desk.window.minimumSizeHint().width() <= OFFICE_WIDTH


class Bedside:
    """The model with a background that answers when a test wants."""

    def __init__(self, role: str = "nurse") -> None:
        self.station = FakeWorkstation()
        self.runner = LateRunner()
        self.hand = PatientInHand()
        self.session = Session("p", "Жүнісова Іңкәр", role, role, "org", "Ырғыз АА")  # type: ignore[arg-type]
        self.model = RecordAccessViewModel(
            self.station,  # type: ignore[arg-type]
            self.runner.as_runner,
            self.session,
            self.hand,
        )
        doctor = Session("d", "Өмірзақ", "doctor", "doctor", "org", "Ырғыз АА")
        self.patient = self.station.registration.register(doctor, FORM)
        self.other = self.station.registration.register(doctor, FORM)
        self.station.registration.closed.add(self.patient.id)


def test_a_record_opened_too_late_does_not_come_into_the_hand_of_the_next_patient() -> None:
    bed = Bedside()
    bed.hand.take(masked(bed.patient))
    bed.model.open("other", WORDS)
    bed.hand.take(bed.other)
    bed.runner.answer_all()
    assert bed.hand.patient == bed.other
    assert bed.model.until_at is None


def test_an_ended_emergency_does_not_put_the_next_patient_away() -> None:
    bed = Bedside()
    bed.hand.take(masked(bed.patient))
    bed.model.open("other", WORDS)
    bed.runner.answer_all()
    assert bed.model.until_at is not None
    bed.model.end()
    bed.hand.take(bed.other)
    bed.runner.answer_all()
    assert bed.hand.patient == bed.other


def test_a_registrar_is_never_asked_about_emergencies() -> None:
    bed = Bedside("registrar")
    bed.hand.take(bed.other)
    assert bed.runner.waiting == []
    assert not bed.model.may_open


def test_without_a_closed_record_nothing_is_opened_and_without_an_emergency_nothing_ended() -> None:
    bed = Bedside()
    bed.model.open("other", WORDS)
    bed.model.end()
    bed.model.restrict(is_restricted=True)
    assert bed.runner.waiting == []


def test_a_hand_holds_no_closed_record() -> None:
    bed = Bedside()
    heard: list[bool] = []
    bed.hand.changed.connect(lambda: heard.append(True))
    bed.hand.take(masked(bed.patient))
    assert bed.hand.patient is None
    assert bed.hand.closed is not None
    assert is_masked(bed.hand.closed)
    bed.hand.take(with_restriction(bed.patient, is_restricted=True))
    assert bed.hand.patient is not None
    assert bed.hand.closed is None
    assert len(heard) == 2


def test_the_minutes_left_count_the_begun_one() -> None:
    bed = Bedside()
    bed.hand.take(masked(bed.patient))
    bed.model.open("other", WORDS)
    bed.runner.answer_all()
    assert bed.model.minutes_left == 60
    bed.station.clock.advance(minutes=59, seconds=30)
    assert bed.model.minutes_left == 1
    bed.station.clock.advance(hours=5)
    assert bed.model.minutes_left == 0


def test_over_the_real_store_a_restricted_record_is_closed_opened_and_judged(
    qapp: QApplication, tmp_path: Path
) -> None:
    language.use("kk")
    theme.apply(qapp, "light")
    settings = Settings(tmp_path, {"key_storage": "file", "reserve_mb": 0, "lock_after_s": 0})
    station = build_workstation(settings, FixedClock())
    station.set_up("Ырғыз АА", "Петров", "it", PASSWORD)
    admin = station.people.sign_in("it", PASSWORD)
    for login, role in (("doctor", "doctor"), ("nurse", "nurse"), ("auditor", "auditor")):
        station.people.add(admin, login, PASSWORD, f"{login} here", role)  # type: ignore[arg-type]
    doctor = station.people.sign_in("doctor", PASSWORD)
    made = station.registration.register(doctor, FORM)
    station.encounters.record_allergy(doctor, made.id, "пенициллин")
    station.registration.restrict(doctor, made, True)
    desk = Desk(cast("FakeWorkstation", station), TaskRunner(2))
    try:
        desk.enter("nurse")
        desk.take(station.registration.search(desk.window.session, "Әлібекқызы")[0])  # type: ignore[arg-type]
        desk.click("rail.chart")
        assert desk.sees("closed_record")
        assert "пенициллин" not in "".join(each.text() for each in desk.labels())
        _break(desk)
        assert desk.sees("emergency.text")
        assert "пенициллин" in desk.words("banner.allergies")
        desk.click("emergency.action")
        desk.click("status.sign_out")
        desk.enter("auditor")
        desk.window.work.widget_of("audit")._tabs.setCurrentIndex(1)  # type: ignore[union-attr, attr-defined]
        desk.settle()
        assert WORDS in desk.words("reviews.facts")
        desk.click("reviews.justified")
        assert desk.sees("reviews.list.empty")
    finally:
        desk.close()
        station.close()


def test_it_is_the_same_window_after_the_lock(desk: Desk, patient: Patient) -> None:
    _reach(desk, patient)
    _break(desk)
    desk.window.lock()
    desk.settle()
    assert not desk.sees("emergency")
    desk.type("lock.password", PASSWORD)
    desk.click("lock.enter")
    assert desk.sees("emergency.text")
