"""The language of the windows changes while they are open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QDialogButtonBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from clinic_app.foundation.texts import Text
from ui import language
from ui.language import Translated, _, counted, say


class _Sheet(Translated, QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self.retranslate()

    def retranslate(self) -> None:
        self.words = _("Settings")


@pytest.fixture(autouse=True)
def _kazakh_afterwards(qapp: object) -> Iterator[None]:
    language.use("kk")
    yield
    language.use("kk")


def test_open_windows_speak_the_new_language_at_once(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    sheet = _Sheet()
    QVBoxLayout(window).addWidget(sheet)
    spoken = [sheet.words]
    for code in ("ru", "en", "kk"):
        language.use(code)
        QCoreApplication.processEvents()
        spoken.append(sheet.words)
    assert spoken == ["Баптау", "Настройки", "Settings", "Баптау"]


def test_qts_own_buttons_speak_it_too(qtbot: QtBot) -> None:
    language.use("ru")
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    qtbot.addWidget(box)
    assert box.button(QDialogButtonBox.StandardButton.Cancel).text() == "Отмена"


@pytest.mark.parametrize(("count", "words"), [(1, "1 запись"), (3, "3 записи"), (11, "11 записей"), (21, "21 запись")])
def test_russian_counts_as_russian_does(count: int, words: str) -> None:
    language.use("ru")
    assert counted("{count} recording", "{count} recordings", count) == words


def test_a_sentence_of_the_core_is_said_in_the_language_of_the_windows() -> None:
    language.use("en")
    assert say(Text("{name} can sign in now.", name="Айгүл")) == "Айгүл can sign in now."
