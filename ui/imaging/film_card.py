"""In the place of a video: what it is, and the button that saves it for a player."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from ui import icons
from ui.language import Translated, _, say
from ui.tasks import TaskRunner
from ui.widgets.empty_state import EmptyState

if TYPE_CHECKING:
    from clinic_app.imaging import FrameStack
    from clinic_app.imaging.objects.video import Video


class FilmCard(Translated, QWidget):
    """The card.

    Args:
        name: stable object name; the button is ``name.card.action``.
        runner: the way into the background.
        leave: called in the background before a video is written, with what leaves; refuses where it may not. None:
            nothing leaves from here.

    ``choose`` asks where to save, given a name; None means nobody chose a place.
    """

    def __init__(self, name: str, runner: TaskRunner, leave: Callable[[str], None] | None) -> None:
        super().__init__()
        self.setObjectName(name)
        self._runner, self._leave = runner, leave
        self._film: tuple[FrameStack, int] | None = None
        self._words: Text | None = None
        self._outcome: Text | None = None
        self.choose: Callable[[str], Path | None] = self._ask_where
        self.card = EmptyState(f"{name}.card", "square-play")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.card)
        self.card.action.clicked.connect(self._save)
        self.setFocusProxy(self.card.action)

    def show_film(self, stack: FrameStack, number: int, words: Text) -> None:
        """Say what it is.

        Args:
            stack: its series.
            number: its place there, from 1.
            words: what it is called.
        """
        self._film, self._words, self._outcome = (stack, number), words, None
        icons.redraw_in(self)  # now it stands where it is dark
        self.retranslate()

    def put_away(self) -> None:
        """Show nothing of it any more."""
        self._film = self._words = self._outcome = None
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        outcome = say(self._outcome) if self._outcome else ""
        sentence = say(self._words) if self._words else ""
        self.card.say(_("Video"), outcome or sentence, _("Save the video…") if self._film and self._leave else "")

    def _save(self) -> None:
        if self._film is None:
            return
        stack, number = self._film
        self._runner.run(
            lambda: stack.video(number - 1),
            owner=self,
            done=self._write,
            failed=self._fail,
        )

    def _write(self, video: Video) -> None:
        path = self.choose(f"video{video.suffix}")
        leave = self._leave
        if path is None or self._film is None or leave is None:
            return

        def work() -> None:
            leave(f"{video.suffix.lstrip('.').upper()}, video")  # noted before it is tried
            write_atomically(path, (video.stream,))

        self._runner.run(
            work,
            owner=self,
            done=lambda _nothing: self._tell(Text("The video is saved as “{name}”.", name=path.name)),
            failed=self._fail,
        )

    def _fail(self, error: ClinicError) -> None:
        self._tell(error.text)

    def _tell(self, words: Text) -> None:
        self._outcome = words
        self.retranslate()

    def _ask_where(self, name: str) -> Path | None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        chosen, _filter = QFileDialog.getSaveFileName(self, _("Save the video"), str(Path(folder) / name))
        return Path(chosen) if chosen else None
