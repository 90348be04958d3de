"""Which key does what in the panes: a sheet over the window, opened with F1 or the question mark."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ui import theme
from ui.language import _
from ui.widgets.buttons import Button
from ui.widgets.labels import label
from ui.widgets.mark_kinds import MARK_KINDS

Group = tuple[str, tuple[tuple[str, str], ...]]
"""A title, and keys with what they do."""


def key_lines() -> tuple[Group, ...]:
    """Return every key with what it does, by groups, in the language of the windows."""
    marks = tuple((kind.key, kind.words()) for kind in MARK_KINDS)
    kept = (
        ("S", _("Keep this view with its marks")),
        ("K", _("Key image, or none any more")),
        ("⇧K", _("Key object")),
    )
    return (
        (
            _("Leaf"),
            (
                ("↑ ↓", _("One image back or on")),
                ("PgUp PgDn", _("Ten images")),
                ("Home End", _("First and last image")),
                (_("Wheel"), _("Leaf")),
                (_("Space"), _("Play or stand")),
                (", .", _("One image back or on")),
                ("< >", _("Slower, faster")),
                ("[ ] \\", _("A part of the loop: begin, end, all")),
            ),
        ),
        (
            _("Panes"),
            (
                ("Ctrl+1 2 3 4 6 9", _("So many panes; again: the other way")),
                ("M", _("This pane alone, and back")),
                ("Tab", _("Next pane")),
                ("J", _("Arrange this study anew")),
                ("Y", _("Leaf together: by place, by number, not")),
                ("U", _("Lines of the other panes")),
                ("F4", _("Cuts in three directions")),
            ),
        ),
        (
            _("View"),
            (
                ("W", _("Window: drag across and down")),
                ("1–9", _("Windows by name")),
                ("0", _("Next window of the file")),
                ("I", _("Exchange black and white")),
                ("Q  ⇧Q", _("Turn right, left")),
                ("H V", _("Exchange left and right, above and below")),
                (f"+ −  Ctrl+{_('Wheel')}", _("Nearer, farther")),
                ("X N", _("Pixel by pixel, true size")),
                ("Z", _("Magnifying glass")),
                ("R", _("As the file asks")),
            ),
        ),
        (_("Measure and keep"), (*marks, *kept)),
        (
            _("Take out, print"),
            (
                ("Ctrl+E", _("Take images out…")),
                ("Ctrl+S", _("Save the picture as it is seen…")),
                ("Ctrl+P", _("PDF for print…")),
                ("Ctrl+⇧P", _("The series on paper…")),
                ("Ctrl+T", _("What the file says")),
            ),
        ),
    )


class KeyOverview(QDialog):
    """The sheet.

    Args:
        parent: the window it stands over.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("keys")
        self.setWindowTitle(_("Which key does what"))
        theme.make_clinical(self)
        columns = QHBoxLayout()
        columns.setSpacing(28)
        leaf, panes, view, marks, out = key_lines()
        for groups in ((leaf, panes), (view, out), (marks,)):
            columns.addLayout(_column(groups))
        leave = Button("keys.leave")
        leave.say(_("Close"))
        leave.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(leave)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(14)
        column.addLayout(columns)
        column.addLayout(foot)
        leave.setFocus()


def _column(groups: Sequence[Group]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(5)
    row = 0
    for title, lines in groups:
        if row:
            grid.setRowMinimumHeight(row, 12)
            row += 1
        grid.addWidget(label("heading", title), row, 0, 1, 2)
        for key, words in lines:
            row += 1
            grid.addWidget(label("strong", key), row, 0)
            grid.addWidget(label(text=words), row, 1)
        row += 1
    grid.setRowStretch(row, 1)
    return grid
