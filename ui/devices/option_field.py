"""One thing that has to be known of a device, as a field of the form: made from the table of families."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from clinic_app.devices import Option
from clinic_app.foundation.texts import Text
from ui.language import _, say
from ui.widgets.buttons import Button
from ui.widgets.form_field import FormField

Value = str | int | bool
_BUTTON_ICONS: Final = {"file": "folder-open", "bluetooth": "search"}


class OptionField(FormField):
    """A field for an `Option`.

    Args:
        option: what is asked for.
        places: names and descriptions to choose from, for a port, a microphone or what is heard by Bluetooth.

    Signal ``search_wanted``: somebody wants what is nearby to be looked for again.
    """

    search_wanted = Signal()

    def __init__(self, option: Option, places: Sequence[tuple[str, str]] = ()) -> None:
        has_message = bool(option.hint) or option.kind == "bluetooth"
        super().__init__(_editor(option), f"devices.option.{option.key}", has_message=has_message)
        self.option = option
        self._button: Button | None = None
        if option.kind in _BUTTON_ICONS:
            self._button = Button(f"devices.option.{option.key}.button", "plain", _BUTTON_ICONS[option.kind])
            self._button.clicked.connect(self._choose_file if option.kind == "file" else self.search_wanted)
            self._set_beside(self._button)
        self.put(option.default)
        self.show_places(places)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.set_label(say(self.option.label))
        if self.option.hint:
            self.set_hint(self.option.hint)
        if self._button is not None:
            does = _("Choose a file") if self.option.kind == "file" else _("Search again")
            self._button.say(does)
            self._button.setAccessibleName(f"{does}: {say(self.option.label)}")
        editor = self.editor
        if isinstance(editor, QCheckBox):
            editor.setText(say(self.option.label))
            self._label.hide()  # the box says it already
        if isinstance(editor, QComboBox) and self.option.choice_words:
            for place, words in enumerate(self.option.choice_words):
                editor.setItemText(place, say(words))
        super().retranslate()

    def show_places(self, places: Sequence[tuple[str, str]]) -> None:
        """Offer names to choose from; what is typed stays."""
        editor = self.editor
        if not isinstance(editor, QComboBox) or not editor.isEditable():
            return
        typed = editor.currentText()
        editor.clear()
        for name, words in places:
            editor.addItem(name if words in (name, "n/a", "") else f"{name}  {words}", name)
        self.put(typed or (places[0][0] if len(places) == 1 else ""))

    def show_search(self, is_searching: bool, sentence: Text | None, *, is_error: bool) -> None:
        """Say how the search for what is nearby goes; nothing is searched twice at a time."""
        if self._button is not None:
            self._button.setEnabled(not is_searching)
        self.set_error(sentence if sentence and is_error else "")
        self.set_hint(sentence if sentence and not is_error else "")

    def _set_beside(self, button: Button) -> None:
        """Put a button to the right of the editor."""
        column = cast("QVBoxLayout", self.layout())
        place = column.indexOf(self.editor)
        column.removeWidget(self.editor)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.editor, 1)
        row.addWidget(button)
        column.insertLayout(place, row)

    def _choose_file(self) -> None:
        """Let somebody look for the file; the folder of the one that is typed comes first."""
        typed = str(self.value())
        start = str(Path(typed).parent) if typed else str(Path.home())
        chosen, _filter = QFileDialog.getOpenFileName(self, say(self.option.label), start, f"{_('All files')} (*)")
        if chosen:
            self.put(str(Path(chosen)))
        self.editor.setFocus()

    def put(self, value: Value) -> None:
        """Show a value."""
        editor = self.editor
        if isinstance(editor, QCheckBox):
            editor.setChecked(bool(value))
        elif isinstance(editor, QSpinBox):
            editor.setValue(int(value))
        elif isinstance(editor, QComboBox) and not editor.isEditable():
            editor.setCurrentIndex(editor.findData(value))
        elif isinstance(editor, QComboBox):
            editor.setEditText(str(value))
        else:
            cast("QLineEdit", editor).setText(str(value))

    def value(self) -> Value:
        """Return what is typed or chosen."""
        editor = self.editor
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        if isinstance(editor, QSpinBox):
            return editor.value()
        if isinstance(editor, QComboBox) and not editor.isEditable():
            return cast("Value", editor.currentData())
        if isinstance(editor, QComboBox):
            chosen = editor.currentData()
            is_as_listed = editor.currentIndex() >= 0 and editor.itemText(editor.currentIndex()) == editor.currentText()
            return str(chosen) if is_as_listed else editor.currentText().strip()
        return cast("QLineEdit", editor).text().strip()


def _editor(option: Option) -> QWidget:
    if isinstance(option.default, bool):
        return QCheckBox()
    if option.choices:
        box = QComboBox()
        for place, choice in enumerate(option.choices):
            words = option.choice_words[place] if option.choice_words else Text("")
            box.addItem(say(words) if words.msgid else str(choice), choice)
        return box
    if isinstance(option.default, int):
        number = QSpinBox()
        number.setRange(option.least, option.most)
        return number
    if option.kind in ("port", "microphone", "bluetooth"):
        places = QComboBox()
        places.setEditable(True)
        places.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        return places
    return QLineEdit()
