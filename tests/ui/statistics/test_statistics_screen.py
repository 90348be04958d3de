"""The statistician's screen: months, charts with their tables, what is hidden, and the table to take away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QTabWidget, QWidget

from clinic_app.access import Session
from clinic_app.foundation.errors import DiskFullError
from clinic_app.foundation.texts import Text
from clinic_app.statistics import Span
from tests.helpers.clocks import FixedClock
from tests.helpers.fake_statistics import FakeStatistics
from tests.helpers.late_runner import LateRunner
from tests.helpers.panes import Pane, shown
from ui import language, theme
from ui.shell.main_window import LEAST_HEIGHT, LEAST_WIDTH
from ui.statistics.span_bar import SpanBar
from ui.statistics.statistics_screen import FILE_NAME, StatisticsScreen
from ui.statistics.view_model import StatisticsState, StatisticsViewModel
from ui.statistics.words import duration_words, label_words
from ui.tasks import TaskRunner
from ui.widgets.bar_chart import BarChart

COUNTER = Session("p-sta", "Есенова Дана", "sta", "statistician", "org", "Ырғыз АА")
TWELVE = Span(date(2025, 3, 1), date(2026, 2, 28))
"""The fixed clock stands in March 2026."""


class Office:
    """The counts, and a person who says where to save."""

    def __init__(self) -> None:
        self.statistics = FakeStatistics()
        self.path: Path | None = None
        self.names: list[str] = []
        self.notices: list[tuple[str, str]] = []

    def model(self, runner: TaskRunner, session: Session = COUNTER) -> StatisticsViewModel:
        return StatisticsViewModel(self.statistics, runner, session, FixedClock())  # type: ignore[arg-type]

    def screen(self, runner: TaskRunner) -> StatisticsScreen:
        screen = StatisticsScreen(self.model(runner), self._choose)
        screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        return screen

    def _choose(self, _parent: QWidget, name: str) -> Path | None:
        self.names.append(name)
        return self.path


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def pane(qapp: QApplication, office: Office) -> Iterator[Pane[StatisticsScreen]]:
    language.use("en")
    theme.apply(qapp, "light")
    with shown(office.screen) as made:
        made.widget.entered()
        made.settle()
        yield made
    language.use("kk")
    theme.apply(qapp, "light")


def _tab(pane: Pane[StatisticsScreen], place: int) -> None:
    pane.find("statistics.tabs", QTabWidget).setCurrentIndex(place)
    pane.settle()


def _pick(pane: Pane[StatisticsScreen], name: str, month: date) -> None:
    box = pane.find(name, QComboBox)
    box.setCurrentIndex(box.findText(f"{month:%m.%Y}"))
    box.activated.emit(box.currentIndex())
    pane.settle()


def _chart(pane: Pane[StatisticsScreen], key: str) -> dict[str, int | None]:
    return {each.label: each.count for each in pane.find(f"statistics.chart.{key}", BarChart).lines}


def test_the_last_twelve_months_are_counted_when_the_screen_opens(pane: Pane[StatisticsScreen], office: Office) -> None:
    assert office.statistics.asked == [TWELVE]
    assert pane.find("statistics.first", QComboBox).currentText() == "03.2025"
    assert pane.find("statistics.last", QComboBox).currentText() == "02.2026"
    assert len(_chart(pane, "new-patients")) == 12


def test_the_running_month_cannot_be_chosen(pane: Pane[StatisticsScreen]) -> None:
    box = pane.find("statistics.last", QComboBox)
    months = [box.itemData(place) for place in range(box.count())]
    assert months[0] == date(2026, 2, 1)
    assert len(months) == 60


def test_the_table_below_a_chart_says_the_same(pane: Pane[StatisticsScreen]) -> None:
    drawn = _chart(pane, "patients")
    assert pane.column("statistics.table.patients", 0) == list(drawn)
    told = ["hidden" if count is None else str(count) for count in drawn.values()]
    assert pane.column("statistics.table.patients", 1) == told


def test_a_small_group_is_hidden_with_another_and_says_so(pane: Pane[StatisticsScreen]) -> None:
    drawn = _chart(pane, "patients")
    assert drawn["Men, 60–74"] is None
    assert list(drawn.values()).count(None) >= 2
    description = pane.find("statistics.chart.patients", BarChart).accessibleDescription()
    assert "Men, 60–74: hidden" in description
    assert "fewer than 5" in pane.words("statistics.notes")


def test_groups_of_nobody_are_left_out_and_months_are_not(pane: Pane[StatisticsScreen]) -> None:
    assert "Sex not stated, 0–4" not in _chart(pane, "patients")
    assert next(iter(_chart(pane, "new-patients"))) == "03.2025"


def test_a_whole_year_is_told_exactly_and_another_span_is_rounded(pane: Pane[StatisticsScreen], office: Office) -> None:
    assert "rounded" in pane.words("statistics.notes")
    assert all(count % 5 == 0 for count in _chart(pane, "patients").values() if count is not None)
    pane.click("statistics.year.2025")
    assert office.statistics.asked[-1] == Span(date(2025, 1, 1), date(2025, 12, 31))
    assert "rounded" not in pane.words("statistics.notes")
    assert _chart(pane, "patients")["Women, 18–39"] == 187


def test_other_months_are_chosen_in_the_lists(pane: Pane[StatisticsScreen], office: Office) -> None:
    _pick(pane, "statistics.first", date(2025, 11, 1))
    assert office.statistics.asked[-1] == Span(date(2025, 11, 1), date(2026, 2, 28))
    assert len(_chart(pane, "new-patients")) == 4
    pane.click("statistics.twelve")
    assert office.statistics.asked[-1] == TWELVE


def test_months_the_wrong_way_round_are_turned(pane: Pane[StatisticsScreen], office: Office) -> None:
    _pick(pane, "statistics.last", date(2024, 6, 1))
    assert office.statistics.asked[-1] == Span(date(2024, 6, 1), date(2025, 3, 31))
    assert pane.find("statistics.first", QComboBox).currentText() == "06.2024"


def test_referrals_have_their_charts_and_both_clocks(pane: Pane[StatisticsScreen]) -> None:
    _tab(pane, 1)
    assert list(_chart(pane, "sent-urgency")) == ["Emergency", "Urgent", "Planned"]
    assert "Radiology" in _chart(pane, "sent-specialty")
    assert _chart(pane, "sent-specialty")["Radiology"] is None
    urgencies = pane.column("statistics.waits.sent", 0)
    assert urgencies == [each for each in ("All urgencies", "Emergency", "Urgent", "Planned") for _ in range(2)]
    assert "hub's clock" in pane.column("statistics.waits.sent", 1)[1]
    assert pane.column("statistics.waits.sent", 3)[0].endswith("min")


def test_a_hospital_that_was_asked_nothing_sees_that(pane: Pane[StatisticsScreen]) -> None:
    _tab(pane, 2)
    assert not pane.sees("statistics.chart.received-urgency")
    assert pane.sees("statistics.table.received-urgency.empty")
    assert pane.sees("statistics.waits.received.empty")
    assert "Times are told from five answers on" in pane.all_words()


def test_a_clinic_without_patients_sees_what_to_do(pane: Pane[StatisticsScreen], office: Office) -> None:
    office.statistics.is_bare = True
    pane.click("statistics.twelve")
    assert "Choose other months" in pane.all_words()
    assert not pane.sees("statistics.chart.patients")


def test_the_table_is_saved_in_the_language_of_the_windows(
    pane: Pane[StatisticsScreen], office: Office, tmp_path: Path
) -> None:
    pane.click("statistics.export")
    assert office.statistics.written == []
    office.path = tmp_path / "out.csv"
    pane.click("statistics.export")
    assert office.statistics.written == [(TWELVE, office.path, "en")]
    assert office.names == [FILE_NAME] * 2
    assert office.notices == [(f"The table is saved as {office.path}.", "ok")]


def test_an_error_is_said_and_the_screen_goes_on(pane: Pane[StatisticsScreen], office: Office, tmp_path: Path) -> None:
    office.statistics.refusal = DiskFullError(Text("There is no room on the disk."))
    office.path = tmp_path / "out.csv"
    pane.click("statistics.export")
    assert office.notices[-1][1] == "warn"
    office.statistics.refusal = None
    pane.click("statistics.year.2025")
    assert _chart(pane, "patients")["Women, 18–39"] == 187
    assert pane.find("statistics.export", QPushButton).isEnabled()


def test_who_may_not_count_is_told(qapp: QApplication, office: Office) -> None:
    language.use("en")
    doctor = Session("p", "Өмірзақ", "doc", "doctor", "org", "Ырғыз АА")
    told: list[str] = []
    runner = LateRunner()
    model = office.model(runner, doctor)  # type: ignore[arg-type]
    model.failed.connect(lambda text: told.append(text.render("en")))
    model.look()
    runner.answer_all()
    assert told
    assert model.state.report is None
    language.use("kk")


def test_a_late_answer_to_former_months_is_dropped(qapp: QApplication, office: Office) -> None:
    runner = LateRunner()
    model = office.model(runner)  # type: ignore[arg-type]
    year = Span(date(2025, 1, 1), date(2025, 12, 31))
    model.look()
    model.choose(year)
    assert model.state == StatisticsState(year)
    runner.answer_all()
    report = model.state.report
    assert report is not None
    assert (report.span_from, report.span_to) == (year.first, year.last)


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
@pytest.mark.parametrize("shade", ["light", "dark"])
def test_every_word_is_there_and_nothing_is_wider_than_a_small_screen(
    pane: Pane[StatisticsScreen], qapp: QApplication, code: str, shade: str
) -> None:
    language.use(code)  # type: ignore[arg-type]
    theme.apply(qapp, shade)  # type: ignore[arg-type]
    pane.settle()
    title = {"kk": "Статистика", "ru": "Статистика", "en": "Statistics"}[code]
    assert title in [each.text() for each in pane.widget.findChildren(QLabel)]
    hidden = {"kk": "жасырылған", "ru": "скрыто", "en": "hidden"}[code]
    assert hidden in pane.column("statistics.table.patients", 1)
    assert pane.widget.minimumSizeHint().width() <= LEAST_WIDTH
    assert pane.widget.minimumSizeHint().height() <= LEAST_HEIGHT


def test_tab_leads_from_the_months_to_the_charts(pane: Pane[StatisticsScreen]) -> None:
    pane.find("statistics.first").setFocus()
    names = []
    for _ in range(9):
        pane.keys(Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        names.append(focused.objectName() if focused else "")
    wanted = [
        "statistics.last", "statistics.twelve", "statistics.year.2025", "statistics.tab_bar",
        "statistics.chart.patients", "statistics.table.patients", "statistics.chart.new-patients",
    ]  # fmt: skip
    assert [name for name in names if name in wanted] == wanted


def test_whatever_takes_the_cursor_has_a_name(pane: Pane[StatisticsScreen]) -> None:
    for each in pane.widget.findChildren(QWidget):
        if each.isVisible() and each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.objectName():
            words = each.accessibleName() or (each.text() if isinstance(each, QPushButton) else "")
            assert words or isinstance(each, QComboBox), each.objectName()


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 min"), (45, "45 min"), (60, "1 h 00 min"), (185, "3 h 05 min"), (1440, "1 d 0 h"), (3120, "2 d 4 h"),
        (None, "hidden"),
    ],
)  # fmt: skip
def test_durations_are_told_as_people_tell_them(minutes: int | None, words: str) -> None:
    language.use("en")
    assert duration_words(minutes) == words
    language.use("kk")


def test_months_are_written_as_in_forms() -> None:
    assert label_words("2026-03") == "03.2026"


def test_only_whole_years_have_a_button(qapp: QApplication, office: Office) -> None:
    model = office.model(LateRunner())  # type: ignore[arg-type]
    assert model.years() == (2025, 2024, 2023, 2022)
    bar = SpanBar(model.months(), ())
    assert bar.findChildren(QPushButton, "statistics.year.2025") == []
    bar.deleteLater()
