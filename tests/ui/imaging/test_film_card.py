"""A video in the place of a picture: named, saved where somebody wants it, and nothing of it called damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from clinic_app.foundation.apart import HERE
from clinic_app.foundation.errors import NotAllowedError
from clinic_app.foundation.texts import Text
from clinic_app.imaging import LocalFiles
from tests.helpers.dicom_files import bytes_of
from tests.helpers.waiting import wait_until
from tests.unit.imaging.test_videos import AVC, film
from ui import language
from ui.imaging.files_window import FilesWindow
from ui.imaging.film_card import FilmCard
from ui.imaging.view_model_files import FilesViewModel
from ui.tasks import TaskRunner

STREAM = b"\x00\x00\x00\x20ftypisom" + b"boxes!" * 2000


class Desk:
    """A video in a window."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "film"
        self.path.write_bytes(bytes_of(film(AVC, STREAM)))
        self.runner = TaskRunner(2)
        self.window = FilesWindow(FilesViewModel(self.path, HERE, self.runner), "film")
        self.window.resize(1000, 700)
        self.window.show()
        self.window._model.look()
        wait_until(lambda: isinstance(self.window.viewer.front, FilmCard), what="the card")

    @property
    def card(self) -> FilmCard:
        return self.window.viewer.film

    def settle(self) -> None:
        for _turn in range(2):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def save(self) -> None:
        QTest.mouseClick(self.card.card.action, Qt.MouseButton.LeftButton)
        self.settle()
        self.settle()

    def said(self) -> str:
        return self.card.card._sentence.text().replace("\u200b", "")


@pytest.fixture
def desk(tmp_path: Path, qapp: QApplication) -> Iterator[Desk]:
    language.use("en")
    made = Desk(tmp_path)
    yield made
    made.window.close()
    made.runner.close()
    shiboken6.delete(made.window)
    language.use("kk")


def test_a_video_is_named_and_nothing_is_called_damaged(desk: Desk) -> None:
    assert "This is a video" in desk.said()
    assert desk.window.viewer.series.damaged == ()
    assert desk.card.card.action.isVisible()


def test_it_is_saved_where_somebody_wants_it(desk: Desk, tmp_path: Path) -> None:
    asked: list[str] = []

    def choose(name: str) -> Path:
        asked.append(name)
        return tmp_path / "out.mp4"

    desk.card.choose = choose
    desk.save()
    assert asked == ["video.mp4"]
    assert (tmp_path / "out.mp4").read_bytes() == STREAM
    assert desk.said() == "The video is saved as “out.mp4”."


def test_it_is_noted_before_it_is_written_and_not_written_where_that_is_refused(desk: Desk, tmp_path: Path) -> None:
    noted: list[str] = []
    runner = desk.runner

    def leave(what: str) -> None:
        assert not (tmp_path / "out.mp4").exists()
        noted.append(what)
        if len(noted) > 1:
            raise NotAllowedError(Text("You may not."))

    card = FilmCard("noted", runner, leave)
    stack = desk.window.viewer.series.stack
    assert stack is not None
    card.show_film(stack, 1, Text("film"))
    card.choose = lambda _name: tmp_path / "out.mp4"
    for _time in range(2):
        (tmp_path / "out.mp4").unlink(missing_ok=True)
        card._save()
        desk.settle()
        desk.settle()
    assert noted == ["MP4, video"] * 2
    assert not (tmp_path / "out.mp4").exists()
    assert "You may not." in card.card._sentence.text().replace("\u200b", "")
    shiboken6.delete(card)


def test_where_nothing_may_leave_no_video_is_offered(desk: Desk) -> None:
    card = FilmCard("closed", desk.runner, None)
    stack = desk.window.viewer.series.stack
    assert stack is not None
    card.show_film(stack, 1, Text("film"))
    assert not card.card.action.isVisibleTo(card)
    shiboken6.delete(card)


def test_whoever_chooses_no_place_has_nothing_saved(desk: Desk, tmp_path: Path) -> None:
    desk.card.choose = lambda _name: None
    before = sorted(tmp_path.iterdir())
    desk.save()
    assert sorted(tmp_path.iterdir()) == before
    assert "This is a video" in desk.said()


def test_a_place_that_takes_nothing_is_said(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    desk.card.choose = lambda _name: tmp_path / "folder"
    desk.save()
    assert "saved" not in desk.said()


def test_nothing_of_it_stays_when_the_series_is_closed(desk: Desk) -> None:
    desk.window.viewer.series.close()
    assert not isinstance(desk.window.viewer.front, FilmCard)
    assert not desk.card.card.action.isVisible()
    desk.card._save()
    desk.settle()


def test_its_words_follow_the_language(desk: Desk) -> None:
    seen = set()
    for tongue in ("kk", "ru", "en"):
        language.use(tongue)  # type: ignore[arg-type]
        desk.card.retranslate()
        seen.add((desk.card.card.title(), desk.said(), desk.card.card.action.text()))
    assert len(seen) == 3


def test_files_of_videos_are_opened_as_one_picture(desk: Desk) -> None:
    files = LocalFiles.of(desk.path, HERE)
    assert len(files.shelf.stack(files.studies[0].series[0].uid)) == 1
