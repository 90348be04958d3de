"""The numbers of a report as a table: what was measured, where, how much, and on which picture.

A report of measurements (TID 1500) is a deep tree in which a number, its unit, the region it was measured in and the
picture lie on four floors; a dose report (TID 10001, 10011) has hundreds of numbers of which a doctor asks for a few.
What the tree says stays readable beside the table; nothing is computed here.
Source: DICOM PS3.16 TID 1500, 1410, 1411, 1420, 300; TID 10001-10003, 10011-10013.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clinic_app.imaging.objects.references import ImageReference
from clinic_app.imaging.objects.report import ReportNode, unit_words

MOST_LINES: Final = 2000
_GROUPS: Final = frozenset({"125007 DCM", "126010 DCM"})
_NAMELESS: Final = _GROUPS | {"113829 DCM"}
"""Headings of the template that say nothing beside what stands above and below them."""
_TRACKING: Final = "112039 DCM"
_FINDING: Final = frozenset({"121071 DCM", "276214006 SCT"})
_SITE: Final = frozenset({"363698007 SCT", "G-C0E3 SRT", "123014 DCM"})
_PROTOCOL: Final = "125203 DCM"
_DOSE_REPORTS: Final = frozenset({"113701 DCM"})
_DOSES: Final = frozenset(
    f"{code} DCM"
    for code in (
        113812,  # Total Number of Irradiation Events
        113813,  # CT Dose Length Product Total
        113830,  # Mean CTDIvol
        113838,  # DLP
        113722,  # Dose Area Product Total
        113725,  # Dose (RP) Total
        113730,  # Total Fluoro Time
        113731,  # Total Number of Radiographic Frames
        113855,  # Total Acquisition Time
        122130,  # Dose Area Product
        113738,  # Dose (RP)
        111637,  # Accumulated Average Glandular Dose
        111631,  # Average Glandular Dose
    )
)


@dataclass(frozen=True)
class TableLine:
    """One number of a report.

    Args:
        where: what it was measured on: the name of the measurement, what was found, where; or the part of the report.
        name: what it is.
        number: how much; None where the report says why there is none.
        unit: of the number, as people write it.
        words: what stands for the number where there is none.
        region: the shape it was measured in, as the file names it: ``Circle``, ``Polyline``; empty where none is told.
        image: the picture; None where none is told.
    """

    where: str
    name: str
    number: float | None
    unit: str
    words: str = ""
    region: str = ""
    image: ImageReference | None = None


def is_dose_report(root: ReportNode) -> bool:
    """Return whether a report tells how much radiation somebody got."""
    return root.code in _DOSE_REPORTS


def table_of(root: ReportNode) -> tuple[TableLine, ...]:
    """Return the numbers of a report in its order; of a dose report those that are asked for."""
    wanted = _DOSES if is_dose_report(root) else None
    found: list[TableLine] = []
    for line in _lines(root, (), None, wanted):
        found.append(line)
        if len(found) >= MOST_LINES:
            break
    return tuple(found)


def _lines(
    node: ReportNode, above: tuple[str, ...], group: ReportNode | None, wanted: frozenset[str] | None
) -> Iterator[TableLine]:
    """Yield the numbers below an item.

    Args:
        node: the item.
        above: names of the headings it stands below, without the title of all.
        group: the measurement they belong to.
        wanted: codes of numbers; None for all of them.
    """
    for child in node.children:
        if child.kind == "NUM" and (wanted is None or child.code in wanted):
            yield _line(child, above, group)
        is_group = child.code in _GROUPS or _says(child, _TRACKING)
        inner = child if is_group else group
        heading = _heading(child) if child.kind == "CONTAINER" else ""
        yield from _lines(child, (*above, heading) if heading else above, inner, wanted)


def _line(node: ReportNode, above: tuple[str, ...], group: ReportNode | None) -> TableLine:
    region, image = _place_of(node)
    if group is not None and image is None:
        region, image = _place_of(group)
    words = node.value if node.number is None else ""
    return TableLine(" · ".join(above[-2:]), node.name, node.number, unit_words(node.unit), words, region, image)


def _heading(node: ReportNode) -> str:
    """Return what a heading is called by whoever measured: its own words before those of the template."""
    told = [_says(node, _TRACKING), *(_says(node, code) for code in (*sorted(_FINDING), _PROTOCOL, *sorted(_SITE)))]
    words = dict.fromkeys(each for each in told if each)
    return ", ".join(words) or ("" if node.code in _NAMELESS else node.name)


def _says(node: ReportNode, code: str) -> str:
    return next((each.value for each in node.children if each.code == code and each.value), "")


def _place_of(node: ReportNode) -> tuple[str, ImageReference | None]:
    """Return the shape below an item and the picture it is drawn on; numbers of their own below it do not count."""
    region, image = "", None
    for child in node.children:
        if child.kind in ("NUM", "CONTAINER"):
            continue
        if child.kind == "SCOORD":
            region = region or child.value
        if child.kind == "IMAGE" and child.image is not None:
            image = image or child.image
        inner = _place_of(child)
        region, image = region or inner[0], image or inner[1]
    return region, image
