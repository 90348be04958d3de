"""How much happened when: a bar for each hour, day or week of a span. A click chooses the bar's time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from clinic_app.foundation.dates import form_date
from ui import theme
from ui.language import Translated, _
from ui.widgets.labels import plain_tip

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
MOST_HOURS: Final = 72
MOST_DAYS: Final = 120
MOST_BARS: Final = 520
"""Ten years of weeks; what lies before is not drawn."""
_HEIGHT: Final = 104
_FOOT: Final = 18
_HEAD: Final = 16


@dataclass(frozen=True)
class Bar:
    """One span of time, local, and how much fell into it."""

    begin: datetime
    end: datetime
    count: int


def bars_of(counts: Mapping[datetime, int]) -> tuple[Bar, ...]:
    """Return the bars of counts per hour, gaps among them; by hours, days or weeks, as the whole span asks.

    Args:
        counts: by the beginning of each hour, aware.
    """
    if not counts:
        return ()
    hours = {moment.astimezone().replace(minute=0, second=0, microsecond=0): n for moment, n in counts.items()}
    first, last = min(hours), max(hours)
    if last - first < MOST_HOURS * HOUR:
        step, begin = HOUR, first
    elif last - first < MOST_DAYS * DAY:
        step, begin = DAY, first.replace(hour=0)
    else:
        step, begin = WEEK, first.replace(hour=0) - first.weekday() * DAY
    number = (last - begin) // step + 1
    begin, number = (begin + max(0, number - MOST_BARS) * step, min(number, MOST_BARS))
    fallen: Counter[int] = Counter()
    for moment, count in hours.items():
        fallen[(moment - begin) // step] += count
    return tuple(Bar(begin + place * step, begin + (place + 1) * step, fallen[place]) for place in range(number))


class EventPlot(Translated, QWidget):
    """The bars, with the highest count, the first and the last moment in words.

    Args:
        name: stable object name.

    Signal ``chosen(begin, end)``: a bar was clicked, or chosen by the arrow keys and Enter.
    """

    chosen = Signal(object, object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._bars: tuple[Bar, ...] = ()
        self._place = -1
        theme.notifier().changed.connect(self.update)
        self.retranslate()

    @property
    def bars(self) -> Sequence[Bar]:
        """What is drawn."""
        return self._bars

    def show_counts(self, counts: Mapping[datetime, int]) -> None:
        """Draw other counts per hour."""
        self._bars, self._place = bars_of(counts), -1
        self.retranslate()
        self.update()

    def retranslate(self) -> None:
        """Say in words what the picture shows."""
        self.setAccessibleName(_("How many events when"))
        if not self._bars:
            self.setAccessibleDescription(_("No events"))
            return
        highest = max(self._bars, key=lambda bar: bar.count)
        self.setAccessibleDescription(
            _(
                "{total} events from {first} to {last}; most, {most}, at {moment}",
                total=sum(bar.count for bar in self._bars),
                first=bar_words(self._bars[0]),
                last=bar_words(self._bars[-1]),
                most=highest.count,
                moment=bar_words(highest),
            )
        )

    def sizeHint(self) -> QSize:
        """Return room for bars one can tell apart."""
        return QSize(400, _HEIGHT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the bar under the pointer."""
        self._place = self._place_at(event.position().x())
        self.update()
        self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from bar to bar by the arrow keys, and choose by Enter."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() in steps and self._bars:
            self._place = (self._place + steps[Qt.Key(event.key())]) % len(self._bars)
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        else:
            super().keyPressEvent(event)

    def event(self, event: object) -> bool:
        """Say what lies under the pointer."""
        if isinstance(event, QHelpEvent):
            place = self._place_at(event.pos().x())
            words = f"{bar_words(self._bars[place])}: {self._bars[place].count}" if place >= 0 else ""
            # allowed (words as markup): its words went through plain_tip
            QToolTip.showText(event.globalPos(), plain_tip(words), self)
            return True
        return bool(super().event(event))  # type: ignore[arg-type]

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bars and their words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        floor = self.height() - _FOOT
        painter.setPen(QPen(theme.token("border"), 1))
        painter.drawLine(QPointF(0, floor + 0.5), QPointF(self.width(), floor + 0.5))
        if self._bars:
            self._draw_bars(painter, floor)
            self._draw_words(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme.token("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def _draw_bars(self, painter: QPainter, floor: float) -> None:
        highest = max(bar.count for bar in self._bars)
        step = self.width() / len(self._bars)
        gap = min(3.0, step * 0.2)
        width = min(step - gap, 46.0)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, bar in enumerate(self._bars):
            if not bar.count:
                continue
            height = max(2.0, (floor - _HEAD) * bar.count / highest)
            painter.setBrush(theme.token("focus" if place == self._place else "accent"))
            left = step * place + (step - width) / 2
            painter.drawRoundedRect(QRectF(left, floor - height, width, height), 2, 2)

    def _draw_words(self, painter: QPainter) -> None:
        small = QFont(self.font())
        small.setPointSizeF(theme.LABEL_PT)
        painter.setFont(small)
        painter.setPen(theme.token("muted"))
        foot = QRectF(0, self.height() - _FOOT, self.width(), _FOOT)
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(foot, middle | int(Qt.AlignmentFlag.AlignLeft), bar_words(self._bars[0]))
        if len(self._bars) > 1:
            painter.drawText(foot, middle | int(Qt.AlignmentFlag.AlignRight), bar_words(self._bars[-1]))
        highest = max(bar.count for bar in self._bars)
        head = QRectF(0, 0, self.width(), _HEAD)
        painter.drawText(head, middle | int(Qt.AlignmentFlag.AlignLeft), _("most: {count}", count=highest))
        if self._place >= 0:
            bar = self._bars[self._place]
            painter.drawText(head, middle | int(Qt.AlignmentFlag.AlignRight), f"{bar_words(bar)}: {bar.count}")

    def _place_at(self, x: float) -> int:
        place = int(x * len(self._bars) / max(self.width(), 1))
        return place if 0 <= place < len(self._bars) else -1

    def _choose(self) -> None:
        if 0 <= self._place < len(self._bars):
            bar = self._bars[self._place]
            self.chosen.emit(bar.begin, bar.end)


def bar_words(bar: Bar) -> str:
    """Return the time of a bar: the hour, the day, or the week's first day."""
    if bar.end - bar.begin < DAY:
        return f"{bar.begin:%d.%m.%Y %H:%M}"
    return form_date(bar.begin)
