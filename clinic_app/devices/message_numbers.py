"""The numbers a device gives its messages: whether one is missing, and whether one is sent again.

Not every device counts. Whether it does shows by itself: its numbers went up by one, message after message. What does
not count, or counts something else, is no witness.
Source: HL7 v2.6, chapter 2.14.9 (MSH-10, message control ID; MSH-13, sequence number).
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Final

_COUNTED: Final = re.compile(r"(.{0,180}?)([0-9]{1,18})")
_ENOUGH: Final = 3
"""So many steps by one show that a device counts."""
_REMEMBERED: Final = 16
_MOST_MISSING: Final = 5000
"""A larger leap is a counter that began anew."""


@dataclass(frozen=True)
class Numbered:
    """What a message's number says.

    Args:
        missing: messages that are missing before it; None from a device that does not count.
        is_again: whether the same number came shortly before, from a device that gives different ones.
    """

    missing: int | None = None
    is_again: bool = False


NOT_COUNTED: Final = Numbered()


class MessageNumbers:
    """The memory of one device."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None
        self._steps: deque[bool] = deque(maxlen=2 * _ENOUGH)
        self._ids: deque[str] = deque(maxlen=_REMEMBERED)

    def heard(self, control_id: str, sequence: str = "") -> Numbered:
        """Return what a message's number says.

        Args:
            control_id: MSH-10.
            sequence: MSH-13, which goes before where a device has both; empty for most.
        """
        said = sequence if sequence.isascii() and sequence.isdigit() else control_id
        is_again = bool(said) and said in self._ids and len(set(self._ids)) > 1
        if is_again:
            return Numbered(0 if self._is_counting else None, is_again=True)
        self._ids.append(said)
        counted = _COUNTED.fullmatch(said)
        if counted is None:
            self._last = None
            return Numbered()
        prefix, number = counted[1], int(counted[2])
        last, self._last = self._last, (prefix, number)
        if last is None or last[0] != prefix:
            return Numbered()
        missing = number - last[1] - 1
        is_counting = self._is_counting
        self._steps.append(missing == 0)
        return Numbered(missing if is_counting and 0 <= missing <= _MOST_MISSING else None)

    @property
    def _is_counting(self) -> bool:
        return sum(self._steps) >= max(_ENOUGH, len(self._steps) // 2)
