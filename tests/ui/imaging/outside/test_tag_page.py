"""The page of a file's elements, where a file has thousands of them and its words want to do harm."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pytestqt.qtbot import QtBot

from clinic_app.imaging.outside.tag_tree import TagTree
from tests.helpers.dicom_files import bytes_of, item, made_file
from tests.helpers.late_runner import LateRunner
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog
from ui import language
from ui.imaging.outside.tag_page import TagModel, TagPage

FRAMES = 3000


def enhanced() -> Dataset:
    dataset = made_file(np.zeros((8, 8), np.uint8))
    dataset.ReferencedImageSequence = [item(ReferencedFrameNumber=each + 1) for each in range(FRAMES)]
    dataset.StudyDescription = "a\tb"
    return dataset


TREE = TagTree(bytes_of(enhanced()))


class Desk:
    """The page over a file."""

    def __init__(self) -> None:
        self.runner = LateRunner()
        self.page = TagPage("tags", TagModel(self.runner.as_runner))
        self.page.resize(900, 600)
        self.page.show()
        self.page.enter()
        self.page._model.open(lambda: TREE)
        self.runner.answer_all()

    def top(self, tag: str) -> int:
        tree = self.page.tree
        texts = [tree.topLevelItem(place).text(0) for place in range(tree.topLevelItemCount())]  # type: ignore[union-attr]
        return texts.index(tag)

    def open_frames(self) -> None:
        self.page.tree.topLevelItem(self.top("(0008,1140)")).setExpanded(True)  # type: ignore[union-attr]
        self.runner.answer_all()

    @property
    def frames(self) -> int:
        found = self.page.tree.topLevelItem(self.top("(0008,1140)"))
        assert found is not None
        return found.childCount()


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    language.use("en")
    made = Desk()
    qtbot.addWidget(made.page)
    yield made
    language.use("kk")


def test_thousands_of_lines_are_shown_without_holding_the_window(desk: Desk) -> None:
    watchdog = Watchdog()
    watchdog.start()
    desk.open_frames()
    assert 0 < desk.frames < FRAMES
    wait_until(lambda: desk.frames == FRAMES, what="all frames to be listed")
    watchdog.stop()
    watchdog.check()
    sequence = desk.page.tree.topLevelItem(desk.top("(0008,1140)"))
    assert sequence is not None
    assert [sequence.child(place).text(0) for place in (0, 1, FRAMES - 1)] == ["#1", "#2", f"#{FRAMES}"]


def test_whoever_searches_meanwhile_finds_and_gets_no_more_of_the_list(desk: Desk) -> None:
    desk.open_frames()
    desk.page.search.setText("(0008,1030)")
    desk.page._search()
    desk.runner.answer_all()
    for _turn in range(3):
        wait_until(lambda: desk.page.tree.topLevelItemCount() == 1, what="what was found")
    first = desk.page.tree.topLevelItem(0)
    assert first is not None
    assert (first.text(0), first.text(3)) == ("(0008,1030)", "a␉b")
    assert first.childCount() == 0


def test_an_answer_for_a_sequence_that_is_not_shown_any_more_is_put_nowhere(desk: Desk) -> None:
    desk.page.tree.topLevelItem(desk.top("(0008,1140)")).setExpanded(True)  # type: ignore[union-attr]
    desk.page._search()  # the whole list anew, before the answer
    desk.runner.answer_all()
    assert desk.page.tree.topLevelItemCount() > 10
    assert desk.frames == 1, "what stands for what is not read yet"


def test_leaving_forgets_all(desk: Desk) -> None:
    desk.open_frames()
    desk.page._leave()
    assert desk.page.tree.topLevelItemCount() == 0
    assert desk.page._opening == {}
    assert desk.page._model.tree is None
