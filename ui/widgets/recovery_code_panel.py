"""A fresh recovery code, shown once: to print, to save, and to be typed back in part before it goes for good."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from clinic_app.documents import RecoverySheet
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from ui import language
from ui.language import Translated, _
from ui.tasks import TaskRunner
from ui.widgets.buttons import Button
from ui.widgets.code_sheet import CodeSheet
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.labels import label
from ui.widgets.notice import NoticeBar
from ui.widgets.recovery_paper import FILE_NAME, PaperWays, save_sheet

_SAME_SIGN: Final = str.maketrans("OIL", "011")
_LONGEST: Final = 40


class RecoveryCodePanel(Translated, QWidget):
    """The code, two ways to paper, and the proof that it was written down.

    Args:
        name: stable object name.
        runner: writes the PDF in the background.
        ways: the questions to the desktop.

    Signal ``written_down``: one group was typed back right; the code is gone from the panel.
    """

    written_down = Signal()

    def __init__(self, name: str, runner: TaskRunner, ways: PaperWays | None = None) -> None:
        super().__init__()
        self.setObjectName(name)
        self._runner = runner
        self._ways = ways or PaperWays()
        self._sheet: RecoverySheet | None = None
        self._asked = 0
        self._why = label("body", is_wrapped=True)
        self._code = CodeSheet(f"{name}.code")
        self._print = Button(f"{name}.print", "plain", "printer")
        self._save = Button(f"{name}.save", "plain", "download")
        self._notice = NoticeBar(f"{name}.notice")
        self._back = FormField(QLineEdit(), f"{name}.back")
        self._done = Button(f"{name}.done", "primary", "check")
        self._build()
        self._print.clicked.connect(self._on_paper)
        self._save.clicked.connect(self._as_file)
        self._done.clicked.connect(self._check)
        self._editor.returnPressed.connect(self._check)
        self.retranslate()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._why)
        column.addWidget(self._code)
        ways = QHBoxLayout()
        ways.setSpacing(10)
        ways.addWidget(self._print)
        ways.addWidget(self._save)
        ways.addStretch()
        column.addLayout(ways)
        column.addWidget(self._notice)
        last = QHBoxLayout()
        last.setSpacing(10)
        self._editor.setMaxLength(_LONGEST)
        last.addWidget(self._back, 1)
        last.addWidget(self._done, 0, Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(last)

    @property
    def _editor(self) -> QLineEdit:
        editor = self._back.editor
        assert isinstance(editor, QLineEdit)
        return editor

    @property
    def asked(self) -> int:
        """Which group is to be typed back, counted from 0."""
        return self._asked

    def show_sheet(self, sheet: RecoverySheet) -> None:
        """Show a fresh code; which group is to be typed back is drawn by lot."""
        groups = sheet.code.split("-")
        self._sheet = sheet
        self._asked = secrets.randbelow(len(groups))
        self._code.show_code(groups)
        self._notice.hide()
        self._editor.clear()
        self._back.set_error("")
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._why.setText(
            _(
                "This code opens the data when this computer's keyring no longer does: after a repair, or when "
                "nobody who can sign in is there. It is shown only now. "
                "Print it or copy it by hand, and keep it in a safe."
            )
        )
        self._print.say(_("Print"))
        self._save.say(_("Save as PDF…"))
        self._back.set_label(_("Type group {number} back from your paper", number=self._asked + 1))
        self._done.say(_("I have written it down"))

    def put_cursor(self) -> None:
        """Put the cursor on the first way to paper."""
        put_cursor(self._print)

    def _on_paper(self) -> None:
        if self._sheet is None:
            return
        if self._ways.print_out(self, self._sheet):
            self._notice.show_notice(Text("Sent to the printer. Check that the paper can be read."), "info")

    def _as_file(self) -> None:
        path = self._ways.choose(self, FILE_NAME) if self._sheet is not None else None
        if path is None or self._sheet is None:
            return
        self._runner.run(
            partial(save_sheet, self._sheet, path, language.current()),
            owner=self,
            done=lambda saved: self._notice.show_notice(
                Text("Saved as {path}. Print it, and do not leave it on this computer.", path=saved), "info"
            ),
            failed=self._fail,
        )

    def _fail(self, error: ClinicError) -> None:
        self._notice.show_notice(error.text, "warn")

    def _check(self) -> None:
        if self._sheet is None:
            return
        if plain_group(self._editor.text()) != self._sheet.code.split("-")[self._asked]:
            self._back.set_error(Text("This is not group {number}. Look at your paper.", number=self._asked + 1))
            self._editor.setFocus()
            return
        self._sheet = None
        self._code.show_code(())
        self._editor.clear()
        self.written_down.emit()


def plain_group(typed: str) -> str:
    """Return a group as the code writes it: capitals, no spaces, O as 0, I and L as 1."""
    return "".join(sign for sign in typed.upper() if sign.isalnum()).translate(_SAME_SIGN)
