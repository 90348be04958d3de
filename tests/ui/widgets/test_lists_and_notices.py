"""Tables with their empty states, chips, notices, waits and the patient's banner."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.terminology.systems import CHART_NUMBER, IIN
from ui import language
from ui.widgets.busy_line import BusyLine
from ui.widgets.chip import Chip, ChipLook, chip_width
from ui.widgets.labels import label
from ui.widgets.notice import NoticeBar
from ui.widgets.patient_banner import PatientBanner
from ui.widgets.record_table import Column, RecordTable

PATIENT = Patient(
    id="p1",
    name=(HumanName(family="Әлібекқызы", given=("Гүлнұр", "Ғабитқызы")),),
    gender="female",
    birth_date="1964-03-05",
    identifier=(Identifier(system=IIN, value="640305400123"), Identifier(system=CHART_NUMBER, value="AKT-26-000123")),
)


def _table(qtbot: QtBot) -> RecordTable[str]:
    table: RecordTable[str] = RecordTable(
        "words",
        (
            Column(lambda: "Word", lambda word: word, is_strong=True),
            Column(lambda: "State", lambda word: "long", lambda word: ChipLook("long", "warn"), width=120),
        ),
    )
    qtbot.addWidget(table)
    table.empty.say("No words", "Type one.", "Type")
    return table


def test_an_empty_table_says_what_to_do_next(qtbot: QtBot) -> None:
    table = _table(qtbot)
    assert table.currentWidget() is table.empty
    assert table.empty.title() == "No words"
    assert not table.empty.action.isHidden()


def test_rows_take_the_place_of_the_empty_state_and_give_it_back(qtbot: QtBot) -> None:
    table = _table(qtbot)
    table.show_rows(("дала", "тау"))
    assert table.currentWidget() is table.view
    table.show_rows(())
    assert table.currentWidget() is table.empty


def test_enter_opens_the_row_the_cursor_is_on(qtbot: QtBot) -> None:
    table = _table(qtbot)
    table.show_rows(("дала", "тау"))
    table.show()
    opened: list[str] = []
    table.chosen.connect(opened.append)
    table.view.selectRow(1)
    qtbot.keyClick(table.view, Qt.Key.Key_Return)
    assert opened == ["тау"]


def test_the_cursor_stays_on_its_row_when_the_rows_are_read_anew(qtbot: QtBot) -> None:
    table = _table(qtbot)
    table.show_rows(("дала", "тау"))
    table.view.selectRow(1)
    table.show_rows(("дала", "тау", "өзен"))
    assert table.current_row() == "тау"


def test_a_cell_tells_a_screen_reader_its_column(qtbot: QtBot) -> None:
    table = _table(qtbot)
    table.show_rows(("дала",))
    index = table.view.model().index(0, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Word: дала"


def test_a_chip_is_wide_enough_for_its_words(qtbot: QtBot) -> None:
    chip = Chip("state", ChipLook("Кардиолог оқып жатыр", "info", "eye"))
    qtbot.addWidget(chip)
    assert chip.sizeHint().width() >= QFontMetricsF(chip.font()).horizontalAdvance("Кардиолог оқып") + 18
    assert chip.sizeHint().width() >= chip_width(chip.look, chip.font())


def test_good_news_leave_by_themselves_and_warnings_stay(qtbot: QtBot) -> None:
    notice = NoticeBar()
    qtbot.addWidget(notice)
    notice.show_notice("Saved", "ok")
    assert notice._leave.isActive()
    notice.show_notice("No room on the disk", "warn")
    assert not notice._leave.isActive()
    assert notice.text() == "No room on the disk"
    qtbot.mouseClick(notice._close, Qt.MouseButton.LeftButton)
    assert notice.text() == ""


def test_words_of_a_file_are_never_read_as_markup(qtbot: QtBot) -> None:
    hostile = label("body", "<img src=x><b>bold</b>")
    qtbot.addWidget(hostile)
    assert hostile.textFormat() == Qt.TextFormat.PlainText


def test_a_wait_says_for_what_and_can_be_left(qtbot: QtBot) -> None:
    wait = BusyLine("import")
    qtbot.addWidget(wait)
    assert wait.isHidden()
    wait.begin("Reading 120 files", can_cancel=True)
    assert not wait.isHidden()
    with qtbot.waitSignal(wait.cancelled):
        wait.findChild(QPushButton, "import.cancel").click()
    wait.end()
    assert wait.isHidden()


def test_the_banner_shows_three_identifiers_and_never_cuts_the_name(qtbot: QtBot) -> None:
    language.use("kk")
    banner = PatientBanner()
    qtbot.addWidget(banner)
    banner.resize(1076, 70)
    banner.show_patient(PATIENT, ("пенициллин", "йод"))
    banner.show()
    texts = [part.text() for part in banner.findChildren(type(banner._name)) if part.isVisible()]
    assert "ӘЛІБЕКҚЫЗЫ Гүлнұр Ғабитқызы" in texts
    assert "640305 400 123" in texts
    assert any(words.startswith("05.03.1964 (") for words in texts)
    assert "Аллергия: пенициллин, йод" in texts
    name = banner._name
    assert name.heightForWidth(name.width()) <= name.height()


def test_the_banner_says_when_nobody_is_in_hand(qtbot: QtBot) -> None:
    language.use("en")
    banner = PatientBanner()
    qtbot.addWidget(banner)
    banner.show_patient(PATIENT)
    banner.show_patient(None)
    assert banner._name.text().startswith("No patient in hand")
    assert banner._close.isHidden()
    language.use("kk")
