"""How the exchange stands, asked anew whenever the core has news."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.sync import ContentOnWay, ExchangeSummary, JoinedRecord, Question, WaitingItem
from ui.events import CoreEvents
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.sync import Exchange, Side, SyncService


@dataclass(frozen=True)
class ExchangeState:
    """What the parts of the screen show."""

    summary: ExchangeSummary = field(default_factory=ExchangeSummary)
    items: tuple[WaitingItem, ...] = ()
    contents: tuple[ContentOnWay, ...] = ()
    questions: tuple[Question, ...] = ()
    joined: tuple[JoinedRecord, ...] = ()

    @property
    def waiting(self) -> tuple[WaitingItem, ...]:
        """What is on its way, or will be once a question is answered."""
        return tuple(each for each in self.items if each.state != "quarantined")

    @property
    def under_way(self) -> tuple[ContentOnWay, ...]:
        """The contents that have not arrived."""
        return tuple(each for each in self.contents if each.state == "queued")

    @property
    def set_aside(self) -> tuple[WaitingItem | ContentOnWay, ...]:
        """What the hub refused."""
        items = tuple(each for each in self.items if each.state == "quarantined")
        return (*items, *(each for each in self.contents if each.state == "failed"))


class ExchangeViewModel(QObject):
    """The exchange of one workstation, for one person.

    Signals: ``changed`` (see ``state``), ``counted(int)``: so many questions wait, ``settled``: an answer is saved,
    ``tried``: something refused was queued again, ``hastened``: something goes before everything else,
    ``failed(Text)``, ``busy_changed(bool)``.
    """

    changed = Signal()
    counted = Signal(int)
    settled = Signal()
    tried = Signal()
    hastened = Signal()
    failed = Signal(object)
    busy_changed = Signal(bool)

    def __init__(
        self,
        exchange: Exchange,
        sync: SyncService | None,
        runner: TaskRunner,
        session: Session,
        events: CoreEvents,
    ) -> None:
        super().__init__()
        self._exchange = exchange
        self._sync = sync
        self._runner = runner
        self._session = session
        self._is_asking = False
        self._has_news = False
        self._wish = OneWish[bool](runner, self, lambda is_busy: self.busy_changed.emit(bool(is_busy)))
        self.is_seen = False
        """Whether somebody looks; without that only the questions are counted."""
        self.state = ExchangeState()
        events.sync_changed.connect(self.look)

    def look(self) -> None:
        """Ask anew; news that come while asking are asked for afterwards, once."""
        if self._is_asking:
            self._has_news = True
            return
        self._is_asking, self._has_news = True, False
        self._runner.run(
            self._read if self.is_seen else self._count, owner=self, done=self._take, failed=self._fail_to_look
        )

    def _read(self) -> ExchangeState:
        ask, session = self._exchange, self._session
        return ExchangeState(
            ask.summary(session),
            ask.waiting(session),
            ask.contents(session),
            ask.conflicts(session),
            ask.joined(session),
        )

    def _count(self) -> ExchangeState:
        return replace(self.state, summary=self._exchange.summary(self._session))

    def _take(self, state: ExchangeState) -> None:
        self.state = state
        self.counted.emit(state.summary.questions)
        self.changed.emit()
        self._end_look()

    def _fail_to_look(self, error: ClinicError) -> None:
        if self.is_seen:
            self.failed.emit(error.text)
        self._end_look()

    def _end_look(self) -> None:
        self._is_asking = False
        if self._has_news:
            self.look()

    def try_now(self) -> None:
        """Try the hub at once."""
        if self._sync is not None:
            self._runner.run(self._sync.sync_now, owner=self, done=lambda _none: self.look())

    def pause(self, is_paused: bool) -> None:
        """Hold the exchange back, or let it go on."""
        sync = self._sync
        if sync is not None:
            self._runner.run(lambda: sync.pause(is_paused), owner=self, done=lambda _none: self.look())

    def retry(self, item: WaitingItem | ContentOnWay) -> None:
        """Queue again what the hub refused."""
        self._do(lambda: self._exchange.retry(self._session, item), self.tried.emit)

    def send_first(self, item: WaitingItem | ContentOnWay) -> None:
        """Send this case before everything else."""
        self._do(lambda: self._exchange.send_first(self._session, item), self.hastened.emit)

    def settle(self, question: Question, chosen: Mapping[str, Side]) -> None:
        """Save an answer."""
        answer = dict(chosen)
        self._do(lambda: self._exchange.settle(self._session, question, answer), self.settled.emit)

    def _do(self, work: Callable[[], object], done: Callable[[], None]) -> None:
        """Do one thing at a time, and look anew whatever became of it."""

        def taken(_answer: object) -> None:
            done()
            self.look()

        def fail(error: ClinicError) -> None:
            self.failed.emit(error.text)
            self.look()

        self._wish.ask(True, work, taken, fail)
