"""The parts of the windows with hostile words, thousands of rows, and keys that are held too long."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QTextDocument
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from clinic_app.foundation.texts import Language, Text
from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.registration.confidentiality import with_restriction
from clinic_app.terminology.systems import CHART_NUMBER, IIN
from tests.helpers.watchdog import Watchdog
from ui import language, theme
from ui.widgets.buttons import Button
from ui.widgets.chip import Chip, ChipLook
from ui.widgets.empty_state import EmptyState
from ui.widgets.form_field import LONGEST, FormField
from ui.widgets.labels import breakable, plain_tip
from ui.widgets.notice import NoticeBar
from ui.widgets.page import Page
from ui.widgets.patient_banner import PatientBanner
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.search_field import SearchField
from ui.widgets.standstill import Standstill

ENTER = Qt.Key.Key_Return
HOSTILE = '<img src="file://stranger/share/x.png"><b>ЖҮНІСОВА</b>'


@dataclass(frozen=True)
class Row:
    """A record with an id and words that change."""

    id: str
    words: str


def _table(qtbot: QtBot) -> RecordTable[Row]:
    table: RecordTable[Row] = RecordTable("rows", (Column(lambda: "Words", lambda row: row.words),))
    qtbot.addWidget(table)
    table.show()
    return table


def _hold(widget: QWidget, key: Qt.Key, times: int = 8) -> None:
    for number in range(times):
        event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", number > 0)
        QApplication.sendEvent(widget, event)


def test_the_cursor_stays_on_its_record_when_a_newer_one_comes_on_top(qtbot: QtBot) -> None:
    table = _table(qtbot)
    table.show_rows((Row("1", "Петров"), Row("2", "Сидорова")))
    table.view.selectRow(0)
    table.show_rows((Row("3", "Нурланов"), Row("1", "Петров"), Row("2", "Сидорова")))
    assert table.current_row() == Row("1", "Петров")


def test_the_cursor_stays_on_a_newer_version_of_its_record(qtbot: QtBot) -> None:
    table = _table(qtbot)
    table.show_rows((Row("1", "Петров"), Row("2", "Сидорова")))
    table.view.selectRow(1)
    table.show_rows((Row("2", "Сидорова-Ким"), Row("1", "Петров")))
    assert table.current_row() == Row("2", "Сидорова-Ким")


def test_the_cursor_never_slips_to_another_record_when_its_own_is_gone(qtbot: QtBot) -> None:
    table = _table(qtbot)
    told: list[Row | None] = []
    table.show_rows((Row("1", "Петров"), Row("2", "Сидорова")))
    table.view.selectRow(0)
    table.selected.connect(told.append)
    table.show_rows((Row("2", "Сидорова"),))
    assert table.current_row() is None
    assert told == [None]


def test_a_table_may_be_told_how_its_records_are_known(qtbot: QtBot) -> None:
    table: RecordTable[tuple[str, int]] = RecordTable(
        "pairs", (Column(lambda: "Pair", lambda row: row[0]),), key=lambda row: row[0]
    )
    qtbot.addWidget(table)
    table.show_rows((("a", 1), ("b", 1)))
    table.view.selectRow(1)
    table.show_rows((("b", 2), ("a", 2)))
    assert table.current_row() == ("b", 2)


def test_enter_held_down_from_the_field_before_opens_nothing(qtbot: QtBot) -> None:
    table = _table(qtbot)
    opened: list[Row] = []
    table.chosen.connect(opened.append)
    table.show_rows((Row("1", "Петров"),))
    table.view.selectRow(0)
    QApplication.sendEvent(table.view, QKeyEvent(QEvent.Type.KeyPress, ENTER, Qt.KeyboardModifier.NoModifier, "", True))
    assert opened == []


def test_enter_held_down_on_a_row_opens_it_once(qtbot: QtBot) -> None:
    table = _table(qtbot)
    opened: list[Row] = []
    table.chosen.connect(opened.append)
    table.show_rows((Row("1", "Петров"),))
    table.view.selectRow(0)
    _hold(table.view, ENTER)
    assert opened == [Row("1", "Петров")]


def test_enter_held_down_on_a_button_presses_it_once(qtbot: QtBot) -> None:
    button, pressed = Button("save"), []
    qtbot.addWidget(button)
    button.clicked.connect(lambda: pressed.append(1))
    _hold(button, ENTER)
    assert pressed == [1]


def test_enter_of_the_number_block_presses_a_button_too(qtbot: QtBot) -> None:
    button, pressed = Button("save"), []
    qtbot.addWidget(button)
    button.clicked.connect(lambda: pressed.append(1))
    qtbot.keyClick(button, Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert pressed == [1]


def test_enter_held_down_in_the_search_asks_once(qtbot: QtBot) -> None:
    field, asked = SearchField("search"), []
    qtbot.addWidget(field)
    field.searched.connect(asked.append)
    field.setText("иванов")
    _hold(field, ENTER)
    assert asked == ["иванов"]


def test_keys_of_a_page_do_not_repeat(qtbot: QtBot) -> None:
    page, done = Page("page"), []
    qtbot.addWidget(page)
    page.primary_shortcut(lambda: done.append(1))
    page.show()
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    window = page.windowHandle()
    assert window is not None
    for number in range(6):
        event = QKeyEvent(QEvent.Type.KeyPress, ENTER, Qt.KeyboardModifier.ControlModifier, "", number > 0)
        QGuiApplication.sendEvent(window, event)
    assert done == [1]


def test_a_book_pasted_into_a_field_is_cut(qtbot: QtBot) -> None:
    editor, search = QLineEdit(), SearchField("search")
    field = FormField(editor, "person.family")
    for each in (field, search):
        qtbot.addWidget(each)
    for line in (editor, search):
        line.insert("Ә" * 30_000)
        assert len(line.text()) <= LONGEST


def test_a_field_that_is_shorter_already_stays_so(qtbot: QtBot) -> None:
    editor = QLineEdit()
    editor.setMaxLength(16)
    field = FormField(editor, "person.birth_date")
    qtbot.addWidget(field)
    assert editor.maxLength() == 16


@pytest.mark.parametrize("words", [HOSTILE, "a < b", "<qt>x</qt>", "&lt;b&gt; <i>"])
def test_a_tool_tip_shows_a_strangers_words_as_they_are(qapp: object, words: str) -> None:
    shown = QTextDocument()
    shown.setHtml(plain_tip(words))
    assert shown.toPlainText() == words


def test_a_plain_tool_tip_stays_plain(qapp: object) -> None:
    assert plain_tip("Петров & сыновья") == "Петров & сыновья"


def test_chips_and_cells_hand_no_markup_to_their_tool_tips(qtbot: QtBot) -> None:
    chip, table = Chip("state", ChipLook(HOSTILE)), _table(qtbot)
    qtbot.addWidget(chip)
    table.show_rows((Row("1", HOSTILE),))
    index = table.view.model().index(0, 0)
    for tip in (chip.toolTip(), index.data(Qt.ItemDataRole.ToolTipRole)):
        assert "<img" not in tip
        assert "&lt;img" in tip
    assert index.data() == HOSTILE


def test_an_ampersand_in_a_name_is_not_taken_for_a_key(qtbot: QtBot) -> None:
    button = Button("open")
    qtbot.addWidget(button)
    button.say("Open Smith & Sons")
    assert button.text() == "Open Smith && Sons"
    assert button.shortcut().isEmpty()
    assert button.accessibleName() == "Open Smith & Sons"


def test_only_words_no_language_has_are_broken(qapp: object) -> None:
    usual = "қанағаттандырылмағандықтарыңыздан Нұрмағамбетов-Төлегенов"
    assert breakable("Нұрмағамбетов-Төлегенов  Ерғали") == "Нұрмағамбетов-Төлегенов  Ерғали"
    assert breakable(usual).replace("\u200b", "") == usual
    assert max(map(len, breakable("Ә" * 900).split("\u200b"))) <= 12
    assert breakable("") == ""


@pytest.mark.parametrize("words", ["Ә" * 4000, ("Шымкент " * 400).strip(), "https://" + "x" * 2000])
def test_no_words_widen_a_notice_a_message_or_an_empty_list_beyond_the_window(qtbot: QtBot, words: str) -> None:
    notice, empty, field = NoticeBar("n"), EmptyState("e", "inbox"), FormField(QLineEdit(), "f")
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    for part in (notice, empty, field):
        column.addWidget(part)
    page.show()
    notice.show_notice(words, "warn")
    empty.say(words, words)
    field.set_error(words)
    for part in (notice, empty, field):
        assert part.minimumSizeHint().width() < 500


def _person(family: str, given: str, chart: str) -> Patient:
    numbers = (Identifier(system=IIN, value="640305400123"), Identifier(system=CHART_NUMBER, value=chart))
    name = HumanName(family=family, given=(given,))
    return Patient(id="x", name=(name,), identifier=numbers, birth_date="1964-03-05", gender="female")


@pytest.mark.parametrize(
    ("family", "given", "chart", "allergies"),
    [
        ("Әлібекқызы", "Гүлнұр", "AKT-26-000001", ()),
        ("Ә" * 200, "Г" * 200, "AKT-26-000001", ("пенициллин",)),
        ("Кадыр-Мұхаммед-Әлібекқызы " * 6, "Гүлнұр", "AKT-26-000001", ("пенициллин", "йод") * 12),
        ("Әлібекқызы", "Гүлнұр", "9" * 300, ("ж" * 300,)),
        (HOSTILE, HOSTILE, HOSTILE, (HOSTILE,)),
    ],
)
def test_the_banner_fits_the_smallest_window_and_cuts_nothing(
    qtbot: QtBot, qapp: QApplication, family: str, given: str, chart: str, allergies: tuple[str, ...]
) -> None:
    theme.apply(qapp, "light")
    language.use("ru")
    banner = PatientBanner()
    qtbot.addWidget(banner)
    banner.show_patient(_person(family, given, chart), allergies)
    width = 1180 - 104
    assert banner.minimumSizeHint().width() <= width
    banner.resize(width, max(banner.heightForWidth(width), banner.minimumHeight()))
    banner.show()
    for part in (banner._name, banner._allergy, banner._facts["chart"]._value):
        metrics, words = part.fontMetrics(), part.text()
        longest = max(metrics.horizontalAdvance(piece) for piece in re.split("[\u200b -]", words))
        assert longest <= part.width(), "a piece of a word is wider than its place"
        assert part.heightForWidth(part.width()) <= part.height()
    language.use("kk")


@pytest.mark.parametrize("spoken", ["kk", "ru", "en"])
@pytest.mark.parametrize("allergies", [(), ("пенициллин",), ("пенициллин", "йод", "новокаин", "пчелиный яд")])
def test_nothing_in_the_banner_of_a_restricted_patient_lies_over_anything_else(
    qtbot: QtBot, qapp: QApplication, spoken: Language, allergies: tuple[str, ...]
) -> None:
    theme.apply(qapp, "light")
    language.use(spoken)
    banner = PatientBanner()
    qtbot.addWidget(banner)
    banner.allow_restricting(True)
    patient = with_restriction(_person("Нұрмұхамбетова", "Гүлнұр", "AKT-26-000001"), is_restricted=True)
    banner.show_patient(patient, allergies)
    width = 1180 - 104
    assert banner.minimumSizeHint().width() <= width
    banner.resize(width, max(banner.heightForWidth(width), banner.minimumHeight()))
    banner.show()
    parts = [each for each in banner.children() if isinstance(each, QWidget) and each.isVisible()]
    places = sorted((each.x(), each.x() + each.width()) for each in parts)
    assert len(places) == 9
    assert all(left[1] <= right[0] for left, right in pairwise(places))
    assert places[-1][1] <= width
    language.use("kk")


def test_a_newer_version_of_the_patient_keeps_his_allergies_in_sight(qtbot: QtBot) -> None:
    language.use("en")
    banner = PatientBanner()
    qtbot.addWidget(banner)
    banner.show_patient(_person("Ким", "Анна", "1"), ("йод",))
    banner.show_patient(_person("Ким", "Анна Павловна", "1"))
    assert banner._allergy.text() == "Allergy: йод"
    banner.show_patient(None)
    banner.show_patient(_person("Ким", "Анна", "1"))
    assert banner._allergy.isHidden()
    language.use("kk")


@pytest.mark.parametrize(
    ("keys", "words"), [("Alt+2", "No patient in hand. Alt+2 finds or"), ("", "No patient in hand.")]
)
def test_an_empty_banner_tells_the_way_only_to_whom_it_leads(qtbot: QtBot, keys: str, words: str) -> None:
    language.use("en")
    banner = PatientBanner(keys)
    qtbot.addWidget(banner)
    assert banner._name.text().startswith(words)
    assert keys or "Alt" not in banner._name.text()
    language.use("kk")


def test_ten_thousand_rows_come_and_go_while_the_window_answers(qtbot: QtBot, watchdog: Watchdog) -> None:
    with watchdog.paused():
        table = _table(qtbot)
        rows = tuple(Row(str(number), f"Пациент {number}") for number in range(10_000))
    table.show_rows(rows)
    table.view.selectRow(9_999)
    qtbot.wait(1)
    table.show_rows(tuple(reversed(rows)))
    qtbot.wait(1)
    assert table.current_row() == rows[-1]
    table.show_rows(())


def test_an_error_and_a_hint_follow_the_language_and_foreign_words_stay(qtbot: QtBot) -> None:
    language.use("en")
    field = FormField(QLineEdit(), "person.name")
    qtbot.addWidget(field)
    field.set_hint("as the device said")
    field.set_error(Text("This field is needed."))
    language.use("kk")
    QApplication.processEvents()
    assert field.error == field.editor.accessibleDescription() == "Бұл өрісті толтыру қажет."
    field.set_error("")
    assert field.editor.accessibleDescription() == "as the device said"


def _form(qtbot: QtBot) -> tuple[QWidget, QLineEdit, QLineEdit, Standstill]:
    window, one, other = QWidget(), QLineEdit(), QLineEdit()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    for part in (one, other):
        column.addWidget(part)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window, one, other, Standstill(one)


def test_a_form_that_stood_still_gives_the_cursor_back(qtbot: QtBot) -> None:
    _window, one, other, still = _form(qtbot)
    one.setFocus()
    still.set_busy(True)
    assert not one.isEnabled()
    assert not one.hasFocus()
    still.set_busy(False)
    assert one.hasFocus()
    assert not other.hasFocus()


def test_a_form_that_stood_still_does_not_take_the_cursor_from_where_somebody_went(qtbot: QtBot) -> None:
    window, one, other, still = _form(qtbot)
    third = QLineEdit()
    window.layout().addWidget(third)
    third.show()
    one.setFocus()
    still.set_busy(True)
    third.setFocus()
    still.set_busy(False)
    assert third.hasFocus()
    assert one.isEnabled()
    assert not other.hasFocus()


@pytest.mark.parametrize("words", ["Связи с хабом ещё не было", "Кезек бос", "Queue is empty", "Әрі қарай fff"])
def test_the_last_letter_of_a_chip_is_drawn_whole(qtbot: QtBot, words: str) -> None:
    tight, roomy = (Chip("chip", ChipLook(each, "neutral", "check")) for each in (words, words + "\u00a0\u00a0\u00a0"))
    for chip in (tight, roomy):
        qtbot.addWidget(chip)
        chip.resize(chip.sizeHint())
    assert _last_inked_column(tight) == _last_inked_column(roomy)


def _last_inked_column(chip: Chip) -> int:
    """Return the rightmost column with the colour of the words in it."""
    image = chip.grab().toImage()
    middle = range(image.height() // 4, image.height() * 3 // 4)
    ground = image.pixelColor(6, image.height() // 2)
    found = 0
    for x in range(image.width() - 6):
        if any(abs(image.pixelColor(x, y).lightness() - ground.lightness()) > 40 for y in middle):
            found = x
    return found


def _long_table(qtbot: QtBot) -> RecordTable[Row]:
    table: RecordTable[Row] = RecordTable("test.long", (Column(lambda: "Words", lambda row: row.words),))
    qtbot.addWidget(table)
    table.resize(400, 300)
    table.show()
    table.show_rows(_rows(range(60)))
    return table


def _rows(numbers: Iterable[int]) -> tuple[Row, ...]:
    return tuple(Row(str(number), f"Пациент {number}") for number in numbers)


def _top(table: RecordTable[Row]) -> str:
    return table.rows[table.view.rowAt(0)].id


def test_news_do_not_take_a_reader_back_to_the_row_he_once_chose(qtbot: QtBot) -> None:
    table = _long_table(qtbot)
    table.view.selectRow(2)
    table.view.verticalScrollBar().setValue(1000)
    read = _top(table)
    table.show_rows(_rows(range(60)))
    assert (_top(table), table.view.verticalScrollBar().value()) == (read, 1000)
    table.show_rows(_rows(range(1, 60)))
    assert _top(table) == read, "what is gone above moves nothing"
    assert table.current_row() == Row("2", "Пациент 2")
    table.show_rows(_rows(range(-5, 60)))
    assert _top(table) == read, "nor does what comes above"
    scroll = table.view.verticalScrollBar()
    scroll.setValue(scroll.maximum())
    read = _top(table)
    table.show_rows(_rows(range(-50, 60)))
    assert _top(table) == read, "nor at the very end"


def test_the_chosen_row_stays_where_it_is_on_the_screen(qtbot: QtBot) -> None:
    table = _long_table(qtbot)
    table.view.selectRow(30)
    stood = table.view.rowViewportPosition(30)
    table.show_rows(_rows(range(10, 60)))
    assert table.view.currentIndex().row() == 20
    assert table.view.rowViewportPosition(20) == stood


def test_whoever_reads_at_the_top_sees_what_comes_there(qtbot: QtBot) -> None:
    table = _long_table(qtbot)
    table.show_rows(_rows(range(-2, 60)))
    assert _top(table) == "-2"
    table.view.selectRow(40)
    table.view.verticalScrollBar().setValue(0)
    table.show_rows(_rows(range(-3, 60)))
    assert _top(table) == "-3"


def test_where_nothing_that_was_read_is_left_the_place_is_kept(qtbot: QtBot) -> None:
    table = _long_table(qtbot)
    table.view.verticalScrollBar().setValue(500)
    table.show_rows(_rows(range(100, 160)))
    assert table.view.verticalScrollBar().value() == 500
    table.show_rows(_rows(range(200, 202)))
    assert table.view.verticalScrollBar().value() == 0
