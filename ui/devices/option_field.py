"""One thing that has to be known of a device, as a field of the form: made from the table of families."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox, QWidget

from clinic_app.devices import Option
from clinic_app.foundation.texts import Text
from ui.language import say
from ui.widgets.form_field import FormField

Value = str | int | bool


class OptionField(FormField):
    """A field for an `Option`.

    Args:
        option: what is asked for.
        places: names and descriptions to choose from, for a port or a microphone.
    """

    def __init__(self, option: Option, places: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(_editor(option), f"devices.option.{option.key}", has_message=bool(option.hint))
        self.option = option
        self.put(option.default)
        self.show_places(places)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.set_label(say(self.option.label))
        self.set_hint(self.option.hint or "")
        editor = self.editor
        if isinstance(editor, QCheckBox):
            editor.setText(say(self.option.label))
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
