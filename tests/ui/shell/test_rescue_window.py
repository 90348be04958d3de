"""The data are damaged: what happened is said, and nothing is done without two clear answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QTableView

from clinic_app.foundation.errors import DamagedError
from clinic_app.foundation.texts import Text
from tests.helpers.clocks import FixedClock
from tests.helpers.fake_opening import KEY, FakeBackup, FakeOpening
from tests.helpers.held import Held
from tests.helpers.late_runner import LateRunner
from tests.helpers.panes import Pane, shown
from tests.helpers.watchdog import Watchdog
from ui import language, theme
from ui.shell.early_window import HEIGHT, WIDTH
from ui.shell.main_window import LEAST_HEIGHT, LEAST_WIDTH
from ui.shell.rescue_window import RescueWindow
from ui.shell.view_model_rescue import RescueViewModel, RescueWork
from ui.tasks import TaskRunner

REASON = Text("Nobody yet")


class Ward:
    """A damaged data folder with its backups."""

    def __init__(self) -> None:
        self.opening = FakeOpening()
        self.opened: list[str] = []

    def open_again(self) -> str:
        self.opened.append("again")
        return "workstation"

    def look_only(self) -> str:
        self.opened.append("look")
        return "museum"

    @property
    def work(self) -> RescueWork[FakeBackup]:
        return RescueWork(self.opening.backups, self._restore, self.open_again, self._look)

    def _look(self) -> str:
        return self.look_only()

    def _restore(self, backup: FakeBackup) -> Path:
        return self.opening.restore(backup, KEY)

    def window(self, runner: TaskRunner) -> RescueWindow:
        return RescueWindow(RescueViewModel(self.work, REASON, runner), FixedClock())


@pytest.fixture
def ward() -> Ward:
    return Ward()


@pytest.fixture
def pane(qapp: QApplication, ward: Ward) -> Iterator[Pane[RescueWindow]]:
    language.use("kk")
    theme.apply(qapp, "light")
    with shown(ward.window, (WIDTH, HEIGHT)) as made:
        yield made
    language.use("kk")
    theme.apply(qapp, "light")


def _heard(pane: Pane[RescueWindow]) -> list[object]:
    heard: list[object] = []
    pane.widget._model.opened.connect(heard.append)
    return heard


def test_it_says_what_is_damaged_and_that_nothing_is_deleted(pane: Pane[RescueWindow]) -> None:
    assert "Әзірге ешкім жоқ" in pane.all_words()
    assert "Ештеңе жойылған жоқ" in pane.all_words()
    language.use("en")
    pane.settle()
    assert "Nothing was deleted and nothing will be." in pane.all_words()


def test_the_backups_are_listed_with_moment_age_records_and_check(pane: Pane[RescueWindow]) -> None:
    language.use("en")
    pane.settle()
    assert pane.column("rescue.backups", 1) == ["40 minutes ago", "20 hours ago", "9 days ago"]
    assert pane.column("rescue.backups", 2) == ["every hour", "every day", "every week"]
    assert pane.column("rescue.backups", 3) == ["1200", "1100", "800"]
    assert pane.column("rescue.backups", 5) == ["checked, whole", "checked, whole", "not checked"]


def test_restoring_is_asked_twice_then_copied_and_opened(pane: Pane[RescueWindow], ward: Ward) -> None:
    heard = _heard(pane)
    pane.find("rescue.backups", QTableView).selectRow(1)
    pane.click("rescue.restore")
    assert ward.opening.restored == []
    assert "04.03.2026" in pane.words("rescue.question.text")
    pane.click("rescue.question.yes")
    assert ward.opening.restored == [(ward.opening.found[1], KEY)]
    assert heard == ["workstation"]
    assert ward.opened == ["again"]


def test_enter_never_restores(pane: Pane[RescueWindow], ward: Ward) -> None:
    assert pane.cursor == "rescue.close"
    pane.click("rescue.restore")
    assert pane.cursor == "rescue.question.no"
    pane.keys(Qt.Key.Key_Return)
    assert ward.opening.restored == []
    assert not pane.sees("rescue.question")
    assert pane.cursor == "rescue.close"


def test_esc_takes_the_question_back(pane: Pane[RescueWindow], ward: Ward) -> None:
    pane.click("rescue.restore")
    pane.keys(Qt.Key.Key_Escape)
    assert not pane.sees("rescue.question")
    assert ward.opening.restored == []


def test_choosing_another_copy_takes_the_question_about_the_first_back(pane: Pane[RescueWindow]) -> None:
    pane.click("rescue.restore")
    pane.find("rescue.backups", QTableView).selectRow(1)
    assert not pane.sees("rescue.question")


def test_a_copy_that_was_not_checked_cannot_be_restored(pane: Pane[RescueWindow]) -> None:
    pane.find("rescue.backups", QTableView).selectRow(2)
    assert not pane.find("rescue.restore").isEnabled()
    pane.find("rescue.backups", QTableView).selectRow(0)
    assert pane.find("rescue.restore").isEnabled()


def test_a_copy_that_fails_is_said_and_the_others_can_still_be_tried(pane: Pane[RescueWindow], ward: Ward) -> None:
    ward.opening.is_disk_bad = True
    pane.click("rescue.restore")
    pane.click("rescue.question.yes")
    assert pane.words("rescue.notice.text") != ""
    assert ward.opened == []
    ward.opening.is_disk_bad = False
    pane.find("rescue.backups", QTableView).selectRow(1)
    pane.click("rescue.restore")
    pane.click("rescue.question.yes")
    assert ward.opened == ["again"]


def test_looking_only_opens_without_restoring(pane: Pane[RescueWindow], ward: Ward) -> None:
    heard = _heard(pane)
    pane.click("rescue.look_only")
    assert heard == ["museum"]
    assert ward.opening.restored == []


def test_data_that_cannot_even_be_looked_at_are_said(pane: Pane[RescueWindow], ward: Ward) -> None:
    def fail() -> str:
        raise DamagedError(REASON)

    ward.look_only = fail  # type: ignore[method-assign]
    pane.click("rescue.look_only")
    assert pane.words("rescue.notice.text") == "Әзірге ешкім жоқ"
    assert pane.find("rescue.restore").isEnabled()


def test_without_a_backup_the_next_step_is_named(qapp: QApplication) -> None:
    ward = Ward()
    ward.opening.found = ()
    language.use("en")
    with shown(ward.window, (WIDTH, HEIGHT)) as pane:
        assert "No backup was found" in pane.all_words()
        assert not pane.find("rescue.restore").isEnabled()
        assert pane.find("rescue.look_only").isEnabled()


def test_while_a_copy_is_made_everything_stands_still_and_the_wait_is_named(
    pane: Pane[RescueWindow], ward: Ward, watchdog: Watchdog
) -> None:
    slow = Held(ward.opening, "restore")
    pane.click("rescue.restore")
    pane.press("rescue.question.yes")
    slow.wait_for_calls()
    for name in ("rescue.restore", "rescue.look_only", "rescue.close"):
        assert not pane.find(name).isEnabled(), name
    assert "Сақтық көшірме көшіріліп, тексеріліп жатыр…" in pane.all_words()
    language.use("en")
    QApplication.processEvents()
    assert "Copying the backup and checking the copy…" in pane.all_words()
    slow.let_go()
    pane.settle()
    assert len(slow.calls) == 1
    assert ward.opened == ["again"]


def test_nothing_is_begun_while_something_is_under_way(ward: Ward) -> None:
    runner = LateRunner()
    model = RescueViewModel(ward.work, REASON, runner.as_runner)
    model.look()
    model.restore(ward.opening.found[0])
    model.look_only()
    assert len(runner.waiting) == 1
    runner.answer()
    assert model.backups == ward.opening.found


def test_the_place_of_the_damaged_file_is_told(ward: Ward) -> None:
    runner = LateRunner()
    model = RescueViewModel(ward.work, REASON, runner.as_runner)
    kept: list[Path] = []
    model.restored.connect(kept.append)
    model.restore(ward.opening.found[0])
    runner.answer_all()
    assert [path.name for path in kept] == ["clinic.db.damaged-20260305T120000Z"]


def test_closing_is_told(pane: Pane[RescueWindow]) -> None:
    heard: list[bool] = []
    pane.widget.closed.connect(lambda: heard.append(True))
    pane.click("rescue.close")
    assert heard == [True]


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_it_fits_and_everything_is_named(pane: Pane[RescueWindow], code: str, shade: str) -> None:
    pane.click(f"rescue.language.{code}")
    pane.click(f"rescue.theme.{shade}")
    pane.click("rescue.restore")
    assert pane.nameless() == []
    hint = pane.widget.minimumSizeHint()
    assert hint.width() <= LEAST_WIDTH
    assert hint.height() <= LEAST_HEIGHT
    question, button = pane.find("rescue.question"), pane.find("rescue.restore")
    assert question.geometry().bottom() < button.geometry().top()
    assert pane.find("rescue.backups").parentWidget().geometry().bottom() < question.geometry().top()  # type: ignore[union-attr]
