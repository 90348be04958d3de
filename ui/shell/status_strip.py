"""The status bar: link, queue with its bytes, last sync, and who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy

from clinic_app.sync import Erased, Failed, Never, Running, Succeeded
from ui.language import Translated, _, counted, say
from ui.shell.status_view_model import LinkState, StatusViewModel
from ui.widgets.buttons import Button
from ui.widgets.chip import Chip, ChipLook
from ui.widgets.labels import OneLine
from ui.widgets.size_words import size_words

if TYPE_CHECKING:
    from clinic_app.access import Session

LEAST_LINK_WIDTH = 150
"""Pixels; a long reason ends in dots and is whole in the tool tip."""


class DoorChip(Chip):
    """A chip that leads somewhere; whoever uses the keyboard goes by the rail.

    Signal ``pressed``.
    """

    pressed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.pressed.emit()


class StatusStrip(Translated, QFrame):
    """Always at the foot of the window.

    Args:
        model: link and queue.
        session: who is signed in.

    Signals: ``lock_asked``, ``sign_out_asked``; ``exchange_asked``: link, queue or questions were pressed.
    """

    exchange_asked = Signal()
    lock_asked = Signal()
    sign_out_asked = Signal()

    def __init__(self, model: StatusViewModel, session: Session) -> None:
        super().__init__()
        self.setObjectName("status")
        self.setProperty("role", "foot")
        self._model = model
        model.setParent(self)
        self._link = DoorChip("status.link")
        self._queue = DoorChip("status.queue")
        self._questions = DoorChip("status.questions")
        self._question_count = 0
        self._last = Chip("status.last_sync")
        self._sync = Button("status.sync_now", "quiet", "refresh-cw")
        self._user = OneLine(f"{session.name} · {session.organization_name}")
        self._user.setObjectName("status.user")
        self._lock = Button("status.lock", "quiet", "lock")
        self._out = Button("status.sign_out", "quiet", "log-out")
        self._link.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._link.setMinimumWidth(LEAST_LINK_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 3, 10, 3)
        row.setSpacing(8)
        for part in (self._link, self._queue, self._questions, self._last, self._sync):
            row.addWidget(part)
        for door in (self._link, self._queue, self._questions):
            door.pressed.connect(self.exchange_asked)
        row.addStretch(1)
        for each in (self._user, self._lock, self._out):
            row.addWidget(each)
        self._sync.clicked.connect(model.sync_now)
        self._lock.clicked.connect(self.lock_asked)
        self._out.clicked.connect(self.sign_out_asked)
        model.changed.connect(self._show)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._sync.say(_("Try now"))
        self._lock.say(_("Lock"), "Ctrl+Shift+L")
        self._out.say(_("Sign out"))
        self._show()

    def show_questions(self, count: int) -> None:
        """Say how many questions wait for this person's answer."""
        self._question_count = count
        self._show()

    def _show(self) -> None:
        count = self._question_count
        words = counted("{count} question waits", "{count} questions wait", count)
        self._questions.show_look(ChipLook(words, "warn", "message-square"))
        self._questions.setVisible(count > 0)
        state = self._model.state
        self._link.show_look(link_look(state))
        self._queue.show_look(queue_look(state))
        at = state.last_success_at
        words = f"{at.astimezone():%H:%M}" if at else "—"
        self._last.show_look(ChipLook(_("Last sync: {time}", time=words), "neutral", "clock"))
        for part in (self._queue, self._last, self._sync):
            part.setVisible(state.sync is not None)


def link_look(state: LinkState) -> ChipLook:
    """Return what is said of the link."""
    match state.sync:
        case None:
            return ChipLook(_("Works without a hub"), "neutral", "cloud-off")
        case Never():
            return ChipLook(_("Hub: not reached yet"), "neutral", "cloud")
        case Running(done=done, total=total) if total:
            return ChipLook(_("Sending {done} of {total}", done=done, total=total), "info", "cloud-upload")
        case Running():
            return ChipLook(_("Talking to the hub"), "info", "cloud-upload")
        case Succeeded():
            return ChipLook(_("Link to the hub is up"), "ok", "cloud-check")
        case Failed(reason=reason):
            return ChipLook(_("No link: {reason}", reason=say(reason)), "warn", "cloud-off")
        case Erased(reason=reason):
            return ChipLook(say(reason), "alarm", "triangle-alert")


def queue_look(state: LinkState) -> ChipLook:
    """Return what is said of the queue."""
    queue = state.queue
    count = (queue.records + queue.blobs) if queue else 0
    if queue is None or count == 0:
        return ChipLook(_("Queue is empty"), "neutral", "check")
    words = counted("{count} waits in the queue", "{count} wait in the queue", count)
    return ChipLook(f"{words} · {size_words(queue.bytes_waiting)}", "warn", "hourglass")
