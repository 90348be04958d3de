"""One sheet of results, whole: what was measured, what the device says of whose it is, and who says whose it is."""

from __future__ import annotations

from clinic_app.encounters import ReceivedResult, WaitingSheet
from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import Text
from ui.devices.view_model_results import ResultsViewModel
from ui.devices.words import label_words, match_words, names_of, result_words, test_words
from ui.inbox import Candidate
from ui.language import _, say
from ui.widgets.patient_words import list_name
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.waiting_card import LEAST_HEIGHT, WaitingCard


class SheetCard(WaitingCard[WaitingSheet]):
    """The chosen sheet, or what to do when none is chosen.

    Args:
        model: the inbox.
    """

    def __init__(self, model: ResultsViewModel) -> None:
        self._model = model
        self._values: RecordTable[ReceivedResult] = RecordTable(
            "devices.values",
            (
                Column(lambda: _("What was measured"), test_words),
                Column(lambda: _("Value"), result_words, width=130, is_strong=True),
                Column(lambda: _("Reference"), lambda each: each.reference_range or "—", width=95),
            ),
            key=lambda each: each.fingerprint,
        )
        self._values.setMinimumHeight(LEAST_HEIGHT)
        super().__init__(model, "devices", "sheet", "clipboard-list", self._values, stretch=3)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._nothing.say(
            _("No result is chosen"), _("Choose a result on the left to see whose it may be, and to file it.")
        )
        self._said_title.setText(_("What the device says of the patient"))
        self._whose.setText(_("Whose result is it?"))
        self._values.set_name(_("Results of this sheet"))
        self._candidates.empty.say(
            _("No number on it is known here"), _("Look for the patient; he stands here once he is in hand.")
        )
        self._values.retranslate()
        super().retranslate()

    def file(self) -> None:
        """File the sheet for the chosen patient; ask once more where a number on it is another patient's."""
        waiting, chosen = self._waiting, self._chosen
        if waiting is None or chosen is None or not self._file.isEnabled():
            return
        if not self._model.contradicts(waiting, chosen):
            super().file()
            return
        others = names_of(waiting.matches) or _("a patient whose record is closed to you")
        words = _("The number on this result belongs to: {names}. File it for {name} all the same?",
                  names=others, name=list_name(chosen.patient))  # fmt: skip
        self.ask(words)

    def show_thing(self, waiting: WaitingSheet) -> tuple[str, str]:
        """Show the values; return where and when they were measured, and what the device says of the patient."""
        first = waiting.sheet.first
        self._values.show_rows(waiting.sheet.results)
        remarks = [each.comment for each in waiting.sheet.results if each.comment]
        return f"{first.device} · {form_moment(first.at)}", "\n".join((label_words(first), *dict.fromkeys(remarks)))

    def why_words(self, by: str) -> str:
        """Return why a patient is proposed."""
        return match_words(by)

    def is_nobodys(self, waiting: WaitingSheet) -> bool:
        """Return whether it is control material."""
        return waiting.sheet.is_control

    def doubt_words(self, text: Text, name: str) -> str:
        """Return the question after the room has found another patient's number."""
        return _("{words} File it for {name} all the same?", words=say(text), name=name)

    def warning_words(self, waiting: WaitingSheet, chosen: Candidate | None) -> str:
        """Return what speaks against filing it."""
        if chosen is not None and chosen.is_contradicted:
            return _("The device says another name: {words}", words=waiting.sheet.first.patient_text)
        return _("Control material: it belongs to no patient.") if self.is_nobodys(waiting) else ""
