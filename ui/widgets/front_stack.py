"""Pages on top of one another, of which only the one in front is asked how much room it needs.

Qt asks every page of its own stack, hidden ones too, and how high each would be at this width; each page asks every
label that wraps. With a dozen screens behind, a notice that comes or another screen that is opened cost 10 to 20 ms of
that. Every screen fits the least window, so those behind have nothing to say.
"""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QStackedWidget


class FrontStack(QStackedWidget):
    """A stack for what fills the rest of a window."""

    def sizeHint(self) -> QSize:
        """Return what the page in front would like."""
        front = self.currentWidget()
        return front.sizeHint() if front is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return what the page in front needs."""
        front = self.currentWidget()
        return front.minimumSizeHint() if front is not None else super().minimumSizeHint()

    def hasHeightForWidth(self) -> bool:
        """It takes the height that is left, whatever its width."""
        return False
