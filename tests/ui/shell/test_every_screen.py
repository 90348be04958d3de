"""Every screen of every role: it fits, Tab walks it as it is read, text is plain, a colour means one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QLabel,
    QLineEdit,
    QScrollArea,
    QWidget,
)

from clinic_app.foundation.texts import Text
from clinic_app.registration import PatientForm
from clinic_app.sync import Failed, QueueSummary
from tests.helpers.clocks import NOON
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation
from tests.helpers.windows import Desk
from ui import language, theme
from ui.shell.gate_page import GatePage
from ui.shell.main_window import LEAST_HEIGHT, LEAST_WIDTH

ROOMS = {
    "registrar": ("patients", "settings"),
    "nurse": ("patients", "chart", "devices", "settings"),
    "administrator": ("devices", "settings"),
}
LONG_PLACE = (
    "Шаруашылық жүргізу құқығындағы «Ақтөбе облысының денсаулық сақтау басқармасының Ырғыз аудандық ауруханасы» "
    "мемлекеттік коммуналдық кәсіпорны"
)
PERSON = PatientForm(family="Әлібекқызы", given="Гүлнұр", birth_date="05.03.1964", gender="female")


def _enter(desk: Desk, role: str) -> None:
    doctor = desk.station.people.sign_in("doctor", PASSWORD)
    patient = desk.station.registration.register(doctor, PERSON)
    desk.enter(role)
    if role != "administrator":
        desk.take(patient)


def _screens(desk: Desk, role: str) -> Iterator[str]:
    _enter(desk, role)
    for key in ROOMS[role]:
        desk.click(f"rail.{key}")
        yield key
        if key == "patients" and role == "registrar":
            desk.click("registration.new")
            yield "new patient"
            desk.click("registration.cancel")


def _seen_whole(desk: Desk, widget: QWidget) -> bool:
    """Say whether a control lies whole in the window, or in an area that can be scrolled to it."""
    parent = widget.parentWidget()
    while parent is not None and parent is not desk.window:
        if isinstance(parent, QScrollArea):
            return True
        parent = parent.parentWidget()
    corner = widget.mapTo(desk.window, QPoint(0, 0))
    return desk.window.rect().contains(widget.rect().translated(corner))


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
@pytest.mark.parametrize("role", list(ROOMS))
def test_in_the_smallest_window_no_control_is_cut_and_every_button_shows_its_words(
    desk: Desk, role: str, code: str
) -> None:
    desk.window.resize(LEAST_WIDTH, LEAST_HEIGHT)
    desk.click(f"sign_in.language.{code}")
    cut = []
    for key in _screens(desk, role):
        QApplication.processEvents()
        for widget in desk.window.findChildren(QWidget):
            if not widget.isVisible() or not isinstance(widget, (QAbstractButton, QLineEdit)) or not widget.width():
                continue
            if isinstance(widget.parent(), QLineEdit):
                continue
            is_flat = widget.height() < 20 < widget.sizeHint().height()
            is_narrow = widget.width() < widget.minimumSizeHint().width()
            if is_flat or is_narrow or not _seen_whole(desk, widget):
                cut.append(f"{key}: {widget.objectName()} {widget.size()} of {widget.sizeHint()}")
    assert cut == []
    assert (desk.window.width(), desk.window.height()) == (LEAST_WIDTH, LEAST_HEIGHT)


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_a_hospital_with_a_long_name_and_a_long_reason_do_not_widen_the_window(desk: Desk, code: str) -> None:
    desk.station.people.facility = LONG_PLACE
    desk.click(f"sign_in.language.{code}")
    _enter(desk, "registrar")
    assert desk.station.sync is not None
    desk.station.sync.become(Failed(NOON, Text("Nobody yet")), QueueSummary(30_000, 1_000, 2_500_000_000, NOON))
    desk.settle()
    assert desk.window.minimumSizeHint().width() <= LEAST_WIDTH


def test_the_gate_fits_the_smallest_window(open_desk: Callable[[FakeWorkstation], Desk]) -> None:
    language.use("ru")
    desk = open_desk(FakeWorkstation())
    desk.click("first_start.enter")
    for page in desk.window.findChildren(GatePage):
        assert page.minimumSizeHint().height() <= LEAST_HEIGHT


def _walk(desk: Desk) -> list[QWidget]:
    first = desk.window.focusWidget()
    walked = [first]
    for _step in range(60):
        desk.keys(Qt.Key.Key_Tab)
        now = desk.window.focusWidget()
        if now is first:
            break
        walked.append(now)
    return walked


@pytest.mark.parametrize("role", list(ROOMS))
def test_tab_walks_every_screen_as_it_is_read_and_comes_round(desk: Desk, role: str) -> None:
    for key in _screens(desk, role):
        wanted = [each.objectName() for each in desk.window.findChildren(QAbstractButton) if _is_tab_stop(each)]
        walked = _walk(desk)
        assert len(walked) == len(set(walked)) < 60, f"{key}: Tab does not come round"
        page = [each for each in walked if not each.objectName().startswith(("rail", "status", "banner", "notice"))]
        reachable = {each.objectName() for each in page}
        assert not [name for name in wanted if name not in reachable], f"{key}: Tab never comes there"
        rows = [each.mapTo(desk.window, QPoint(0, 0)).y() // 40 for each in page if not _is_table(each)]
        falls = sum(after < before - 2 for before, after in pairwise(rows))
        assert falls <= 2, f"{key}: {[each.objectName() for each in page]}"


def _is_tab_stop(button: QAbstractButton) -> bool:
    is_open = button.isVisible() and button.isEnabled() and button.group() is None
    is_ours = button.objectName().startswith(("registration.", "chart.", "settings."))
    return is_open and is_ours and bool(button.focusPolicy() & Qt.FocusPolicy.TabFocus)


def _is_table(widget: QWidget) -> bool:
    return isinstance(widget, QAbstractScrollArea)


@pytest.mark.parametrize("role", list(ROOMS))
def test_no_label_reads_markup(desk: Desk, role: str) -> None:
    for _key in _screens(desk, role):
        rich = [each.objectName() for each in desk.window.findChildren(QLabel) if _could_be_rich(each)]
        assert rich == []


def _could_be_rich(label: QLabel) -> bool:
    return label.textFormat() != Qt.TextFormat.PlainText and label.pixmap().isNull()


def test_a_hostile_name_is_letters_everywhere(desk: Desk) -> None:
    hostile = "<h1>Ким</h1><img src=file:///etc/passwd>"
    desk.station.people.facility = hostile
    doctor = desk.station.people.sign_in("doctor", PASSWORD)
    patient = desk.station.registration.register(
        doctor, PatientForm(family=hostile, given="&amp;<b>", birth_date="05.03.1964", gender="female")
    )
    desk.enter("nurse")
    desk.take(patient)
    for key in ROOMS["nurse"]:
        desk.click(f"rail.{key}")
        assert "<H1>КИМ</H1>" in desk.words("banner.name").replace("\u200b", "")
        assert hostile in desk.words("status.user").replace("\u200b", "")
        tips = [each.toolTip() for each in desk.window.findChildren(QWidget) if each.toolTip()]
        assert not [tip for tip in tips if "<img" in tip or "<h1" in tip]


def _colours(desk: Desk) -> set[str]:
    """Return the colours of the window, coarsely."""
    image = desk.window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return {QColor(int(each)).name() for each in np.unique(rows[::3, : image.width() : 3])}


@pytest.mark.parametrize("role", list(ROOMS))
def test_the_theme_can_be_changed_on_every_screen_and_back(desk: Desk, qapp: QApplication, role: str) -> None:
    for key in _screens(desk, role):
        for shade in ("dark", "light"):
            theme.apply(qapp, shade)  # type: ignore[arg-type]
            desk.settle()
            seen = _colours(desk)
            ground = {name: theme.token("bg", name).name() for name in ("dark", "light")}  # type: ignore[arg-type]
            other = "light" if shade == "dark" else "dark"
            assert ground[shade] in seen, f"{key} is not {shade}"
            assert ground[other] not in seen, f"{key} keeps something {other}"


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("role", list(ROOMS))
def test_red_is_only_where_an_allergy_is(desk: Desk, qapp: QApplication, role: str, shade: str) -> None:
    theme.apply(qapp, shade)  # type: ignore[arg-type]
    red = {theme.token(name).name() for name in ("alarm", "alarm_soft")}
    for key in _screens(desk, role):
        for name in ("chart.save_vitals", "settings.change_password", "registration.save"):
            if desk.sees(name):
                desk.click(name)
        assert not red & _colours(desk), f"{key} shows red without an alarm or an allergy"
        if desk.sees("chart.allergy"):
            desk.type("chart.allergy", "йод")
            desk.click("chart.add_allergy")
            assert red & _colours(desk)
            desk.station.encounters.allergy_list.clear()
            assert desk.window.work is not None
            patient = desk.window.work._context.hand.patient
            desk.take(None)
            desk.take(patient)


def test_what_is_wrong_is_told_by_a_sign_and_words_and_not_by_colour_alone(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    desk.click("registration.save")
    wrong = [each for each in desk.window.findChildren(QLineEdit) if each.property("state") == "wrong"]
    assert wrong
    for editor in wrong:
        assert editor.accessibleDescription()
        field = editor.parentWidget()
        assert field is not None
        signs = [each for each in field.findChildren(QLabel) if each.isVisible() and not each.pixmap().isNull()]
        assert len(signs) == 1


@pytest.mark.parametrize("code", ["ru", "en"])
def test_no_word_of_the_old_language_stays_after_a_change(desk: Desk, code: str) -> None:
    _enter(desk, "nurse")
    kept: list[str] = []
    for key in ROOMS["nurse"]:
        language.use("kk")
        desk.click(f"rail.{key}")
        kazakh = {each.text() for each in _said(desk)}
        language.use(code)  # type: ignore[arg-type]
        desk.settle()
        now = {each.text() for each in _said(desk)}
        same = {words for words in kazakh & now if any(letter in "әіңғүұқөһӘІҢҒҮҰҚӨҺ" for letter in words)}
        kept += sorted(same - _names(desk))
    assert kept == []


def _said(desk: Desk) -> list[QLabel | QAbstractButton]:
    parts = [*desk.window.findChildren(QLabel), *desk.window.findChildren(QAbstractButton)]
    return [each for each in parts if each.isVisible() and each.text()]


def _names(desk: Desk) -> set[str]:
    return {desk.words("banner.name"), desk.words("status.user"), "Қазақша", f"{desk.words('status.user')}"}
