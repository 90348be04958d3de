"""Who called: the last associations and those who were refused, with the reason, for the page of the devices."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from clinic_app.foundation.texts import Text

MOST_VISITS: Final = 100
MOST_STRANGERS: Final = 20


@dataclass(frozen=True)
class Visit:
    """One association.

    Args:
        number: counts up; the visit's name here.
        at: when it began.
        ae_title: what the caller calls himself, as far as it can be shown.
        host: where he called from.
        name: the device's name here; empty for a stranger.
        images: taken from him.
        refused_images: not taken.
        questions: for the worklist, and whether we keep images.
        ended_at: when it ended; None while it goes on.
        remark: why he or some of what he sent was refused.
        is_refused: he was not let in.
    """

    number: int
    at: datetime
    ae_title: str
    host: str
    name: str = ""
    images: int = 0
    refused_images: int = 0
    questions: int = 0
    ended_at: datetime | None = None
    remark: Text | None = None
    is_refused: bool = False


class VisitBook:
    """The last visits. Safe for use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._visits: deque[Visit] = deque(maxlen=MOST_VISITS)
        self._strangers: dict[tuple[str, str], Visit] = {}
        self._number = 0
        self.version = 0
        """Another number after every change."""

    def visits(self) -> tuple[Visit, ...]:
        """Return the last visits, the newest first."""
        with self._lock:
            return tuple(reversed(self._visits))

    def strangers(self) -> tuple[Visit, ...]:
        """Return the last call of each device that is not listed here, the newest first."""
        with self._lock:
            return tuple(sorted(self._strangers.values(), key=lambda each: each.number, reverse=True))

    def begin(self, at: datetime, ae_title: str, host: str, name: str) -> int:
        """Note that a device was let in; return the visit's number."""
        with self._lock:
            return self._keep(Visit(self._next(), at, shown(ae_title), host, name))

    def refuse(self, at: datetime, ae_title: str, host: str, remark: Text, *, is_stranger: bool) -> None:
        """Note that a caller was not let in."""
        with self._lock:
            visit = Visit(self._next(), at, shown(ae_title), host, ended_at=at, remark=remark, is_refused=True)
            self._keep(visit)
            if is_stranger:
                self._strangers.pop((visit.ae_title, host), None)
                self._strangers[visit.ae_title, host] = visit
                while len(self._strangers) > MOST_STRANGERS:
                    self._strangers.pop(next(iter(self._strangers)))

    def note(
        self, number: int, *, images: int = 0, refused_images: int = 0, questions: int = 0, remark: Text | None = None
    ) -> None:
        """Count what happens in a visit."""
        with self._lock:
            self._change(
                number,
                lambda each: replace(
                    each,
                    images=each.images + images,
                    refused_images=each.refused_images + refused_images,
                    questions=each.questions + questions,
                    remark=remark or each.remark,
                ),
            )

    def end(self, number: int, at: datetime, remark: Text | None = None) -> None:
        """Note that a visit has ended."""
        with self._lock:
            self._change(number, lambda each: replace(each, ended_at=each.ended_at or at, remark=each.remark or remark))

    def forget_stranger(self, ae_title: str, host: str) -> None:
        """Forget a device that is listed now."""
        with self._lock:
            self._strangers.pop((ae_title, host), None)
            self.version += 1

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _keep(self, visit: Visit) -> int:
        self._visits.append(visit)
        self.version += 1
        return visit.number

    def _change(self, number: int, changed: Callable[[Visit], Visit]) -> None:
        for place, each in enumerate(self._visits):
            if each.number == number:
                self._visits[place] = changed(each)
                self.version += 1


def shown(ae_title: str) -> str:
    """Return what a caller calls himself, as far as it can be shown: printable, at most 16 characters."""
    return "".join(each if each.isprintable() else "�" for each in ae_title.strip())[:16]
