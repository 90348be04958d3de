"""Every colour of the program, once, and the look made from it.

Three themes: ``light`` and ``dark`` for the windows, ``clinical`` for images and waveforms, which are read on a dark
ground whatever the windows wear. The palette and the style sheet are filled from the same table, so that a native
control and a styled one never disagree. Contrast: text at least 4.5, focus ring and input border at least 3 (a test
computes it).
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from PySide6.QtCore import QObject, Qt, QTemporaryDir, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

ThemeName = Literal["light", "dark", "clinical"]

log = logging.getLogger(__name__)
_BUILT: Final = Path(__file__).parents[1] / "resources" / "built"
_STYLE: Final = Path(__file__).with_name("theme.qss")
_DRAWING: Final = re.compile(r"%([a-z0-9-]+):([a-z_]+)%")
BODY_PT: Final = 10.0
LABEL_PT: Final = 8.5
_WORN: Final = "wears"
ROW_PX: Final = 38

_LIGHT: Final = {
    "bg": "#F4F6F8", "surface": "#FFFFFF", "raised": "#F8FAFB", "hover": "#EDF2F6",
    "text": "#14212B", "muted": "#52626F", "disabled": "#5F6E7B",
    "accent": "#0B5C86", "accent_hover": "#0A4F74", "on_accent": "#FFFFFF", "selected": "#DCEBF3",
    "border": "#D5DDE3", "input_border": "#7D8C98", "focus": "#0B6FA4",
    "ok": "#1B6B3A", "ok_soft": "#E2F2E7", "warn": "#7A4B00", "warn_soft": "#FFF1D6",
    "alarm": "#B00020", "alarm_soft": "#FDE7EA", "info": "#0B4F75", "info_soft": "#E1EEF7",
    "rail": "#102A3A", "rail_text": "#C3D2DC", "rail_selected": "#1E4C66", "rail_on": "#FFFFFF", "rail_mark": "#5DB7E8",
    "rail_off": "#7C93A2",
    "trace_ecg": "#0B5C86", "trace_pleth": "#1B6B3A", "trace_grid": "#D5DDE3", "overlay": "#14212B",
}  # fmt: skip
_DARK: Final = {
    "bg": "#11181D", "surface": "#1A232A", "raised": "#202B33", "hover": "#24313A",
    "text": "#E8EEF2", "muted": "#A3B3BF", "disabled": "#8496A3",
    "accent": "#5DB7E8", "accent_hover": "#7CC6EE", "on_accent": "#07202E", "selected": "#223B4C",
    "border": "#2E3B45", "input_border": "#6C7F8D", "focus": "#7CC6EE",
    "ok": "#7FD59B", "ok_soft": "#16321F", "warn": "#F3BE5B", "warn_soft": "#3A2B0C",
    "alarm": "#FF8A97", "alarm_soft": "#47131B", "info": "#A9D5F0", "info_soft": "#1B3444",
    "rail": "#0A0F13", "rail_text": "#A3B3BF", "rail_selected": "#1D3645", "rail_on": "#FFFFFF", "rail_mark": "#5DB7E8",
    "rail_off": "#7C93A2",
    "trace_ecg": "#7FD59B", "trace_pleth": "#5DB7E8", "trace_grid": "#2E3B45", "overlay": "#E8EEF2",
}  # fmt: skip
_CLINICAL: Final = _DARK | {
    "bg": "#0A0E11", "surface": "#10161A", "raised": "#182127", "hover": "#1F2A31", "border": "#2A363F",
    "trace_ecg": "#8CF0A4", "trace_pleth": "#6CCBF5", "trace_grid": "#1B252B", "overlay": "#DDE6EB",
}  # fmt: skip
TOKENS: Final[dict[ThemeName, dict[str, str]]] = {"light": _LIGHT, "dark": _DARK, "clinical": _CLINICAL}

_ROLES: Final = {
    QPalette.ColorRole.Window: "bg", QPalette.ColorRole.WindowText: "text", QPalette.ColorRole.Base: "surface",
    QPalette.ColorRole.AlternateBase: "raised", QPalette.ColorRole.Text: "text", QPalette.ColorRole.Button: "surface",
    QPalette.ColorRole.ButtonText: "text", QPalette.ColorRole.BrightText: "on_accent",
    QPalette.ColorRole.Highlight: "selected", QPalette.ColorRole.HighlightedText: "text",
    QPalette.ColorRole.ToolTipBase: "raised", QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.PlaceholderText: "muted", QPalette.ColorRole.Link: "accent", QPalette.ColorRole.Accent: "accent",
    QPalette.ColorRole.Light: "raised", QPalette.ColorRole.Mid: "border", QPalette.ColorRole.Dark: "input_border",
}  # fmt: skip


class _Notifier(QObject):
    """What the windows wear now; ``changed`` fires after a theme was applied."""

    changed = Signal()
    worn: ThemeName = "light"
    is_dressed = False


@lru_cache(maxsize=1)
def notifier() -> _Notifier:
    """Return the object whose ``changed`` fires after a theme was applied."""
    return _Notifier()


def current() -> ThemeName:
    """Return the theme the windows wear: ``light`` or ``dark``."""
    return notifier().worn


def token(name: str, theme: ThemeName | None = None) -> QColor:
    """Return one colour of the table, by default of the windows' theme."""
    return QColor(TOKENS[theme or current()][name])


def palette(theme: ThemeName) -> QPalette:
    """Return Qt's palette filled from the table."""
    filled = QPalette()
    for role, name in _ROLES.items():
        filled.setColor(role, token(name, theme))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        filled.setColor(QPalette.ColorGroup.Disabled, role, token("disabled", theme))
    return filled


@lru_cache(maxsize=3)
def style_sheet(theme: ThemeName) -> str:
    """Return the style sheet with every ``$token`` and every ``%icon:token%`` replaced; longer names first."""
    sheet = _STYLE.read_text(encoding="utf-8")
    if theme == "clinical":  # a widget's own sheet hides its palette from its children
        sheet = "QWidget { color: $text; }\n" + sheet
    for name in sorted(TOKENS[theme], key=len, reverse=True):
        sheet = sheet.replace(f"${name}", TOKENS[theme][name])
    return _DRAWING.sub(lambda match: _tinted(match[1], TOKENS[theme][match[2]]), sheet)


def apply(app: QApplication, theme: ThemeName) -> None:
    """Dress the whole program; may be called at any time while it runs, and does nothing when it is dressed so."""
    sheet = style_sheet(theme)
    if notifier().is_dressed and notifier().worn == theme and app.styleSheet() == sheet:
        return
    notifier().worn = theme
    if not notifier().is_dressed:
        app.setStyle("Fusion")
        app.setFont(body_font())
        notifier().is_dressed = True
    app.setPalette(palette(theme))
    app.setStyleSheet(sheet)
    notifier().changed.emit()


def make_clinical(widget: QWidget) -> None:
    """Dress one widget and what is in it for reading images and waveforms: dark, whatever the windows wear."""
    widget.setProperty(_WORN, "clinical")
    widget.setPalette(palette("clinical"))
    widget.setStyleSheet(style_sheet("clinical"))
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)


def worn_by(widget: QWidget | None) -> ThemeName:
    """Return the theme a widget wears: that of the windows, unless it lies in a part that was made clinical."""
    while widget is not None:
        if widget.property(_WORN) == "clinical":
            return "clinical"
        widget = widget.parentWidget()
    return current()


def body_font(point_size: float = BODY_PT, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return Inter in this size, or the system's font where it was not built."""
    font = QFont(_family()) if _family() else QFont()
    font.setPointSizeF(point_size)
    font.setWeight(weight)
    return font


@lru_cache(maxsize=1)
def _tinted_folder() -> QTemporaryDir:
    return QTemporaryDir()


@lru_cache(maxsize=64)
def _tinted(name: str, colour: str) -> str:
    """Return the path of an icon in one colour: a style sheet takes pictures from files only."""
    source = _BUILT / "icons" / f"{name}.svg"
    target = Path(_tinted_folder().path()) / f"{name}-{colour[1:]}.svg"
    if source.exists():
        target.write_text(source.read_text(encoding="utf-8").replace("currentColor", colour), encoding="utf-8")
    return target.as_posix()


@lru_cache(maxsize=1)
def _family() -> str:
    families: list[str] = []
    for path in sorted((_BUILT / "fonts").glob("*.ttf")):
        families += QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(path)))
    if "Inter" not in families:
        log.warning("the font Inter is not built; the system's font is used")
    return "Inter" if "Inter" in families else next(iter(families), "")
