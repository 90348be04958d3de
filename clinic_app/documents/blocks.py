"""The building blocks of a document's page: headings, paragraphs, the patient panel, tables of facts, a picture.

Every block takes plain text; it is passed through the font's gate and escaped here, so that no sentence of a user is
ever read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any, Final
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from reportlab.lib.colors import Color
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch, mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table, TableStyle

from clinic_app.documents.fonts import BOLD, REGULAR, SEMI_BOLD, printable
from clinic_app.documents.page import ACCENT, ALARM, ALARM_PANEL, HAIRLINE, MUTED, PANEL, TEXT, WARN, WARN_PANEL
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text

BODY: Final = ParagraphStyle("body", fontName=REGULAR, fontSize=10, leading=14.2, textColor=TEXT, spaceAfter=3)
SMALL: Final = ParagraphStyle("small", parent=BODY, fontSize=8, leading=11, textColor=MUTED, spaceAfter=0)
LABEL: Final = ParagraphStyle("label", parent=BODY, fontSize=7.5, leading=10, textColor=MUTED, spaceAfter=0)
VALUE: Final = ParagraphStyle("value", parent=BODY, fontName=SEMI_BOLD, fontSize=9.5, leading=12.5, spaceAfter=0)
NAME: Final = ParagraphStyle("name", parent=BODY, fontName=BOLD, fontSize=14, leading=18, spaceAfter=0)
TITLE: Final = ParagraphStyle("title", parent=BODY, fontName=BOLD, fontSize=17, leading=22, textColor=ACCENT)
HEADING: Final = ParagraphStyle(
    "heading", parent=BODY, fontName=SEMI_BOLD, fontSize=11.5, leading=15, textColor=ACCENT, spaceBefore=9, spaceAfter=3
)
ALERT: Final = ParagraphStyle("alert", parent=BODY, fontName=SEMI_BOLD, fontSize=9.5, leading=13, spaceAfter=0)
ALLERGY: Final = ParagraphStyle("allergy", parent=ALERT, textColor=ALARM)

LONGEST_TEXT: Final = 50_000
"""Characters of one text: some twenty pages; more is no opinion but an accident."""
LINES_AT_ONCE: Final = 40
"""Lines that are set as one paragraph."""
LONGEST_FACT: Final = 300
"""Characters of a name or a number in the head; a longer one would not fit on the page."""
ALERT_IN_PANEL: Final = 600
"""Characters of allergies beside the name; more stand below it, where they may run on to the next page."""
IMAGE_PIXELS: Final = 1400
"""Longest side of a picture on paper: 200 dots per inch at 178 mm."""

JPEG_QUALITY: Final = 92
"""No trace of it is seen on paper; the picture to read is the DICOM file."""
TALLEST_PICTURE: Final = 118 * mm
LEAST_PICTURE: Final = 45 * mm

Fact = tuple[str, str]


def line(text: str, style: ParagraphStyle = BODY) -> Paragraph:
    """Return one paragraph; line breaks in ``text`` stay."""
    return Paragraph(escape(printable(text)).replace("\n", "<br/>"), style)


def paragraphs(text: str) -> list[Flowable]:
    """Return a text of several paragraphs, divided where a line was left empty.

    Raises:
        InvalidInputError: the text is endless, or a character cannot be printed.
    """
    if len(text) > LONGEST_TEXT:
        raise InvalidInputError(Text("A text of {count} characters is too long for a document.", count=len(text)))
    parts = [part.strip("\n") for part in printable(text).strip().split("\n\n")]
    return [line(piece) for part in parts if part.strip() for piece in _pieces(part)]


def _pieces(part: str) -> Iterator[str]:
    """Cut a paragraph of very many lines: the time the library takes grows with the square of their number."""
    lines = part.split("\n")
    for begin in range(0, len(lines), LINES_AT_ONCE):
        yield "\n".join(lines[begin : begin + LINES_AT_ONCE])


def short(text: str) -> str:
    """Return a fact fit for the head of the page, an ellipsis where it was cut."""
    return text if len(text) <= LONGEST_FACT else f"{text[:LONGEST_FACT]}…"


def section(heading: str, body: Sequence[Flowable]) -> list[Flowable]:
    """Return a heading that stays with what follows it; nothing where there is nothing to say."""
    if not body:
        return []
    return [KeepTogether([line(heading, HEADING), body[0]]), *body[1:]]


def patient_panel(name: str, facts: Iterable[Fact], alert: str, width: float) -> list[Flowable]:
    """Return the banner: the name in full, the identifiers under it, allergies in red."""
    grid = fact_grid(facts, [(width - 10 * mm) * part for part in (0.34, 0.24, 0.18, 0.24)])
    rows: list[list[Any]] = [[line(short(name), NAME)], [grid]]
    style: list[tuple[Any, ...]] = [
        ("BACKGROUND", (0, 0), (-1, -1), PANEL),
        ("LINEBEFORE", (0, 0), (0, -1), 3, ACCENT),
        ("LEFTPADDING", (0, 0), (-1, -1), 5 * mm),
        ("RIGHTPADDING", (0, 0), (-1, -1), 5 * mm),
        ("TOPPADDING", (0, 0), (-1, 0), 3 * mm),
        ("TOPPADDING", (0, 1), (-1, -1), 1.2 * mm),
        ("BOTTOMPADDING", (0, 0), (-1, -2), 0),
        ("BOTTOMPADDING", (0, -1), (-1, -1), 3 * mm),
    ]
    if 0 < len(alert) <= ALERT_IN_PANEL:
        rows.append([line(alert, ALLERGY)])
        style += [("BACKGROUND", (0, 2), (-1, 2), ALARM_PANEL), ("BOTTOMPADDING", (0, 2), (-1, 2), 2 * mm)]
    below = [Spacer(1, 2 * mm), line(alert, ALLERGY)] if len(alert) > ALERT_IN_PANEL else []
    return [Table(rows, colWidths=[width], style=_style(style)), *below]


def fact_grid(facts: Iterable[Fact], widths: Sequence[float]) -> Table:
    """Return label-over-value cells in columns of these widths; empty facts are left out."""
    columns = len(widths)
    cells = [[line(label, LABEL), line(short(value), VALUE)] for label, value in facts if value]
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)] or [[[]]]
    rows[-1] += [[] for _ in range(columns - len(rows[-1]))]
    padding = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 3 * mm)]
    close = [("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2 * mm)]
    return Table(rows, colWidths=list(widths), style=_style([*padding, *close]))


def value_table(values: Iterable[Fact], width: float) -> Table:
    """Return measured values, two pairs in a row, divided by hairlines."""
    cells = [[line(short(name), SMALL), line(short(value), VALUE)] for name, value in values]
    if len(cells) % 2:
        cells.append(["", ""])
    rows = [left + right for left, right in zip(cells[::2], cells[1::2], strict=True)]
    lines = [("LINEBELOW", (0, 0), (-1, -1), 0.4, HAIRLINE), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
    padding = [("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5)]
    return Table(rows, colWidths=[width * part for part in (0.3, 0.2, 0.3, 0.2)], style=_style([*lines, *padding]))


def side_by_side(left: Sequence[Flowable], right: Flowable, widths: tuple[float, float]) -> Table:
    """Return two columns flush with the margins."""
    flush = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0)]
    return Table([[list(left), right]], colWidths=list(widths), style=_style(flush))


def notice(text: str, width: float) -> Table:
    """Return a sentence the reader must not miss, in amber with a rule."""
    style = ParagraphStyle("notice", parent=ALERT, textColor=WARN)
    frame = [("BACKGROUND", (0, 0), (-1, -1), WARN_PANEL), ("LINEBEFORE", (0, 0), (0, -1), 3, WARN)]
    return Table([[line(text, style)]], colWidths=[width], style=_style(frame))


class Picture(Flowable):  # type: ignore[misc]  # reportlab has no type hints
    """A picture in the room the page has left, its shape kept, with its caption below.

    Args:
        pixels: uint8, shape ``(height, width)`` or ``(height, width, 3)``.
        caption: what it shows.
    """

    def __init__(self, pixels: NDArray[np.uint8], caption: str) -> None:
        super().__init__()
        image = PillowImage.fromarray(np.ascontiguousarray(pixels))
        image.thumbnail((IMAGE_PIXELS, IMAGE_PIXELS))
        file = BytesIO()
        image.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        self._size = image.size
        self._image = ImageReader(file)
        self._caption = line(short(caption) or " ", SMALL)

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        """Return the size in points: as large as the room, the limits and 50 dots per inch allow."""
        _, caption_height = self._caption.wrap(available_width, available_height)
        room = max(LEAST_PICTURE, min(TALLEST_PICTURE, available_height - caption_height - 2 * mm))
        width, height = self._size
        scale = min(available_width / width, room / height, inch / 50)
        self._shown = (width * scale, height * scale)
        return available_width, self._shown[1] + caption_height + 2 * mm

    def draw(self) -> None:
        """Draw the picture at the top and the caption under it."""
        _, caption_height = self._caption.wrap(self.canv._pagesize[0], LEAST_PICTURE)  # noqa: SLF001
        self.canv.drawImage(self._image, 0, caption_height + 2 * mm, *self._shown)
        self._caption.drawOn(self.canv, 0, 0)


def rule(width: float, colour: Color = HAIRLINE) -> Table:
    """Return a hairline across the page."""
    return Table([[""]], colWidths=[width], rowHeights=[1], style=_style([("LINEABOVE", (0, 0), (-1, 0), 0.6, colour)]))


def _style(commands: list[tuple[Any, ...]]) -> TableStyle:
    """Return a table style that names our font: the library's own would bring an unembedded Helvetica in."""
    return TableStyle([("FONT", (0, 0), (-1, -1), REGULAR, 9), ("VALIGN", (0, 0), (-1, -1), "TOP"), *commands])
