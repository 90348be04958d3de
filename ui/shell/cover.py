"""Takes everything but one window from the screen: lists, tool tips, dialogs, what was copied.

A dialog is answered with its "no", as Esc would; whatever else stands beside the window is hidden and comes back.
"""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QToolTip, QWidget

_MOST_POPUPS = 20


def cover_all_but(window: QWidget) -> list[QWidget]:
    """Leave nothing of a patient on the screen or in the clipboard beside ``window``; return what is only hidden."""
    for _each in range(_MOST_POPUPS):
        popup = QApplication.activePopupWidget()
        if popup is None:
            break
        popup.close()
    QToolTip.hideText()
    clipboard = QGuiApplication.clipboard()
    if clipboard.ownsClipboard():
        clipboard.clear()
    hidden: list[QWidget] = []
    for each in QApplication.topLevelWidgets():
        if each is window or not each.isVisible():
            continue
        if isinstance(each, QDialog):
            each.reject()
        else:
            each.hide()
            hidden.append(each)
    return hidden
