"""Windows a reader knows by name, one key each: those every reader of CT knows, and what somebody made his own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clinic_app.imaging import Window
from ui.language import _

HOUNSFIELD: Final = "HU"
MOST_PRESETS: Final = 9


@dataclass(frozen=True)
class Preset:
    """A window in the unit of the pictures.

    Args:
        key: the digit that sets it.
        words: gives its name in the language of the windows.
        window: center and width.
    """

    key: str
    words: Callable[[], str]
    window: Window


PRESETS: Final = (
    Preset("1", lambda: _("Soft tissue"), Window(40, 400)),
    Preset("2", lambda: _("Lung"), Window(-600, 1500)),
    Preset("3", lambda: _("Bone"), Window(400, 1800)),
    Preset("4", lambda: _("Brain"), Window(40, 80)),
    Preset("5", lambda: _("Abdomen"), Window(60, 400)),
    Preset("6", lambda: _("Mediastinum"), Window(50, 350)),
    Preset("7", lambda: _("Liver"), Window(80, 160)),
    Preset("8", lambda: _("Vessels"), Window(300, 600)),
    Preset("9", lambda: _("Temporal bone"), Window(700, 4000)),
)
"""For Hounsfield units."""
