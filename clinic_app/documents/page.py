"""What every page carries: whose document it is, which one, and which page of how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from clinic_app.documents.fonts import REGULAR, SEMI_BOLD
from clinic_app.foundation.texts import Language, Text

PORTRAIT: Final = A4
LANDSCAPE: Final = landscape(A4)
MARGIN: Final = 17.5 * mm
LONGEST_NAME: Final = 200
"""Characters of a name looked at for the line at the top; no line has room for more."""
ACCENT: Final = HexColor("#0B5C86")
TEXT: Final = HexColor("#14212B")
MUTED: Final = HexColor("#52626F")
HAIRLINE: Final = HexColor("#C9D3DA")
PANEL: Final = HexColor("#F1F5F8")
ALARM: Final = HexColor("#B00020")
ALARM_PANEL: Final = HexColor("#FDE7EA")
WARN: Final = HexColor("#7A4B00")
WARN_PANEL: Final = HexColor("#FFF1D6")


@dataclass(frozen=True)
class Furniture:
    """The words around the pages; every one of them has passed the font's gate.

    Args:
        title: for the document's properties.
        name: the patient's; the only words that give way where the line is too short.
        numbers: birth date and national number.
        case: the case's number in words.
        document: the document's id in words.
        language: of the document.
    """

    title: str
    name: str
    numbers: str
    case: str
    document: str
    language: Language


class NumberedCanvas(Canvas):  # type: ignore[misc]  # reportlab has no type hints
    """A canvas that knows, when it is saved, how many pages there are.

    Args:
        furniture: the words around every page.
    """

    def __init__(self, *args: Any, furniture: Furniture, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **{**options, "initialFontName": REGULAR, "lang": furniture.language})
        self._furniture = furniture
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        """Keep the page; it is written when all are known."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write all pages with their furniture, and the file."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            _draw_furniture(self, self._furniture, number, len(self._pages))
            super().showPage()
        super().save()


def _draw_furniture(canvas: Any, words: Furniture, number: int, count: int) -> None:  # noqa: ANN401
    width, height = canvas._pagesize  # noqa: SLF001 - the library has no public name for it
    right = width - MARGIN
    canvas.saveState()
    canvas.setStrokeColor(HAIRLINE)
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, height - 14 * mm, right, height - 14 * mm)
    canvas.line(MARGIN, 13 * mm, right, 13 * mm)
    canvas.setFillColor(TEXT)
    canvas.setFont(SEMI_BOLD, 8)
    tail = f"   ·   {words.numbers}"
    room = right - MARGIN - sum(stringWidth(each, SEMI_BOLD, 8) for each in (tail, words.case)) - 8 * mm
    canvas.drawString(MARGIN, height - 11.6 * mm, _fitted(words.name, SEMI_BOLD, 8, room) + tail)
    canvas.setFillColor(MUTED)
    canvas.setFont(REGULAR, 8)
    canvas.drawRightString(right, height - 11.6 * mm, words.case)
    canvas.setFont(REGULAR, 7.5)
    canvas.drawString(MARGIN, 9 * mm, words.document)
    page = Text("Page {number} of {count}", number=number, count=count).render(words.language)
    canvas.drawRightString(right, 9 * mm, page)
    canvas.restoreState()


def _fitted(text: str, font: str, size: float, width: float) -> str:
    """Return ``text``, its end replaced by an ellipsis where the line is too short; page one has it in full."""
    if stringWidth(text, font, size) <= width:
        return text
    text = text[:LONGEST_NAME]
    while text and stringWidth(f"{text}…", font, size) > width:
        text = text[:-1]
    return f"{text}…"
