"""The parts of the work page about who may see the patient in hand: the emergency's bar, the question of closing."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import QObject, Signal

from clinic_app.access import is_restricted
from clinic_app.foundation.texts import Text
from ui.language import _, say
from ui.shell.closed_record_page import ClosedRecordPage
from ui.shell.context import ScreenContext
from ui.shell.view_model_record_access import RecordAccessViewModel
from ui.widgets.second_question import SecondQuestion
from ui.widgets.standing_bar import StandingBar


class EmergencyBar(StandingBar):
    """How long the record is still open, and its end.

    Args:
        model: the access to the patient in hand.
    """

    def __init__(self, model: RecordAccessViewModel) -> None:
        super().__init__("emergency", "timer", "warn")
        self._model = model
        model.changed.connect(self.look)
        self.acted.connect(model.end)

    def look(self) -> None:
        """Show how much time is left, or nothing."""
        if self._model.until_at is None:
            self.hide()
            return
        count = self._model.minutes_left
        words = Text.counted(
            "Opened in an emergency: {count} minute is left. It will be reviewed.",
            "Opened in an emergency: {count} minutes are left. It will be reviewed.",
            count,
        )
        self.show_words(words, Text("End now"))


class RecordAccess(QObject):
    """Composes them for one session.

    Args:
        context: services, session, patient.

    Signals: ``noticed`` carries words and a tone; ``opened``: the closed record is in hand.
    """

    noticed = Signal(str, str)
    opened = Signal()

    def __init__(self, context: ScreenContext, parent: QObject) -> None:
        super().__init__(parent)
        self.model = RecordAccessViewModel(context.workstation, context.runner, context.session, context.hand)
        self.model.setParent(self)
        self.bar = EmergencyBar(self.model)
        self.question = SecondQuestion("restriction", "lock")
        self._hand = context.hand
        self.model.opened.connect(self.opened)
        self.model.ended.connect(lambda: self.noticed.emit(_("The emergency access has ended."), "info"))
        self.model.failed.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self.model.restricted.connect(self._after_restriction)
        self.question.answered.connect(self._answer)
        context.hand.changed.connect(self.question.hide)

    @cached_property
    def page(self) -> ClosedRecordPage:
        """What stands in the place of a closed chart; made when the first one is met."""
        return ClosedRecordPage(self.model)

    def ask_restriction(self) -> None:
        """Ask whether the record of the patient in hand is to be closed, or opened again."""
        patient = self._hand.patient
        if patient is None:
            return
        if is_restricted(patient):
            words = Text("Open this record again to everybody whose work it is?")
            self.question.ask(words, Text("Open it again"), Text("Back"))
        else:
            words = Text("Close this record to everybody who does not treat the patient? Emergencies stay possible.")
            self.question.ask(words, Text("Close the record"), Text("Back"))

    def _answer(self, is_yes: bool) -> None:
        patient = self._hand.patient
        if is_yes and patient is not None:
            self.model.restrict(is_restricted=not is_restricted(patient))

    def _after_restriction(self, is_closed: bool) -> None:
        words = _("The record is closed now.") if is_closed else _("The record is open to the staff again.")
        self.noticed.emit(words, "ok")
