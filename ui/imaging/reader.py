"""One open series: its pictures are decoded in the background, the one somebody waits for first.

Only the newest wish counts: whoever turns the wheel fast does not wait for what he has passed, nor for a picture begun
before. Where nobody waits, neighbours are decoded in advance, as far as memory allows: three in the direction somebody
turns to for one behind him; one at a time while he may turn on at once, for the window needs a core too, and two at
once as soon as he rests, each with a child of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from ui.pictures import Picture, picture_of
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.imaging import FrameStack

AHEAD_BYTES: Final = 96 << 20
"""Of the pictures around the one that is seen."""
_GUESSED_BYTES: Final = 1 << 20
_AHEAD_FOR_ONE_BEHIND: Final = 3
AT_ONCE: Final = 2
"""Pictures of one series under way: as many as children decode."""
RESTING: Final = 3
"""Neighbours that were decoded since the last wish, from which on somebody is taken to rest."""


class SeriesReader(QObject):
    """Decodes the pictures of a series.

    Args:
        stack: the series.
        runner: the way into the background.
        parent: lives as long as this.
        at_once: pictures that are under way at the same time.

    Signals: ``decoded(int, Picture)`` with the number from 1; ``refused(int, Text)``: a picture that cannot be seen;
    ``filmed(int, Text)``: one of a video, which is not played here;
    ``damage_found``: another number is among ``damaged``; ``progressed``: another number is in ``had``.
    """

    decoded = Signal(int, object)
    refused = Signal(int, object)
    filmed = Signal(int, object)
    damage_found = Signal()
    progressed = Signal()

    def __init__(self, stack: FrameStack, runner: TaskRunner, parent: QObject, at_once: int = AT_ONCE) -> None:
        super().__init__(parent)
        self.stack = stack
        self._runner = runner
        self._at_once = at_once
        self._wanted = 0
        self._shown = 0
        self._wishes = self._shown_wish = 0
        self._under_way: set[int] = set()
        self._since_wish = 0
        self._is_closed = False
        self._direction = 0
        self._bytes_each = _GUESSED_BYTES
        self._tried: set[int] = set()
        self._had: set[int] = set()
        self.damaged: set[int] = set()

    def want(self, number: int) -> None:
        """Ask for a picture; a wish that was not begun yet is forgotten."""
        if number != self._wanted:
            self._direction = (number > self._wanted) - (number < self._wanted) if self._wanted else 0
            self._tried.clear()
            self._since_wish = 0
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
        while not self._is_closed and len(self._under_way) < self._at_once:
            if self._wanted != self._shown and self._wanted not in self._under_way:
                self._decode(self._wanted)
            elif not self._decode_ahead():
                return

    def _decode(self, number: int) -> None:
        self._under_way.add(number)
        self._wishes += 1
        self._runner.run(
            lambda: picture_of(self.stack.frame(number - 1)),
            owner=self,
            done=partial(self._show, number, self._wishes),
            failed=partial(self._refuse, number, self._wishes),
        )

    def _show(self, number: int, wish: int, picture: Picture) -> None:
        self._bytes_each = max(picture.frame.stored.nbytes, 1)
        self._count(number)
        if self._is_next(number, wish):
            self.decoded.emit(number, picture)
        self._rest(number)

    def _refuse(self, number: int, wish: int, error: ClinicError) -> None:
        from clinic_app.imaging.decoders import VideoError

        self._had.add(number)
        is_video = isinstance(error, VideoError)
        if not is_video:
            self._note_damage(number)
        if self._is_next(number, wish):
            (self.filmed if is_video else self.refused).emit(number, error.text)
        self._rest(number)

    def _is_next(self, number: int, wish: int) -> bool:
        """Return whether a picture is to be seen now: not where a later wish was quicker, or nobody looks any more."""
        if wish < self._shown_wish:
            return False
        self._shown, self._shown_wish = number, wish
        return not self._is_closed

    def _decode_ahead(self) -> bool:
        """Begin with a neighbour; return whether there was one to begin with."""
        is_resting = self._wanted == self._shown and (not self._under_way or self._since_wish >= RESTING)
        number = self._next_ahead() if is_resting else None
        if number is None:
            return False
        self._under_way.add(number)
        self._tried.add(number)
        self._runner.run(
            lambda: self._only_decoded(number),
            owner=self,
            done=lambda _nothing: self._count_and_rest(number),
            failed=lambda _error: self._miss_ahead(number),
        )
        return True

    def _only_decoded(self, number: int) -> None:
        self.stack.frame(number - 1)

    def _miss_ahead(self, number: int) -> None:
        self._note_damage(number)
        self._count_and_rest(number)

    def _note_damage(self, number: int) -> None:
        if number not in self.damaged and not self._is_closed:
            self.damaged.add(number)
            self.damage_found.emit()

    def _next_ahead(self) -> int | None:
        """Return the picture that will probably be asked for first and is not in memory, of those memory is for."""
        most = AHEAD_BYTES // self._bytes_each - 1
        around = islice(neighbours(self._wanted, self._direction, len(self.stack)), max(most, 0))
        done = self._tried | self.damaged | self._under_way
        return next((number for number in around if number not in done and not self.stack.has(number - 1)), None)

    def _count(self, number: int) -> None:
        if number not in self._had:
            self._had.add(number)
            if not self._is_closed:
                self.progressed.emit()

    def _count_and_rest(self, number: int) -> None:
        self._since_wish += 1
        self._count(number)
        self._rest(number)

    def _rest(self, number: int) -> None:
        self._under_way.discard(number)
        self._go_on()


def neighbours(number: int, direction: int, count: int) -> Iterator[int]:
    """Yield the other pictures of a series in the order in which they will probably be asked for.

    Args:
        number: that is seen, from 1.
        direction: 1 for somebody who goes on to higher numbers, -1 for lower ones, 0 for nobody knows.
        count: how many there are.
    """
    higher, lower = iter(range(number + 1, count + 1)), iter(range(number - 1, 0, -1))
    ahead, behind = (lower, higher) if direction < 0 else (higher, lower)
    turns = _AHEAD_FOR_ONE_BEHIND if direction else 1
    while found := [*islice(ahead, turns), *islice(behind, 1)]:
        yield from found
