"""Long reports of strangers: made in strokes, long texts folded, the rest on a wish."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from clinic_app.imaging import Report, ReportNode
from clinic_app.imaging.objects.references import ImageReference
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging import report_tree
from ui.imaging.report_tree import FOLDED, IMAGE, ReportTree
from ui.imaging.report_view import ReportView


def report(*children: ReportNode, title: str = "Report") -> Report:
    root = ReportNode(title, "", "CONTAINER", children)
    return Report(root, "Test", "20200101", is_complete=True, is_verified=False, verifiers=(), sop_uid="1")


def items(count: int, value: str = "seen") -> tuple[ReportNode, ...]:
    return tuple(ReportNode(f"Item {place}", value, "TEXT") for place in range(count))


@pytest.fixture
def view(qapp: QApplication) -> Iterator[ReportView]:
    language.use("en")
    made = ReportView("report")
    made.resize(900, 600)
    made.show()
    yield made
    made.tree._rest.stop()
    made.close()
    shiboken6.delete(made)
    language.use("kk")


def small_strokes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_tree, "STROKE_S", 0.0)
    monkeypatch.setattr(report_tree, "LEAST_STEPS", 2)


def whole(tree: ReportTree) -> None:
    wait_until(lambda: tree.is_whole, what="the last stroke")
    QApplication.processEvents()


def test_a_small_report_is_there_at_once(view: ReportView) -> None:
    view.show_reports([report(*items(3))])
    assert view.tree.is_whole
    assert view.rows() == ["Report", "  Item 0: seen", "  Item 1: seen", "  Item 2: seen"]


def test_a_long_one_is_made_in_strokes_in_its_order(view: ReportView, monkeypatch: pytest.MonkeyPatch) -> None:
    small_strokes(monkeypatch)
    inner = ReportNode("Inner", "", "CONTAINER", items(4))
    view.show_reports([report(*items(20), inner), report(title="Second")])
    assert not view.tree.is_whole
    assert view.rows() == [], "what is not whole is not shown in part"
    whole(view.tree)
    assert [line.strip() for line in view.rows()[:2]] == ["Report", "Item 0: seen"]
    assert view.rows()[21:] == ["  Inner", *(f"    Item {place}: seen" for place in range(4)), "Second"]


def test_another_report_takes_the_place_of_one_that_is_being_made(
    view: ReportView, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_strokes(monkeypatch)
    view.show_reports([report(*items(50), title="First")])
    view.show_reports([report(*items(5), title="Second")])
    whole(view.tree)
    assert view.rows()[0] == "Second"
    assert len(view.rows()) == 6
    view.show_reports([report(*items(50))])
    view.show_reports(())
    whole(view.tree)
    assert view.rows() == []


def test_a_long_text_is_folded_and_unfolded_on_a_wish_and_folded_again(view: ReportView) -> None:
    text = "letters " * 200
    view.show_reports([report(ReportNode("Text", text, "TEXT"), ReportNode("Short", "x" * FOLDED, "TEXT"))])
    item = view.tree.topLevelItem(0).child(0)
    low = item.sizeHint(1).height()
    assert item.text(1).endswith(f"… {len(text) - FOLDED} more letters (Enter)")
    assert item.text(1).startswith(text[:FOLDED].rstrip())
    view.tree.itemActivated.emit(item, 1)
    assert item.text(1) == text
    assert item.sizeHint(1).height() > 2 * low
    view.tree.itemActivated.emit(item, 1)
    assert item.sizeHint(1).height() == low
    short = view.tree.topLevelItem(0).child(1)
    view.tree.itemActivated.emit(short, 1)
    assert short.text(1) == "x" * FOLDED


def test_what_is_too_much_for_one_tree_comes_on_a_wish_until_all_is_there(
    view: ReportView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_tree, "MOST_ROWS", 10)
    view.show_reports([report(*items(14)), report(*items(9), title="Second")])
    whole(view.tree)
    assert view.rows()[-1] == "Show more of the report"
    for _wish in range(2):
        more = view.tree.topLevelItem(view.tree.topLevelItemCount() - 1)
        view.tree.itemActivated.emit(more, 0)
        whole(view.tree)
    wanted = ["Report", *(f"  Item {place}: seen" for place in range(14))]
    assert view.rows() == [*wanted, "Second", *(f"  Item {place}: seen" for place in range(9))]


def test_items_are_as_high_as_their_lines_and_are_measured_anew_in_another_width(view: ReportView) -> None:
    view.show_reports([report(ReportNode("Text", "many words " * 30, "TEXT"), ReportNode("Lines", "a\nb\nc", "TEXT"))])
    text, lines = (view.tree.topLevelItem(0).child(place) for place in range(2))
    narrow = text.sizeHint(1).height()
    line = view.tree.fontMetrics().height()
    assert lines.sizeHint(1).height() >= 3 * line
    view.resize(1800, 600)
    wait_until(lambda: text.sizeHint(1).height() < narrow, what="another height")
    assert view.tree.visualItemRect(text).height() == text.sizeHint(1).height()


def test_all_of_it_can_be_had_at_once_for_a_picture(view: ReportView, monkeypatch: pytest.MonkeyPatch) -> None:
    small_strokes(monkeypatch)
    view.show_reports([report(*items(60))])
    high = view.whole_height()
    assert view.tree.is_whole
    assert high > 60 * view.tree.fontMetrics().height()


def test_an_item_of_a_picture_asks_for_it_and_is_not_unfolded(view: ReportView) -> None:
    asked: list[tuple[str, int]] = []
    view.image_asked.connect(lambda uid, frame: asked.append((uid, frame)))
    view.show_reports([report(ReportNode("Seen on", "", "IMAGE", (), ImageReference("1.2.3", (4,))))])
    item = view.tree.topLevelItem(0).child(0)
    assert item.data(0, IMAGE) == ("1.2.3", 4)
    view.tree.itemActivated.emit(item, 0)
    assert asked == [("1.2.3", 4)]
    assert item.textAlignment(1) & Qt.AlignmentFlag.AlignTop
