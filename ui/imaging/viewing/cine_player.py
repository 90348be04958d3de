"""Plays the loop of one pane: the picture that is due is asked for, and what could not be shown in time is counted."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from clinic_app.imaging.viewing.cine import SPEEDS, Clock, Timing, Way, unstated
from ui.imaging.open_series import OpenSeries
from ui.widgets.image_canvas import ImageCanvas

if TYPE_CHECKING:
    from clinic_app.foundation.errors import ClinicError

_LEAST_TICK_MS: Final = 4
_MOST_TICK_MS: Final = 50
_TICKS_PER_PICTURE: Final = 3
_MOVING: Final = frozenset({"US", "IVUS", "XA", "RF", "NM", "ES", "XC", "OP", "OPT", "OCT"})


class CinePlayer(QObject):
    """The player.

    Args:
        canvas: shows the pictures.
        series: the series of its pane.
        parent: lives as long as this.
        now_s: the time that passes.

    Signal ``changed``: it runs, stands, or runs otherwise; ``counted``: see ``shown_rate_hz`` and ``dropped``.
    """

    changed = Signal()
    counted = Signal()

    def __init__(
        self,
        canvas: ImageCanvas,
        series: OpenSeries,
        parent: QObject,
        now_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._series, self._now_s = canvas, series, now_s
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._clock: Clock | None = None
        self._step = self._asked = 0
        self._began_s = 0.0
        self._is_asking = self._is_shown = False
        self._is_awaited = False
        self._shown_at: deque[float] = deque(maxlen=240)
        self.timing: Timing = unstated()
        self.is_timed = False
        self.speed = 1.0
        self.way: Way = "loop"
        self.part: tuple[int, int] | None = None
        self.dropped = 0
        canvas.shown.connect(self._note_shown)
        canvas.number_asked.connect(self._follow_person)
        series.opened.connect(self._begin_series)
        series.closed.connect(self._end_series)

    @property
    def is_playing(self) -> bool:
        """Whether it runs."""
        return self._timer.isActive()

    @property
    def can_play(self) -> bool:
        """Whether there is more than one picture."""
        return self._series.count > 1

    @property
    def is_loop(self) -> bool:
        """Whether it is of a kind that is looked at as it moves, or somebody has let it run."""
        row = self._series.row
        return self.can_play and (self.is_timed or (row is not None and row.modality in _MOVING))

    @property
    def rate_hz(self) -> float:
        """Pictures a second it should show."""
        return self.timing.rate_hz * self.speed

    @property
    def shown_rate_hz(self) -> float | None:
        """Pictures it showed in the last second; None while it runs for less than that."""
        now = self._now_s()
        return float(sum(1 for at in self._shown_at if now - at <= 1.0)) if now - self._began_s >= 1.0 else None

    def toggle(self) -> None:
        """Run, or stand."""
        if self.is_playing or self._is_awaited:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Run from the picture that is seen, at the speed the file says; as soon as that is known."""
        if not self.can_play:
            return
        self._is_awaited = not self.is_timed
        if self._is_awaited:
            self._read_timing()
            return
        first, last = self.part or (1, self._series.count)
        self._clock = Clock(self.timing.durations(self._series.count), first, last, self.speed, self.way)
        number = self._canvas.image_number
        is_at_end = self.way == "once" and number >= last
        self._clock.begin(self._now_s(), first if is_at_end or not first <= number <= last else number)
        self._step, self._asked, self._is_shown, self.dropped = -1, 0, True, 0
        self._shown_at.clear()
        self._began_s = self._now_s()
        least_ms = min(self.timing.durations(self._series.count)) / self.speed
        self._timer.start(round(min(max(least_ms / _TICKS_PER_PICTURE, _LEAST_TICK_MS), _MOST_TICK_MS)))
        self.changed.emit()
        self.tick()

    def pause(self) -> None:
        """Stand at the picture that is seen; what waits for its speed does not begin any more."""
        self._is_awaited = False
        if self.is_playing:
            self._timer.stop()
            self.changed.emit()

    def step(self, by: int) -> None:
        """Stand, and go so many pictures further within the part that runs."""
        self.pause()
        first, last = self.part or (1, self._series.count)
        if self._series.count:
            self._canvas.go_to(first + (self._canvas.wanted_number - first + by) % (last - first + 1))

    def set_speed(self, speed: float) -> None:
        """Run so many times as fast as the file says."""
        self.speed = speed
        self._go_on_otherwise()

    def change_speed(self, by: int) -> None:
        """Take the next faster or slower speed."""
        place = min(range(len(SPEEDS)), key=lambda each: abs(SPEEDS[each] - self.speed))
        self.set_speed(SPEEDS[min(max(place + by, 0), len(SPEEDS) - 1)])

    def set_way(self, way: Way) -> None:
        """Go on otherwise at the end."""
        self.way = way
        self._go_on_otherwise()

    def set_part(self, first: int, last: int) -> None:
        """Run only from one picture to another; all of them is no part."""
        first, last = sorted((max(first, 1), min(last, self._series.count)))
        self.part = None if (first, last) == (1, self._series.count) or first == last else (first, last)
        self._go_on_otherwise()

    def begin_part(self) -> None:
        """The part that runs begins with the picture that is seen."""
        self.set_part(self._canvas.image_number, self.part[1] if self.part else self._series.count)

    def end_part(self) -> None:
        """The part that runs ends with the picture that is seen."""
        self.set_part(self.part[0] if self.part else 1, self._canvas.image_number)

    def clear_part(self) -> None:
        """Run all of it."""
        self.set_part(1, self._series.count)

    def tick(self) -> None:
        """Ask for the picture that is due, if another one is."""
        if self._clock is None or not self._series.count:
            self.pause()
            return
        now = self._now_s()
        step, number = self._clock.due(now)
        if step != self._step:
            self.dropped += step - self._step - 1 + (not self._is_shown)
            self._step, self._asked = step, number
            self._is_shown = self._canvas.image_number == number
            if self._is_shown:
                self._shown_at.append(now)
            self._is_asking = True
            self._canvas.go_to(number)
            self._is_asking = False
            self.counted.emit()
        if self._clock.is_over(now):
            self.pause()

    def _note_shown(self) -> None:
        if self.is_playing and not self._is_shown and self._canvas.image_number == self._asked:
            self._is_shown = True
            self._shown_at.append(self._now_s())

    def _follow_person(self, _number: int) -> None:
        if not self._is_asking:
            self.pause()  # whoever leafs himself wants to look

    def _go_on_otherwise(self) -> None:
        if self.is_playing:
            self.play()
        self.changed.emit()

    def _begin_series(self) -> None:
        self.part, self.timing, self.is_timed, self.speed, self.way = None, unstated(), False, 1.0, "loop"
        self.dropped = 0
        self.changed.emit()

    def _end_series(self) -> None:
        self.pause()
        self._begin_series()

    def _read_timing(self) -> None:
        stack, row = self._series.stack, self._series.row
        if stack is None:
            return

        def take(timing: Timing) -> None:
            if self._series.row is row and not self.is_timed:
                self.timing, self.is_timed = timing, True
                self.way, self.part = timing.way, timing.trim
                if self._is_awaited:  # and not hidden, paused or leafed through meanwhile
                    self.play()
                else:
                    self.changed.emit()

        def miss(_error: ClinicError) -> None:
            take(unstated())

        self._series.runner.run(stack.timing, owner=self, done=take, failed=miss)
