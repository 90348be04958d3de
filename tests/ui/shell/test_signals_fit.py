"""The screens of signals in the smallest window, in every language: nothing is cut, whatever is shown on them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QScrollArea, QWidget

from clinic_app.devices import Block, ChannelInfo
from clinic_app.registration import PatientForm
from clinic_app.terminology.leads import LEADS
from tests.helpers.clocks import NOON
from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.signals import real_leads
from tests.helpers.windows import Desk
from ui.shell.main_window import LEAST_HEIGHT, LEAST_WIDTH
from ui.waveforms.monitor_screen import MonitorScreen

PERSON = PatientForm(family="Әлібекқызы", given="Гүлнұр", birth_date="05.03.1964", gender="female")
CHANNELS = tuple(ChannelInfo(code, label, "uV") for code, label in LEADS.items())


def _monitor(desk: Desk, name: str = "SIMULATED-MONITOR-WITH-A-LONG-NAME") -> None:
    traces = desk.station.live_traces
    now_s = traces._monotonic()
    samples = np.tile(real_leads(), 2)
    traces.take_in(Block(name, name, CHANNELS, 0, Fraction(1000), samples, NOON, now_s))


def _enter(desk: Desk, code: str, *, monitors: int = 1) -> MonitorScreen:
    desk.window.resize(LEAST_WIDTH, LEAST_HEIGHT)
    desk.click(f"sign_in.language.{code}")
    doctor = desk.station.people.sign_in("doctor", PASSWORD)
    patient = desk.station.registration.register(doctor, PERSON)
    desk.enter("nurse")
    desk.take(patient)
    for number in range(monitors):
        _monitor(desk, f"SIMULATED-MONITOR-{number + 1}")
    desk.click("rail.signals")
    assert desk.window.work is not None
    screen = desk.window.work.widget_of("signals")
    assert isinstance(screen, MonitorScreen)
    screen._model.look()
    desk.settle()
    return screen


def _cut(desk: Desk) -> list[str]:
    """Return the controls that do not lie whole in the window, or are too narrow for their words."""
    QApplication.processEvents()
    found = []
    for widget in desk.window.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, QAbstractButton | QComboBox):
            continue
        if any(isinstance(above, QScrollArea) for above in _above(widget)):
            continue
        corner = widget.mapTo(desk.window, QPoint(0, 0))
        is_inside = desk.window.rect().contains(widget.rect().translated(corner))
        if not is_inside or widget.width() < widget.minimumSizeHint().width():
            found.append(f"{widget.objectName()} {widget.geometry()} of {widget.minimumSizeHint()}")
    return found


def _above(widget: QWidget) -> list[QWidget]:
    above = []
    parent = widget.parentWidget()
    while parent is not None:
        above.append(parent)
        parent = parent.parentWidget()
    return above


LOOKS: dict[str, Callable[[MonitorScreen], object]] = {
    "live": lambda _screen: None,
    "looked back": lambda screen: screen.sweep.look_back(5),
    "trends": lambda screen: screen._trend.click(),
    "marking": lambda screen: screen._ask_mark(),
    "wrong": lambda screen: screen._alarms.show_words(["Монитор ничего не передаёт. Проверьте прибор."] * 5),
}


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_the_monitor_fits_the_smallest_window_whatever_it_shows(desk: Desk, code: str) -> None:
    screen = _enter(desk, code)
    for name, look in LOOKS.items():
        look(screen)
        assert _cut(desk) == [], name
        assert desk.window.width() == LEAST_WIDTH, name
        assert desk.window.minimumSizeHint().width() <= LEAST_WIDTH, name


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_all_monitors_fit_the_smallest_window_and_a_click_opens_one(desk: Desk, code: str) -> None:
    screen = _enter(desk, code, monitors=3)
    desk.click("monitor.all_beds")
    desk.settle()
    assert _cut(desk) == []
    assert desk.window.width() == LEAST_WIDTH
    screen.beds.opened.emit("SIMULATED-MONITOR-2")
    desk.settle()
    assert screen._model.source == "SIMULATED-MONITOR-2"
    assert screen._stack.currentWidget() is screen.traces
    assert _cut(desk) == []


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_the_recordings_fit_the_smallest_window(desk: Desk, code: str) -> None:
    _enter(desk, code)
    desk.click("rail.recordings")
    assert _cut(desk) == []
    assert desk.window.minimumSizeHint().width() <= LEAST_WIDTH


def test_what_was_chosen_at_the_monitor_is_there_at_the_next_sign_in(desk: Desk) -> None:
    screen = _enter(desk, "ru")
    screen.traces.bar.turn("layout")
    screen.traces.bar.step("gain", 1)
    desk.settle()
    desk.click("status.sign_out")
    desk.enter("nurse")
    desk.click("rail.signals")
    assert desk.window.work is not None
    again = desk.window.work.widget_of("signals")
    assert isinstance(again, MonitorScreen)
    assert again is not screen
    assert again.traces.choices == screen.traces.choices
    assert again.sweep.scale.gain_mm_mv == 20
