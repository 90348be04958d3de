"""How large a millimetre is on each screen of this computer, as people measured it with a card or a ruler.

What a screen tells about its own size is often wrong (a television, a remote session, a projector), so a person may
measure it once; from then on 25 mm are 25 mm on every paper and every sweep that stands on this screen. A screen is
known by its maker, model and number; the size is kept in its own pixels, so that another magnification changes nothing.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QWidget

from ui.widgets.trace_scale import guess_px_per_mm

SCREENS: Final = "screens"
"""Name of what is kept for this computer."""
LEAST_PX_PER_MM: Final = 1.5
MOST_PX_PER_MM: Final = 30.0
"""Of the screen's own pixels: finer than every telephone."""
MOST_SCREENS: Final = 32


class ScreenScales(QObject):
    """The measured screens.

    Signals: ``changed``: whoever draws true to scale looks again; ``measured(str)``: a person measured, or gave up what
    was measured; the words are to be kept for `use`.
    """

    changed = Signal()
    measured = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._measured: dict[str, float] = {}

    def use(self, kept: str | None) -> None:
        """Take what was kept (see `as_text`); what is no possible size is dropped."""
        try:
            told = json.loads(kept or "{}")
        except ValueError:
            told = {}
        pairs = told.items() if isinstance(told, dict) else ()
        self._measured = dict([(str(name), float(px)) for name, px in pairs if _is_possible(px)][:MOST_SCREENS])
        self.changed.emit()

    def as_text(self) -> str:
        """Return what is to be kept."""
        return json.dumps(self._measured)

    def is_measured(self, widget: QWidget | None = None) -> bool:
        """Return whether somebody measured the screen a widget stands on."""
        return name_of(_screen(widget)) in self._measured

    def px_per_mm(self, widget: QWidget | None = None) -> float:
        """Return the logical pixels of a millimetre on the screen a widget stands on: measured, or guessed."""
        screen = _screen(widget)
        measured = self._measured.get(name_of(screen))
        return guess_px_per_mm(widget) if measured is None else measured / screen.devicePixelRatio()

    def measure(self, px_per_mm: float, widget: QWidget | None = None) -> None:
        """Note the logical pixels of a millimetre on the screen a widget stands on.

        Raises:
            ValueError: no screen has such pixels.
        """
        screen = _screen(widget)
        told = px_per_mm * screen.devicePixelRatio()
        if not _is_possible(told):
            raise ValueError(f"{told} pixels in a millimetre")
        kept = [(name, px) for name, px in self._measured.items() if name != name_of(screen)]
        self._measured = dict([*kept[-(MOST_SCREENS - 1) :], (name_of(screen), told)])
        self._tell()

    def forget(self, widget: QWidget | None = None) -> None:
        """Go back to what the screen tells itself."""
        self._measured.pop(name_of(_screen(widget)), None)
        self._tell()

    def _tell(self) -> None:
        self.changed.emit()
        self.measured.emit(self.as_text())


def possible_px_per_mm(widget: QWidget | None = None) -> tuple[float, float]:
    """Return the least and the most logical pixels a millimetre can have on the screen a widget stands on."""
    ratio = _screen(widget).devicePixelRatio()
    return LEAST_PX_PER_MM / ratio, MOST_PX_PER_MM / ratio


def name_of(screen: QScreen) -> str:
    """Return what tells a screen from every other of this computer."""
    size = screen.size() * screen.devicePixelRatio()
    number = screen.serialNumber() or screen.name()
    return "|".join((screen.manufacturer(), screen.model(), number, f"{size.width()}x{size.height()}"))


def _screen(widget: QWidget | None) -> QScreen:
    return widget.screen() if widget is not None else QGuiApplication.primaryScreen()


def _is_possible(px: object) -> bool:
    is_number = isinstance(px, int | float) and not isinstance(px, bool)
    return is_number and math.isfinite(px) and LEAST_PX_PER_MM <= px <= MOST_PX_PER_MM  # type: ignore[arg-type, operator]


@lru_cache(maxsize=1)
def screen_scales() -> ScreenScales:
    """Return the sizes of this program's screens."""
    return ScreenScales()
