"""The QR code of a document: case, report and the beginning of the report's digest, to find and to check the record."""

from __future__ import annotations

from typing import Final

from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel
from reportlab.platypus import Flowable

from clinic_app.documents.page import TEXT

DIGEST_LENGTH: Final = 16
LONGEST_ID: Final = 64
"""FHIR's own limit of an id; a longer one would make the code too fine to be read."""


def qr_content(case_number: str, report_id: str, report_sha256: str) -> str:
    """Return what the code says: ``DALA:<case>:<report>:<16 hex digits>``."""
    return f"DALA:{case_number[:LONGEST_ID]}:{report_id[:LONGEST_ID]}:{report_sha256[:DIGEST_LENGTH]}"


class QrCode(Flowable):  # type: ignore[misc]  # reportlab has no type hints
    """A square code without text, so that it needs no font.

    Args:
        content: what a reader will see.
        side: in points.
    """

    def __init__(self, content: str, side: float) -> None:
        super().__init__()
        self.side = side
        code = QRCode(None, QRErrorCorrectLevel.M)
        code.addData(QR8bitByte(content))
        code.make()
        self.modules: list[list[bool]] = code.modules

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:  # noqa: ARG002
        """Return the size in points."""
        return self.side, self.side

    def draw(self) -> None:
        """Draw each run of dark modules in a row as one rectangle."""
        step = self.side / len(self.modules)
        self.canv.setFillColor(TEXT)
        for row, modules in enumerate(self.modules):
            start = None
            for column, is_dark in enumerate([*modules, False]):
                if is_dark and start is None:
                    start = column
                elif not is_dark and start is not None:
                    y = self.side - (row + 1) * step
                    self.canv.rect(start * step, y, (column - start) * step, step, stroke=0, fill=1)
                    start = None
