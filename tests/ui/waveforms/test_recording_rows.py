"""Rows of the list of recordings: no two of one day look alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.records import (
    Attachment,
    DocumentReference,
    DocumentReferenceContent,
    DocumentReferenceRelatesTo,
    Reference,
)
from clinic_app.waveforms.formats.limits import UNKNOWN_START
from clinic_app.waveforms.store import LongListed
from tests.helpers.device_items import NOON
from ui import language, theme
from ui.waveforms.recording_rows import what_words, when_words
from ui.widgets.record_table import Column, RecordTable

CONTENT = (DocumentReferenceContent(attachment=Attachment(content_type="application/dicom")),)
ORIGIN = DocumentReferenceRelatesTo(code="transforms", target=Reference(display="bed 1"))


def short(description: str | None, *origin: DocumentReferenceRelatesTo) -> DocumentReference:
    return DocumentReference(
        id="s", status="current", date=NOON, description=description, content=CONTENT, relates_to=origin
    )


def hours(state: str = "ended", seconds: float | None = 9000, labels: tuple[str, ...] = ("I", "II")) -> LongListed:
    ends_at = NOON + timedelta(seconds=seconds) if seconds is not None else None
    return LongListed(short(None), "bed 1", NOON, ends_at, labels, state)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _english(qapp: QApplication) -> Iterator[None]:
    language.use("en")
    yield
    language.use("kk")


def test_hours_say_from_when_to_when_and_the_day_only_where_it_is_another() -> None:
    begun = f"{NOON.astimezone():%d.%m.%Y %H:%M}"
    same_day = NOON + timedelta(seconds=3600)
    assert when_words(short(None), hours(seconds=3600)) == f"{begun} – {same_day.astimezone():%H:%M}"
    late = NOON + timedelta(days=1)
    assert when_words(short(None), hours(seconds=86_400)) == f"{begun} – {late.astimezone():%d.%m.%Y %H:%M}"
    assert when_words(short(None), hours(seconds=None)) == f"from {begun}"
    assert when_words(short(None), None) == begun
    assert when_words(msgspec.structs.replace(short(None), date=UNKNOWN_START), None) == "time unknown"
    assert when_words(msgspec.structs.replace(short(None), date=None), None) == "—"


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        (hours(), "2 h 30 min · bed 1 · I, II"),
        (hours("interrupted"), "interrupted · 2 h 30 min · bed 1 · I, II"),
        (hours("running", None, ()), "is being recorded · bed 1"),
        (hours("elsewhere", None, ()), "on another computer · bed 1"),
        (hours(labels=tuple("ABCDEF")), "2 h 30 min · bed 1 · A, B, C, D … (6)"),
    ],
)
def test_hours_say_their_state_length_device_and_channels(listed: LongListed, words: str) -> None:
    assert what_words(short(None), listed) == words


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (short("10 s: I, II, Pleth (bed 1)"), "10 s · bed 1 · I, II, Pleth"),
        (short("9.996 s: II ()"), "10 s · II"),
        (short("20 s: II (bed (2))", ORIGIN), "cut out · 20 s · bed (2) · II"),
        (short("something else"), "something else"),
        (short(None), ""),
    ],
)
def test_seconds_say_as_much(document: DocumentReference, words: str) -> None:
    assert what_words(document, None) == words


def test_the_row_has_two_lines_and_a_screen_reader_hears_both(qtbot: QtBot) -> None:
    column: Column[str] = Column(lambda: "When", lambda row: row, detail=lambda row: f"{row} more")
    two: RecordTable[str] = RecordTable("two", (column,))
    one: RecordTable[str] = RecordTable("one", (Column(lambda: "When", lambda row: row),))
    for table in (two, one):
        qtbot.addWidget(table)
        table.resize(300, 200)
        table.show_rows(("a", "b"))
        table.show()
        table.grab()
    assert two.view.rowHeight(0) > one.view.rowHeight(0) == theme.ROW_PX
    index = two.view.model().index(0, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "When: a, a more"
    assert "a more" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert one.view.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "When: a"
