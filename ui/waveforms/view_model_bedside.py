"""What the standing services say of a monitor: technical messages, our own heart rate, limits, trends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.waveforms import Bedside, Heart, Limit, Trend


class LimitBook(Protocol):
    """Keeps the limits of every device."""

    def of(self, source: str) -> Mapping[str, Limit]:
        """Return a device's limits."""
        ...

    def set(self, session: Session, source: str, code: str, limit: Limit) -> None:
        """Set one."""
        ...

    def reset(self, session: Session, source: str) -> None:
        """Set all to what is usual."""
        ...


class BedsideViewModel(QObject):
    """The standing services for one session's monitor screen.

    Args:
        bedside: the services; None where there are none (nothing is told then).
        limits: the limits on numbers; None marks nothing.
        runner: the way into the background.
        session: who is signed in.

    Signals: ``changed``: limits are known; ``refused(Text)``.
    """

    changed = Signal()
    refused = Signal(object)

    def __init__(self, bedside: Bedside | None, limits: LimitBook | None, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._bedside, self._limit_book = bedside, limits
        self.runner, self._session = runner, session
        self._limits: dict[str, Mapping[str, Limit]] = {}
        self._asked: set[str] = set()

    @property
    def can_set_limits(self) -> bool:
        """Whether this person may set limits."""
        return self._limit_book is not None and self._session.can("create", "Observation")

    def technical(self, source: str = "") -> tuple[Text, ...]:
        """Return what is technically wrong with a monitor (with any, where none is named) and with this computer."""
        if self._bedside is None:
            return ()
        return tuple(each.text for each in self._bedside.technical.now() if each.source in ("", source) or not source)

    def heart(self, source: str) -> Heart | None:
        """Return what is counted here of a monitor's ECG."""
        return self._bedside.hearts.heart(source) if self._bedside is not None else None

    def trend(self, source: str, code: str, seconds: float) -> Trend | None:
        """Return one number of a monitor over time."""
        return self._bedside.trends.trend(source, code, seconds) if self._bedside is not None else None

    def limits(self, source: str) -> Mapping[str, Limit]:
        """Return a monitor's limits as far as they are known; they are read in the background when first asked for."""
        book = self._limit_book
        if book is not None and source and source not in self._asked:
            self._asked.add(source)
            self.runner.run(lambda: book.of(source), owner=self, done=lambda found: self._take(source, found))
        return self._limits.get(source, {})

    def set_limits(self, source: str, limits: Mapping[str, Limit]) -> None:
        """Set some limits of a monitor; a mark is all that comes of it."""
        book, session = self._limit_book, self._session
        if book is None:
            return

        def work() -> Mapping[str, Limit]:
            for code, limit in limits.items():
                book.set(session, source, code, limit)
            return book.of(source)

        self.runner.run(work, owner=self, done=lambda found: self._take(source, found), failed=self._refuse)

    def reset_limits(self, source: str) -> None:
        """Set a monitor's limits to what is usual."""
        book, session = self._limit_book, self._session
        if book is None:
            return

        def work() -> Mapping[str, Limit]:
            book.reset(session, source)
            return book.of(source)

        self.runner.run(work, owner=self, done=lambda found: self._take(source, found), failed=self._refuse)

    def _take(self, source: str, found: Mapping[str, Limit]) -> None:
        self._limits[source] = found
        self.changed.emit()

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)
