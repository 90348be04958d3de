"""After the first start the recovery code is shown once, and nobody goes on who has not written it down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget

from clinic_app.documents import RecoverySheet
from tests.helpers.clocks import NOON
from tests.helpers.fake_workstation import CODE, PASSWORD, FakeWorkstation
from tests.helpers.held import Held
from tests.helpers.panes import Pane, shown
from tests.helpers.windows import Desk
from ui import language, theme
from ui.shell.main_window import LEAST_HEIGHT, LEAST_WIDTH
from ui.shell.recovery_code_page import RecoveryCodePage
from ui.widgets.recovery_code_panel import plain_group
from ui.widgets.recovery_paper import PaperWays, draw_on

GROUPS = CODE.split("-")
SHEET = RecoverySheet(CODE, "Ырғыз АА", "Dala", NOON)


class Desktop:
    """A person who says where to save, and a printer that remembers."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.printed: list[RecoverySheet] = []
        self.has_printer = True

    @property
    def ways(self) -> PaperWays:
        return PaperWays(lambda _parent, _name: self.path, self._print)

    def _print(self, _parent: QWidget, sheet: RecoverySheet) -> bool:
        if self.has_printer:
            self.printed.append(sheet)
        return self.has_printer


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    return Desktop(tmp_path / "code.pdf")


@pytest.fixture
def page(qapp: QApplication, desktop: Desktop) -> Iterator[Pane[RecoveryCodePage]]:
    language.use("kk")
    theme.apply(qapp, "light")
    with shown(lambda runner: RecoveryCodePage(runner, desktop.ways), (1180, 680)) as pane:
        pane.widget.show_sheet(SHEET)
        pane.settle()
        yield pane
    language.use("kk")
    theme.apply(qapp, "light")


def _first_start(desk: Desk) -> None:
    typed = {"facility": "Ырғыз АА", "name": "Петров Сергей", "login": "it", "password": PASSWORD, "repeated": PASSWORD}
    for key, words in typed.items():
        desk.type(f"first_start.{key}", words)
    desk.click("first_start.enter")


def test_the_code_comes_before_the_first_work_page(open_desk: Callable[[FakeWorkstation], Desk]) -> None:
    desk = open_desk(FakeWorkstation())
    _first_start(desk)
    assert desk.sees("recovery_code.panel.code")
    assert desk.window.work is None
    assert desk.write_code_down() == CODE
    assert desk.words("status.user") == "Петров Сергей · Ырғыз АА"


def test_the_code_is_gone_from_the_window_once_it_is_written_down(
    open_desk: Callable[[FakeWorkstation], Desk],
) -> None:
    desk = open_desk(FakeWorkstation())
    _first_start(desk)
    desk.write_code_down()
    told = {each.text() for kind in (QLabel, QLineEdit) for each in desk.window.findChildren(kind)}
    assert not told & set(GROUPS)


def test_the_first_start_is_saved_even_if_the_window_is_closed_over_the_code(
    open_desk: Callable[[FakeWorkstation], Desk],
) -> None:
    station = FakeWorkstation()
    desk = open_desk(station)
    _first_start(desk)
    desk.window.close()
    assert station.people.staff["it"].role == "administrator"


def test_a_code_pressed_for_twice_is_made_once(open_desk: Callable[[FakeWorkstation], Desk]) -> None:
    station = FakeWorkstation()
    desk = open_desk(station)
    slow = Held(station, "set_up")
    desk.window._gate._set_up = station.set_up
    typed = {"facility": "Ырғыз АА", "name": "Петров", "login": "it", "password": PASSWORD, "repeated": PASSWORD}
    for key, words in typed.items():
        desk.type(f"first_start.{key}", words)
    desk.press("first_start.enter", is_double=True)
    desk.hold(Qt.Key.Key_Return)
    slow.let_go()
    desk.settle()
    assert len(slow.calls) == 1
    assert desk.sees("recovery_code.panel.code")


def test_the_groups_are_shown_large_with_their_numbers(page: Pane[RecoveryCodePage]) -> None:
    shown_groups = [page.words(f"recovery_code.panel.code.{number}") for number in range(1, 9)]
    assert shown_groups == GROUPS
    assert page.find("recovery_code.panel.code.1").font().pointSizeF() >= 18


def test_a_wrong_group_does_not_go_on_and_says_which_is_asked(page: Pane[RecoveryCodePage]) -> None:
    gone: list[bool] = []
    page.widget.written_down.connect(lambda: gone.append(True))
    page.type("recovery_code.panel.back", "0000")
    page.click("recovery_code.panel.done")
    assert gone == []
    assert str(page.widget.panel.asked + 1) in page.words("recovery_code.panel.back.message")
    assert page.cursor == "recovery_code.panel.back"


@pytest.mark.parametrize("form", [str.upper, str.lower, lambda group: f" {group[:2]} {group[2:]} "])
def test_the_group_that_is_asked_goes_on_however_it_is_typed(
    page: Pane[RecoveryCodePage], form: Callable[[str], str]
) -> None:
    gone: list[bool] = []
    page.widget.written_down.connect(lambda: gone.append(True))
    page.type("recovery_code.panel.back", form(GROUPS[page.widget.panel.asked]))
    page.find("recovery_code.panel.back").setFocus()
    page.keys(Qt.Key.Key_Return)
    assert gone == [True]
    assert not page.sees("recovery_code.panel.code.1")


def test_another_group_of_the_same_code_will_not_do(page: Pane[RecoveryCodePage]) -> None:
    other = GROUPS[(page.widget.panel.asked + 1) % 8]
    page.type("recovery_code.panel.back", other)
    page.click("recovery_code.panel.done")
    assert page.sees("recovery_code.panel.code.1")


def test_any_group_may_be_asked(page: Pane[RecoveryCodePage]) -> None:
    asked = set()
    for _try in range(200):
        page.widget.show_sheet(SHEET)
        asked.add(page.widget.panel.asked)
    assert asked == set(range(8))


def test_the_code_goes_to_the_printer(page: Pane[RecoveryCodePage], desktop: Desktop) -> None:
    page.click("recovery_code.panel.print")
    assert desktop.printed == [SHEET]
    assert page.words("recovery_code.panel.notice.text") != ""


def test_a_person_who_chooses_no_printer_is_told_nothing(page: Pane[RecoveryCodePage], desktop: Desktop) -> None:
    desktop.has_printer = False
    page.click("recovery_code.panel.print")
    assert not page.sees("recovery_code.panel.notice")


def test_the_pdf_is_one_page_in_the_language_of_the_window(page: Pane[RecoveryCodePage], desktop: Desktop) -> None:
    page.click("recovery_code.panel.save")
    assert desktop.path is not None
    with pypdfium2.PdfDocument(desktop.path) as document:
        assert len(document) == 1
        text = document[0].get_textpage().get_text_bounded()
    assert "Деректердің қалпына келтіру коды" in text
    assert all(group in text for group in GROUPS)
    assert str(desktop.path) in page.words("recovery_code.panel.notice.text").replace("\u200b", "")


def test_a_folder_that_cannot_be_written_to_is_said(page: Pane[RecoveryCodePage], desktop: Desktop) -> None:
    desktop.path = Path("/nowhere/at/all/code.pdf")
    page.click("recovery_code.panel.save")
    assert page.sees("recovery_code.panel.notice")
    assert page.sees("recovery_code.panel.code.1")


def test_somebody_who_chooses_no_file_is_told_nothing(page: Pane[RecoveryCodePage], desktop: Desktop) -> None:
    desktop.path = None
    page.click("recovery_code.panel.save")
    assert not page.sees("recovery_code.panel.notice")


def test_the_printed_page_shows_the_groups(qapp: QApplication, tmp_path: Path) -> None:
    language.use("ru")
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    assert draw_on(printer, SHEET)
    with pypdfium2.PdfDocument(tmp_path / "printed.pdf") as document:
        assert len(document) == 1
        dark = document[0].render(scale=0.5, grayscale=True).to_numpy() < 100
    assert dark.sum() > 500
    language.use("kk")


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_it_fits_the_smallest_window_and_everything_is_named(
    page: Pane[RecoveryCodePage], qapp: QApplication, code: str, shade: str
) -> None:
    language.use(code)  # type: ignore[arg-type]
    theme.apply(qapp, shade)  # type: ignore[arg-type]
    page.type("recovery_code.panel.back", "0000")
    page.click("recovery_code.panel.print")
    page.click("recovery_code.panel.done")
    assert page.nameless() == []
    hint = page.widget.minimumSizeHint()
    assert hint.width() <= LEAST_WIDTH
    assert hint.height() <= LEAST_HEIGHT


@pytest.mark.parametrize(("typed", "plain"), [("o1l i", "0111"), (" 7r-qk ", "7RQK"), ("", "")])
def test_what_looks_alike_is_the_same_sign(typed: str, plain: str) -> None:
    assert plain_group(typed) == plain


def test_a_page_pasted_into_the_field_is_cut(page: Pane[RecoveryCodePage]) -> None:
    editor = page.find("recovery_code.panel.back", QLineEdit)
    editor.setText("x" * 10_000)
    assert len(editor.text()) <= 40
