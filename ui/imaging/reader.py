"""One open series: its pictures are decoded in the background, the one somebody waits for first.

Only the newest wish counts: whoever turns the wheel fast does not wait for what he has passed. When nobody waits, the
neighbours are decoded in advance, as far as memory allows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from ui.pictures import Picture, picture_of
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.imaging import FrameStack

AHEAD_BYTES: Final = 128 << 20


class SeriesReader(QObject):
    """Decodes the pictures of a series.

    Args:
        stack: the series.
        runner: the way into the background.
        parent: lives as long as this.

    Signals: ``decoded(int, Picture)`` with the number from 1; ``refused(int, Text)``: a picture that cannot be seen;
    ``damage_found``: another number is among ``damaged``; ``progressed``: another number is in ``had``.
    """

    decoded = Signal(int, object)
    refused = Signal(int, object)
    damage_found = Signal()
    progressed = Signal()

    def __init__(self, stack: FrameStack, runner: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self.stack = stack
        self._runner = runner
        self._wanted = 0
        self._shown = 0
        self._is_working = False
        self._is_closed = False
        self._ahead_bytes = 0
        self._had: set[int] = set()
        self.damaged: set[int] = set()

    def want(self, number: int) -> None:
        """Ask for a picture; a wish that was not fulfilled yet is forgotten."""
        self._wanted = number
        self._go_on()

    @property
    def had(self) -> frozenset[int]:
        """Numbers of the pictures that were decoded so far, or found to be damaged."""
        return frozenset(self._had)

    def close(self) -> None:
        """Want nothing any more."""
        self._is_closed = True
        self.deleteLater()

    def _go_on(self) -> None:
        if self._is_working or self._is_closed:
            return
        if self._wanted != self._shown:
            self._decode(self._wanted)
        else:
            self._decode_ahead()

    def _decode(self, number: int) -> None:
        self._is_working = True
        self._runner.run(
            lambda: picture_of(self.stack.frame(number - 1)),
            owner=self,
            done=partial(self._show, number),
            failed=partial(self._refuse, number),
        )

    def _show(self, number: int, picture: Picture) -> None:
        self._count(number, picture.frame.stored.nbytes)
        self._shown = number
        if not self._is_closed:
            self.decoded.emit(number, picture)
        self._rest()

    def _refuse(self, number: int, error: ClinicError) -> None:
        self._had.add(number)
        self._shown = number
        self._note_damage(number)
        if not self._is_closed:
            self.refused.emit(number, error.text)
        self._rest()

    def _decode_ahead(self) -> None:
        number = self._next_ahead()
        if number is None:
            return
        self._is_working = True
        self._runner.run(
            lambda: self.stack.frame(number - 1).stored.nbytes,
            owner=self,
            done=lambda size: self._count_and_rest(number, size),
            failed=lambda _error: self._miss_ahead(number),
        )

    def _miss_ahead(self, number: int) -> None:
        self._note_damage(number)
        self._count_and_rest(number, 0)

    def _note_damage(self, number: int) -> None:
        if number not in self.damaged and not self._is_closed:
            self.damaged.add(number)
            self.damage_found.emit()

    def _next_ahead(self) -> int | None:
        """Return the nearest neighbour that was not decoded yet, the one below first."""
        if self._ahead_bytes >= AHEAD_BYTES:
            return None
        for distance in range(1, len(self.stack)):
            for number in (self._shown + distance, self._shown - distance):
                if 1 <= number <= len(self.stack) and number not in self._had:
                    return number
        return None

    def _count(self, number: int, size: int) -> None:
        if number not in self._had:
            self._had.add(number)
            self._ahead_bytes += size
            if not self._is_closed:
                self.progressed.emit()

    def _count_and_rest(self, number: int, size: int) -> None:
        self._count(number, size)
        self._rest()

    def _rest(self) -> None:
        self._is_working = False
        self._go_on()
