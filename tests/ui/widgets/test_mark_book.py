"""The book of marks: steps back and forth, what is kept and what is not, mine and those of others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication

from clinic_app.imaging.measuring import Mark
from clinic_app.imaging.measuring.marks import MarkLayer
from ui.widgets.image_mark_book import MarkBook

HERE, THERE = ("1.2", 1), ("1.2", 2)


def line(x: float = 1.0, uid: str = "", place: tuple[str, int] = HERE) -> Mark:
    return Mark("length", ((0.0, 0.0), (x, 5.0)), uid=uid, sop_uid=place[0], frame_number=place[1])


@pytest.fixture
def book(qapp: QApplication) -> MarkBook:
    return MarkBook()


def test_a_new_mark_gets_a_name_of_its_own_and_is_in_hand(book: MarkBook) -> None:
    first, second = book.put(line(1)), book.put(line(2))
    assert first.uid != second.uid
    assert all(len(each.uid) <= 64 and each.uid.startswith("2.25.") for each in (first, second))
    assert book.selected == second
    assert book.marks == (first, second)


def test_a_changed_mark_keeps_its_place_and_its_name(book: MarkBook) -> None:
    first, second = book.put(line(1)), book.put(line(2))
    moved = replace(first, points=((0.0, 0.0), (9.0, 9.0)))
    assert book.put(moved) == moved
    assert book.marks == (moved, second)


def test_a_mark_put_back_unchanged_is_no_step(book: MarkBook) -> None:
    first = book.put(line(1))
    book.put(first)
    book.undo()
    assert book.marks == ()
    assert not book.can_undo


def test_marks_belong_to_their_picture(book: MarkBook) -> None:
    here, there = book.put(line(1)), book.put(line(2, place=THERE))
    assert (book.on(HERE), book.on(THERE), book.on(("9", 1))) == ((here,), (there,), ())


def test_a_step_taken_anew_ends_those_that_were_taken_back(book: MarkBook) -> None:
    book.put(line(1))
    book.undo()
    assert book.can_redo
    book.put(line(2))
    assert not book.can_redo
    book.redo()
    assert len(book.marks) == 1


@given(st.lists(st.sampled_from(["put", "change", "remove", "undo", "redo"]), max_size=30))
@settings(max_examples=25)
def test_going_all_the_way_back_and_forth_leads_to_where_one_was(steps: list[str]) -> None:
    book = MarkBook()
    for number, step in enumerate(steps):
        if step == "put":
            book.put(line(float(number)))
        elif step == "change" and book.marks:
            book.put(replace(book.marks[0], words=str(number)))
        elif step == "remove" and book.marks:
            book.remove(book.marks[-1].uid)
        elif step == "undo":
            book.undo()
        elif step == "redo":
            book.redo()
    now = book.marks
    back = 0
    while book.can_undo:
        book.undo()
        back += 1
    assert book.marks == ()
    for _step in range(back):
        book.redo()
    assert book.marks == now


def test_a_mark_that_is_gone_is_in_nobodys_hand(book: MarkBook) -> None:
    first = book.put(line(1))
    told: list[int] = []
    book.selection_changed.connect(lambda: told.append(1))
    book.remove(first.uid)
    assert book.selected is None
    assert told == [1]
    book.remove("unknown")
    book.write_to("unknown", "x")
    assert book.marks == ()


def test_words_are_a_step(book: MarkBook) -> None:
    first = book.put(line(1))
    book.write_to(first.uid, "stone")
    assert book.marks[0].words == "stone"
    book.undo()
    assert book.marks[0].words == ""


def test_what_is_kept_is_told_from_what_is_not(book: MarkBook) -> None:
    mine = MarkLayer("I", None, (line(1, "2.25.1"),), is_mine=True)
    theirs = MarkLayer("He", None, (line(2, "2.25.2"), line(3, "2.25.3", THERE)))
    book.load([theirs, mine])
    assert not book.is_changed
    assert not book.can_undo
    assert (book.marks, book.others) == (mine.marks, (theirs,))
    assert [mark.uid for mark, _layer in book.others_on(HERE)] == ["2.25.2"]
    book.remove("2.25.1")
    assert book.is_changed
    book.give_up()
    assert not book.is_changed
    book.remove("2.25.1")
    book.told_kept(())
    assert not book.is_changed


def test_what_came_from_elsewhere_is_shown_and_no_step_back_loses_it(book: MarkBook) -> None:
    mine = MarkLayer("I", None, (line(1, "2.25.1"),), is_mine=True)
    book.load([mine])
    assert book.known == {"2.25.1"}
    drawn = book.put(line(5))
    elsewhere = MarkLayer("I", None, (line(7, "2.25.1"), line(2, "2.25.2")), is_mine=True)
    theirs = MarkLayer("He", None, (line(3, "2.25.3"),))
    book.meet([theirs, elsewhere])
    assert [mark.uid for mark in book.marks] == ["2.25.2", "2.25.1", drawn.uid]
    assert book.find("2.25.1") == line(1, "2.25.1"), "what is in somebody's hands stays as he has it"
    assert book.others == (theirs,)
    assert book.known == {"2.25.1", "2.25.2"}
    book.undo()
    assert [mark.uid for mark in book.marks] == ["2.25.2", "2.25.1"]
    assert not book.is_changed
    book.redo()
    assert len(book.marks) == 3


def test_nothing_new_from_elsewhere_says_nothing(book: MarkBook) -> None:
    mine = MarkLayer("I", None, (line(1, "2.25.1"),), is_mine=True)
    book.load([mine])
    told: list[bool] = []
    book.changed.connect(lambda: told.append(True))
    book.meet([mine])
    assert told == []


def test_those_of_others_are_found_by_nobody_who_changes(book: MarkBook) -> None:
    book.load([MarkLayer("He", None, (line(2, "2.25.2"),))])
    assert book.find("2.25.2") is None
    book.remove("2.25.2")
    book.write_to("2.25.2", "mine now")
    book.select("2.25.2")
    assert book.selected is None
    assert book.others[0].marks == (line(2, "2.25.2"),)


def test_the_last_known_length_counts_and_mine_before_that_of_another(book: MarkBook) -> None:
    def known(mm: float, uid: str = "") -> Mark:
        return replace(line(9, uid), kind="scale", known_mm=mm)

    assert book.scale_on(HERE) is None
    book.load([MarkLayer("He", None, (known(10, "2.25.7"),))])
    theirs = book.scale_on(HERE)
    assert theirs is not None
    assert theirs.known_mm == 10
    book.put(known(20))
    book.put(known(30))
    mine = book.scale_on(HERE)
    assert mine is not None
    assert mine.known_mm == 30
    assert book.scale_on(THERE) is None


def test_a_draft_taken_up_can_be_taken_back(book: MarkBook) -> None:
    book.load([MarkLayer("I", None, (line(1, "2.25.1"),), is_mine=True)])
    book.take_up([line(4, "2.25.4")])
    assert [mark.uid for mark in book.marks] == ["2.25.4"]
    book.undo()
    assert [mark.uid for mark in book.marks] == ["2.25.1"]


def test_a_book_that_is_cleared_knows_nothing(book: MarkBook) -> None:
    book.put(line(1))
    book.clear()
    assert (book.marks, book.others, book.can_undo, book.is_changed, book.selected) == ((), (), False, False, None)
