"""What a file is for, by its SOP class. Source: DICOM PS3.4 B.5 and PS3.6 annex A."""

from __future__ import annotations

from typing import Final, Literal

Kind = Literal["picture", "document", "report", "tracing", "presentation", "key object", "segmentation", "structures"]

_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
KEY_OBJECT: Final = f"{_ROOT}88.59"
GREY_PRESENTATION: Final = f"{_ROOT}11.1"
COLOUR_PRESENTATION: Final = f"{_ROOT}11.2"
COMPREHENSIVE_REPORT: Final = f"{_ROOT}88.33"
SEGMENTATION: Final = f"{_ROOT}66.4"
STRUCTURES: Final = f"{_ROOT}481.3"
PDF: Final = f"{_ROOT}104.1"
_EXACT: Final[dict[str, Kind]] = {
    PDF: "document",
    KEY_OBJECT: "key object",
    SEGMENTATION: "segmentation",
    f"{_ROOT}66.7": "segmentation",
    STRUCTURES: "structures",
}
_BEGINS: Final[tuple[tuple[str, Kind], ...]] = (
    (f"{_ROOT}88.", "report"),
    (f"{_ROOT}11.", "presentation"),
    (f"{_ROOT}9.", "tracing"),
)


def kind_of(sop_class: str) -> Kind:
    """Return what a file of a SOP class is for; what is nothing else is a picture."""
    if sop_class in _EXACT:
        return _EXACT[sop_class]
    return next((kind for begin, kind in _BEGINS if sop_class.startswith(begin)), "picture")
