"""The paper with the recovery code: large groups, what it is for, where to keep it. One page, for a safe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO
from typing import Final

from reportlab.lib.enums import TA_CENTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer, Table, TableStyle

from clinic_app.documents import blocks
from clinic_app.documents.content import RecoverySheet
from clinic_app.documents.fonts import BOLD, ONE_AT_A_TIME, REGULAR, printable, register_fonts
from clinic_app.documents.page import HAIRLINE, MARGIN, PANEL, PORTRAIT
from clinic_app.foundation.dates import document_moment
from clinic_app.foundation.texts import Language, Text

WIDTH: Final = PORTRAIT[0] - 2 * MARGIN
_IN_ROW: Final = 4
_PADDING: Final = 6
"""Points the library keeps free inside the margins."""
_GROUP: Final = ParagraphStyle(
    "group", parent=blocks.BODY, fontName=BOLD, fontSize=24, leading=30, alignment=TA_CENTER, spaceAfter=0
)
_NUMBER: Final = ParagraphStyle("number", parent=blocks.LABEL, alignment=TA_CENTER)


def render_recovery_sheet(sheet: RecoverySheet, language: Language) -> bytes:
    """Return the PDF, one page of A4.

    Raises:
        InvalidInputError: a character cannot be printed; the sentence names it.
    """
    register_fonts()
    file = BytesIO()
    title = Text("Recovery code of the data").render(language)
    document = SimpleDocTemplate(
        file, pagesize=PORTRAIT, title=printable(title), author=printable(sheet.facility), creator="Dala",
        leftMargin=MARGIN - _PADDING, rightMargin=MARGIN - _PADDING, topMargin=22 * mm, bottomMargin=20 * mm,
    )  # fmt: skip
    with ONE_AT_A_TIME:
        document.build(
            list(_story(sheet, title, language)),
            canvasmaker=partial(Canvas, initialFontName=REGULAR, lang=language),
        )
    return file.getvalue()


def _story(sheet: RecoverySheet, title: str, language: Language) -> Iterator[Flowable]:
    yield blocks.line(title, blocks.TITLE)
    yield Spacer(1, 2 * mm)
    facts = (
        (Text("Hospital"), sheet.facility),
        (Text("Workstation"), sheet.workstation),
        (Text("Made on"), document_moment(sheet.made_at, language)),
    )
    told = [(label.render(language), value) for label, value in facts]
    yield blocks.fact_grid(told, [WIDTH * part for part in (0.5, 0.2, 0.3)])
    yield Spacer(1, 5 * mm)
    yield _groups(sheet.code.split("-"))
    yield Spacer(1, 6 * mm)
    for sentence in _ADVICE:
        yield blocks.line(f"•  {sentence.render(language)}")


_ADVICE: Final = (
    Text(
        "Whoever has this paper and the computer can open the patients' data. Keep it in a safe, not at the computer."
    ),
    Text("It is needed when the computer was repaired or replaced, or when nobody who could sign in is there."),
    Text("How: start the program, choose “Recovery code”, type the eight groups. Upper and lower case do not matter."),
    Text("When a new code is made, this one opens nothing any more: destroy it."),
)


def _groups(groups: Sequence[str]) -> Table:
    """Return the groups in rows of four, the number of each above it."""
    rows: list[list[Flowable]] = []
    for begin in range(0, len(groups), _IN_ROW):
        part = groups[begin : begin + _IN_ROW]
        rows.append([blocks.line(f"{begin + place}", _NUMBER) for place, _group in enumerate(part, 1)])
        rows.append([blocks.line(group, _GROUP) for group in part])
    style = TableStyle(
        [
            ("BACKGROUND", (0, 0), (-1, -1), PANEL),
            ("BOX", (0, 0), (-1, -1), 0.8, HAIRLINE),
            ("TOPPADDING", (0, 0), (-1, -1), 3),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ]
    )
    return Table(rows, colWidths=[WIDTH / _IN_ROW] * _IN_ROW, style=style)
