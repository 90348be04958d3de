"""The way from the images of a patient to other hospitals' archives and back, and what came of fetching."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QStackedWidget

from ui import icons
from ui.imaging.archive_page import ArchivePage
from ui.imaging.intake import Bringer
from ui.imaging.view_model import ImagingViewModel
from ui.imaging.view_model_archive import ArchiveViewModel
from ui.language import _, say
from ui.widgets.buttons import Button


class Finding(QObject):
    """The button that opens the page, the page, and whether it is open.

    Args:
        name: stable object name of the button; the page is ``name.page``.
        images: takes in what is fetched.
        archive: searches.
        stack: where the page stands, once somebody opens it or there is time to make it.

    Signals: ``changed``: see ``is_open``; ``noticed(str, str)``: words and a tone.
    """

    changed = Signal()
    noticed = Signal(str, str)

    def __init__(
        self, name: str, images: ImagingViewModel, archive: ArchiveViewModel, stack: QStackedWidget, parent: QObject
    ) -> None:
        super().__init__(parent)
        archive.setParent(self)
        self._name = name
        self._stack = stack
        self._images = images
        self._archive = archive
        self._is_fetching = False
        self.is_open = False
        self.button = Button(name, "plain", "search")
        self.button.clicked.connect(self.open)
        archive.wished.connect(self._fetch)
        images.import_changed.connect(self._follow)
        self.say()

    @cached_property
    def page(self) -> ArchivePage:
        """Where archives are searched."""
        page = ArchivePage(f"{self._name}.page", self._archive)
        page.left.connect(self.close)
        self._stack.addWidget(page)
        icons.redraw_in(page)
        return page

    def make_page(self) -> bool:
        """Make the page before anybody asks for it; return False where it stands already."""
        is_missing = "page" not in vars(self)
        return is_missing and self.page is not None

    def open(self) -> None:
        """Bring the page to the front."""
        self.is_open = True
        self.changed.emit()
        self.page.enter()

    def close(self) -> None:
        """Go back to the images."""
        self.is_open = False
        self._archive.stop()
        self.changed.emit()

    def say(self) -> None:
        """Say everything anew."""
        self.button.say(_("Find in an archive…"))

    def _fetch(self, bringer: Bringer) -> None:
        if self._images.can_import:
            self._is_fetching = True
            self._images.import_from(bringer)
            self.close()

    def _follow(self) -> None:
        """Say, once, what did not come."""
        self.button.setEnabled(self._images.can_import)
        if not self._is_fetching or self._images.importer.is_running:
            return
        self._is_fetching = False
        fetched = self._archive.fetched
        if fetched is not None and fetched.missing:
            words = _("{came} of {total} images came.", came=fetched.came, total=fetched.total)
            words += f" {say(fetched.reason)}" if fetched.reason is not None else ""
            self.noticed.emit(words, "warn")
        elif fetched is not None and fetched.here and not fetched.total:
            self.noticed.emit(_("All images of this study are here already."), "ok")
