"""Language, theme and password of whoever is signed in; for IT also people, keys, backups and the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from clinic_app.foundation.texts import LANGUAGE_NAMES, LANGUAGES
from ui import language, theme
from ui.language import _
from ui.people.password_card import PasswordCard
from ui.people.people_page import PeoplePage
from ui.people.view_model import PeopleViewModel
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, OneLine, label
from ui.widgets.page import Page
from ui.widgets.segmented import Option, Segmented

if TYPE_CHECKING:
    from ui.people.data_page import DataPage
    from ui.people.hub_page import HubPage
    from ui.people.update_card import UpdateCard


class SettingsScreen(Page):
    """Settings.

    The tabs of the administrator are made when they are first seen, or one by one in a quiet moment (`make_more`): all
    of it at once would hold the window.

    Args:
        model: the people.
        make_data: makes the page of keys and backups, where the person answers for them; None for everybody else.
        make_hub: makes the page of the hub, likewise.
        place: what it will stand in (see `Page`).
        updates: the line about versions of the program.

    Signals: ``language_chosen``, ``theme_chosen``.
    """

    language_chosen = Signal(str)
    theme_chosen = Signal(str)

    def __init__(
        self,
        model: PeopleViewModel,
        make_data: Callable[[], DataPage] | None = None,
        make_hub: Callable[[], HubPage] | None = None,
        place: QWidget | None = None,
        updates: UpdateCard | None = None,
    ) -> None:
        super().__init__("settings", place)
        self._updates = updates
        self._model = model
        self._make_data = make_data
        self._make_hub = make_hub
        self._people: PeoplePage | None = None
        self._data: DataPage | None = None
        self._hub: HubPage | None = None
        model.setParent(self)
        words = [Option(each, lambda each=each: LANGUAGE_NAMES[each]) for each in LANGUAGES]  # type: ignore[misc]
        self._language = FormField(Segmented("settings.language", words), "settings.language", has_message=False)
        shades = [Option("light", lambda: _("Light")), Option("dark", lambda: _("Dark"))]
        self._theme = FormField(Segmented("settings.theme", shades), "settings.theme", has_message=False)
        self._person = OneLine(f"{model.session.name} · {model.session.organization_name}")
        self._mine = label("heading")
        self._password = PasswordCard(model)
        self._tabs = QTabWidget()
        self._frames: list[QVBoxLayout] = []
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        mine = Card()
        row = QHBoxLayout()
        row.setSpacing(24)
        for field in (self._language, self._theme):
            field.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            row.addWidget(field)
        row.addStretch()
        for part in (self._mine, self._person):
            mine.column.addWidget(part)
        mine.column.addLayout(row)
        mine.column.addStretch()
        own = QHBoxLayout()
        own.setSpacing(14)
        own.addWidget(mine)
        own.addWidget(self._password, 1)
        self.column.addLayout(own)
        if self._updates is not None:
            self.column.addWidget(self._updates)
        self._tabs.setObjectName("settings.tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setObjectName("settings.tab_bar")
        self._tabs.tabBar().setDrawBase(False)
        for _place in range(1 + sum(each is not None for each in (self._make_data, self._make_hub))):
            frame = QWidget()
            self._frames.append(QVBoxLayout(frame))
            self._frames[-1].setContentsMargins(0, 0, 0, 0)
            self._tabs.addTab(frame, "")
        self.column.addWidget(self._tabs, 1)
        self.column.addStretch(0)
        self._tabs.setVisible(self._model.is_administrator)
        if not self._model.is_administrator:
            self.column.addStretch(1)

    def _connect(self) -> None:
        if self._updates is not None:
            self._updates.noticed.connect(self.noticed)
        cast("Segmented", self._language.editor).chosen.connect(self.language_chosen)
        cast("Segmented", self._theme.editor).chosen.connect(self.theme_chosen)
        self.primary_shortcut(self._primary)
        self._password.changed_password.connect(lambda: self.noticed.emit(_("Your password is changed."), "ok"))
        theme.notifier().changed.connect(self._follow)
        self._tabs.currentChanged.connect(self._open_tab)

    def make_more(self) -> bool:
        """Make one more tab; return False when there is none to make."""
        if not self._model.is_administrator:
            return False
        if self._people is None:
            self._people = PeoplePage(self._model)
            self._put(0, self._people)
        elif self._data is None and self._make_data is not None:
            self._data = self._make_data()
            self._put(1, self._data)
        elif self._hub is None and self._make_hub is not None:
            self._hub = self._make_hub()
            self._put(2, self._hub)
        else:
            return False
        return True

    def _put(self, place: int, page: PeoplePage | DataPage | HubPage) -> None:
        page.noticed.connect(self.noticed)
        self._frames[place].addWidget(page)

    def _open_tab(self, place: int) -> None:
        while (self._people, self._data, self._hub)[place] is None and self.make_more():
            continue
        page = (None, self._data, self._hub)[place]
        if page is not None:
            page.entered()

    def entered(self) -> None:
        """Read the list anew, and forget what was typed of a password."""
        self._password.clear()
        if self._updates is not None:
            self._updates.entered()
        self._open_tab(self._tabs.currentIndex())
        self._model.look()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Settings"))
        self._mine.setText(_("Your settings"))
        self._tabs.tabBar().setAccessibleName(_("Parts of the settings"))
        self._tabs.setTabText(0, _("People"))
        if self._make_data is not None:
            self._tabs.setTabText(1, _("Keys and backups"))
        if self._make_hub is not None:
            self._tabs.setTabText(2, _("Hub"))
        self._language.set_label(_("Language"))
        self._theme.set_label(_("Theme"))
        self._follow()

    def _follow(self) -> None:
        cast("Segmented", self._language.editor).choose(language.current())
        cast("Segmented", self._theme.editor).choose(theme.current())

    def _primary(self) -> None:
        if self._people is not None and self._people.isVisible():
            self._people.add()
