"""Windows every reader of CT knows by name, one key each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clinic_app.imaging import Window
from ui.language import _

HOUNSFIELD: Final = "HU"


@dataclass(frozen=True)
class Preset:
    """A window in Hounsfield units.

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
)
