"""How a recording is to leave the house: in which format, what that does not carry, and with or without the patient."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QVBoxLayout

from clinic_app.documents.recording_files import formats
from clinic_app.waveforms.formats import Format
from ui import language
from ui.language import Translated, _, say
from ui.widgets.buttons import Button
from ui.widgets.labels import label
from ui.widgets.picker import Picker
from ui.widgets.segmented import Option


class ExportCard(Translated, QFrame):
    """The choice; hidden until somebody wants to take a recording out.

    Args:
        name: stable object name of the button that goes on; the others are ``name.cancel``, ``name.format`` and
            ``name.nameless``.

    Signals: ``chosen(str, bool)``: code of the format, and whether the patient stays here; ``closed``.
    """

    chosen = Signal(str, bool)
    closed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(f"{name}.card")
        self.setProperty("role", "card")
        self._picker = Picker(f"{name}.format", _options(), lambda: _("Format of the file"))
        self._words = label("muted", is_wrapped=True)
        self._words.setObjectName(f"{name}.words")
        self._nameless = QCheckBox()
        self._nameless.setObjectName(f"{name}.nameless")
        self._save = Button(name, "primary", "save")
        self._cancel = Button(f"{name}.cancel", "plain")
        self._is_too_long = False
        self._lay_out()
        self._picker.chosen.connect(lambda _code: self._show_words())
        self._save.clicked.connect(lambda: self.chosen.emit(self._picker.value(), self._nameless.isChecked()))
        self._cancel.clicked.connect(self.closed)
        self.retranslate()
        self.hide()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self._picker, 0, Qt.AlignmentFlag.AlignVCenter)
        top.addWidget(self._nameless, 1)
        top.addWidget(self._cancel)
        top.addWidget(self._save)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self._words)

    @property
    def format(self) -> Format:
        """The format that is chosen."""
        return next(each for each in formats(language.current()) if each.code == self._picker.value())

    def open(self, *, is_too_long: bool = False) -> None:
        """Show the choice, the cursor in it; the patient goes along unless somebody says otherwise each time.

        Args:
            is_too_long: the file will be larger than this program reads at once, which is said.
        """
        self._is_too_long = is_too_long
        self._show_words()
        self._nameless.setChecked(False)
        self.show()
        self._picker.setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._picker.setAccessibleName(_("Format of the file"))
        self._nameless.setText(_("Without the patient's name, numbers and date of birth"))
        self._nameless.setAccessibleName(self._nameless.text())
        self._save.say(_("Choose the file…"))
        self._cancel.say(_("Cancel"))
        self._show_words()

    def _show_words(self) -> None:
        words = [say(self.format.words)]
        if self._is_too_long and self.format.can_read:
            words.append(
                _("This program does not read so large a file again as a whole. The command convert takes parts of an "
                  "EDF+ file, with --from and --seconds.")
            )  # fmt: skip
        self._words.setText(" ".join(words))


def _options() -> tuple[Option, ...]:
    def words_for(each: Format) -> Option:
        return Option(each.code, lambda: each.name)

    return tuple(words_for(each) for each in formats("en") if each.write is not None)
