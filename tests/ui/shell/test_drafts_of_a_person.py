"""What is typed and not saved survives lock, sign-out, a closed window and a power cut; for one's own eyes only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import SIGNAL, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from clinic_app.access import Draft, Session
from clinic_app.foundation.errors import DiskFullError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from clinic_app.registration import PatientForm
from tests.helpers.clocks import NOON
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation, staffed
from tests.helpers.held import Held
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog
from tests.helpers.windows import Desk
from ui import language
from ui.shell.leave_question import LeaveQuestion
from ui.shell.work_page import WorkPage

OpenDesk = Callable[[FakeWorkstation], Desk]
FORM = PatientForm(family="Әлібекқызы", given="Гүлнұр", birth_date="05.03.1964", gender="female")
FULL = DiskFullError(Text("Type family name and given name."))
"""Any error with a sentence that is translated."""


def _type_new_patient(desk: Desk) -> None:
    desk.click("registration.new")
    desk.type("registration.family", "Өтегенова")
    desk.type("registration.phone", "+7 701 000")


def _take_patient(desk: Desk) -> None:
    doctor = desk.station.people.sign_in("doctor", PASSWORD)
    desk.take(desk.station.registration.register(doctor, FORM))


def _kept(desk: Desk, login: str = "registrar") -> list[dict[str, str]]:
    return [draft.values for draft in desk.station.drafts.values.get(login, ())]


def _text(desk: Desk, name: str) -> str:
    return desk.find(name, QLineEdit).text()


def _unlock(desk: Desk) -> None:
    desk.type("lock.password", PASSWORD)
    desk.click("lock.enter")


def test_a_form_with_nothing_typed_is_no_draft(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    desk.click("status.lock")
    assert _kept(desk) == []


def test_the_lock_keeps_what_is_typed_on_the_disk(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.click("status.lock")
    (words,) = _kept(desk)
    assert (words["family"], words["phone"]) == ("Өтегенова", "+7 701 000")
    _unlock(desk)
    assert _text(desk, "registration.family") == "Өтегенова"
    assert not desk.sees("drafts.go_on"), "what stands in the form does not wait anywhere else"


def test_what_is_saved_is_a_draft_no_longer(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.click("status.lock")
    _unlock(desk)
    for key, words in {"given": "Қарлығаш", "birth_date": "03.07.1987"}.items():
        desk.type(f"registration.{key}", words)
    desk.click("registration.gender.female")
    desk.click("registration.save")
    desk.click("status.lock")
    assert _kept(desk) == []


def test_after_a_power_cut_one_goes_on_where_the_timer_kept_it(open_desk: OpenDesk) -> None:
    station = staffed()
    desk = open_desk(station)
    desk.enter("registrar")
    _type_new_patient(desk)
    timer = _work(desk)._keep
    assert timer.isActive()
    assert timer.interval() == 10_000
    timer.timeout.emit()
    desk.settle()
    later = staffed()
    later.drafts = station.drafts
    again = open_desk(later)
    again.enter("registrar")
    assert "Өтегенова" in again.words("drafts.text")
    again.click("drafts.go_on")
    assert _text(again, "registration.phone") == "+7 701 000"
    assert not again.sees("drafts.go_on")


def _work(desk: Desk) -> WorkPage:
    work = desk.window.work
    assert work is not None
    return work


def test_signing_out_with_nothing_typed_asks_nothing(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("status.sign_out")
    assert desk.sees("sign_in.login")


def test_signing_out_with_something_typed_asks_and_names_it(desk: Desk) -> None:
    language.use("en")
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.click("status.sign_out")
    question = desk.find("leave", LeaveQuestion)
    assert "You had begun to register Өтегенова" in _all_words(question)
    assert desk.window.session is not None
    desk.click("leave.stay")
    assert _text(desk, "registration.family") == "Өтегенова"


def _all_words(question: QWidget) -> str:
    """Return everything a question says."""
    return " ".join(str(each.property("text")) for each in question.findChildren(QWidget) if each.property("text"))


def test_a_question_asked_twice_stands_once(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.press("status.sign_out")
    desk.window.ask_sign_out()
    desk.window.close()
    desk.settle()
    assert len(desk.window.findChildren(LeaveQuestion)) == 1
    desk.click("leave.stay")


def test_enter_and_esc_throw_nothing_away(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
        desk.press("status.sign_out")
        question = desk.find("leave", LeaveQuestion)
        question.activateWindow()
        wait_until(question.isActiveWindow)
        _press(question, key)
        wait_until(lambda: not desk.sees("leave"))
        desk.settle()
        assert desk.window.session is not None
        assert _text(desk, "registration.family") == "Өтегенова"


def _press(question: QWidget, key: Qt.Key) -> None:
    """Press a key in a question."""
    QTest.keyClick(question.windowHandle(), key)


def test_kept_as_a_draft_it_waits_for_its_owner_alone(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.click("status.sign_out")
    desk.click("leave.keep")
    assert desk.window.session is None
    assert len(_kept(desk)) == 1
    desk.enter("nurse")
    assert not desk.sees("drafts.go_on")
    assert "тегенова" not in _everything(desk).casefold()
    desk.click("status.sign_out")
    desk.enter("registrar")
    assert "Өтегенова" in desk.words("drafts.text")


def _everything(desk: Desk) -> str:
    seen = [each for each in desk.window.findChildren(QWidget) if each.isVisible()]
    return " ".join(f"{each.property('text')} {each.toolTip()} {each.accessibleName()}" for each in seen)


def test_thrown_away_it_is_gone(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.click("status.lock")
    _unlock(desk)
    desk.click("status.sign_out")
    desk.click("leave.discard")
    assert desk.window.session is None
    desk.settle()
    assert _kept(desk) == []
    desk.enter("registrar")
    assert not desk.sees("drafts.go_on")


def test_closing_the_window_asks_too_and_keeps(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.window.close()
    desk.settle()
    assert desk.window.isVisible()
    desk.press("leave.keep")
    wait_until(lambda: not desk.window.isVisible(), what="the window to close")
    assert len(_kept(desk)) == 1


def test_closing_the_window_can_throw_away(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.click("status.lock")
    _unlock(desk)
    desk.window.close()
    desk.settle()
    desk.press("leave.discard")
    wait_until(lambda: not desk.window.isVisible(), what="the window to close")
    assert _kept(desk) == []


def test_a_locked_window_closes_without_a_question_once_the_draft_is_on_the_disk(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    slow = Held(desk.station.drafts, "keep")
    desk.press("status.lock")
    slow.wait_for_calls()
    desk.window.close()
    assert desk.window.isVisible(), "the draft is still on its way"
    slow.let_go()
    wait_until(lambda: not desk.window.isVisible(), what="the window to close")
    assert len(_kept(desk)) == 1


def test_the_end_of_the_computers_session_waits_for_the_draft_and_asks_nobody(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.window._leaving.say_farewell()
    assert len(_kept(desk)) == 1
    assert not desk.sees("leave")
    desk.window.close()
    assert not desk.window.isVisible()


def test_the_end_of_the_session_is_heard(desk: Desk) -> None:
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication)
    assert application.receivers(SIGNAL("commitDataRequest(QSessionManager&)")) >= 1


def test_a_full_disk_is_said_once_and_nobody_leaves_by_mistake(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.station.drafts.refusal = FULL
    desk.click("status.sign_out")
    desk.click("leave.keep")
    assert desk.window.session is not None
    assert desk.words("notice.text") == FULL.text.render("kk")
    desk.click("notice.close")
    _work(desk).keep_drafts()
    desk.settle()
    assert not desk.sees("notice"), "it was said once"
    desk.station.drafts.refusal = None
    desk.click("status.sign_out")
    desk.click("leave.keep")
    assert desk.window.session is None
    assert len(_kept(desk)) == 1


def test_a_locked_window_on_a_full_disk_can_be_closed_all_the_same(desk: Desk) -> None:
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.station.drafts.refusal = FULL
    desk.click("status.lock")
    desk.window.close()
    wait_until(lambda: not desk.window.isVisible(), what="the window to close")


def test_of_many_letters_only_the_newest_words_are_written_and_never_an_older_after_them(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    written: list[str] = []
    quick = desk.station.drafts.keep

    def keep(session: Session, drafts: Sequence[Draft]) -> None:
        written.extend(draft.values["family"] for draft in drafts)
        quick(session, drafts)

    desk.station.drafts.keep = keep  # type: ignore[method-assign]
    slow = Held(desk.station.drafts, "keep")
    for words in ("Ө", "Өт", "Өте", "Өтегенова"):
        desk.type("registration.family", words)
        _work(desk).keep_drafts()
    slow.let_go()
    desk.settle()
    assert written == ["Ө", "Өтегенова"]
    assert _kept(desk)[0]["family"] == "Өтегенова"


def test_vital_signs_are_put_by_when_another_patient_comes_and_come_back_with_theirs(desk: Desk) -> None:
    desk.enter("doctor")
    _take_patient(desk)
    first = desk.station.registration.patients[0]
    desk.click("rail.chart")
    desk.type("chart.systolic", "120")
    desk.type("chart.allergy", "йод")
    second = _another(desk)
    desk.take(second)
    assert _text(desk, "chart.systolic") == ""
    assert "Әлібекқызы" in desk.words("drafts.text")
    assert _kept(desk, "doctor") == [{"systolic": "120", "allergy": "йод"}]
    desk.click("drafts.go_on")
    hand = _work(desk)._context.hand.patient
    assert hand is not None
    assert hand.id == first.id
    assert (_text(desk, "chart.systolic"), _text(desk, "chart.allergy")) == ("120", "йод")
    assert not desk.sees("drafts.go_on")


def _another(desk: Desk) -> Patient:
    doctor = desk.station.people.sign_in("doctor", PASSWORD)
    return desk.station.registration.register(
        doctor, PatientForm(family="Ким", given="Анна", birth_date="05.03.1970", gender="female")
    )


def test_a_draft_does_not_cover_what_is_being_typed(desk: Desk) -> None:
    desk.station.drafts.values["registrar"] = (
        Draft(kind="register", name="Ким", values={"family": "Ким"}, id="1", begun_at=NOON),
    )
    desk.enter("registrar")
    _type_new_patient(desk)
    desk.click("drafts.go_on")
    assert _text(desk, "registration.family") == "Өтегенова"
    assert desk.sees("drafts.go_on")
    assert desk.sees("notice.text")


def test_throwing_a_waiting_draft_away_takes_two_presses_and_enter_is_the_safe_one(desk: Desk) -> None:
    desk.station.drafts.values["registrar"] = (
        Draft(kind="register", name="Ким", values={"family": "Ким"}, id="1", begun_at=NOON),
    )
    desk.enter("registrar")
    desk.click("drafts.throw_away")
    assert desk.cursor == "drafts.keep"
    desk.click("drafts.keep")
    assert len(_kept(desk)) == 1
    desk.click("drafts.throw_away")
    desk.click("drafts.throw_away")
    assert not desk.sees("drafts.go_on")
    assert _kept(desk) == []


def test_several_drafts_wait_in_a_line_the_newest_first(desk: Desk) -> None:
    language.use("en")
    desk.station.drafts.values["registrar"] = tuple(
        Draft(kind="register", name=name, values={"family": name}, id=name, begun_at=NOON) for name in ("Ким", "Цой")
    )
    desk.enter("registrar")
    assert "Цой" in desk.words("drafts.text")
    assert desk.words("drafts.more") == "and 1 more"
    desk.click("drafts.throw_away")
    desk.click("drafts.throw_away")
    assert "Ким" in desk.words("drafts.text")
    assert not desk.sees("drafts.more")


def test_a_draft_of_a_screen_the_role_has_not_is_kept_and_not_shown(desk: Desk) -> None:
    draft = Draft(kind="referral", patient_id="p", name="Ким", values={"question": "?"}, id="1", begun_at=NOON)
    foreign = Draft(kind="from a later version", id="2")
    desk.station.drafts.values["registrar"] = (draft, foreign)
    desk.enter("registrar")
    assert not desk.sees("drafts.go_on")
    _type_new_patient(desk)
    desk.click("status.lock")
    assert desk.station.drafts.values["registrar"][:2] == (draft, foreign)


def test_a_patient_who_cannot_be_read_leaves_the_draft_waiting(desk: Desk) -> None:
    draft = Draft(kind="vitals", patient_id="gone", name="Ким", values={"systolic": "120"}, id="1", begun_at=NOON)
    desk.station.drafts.values["doctor"] = (draft,)
    desk.enter("doctor")
    desk.click("drafts.go_on")
    assert desk.sees("notice.text")
    assert desk.sees("drafts.go_on")
    assert desk.station.drafts.values["doctor"] == (draft,)


def test_an_amended_patient_is_in_hand_when_his_draft_comes_back(desk: Desk) -> None:
    desk.enter("registrar")
    _take_patient(desk)
    desk.keys(Qt.Key.Key_F2)
    desk.type("registration.address", "Абай көшесі 1")
    desk.click("status.sign_out")
    desk.click("leave.keep")
    desk.enter("registrar")
    desk.click("drafts.go_on")
    assert desk.words("banner.name") == "ӘЛІБЕКҚЫЗЫ Гүлнұр"
    assert _text(desk, "registration.address") == "Абай көшесі 1"
    desk.click("registration.save")
    assert len(desk.station.registration.patients) == 1
    desk.click("status.lock")
    assert _kept(desk) == []


def test_the_sentence_of_a_draft_follows_the_language(desk: Desk) -> None:
    desk.station.drafts.values["registrar"] = (Draft(kind="register", name="Ким", id="1", begun_at=NOON),)
    desk.enter("registrar")
    said = []
    for code in ("kk", "ru", "en"):
        language.use(code)  # type: ignore[arg-type]
        desk.settle()
        said.append(desk.words("drafts.text"))
    assert len(set(said)) == 3
    assert all("Ким" in each for each in said)


def test_keeping_drafts_never_holds_the_window_up(desk: Desk, watchdog: Watchdog) -> None:
    with watchdog.paused():
        desk.enter("doctor")
        _take_patient(desk)
        for key in ("patients", "chart", "signals", "referrals"):
            desk.click(f"rail.{key}")
        desk.click("rail.chart")
        desk.type("chart.systolic", "120")
    for _each in range(5):
        _work(desk).keep_drafts()
        desk.settle()
    assert _kept(desk, "doctor") == [{"systolic": "120"}]


class _Hours:
    """Recordings of hours, as far as whoever leaves asks for them."""

    def __init__(self) -> None:
        self.run: tuple[object, ...] = (object(),)

    def running(self) -> tuple[object, ...]:
        return self.run


def test_closing_asks_while_a_monitor_is_recorded_and_signing_out_does_not(desk: Desk) -> None:
    desk.enter("registrar")
    hours = _Hours()
    desk.station.long_recordings = hours  # type: ignore[assignment]
    desk.window.close()
    (question,) = desk.window.findChildren(LeaveQuestion)
    assert question.isVisible()
    assert desk.window.isVisible()
    assert not desk.sees("leave.discard"), "there is nothing to be thrown away"
    desk.click("leave.stay")
    assert desk.window.isVisible()
    desk.click("status.sign_out")
    assert desk.window.work is None, "the recording goes on without anybody"
    desk.enter("registrar")
    desk.window.close()
    desk.press("leave.keep")
    wait_until(lambda: not desk.window.isVisible(), what="the window to be closed")


def test_closing_asks_nothing_where_nothing_is_recorded(desk: Desk) -> None:
    desk.enter("registrar")
    hours = _Hours()
    hours.run = ()
    desk.station.long_recordings = hours  # type: ignore[assignment]
    desk.window.close()
    wait_until(lambda: not desk.window.isVisible(), what="the window to be closed")
