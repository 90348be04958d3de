"""The monitor's own numbers in large figures, each with its age: what is old looks old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from clinic_app.foundation.numbers import show_number
from clinic_app.foundation.texts import Text
from ui import language, theme
from ui.language import Translated, _, say
from ui.waveforms.monitor_values import NOW_S, MonitorValue
from ui.widgets.labels import OneLine, plain_tip

if TYPE_CHECKING:
    from clinic_app.waveforms import Heart, Limit

_NEW_S: Final = 2.5
_SIGNS: Final = {"low": " ▼", "high": " ▲"}
_BEYOND: Final = {"low": lambda: _("below the limit"), "high": lambda: _("above the limit")}


_TROUBLES: Final = {
    "leads off": lambda: _("Counted here: electrode off"),
    "no beats": lambda: _("Counted here: no beats in the signal"),
    "no signal": lambda: _("Counted here: no signal"),
}


@dataclass(frozen=True)
class TileKind:
    """One tile.

    Args:
        name: last part of its object name.
        fields: the vital signs it shows, joined by a stroke.
        words: its title.
        colour: of its figures, by the theme's table.
        place: row and column.
        span: columns it takes.
    """

    name: str
    fields: tuple[str, ...]
    words: Text
    colour: str
    place: tuple[int, int]
    span: int = 1


TILES: Final = (
    TileKind("heart_rate", ("heart_rate",), Text("HR"), "trace_ecg", (0, 0)),
    TileKind("spo2", ("spo2",), Text("SpO₂"), "trace_pleth", (0, 1)),
    TileKind("pressure", ("systolic", "diastolic"), Text("Pressure"), "text", (1, 0), 2),
    TileKind("respiratory_rate", ("respiratory_rate",), Text("Respiratory rate"), "text", (2, 0)),
    TileKind("temperature", ("temperature",), Text("Temperature"), "text", (2, 1)),
)


def age_words(age_s: float) -> str:
    """Return how old a value is: now, seconds, minutes."""
    if age_s <= _NEW_S:
        return _("now")
    if age_s < 60:
        return _("{seconds} s ago", seconds=int(age_s))
    return _("{minutes} min ago", minutes=int(age_s // 60))


def value_words(values: Sequence[MonitorValue], said: str) -> str:
    """Return what stands beside figures: their age, or why there are none.

    Args:
        values: what is shown together.
        said: their figures.
    """
    age_s = max(each.age_s for each in values)
    if any(each.is_gone for each in values):
        return _("none for {minutes} min", minutes=int(age_s // 60))
    if not all(each.is_possible or each.is_zero for each in values):
        return _("{value}: not possible", value=said)
    if any(each.is_zero for each in values):
        words = _("the monitor says so")
        return words if age_s <= NOW_S else f"{words}, {age_words(age_s)}"
    return age_words(age_s)


class NumberTile(QWidget):
    """One number, its unit and its age.

    Args:
        kind: what it shows.
    """

    def __init__(self, kind: TileKind) -> None:
        super().__init__()
        self.setObjectName(f"monitor.number.{kind.name}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._kind = kind
        self._figures = "—"
        self._unit = ""
        self._age = ""
        self._is_now = False
        self._beyond = ""
        self._is_zero = False

    def sizeHint(self) -> QSize:
        """Return the size of a tile."""
        return QSize(132, 62)

    def show_values(self, values: Mapping[str, MonitorValue], limits: Mapping[str, Limit] | None = None) -> None:
        """Show the newest values, marked where they lie beyond their limits; a missing one is a dash."""
        mine = [values[field] for field in self._kind.fields if field in values]
        is_whole = len(mine) == len(self._kind.fields)
        is_shown = is_whole and all(each.is_shown for each in mine)
        said = "/".join(show_number(each.value, language.current()) for each in mine)
        self._figures = said if is_shown else "—"
        self._unit = say(mine[0].sign.sign.unit) if is_whole else ""
        self._age = value_words(mine, said) if is_whole else ""
        self._is_now = is_whole and all(each.is_now for each in mine)
        self._beyond = _beyond(mine, limits or {}) if self._is_now else ""
        self._is_zero = is_shown and any(each.is_zero for each in mine)
        self.setAccessibleName(say(self._kind.words))
        told = [f"{self._figures} {self._unit}"] if is_shown else [_("no value")]
        told += ([self._age] if self._age else []) + ([_BEYOND[self._beyond]()] if self._beyond else [])
        self.setAccessibleDescription(", ".join(told))
        self.setToolTip(plain_tip(_look() if self._is_zero else _BEYOND[self._beyond]() if self._beyond else ""))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw title, figures, unit and age."""
        painter = QPainter(self)
        area = QRectF(self.rect()).adjusted(8, 4, -6, -4)
        title = ", ".join(part for part in (say(self._kind.words), self._unit) if part)
        self._write(painter, area, title, 8.5, "muted", Qt.AlignmentFlag.AlignTop)
        colour = self._kind.colour if self._is_now else "muted"
        colour = "warn" if self._beyond or self._is_zero else colour
        figures = self._figures + _SIGNS.get(self._beyond, "")
        used = self._write(painter, area, figures, 19.0, colour, Qt.AlignmentFlag.AlignBottom, is_bold=True)
        beside = area.adjusted(used + 7, 0, 0, -4)
        age_colour = "muted" if self._is_now else "warn"
        self._write(painter, beside, self._age, 8.5, age_colour, Qt.AlignmentFlag.AlignBottom)

    def _write(
        self,
        painter: QPainter,
        area: QRectF,
        words: str,
        points: float,
        colour: str,
        edge: Qt.AlignmentFlag,
        *,
        is_bold: bool = False,
    ) -> float:
        """Write at the left of ``area``; return the width taken."""
        painter.setFont(theme.body_font(points, QFont.Weight.DemiBold if is_bold else QFont.Weight.Normal))
        painter.setPen(theme.token(colour, "clinical"))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | edge, words)
        return float(painter.fontMetrics().horizontalAdvance(words))


def _look() -> str:
    return _("The monitor measures nothing, or it is really so. Look at the patient first.")


def heart_words(heart: Heart | None) -> str:
    """Return what is counted here, in words; nothing where there is nothing to be said."""
    if heart is None:
        return ""
    if heart.quality.trouble in _TROUBLES:
        return _TROUBLES[heart.quality.trouble]()
    if heart.quality.is_noisy:
        return _("Counted here: signal too noisy")
    if heart.rate is None:
        return ""
    return _("Counted here from {lead}: {rate}/min", lead=heart.lead, rate=round(heart.rate))


def _beyond(values: Sequence[MonitorValue], limits: Mapping[str, Limit]) -> str:
    """Return on which side of their limits some values lie: ``low``, ``high``, or nothing."""
    marks = [limits[each.code].mark(each.value) for each in values if each.code in limits]
    return next((mark for mark in marks if mark), "")


class NumbersPanel(Translated, QWidget):
    """All the numbers of the monitor."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("monitor.numbers")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        self._tiles = [NumberTile(kind) for kind in TILES]
        self._values: Mapping[str, MonitorValue] = {}
        self._limits: Mapping[str, Limit] = {}
        self._own = OneLine("", 60)
        self._own.setObjectName("monitor.own_rate")
        self._own.hide()
        grid.addWidget(self._own, 3, 0, 1, 2)
        for tile, kind in zip(self._tiles, TILES, strict=True):
            grid.addWidget(tile, *kind.place, 1, kind.span)
        self.retranslate()

    def use_limits(self, limits: Mapping[str, Limit]) -> None:
        """Mark by these limits from the next values on."""
        self._limits = limits

    def show_values(self, values: Mapping[str, MonitorValue]) -> None:
        """Show the newest values, marked by the limits that are known."""
        self._values = values
        for tile in self._tiles:
            tile.show_values(values, self._limits)

    def show_heart(self, heart: Heart | None) -> None:
        """Show what is counted here: a rate with its lead, or that the signal is too noisy for one."""
        words = heart_words(heart)
        if words != self._own.text():
            self._own.say(words)
        self._own.setVisible(bool(words))

    def retranslate(self) -> None:
        """Say everything anew."""
        self.setAccessibleName(_("Numbers of the monitor"))
        self.show_values(self._values)
