"""The screen of devices: the inbox of results, what was filed lately, and the devices themselves."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from ui.devices.devices_page import DevicesPage
from ui.devices.handled_page import HandledPage
from ui.devices.results_page import ResultsPage
from ui.devices.view_model_devices import DevicesViewModel
from ui.devices.view_model_results import ResultsViewModel
from ui.language import _, say
from ui.widgets.page import Page

RESULTS: Final = "results"
HANDLED: Final = "handled"
DEVICES: Final = "devices"
_Part = ResultsPage | HandledPage | DevicesPage


class DevicesScreen(Page):
    """Three tabs; whoever may see no findings has only the last one. What is not in front is made when it is wanted.

    Args:
        results: the inbox.
        devices: the devices.
        place: what it will stand in (see `Page`).

    Signal ``results_counted`` carries how many results wait, for whoever shows that elsewhere.
    """

    results_counted = Signal(int)

    def __init__(self, results: ResultsViewModel, devices: DevicesViewModel, place: QWidget | None = None) -> None:
        super().__init__("devices", place)
        self._results = results
        self._devices = devices
        for model in (results, devices):
            model.setParent(self)
        self._keys = (RESULTS, HANDLED, DEVICES) if results.may_file else (DEVICES,)
        self._parts: dict[str, _Part] = {}
        self._count = 0
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("devices.tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setObjectName("devices.tab_bar")
        self._tabs.tabBar().setDrawBase(False)
        self._frames: dict[str, QVBoxLayout] = {}
        for key in self._keys:
            frame = QWidget()
            self._frames[key] = QVBoxLayout(frame)
            self._frames[key].setContentsMargins(0, 0, 0, 0)
            self._tabs.addTab(frame, "")
        if len(self._keys) == 1:  # Tab walks past whatever lies in tabs whose bar is hidden
            self._tabs.hide()
            self._frames[DEVICES] = self.column
        else:
            self.column.addWidget(self._tabs, 1)
        self._part(self._keys[0])
        self._tabs.currentChanged.connect(lambda place: self._turn_to(self._keys[place]))
        results.counted.connect(self._take_count)
        results.refused.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self.primary_shortcut(self._primary)
        self.shortcut("F2", self._edit)
        self.shortcut("Ctrl+N", self._add)
        self.retranslate()

    def make_more(self) -> bool:
        """Make one more part; return False when there is none to make."""
        missing = next((key for key in self._keys if key not in self._parts), None)
        if missing is not None:
            self._part(missing)
            return True
        page = self._parts.get(DEVICES)
        return isinstance(page, DevicesPage) and page.make_form()

    def entered(self) -> None:
        """Look at everything; as long as the screen is in front, news are read at once."""
        self._results.watch(True)
        self._devices.watch(self._front == DEVICES)

    def hideEvent(self, event: QHideEvent) -> None:
        """Count only, from now on."""
        self._results.watch(False)
        self._devices.watch(False)
        super().hideEvent(event)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Devices and their results") if self._results.may_file else _("Devices"))
        self._tabs.tabBar().setAccessibleName(_("Parts of the devices"))
        words = {RESULTS: _("Results without a patient"), HANDLED: _("Filed lately"), DEVICES: _("Devices")}
        for place, key in enumerate(self._keys):
            is_counted = key == RESULTS and self._count
            self._tabs.setTabText(place, f"{words[key]} ({self._count})" if is_counted else words[key])

    @property
    def _front(self) -> str:
        return self._keys[self._tabs.currentIndex()]

    def _part(self, key: str) -> _Part:
        """Return what lies behind a tab, made now if this is the first time."""
        if key not in self._parts:
            part = self._make(key)
            part.noticed.connect(self.noticed)
            self._frames[key].addWidget(part)
            self._parts[key] = part
        return self._parts[key]

    def _make(self, key: str) -> _Part:
        if key == DEVICES:
            return DevicesPage(self._devices)
        if key == HANDLED:
            return HandledPage(self._results)
        page = ResultsPage(self._results)
        page.search_wanted.connect(lambda: self.went.emit("patients"))
        return page

    def _turn_to(self, key: str) -> None:
        self._part(key)
        self._devices.watch(key == DEVICES and self.isVisible())

    def _take_count(self, count: int) -> None:
        self._count = count
        self.results_counted.emit(count)
        self.retranslate()

    def _primary(self) -> None:
        part = self._part(self._front)
        if isinstance(part, ResultsPage):
            part.file()
        elif isinstance(part, DevicesPage):
            part.save()

    def _edit(self) -> None:
        part = self._part(self._front)
        if isinstance(part, DevicesPage):
            part.edit_chosen()

    def _add(self) -> None:
        part = self._part(self._front)
        if isinstance(part, DevicesPage):
            part.add()
