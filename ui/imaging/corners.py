"""What stands in the corners of a pane, in the order a reader looks for it: whose, what, which slice."""

from __future__ import annotations

from clinic_app.foundation.dates import form_date, parse_form_date
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.numbers import show_number
from clinic_app.imaging import FrameLabels
from ui import language
from ui.imaging.shelf import SeriesRow
from ui.language import _
from ui.pictures import Picture
from ui.widgets.image_overlay import Corners


def corners_of(picture: Picture, row: SeriesRow | None, words: str = "", *, is_marked: bool = False) -> Corners:
    """Return what the file says about itself; the name is the file's own, whoever is in hand.

    Args:
        picture: what is seen.
        row: its series.
        words: what a file that chose or marked the picture says.
        is_marked: it is a key image.
    """
    frame = picture.frame
    labels = frame.labels
    series = labels.description or (row.description if row else "")
    number = _("Series {number}", number=labels.series_number) if labels.series_number else ""
    right = (
        " ".join(part for part in (labels.modality, labels.view, _side(labels)) if part),
        " · ".join(part for part in (number, series) if part),
        words,
        labels.technique,
        slice_words(labels, frame.plane.depth if frame.plane else None),
        _lossy(labels),
        _("Key image") if is_marked else "",
    )
    return Corners(_whose(labels, row), tuple(line for line in right if line))


def slice_words(labels: FrameLabels, depth_mm: float | None) -> str:
    """Return where a slice lies and how thick it is."""
    place = labels.slice_mm if labels.slice_mm is not None else depth_mm
    parts = []
    if place is not None:
        parts.append(_("Place {mm} mm", mm=show_number(round(place, 1), language.current())))
    if labels.thickness_mm:
        parts.append(_("slice {mm} mm", mm=show_number(round(labels.thickness_mm, 2), language.current())))
    return ", ".join(parts)


def _whose(labels: FrameLabels, row: SeriesRow | None) -> tuple[str, ...]:
    name = labels.patient_name or _("No name in the file")
    person = " · ".join(part for part in (_day(labels.birth_date), _sex(labels.sex), labels.patient_id) if part)
    day = _day(labels.study_date) or (row.day if row else "")
    moment = " ".join(part for part in (day, _clock(labels.study_time)) if part)
    return tuple(line for line in (name, person, moment, labels.institution) if line)


def _sex(code: str) -> str:
    return {"M": _("male"), "F": _("female")}.get(code, "")


def _side(labels: FrameLabels) -> str:
    return {"L": _("left side"), "R": _("right side"), "B": _("both sides")}.get(labels.laterality, "")


def _lossy(labels: FrameLabels) -> str:
    if not labels.is_lossy:
        return ""
    if labels.lossy_ratio > 1:
        return _("Compressed with loss, 1:{ratio}", ratio=show_number(round(labels.lossy_ratio), language.current()))
    return _("Compressed with loss")


def _clock(stated: str) -> str:
    digits = stated[:4]
    is_time = digits.isdecimal() and len(digits) == 4 and digits[:2] < "24" and digits[2:] < "60"
    return f"{digits[:2]}:{digits[2:]}" if is_time else ""


def _day(stated: str) -> str:
    """Return a DICOM date as forms write it, or as it stands where it is none."""
    plain = stated.replace(".", "")  # files of the eighties write 1994.01.30
    try:
        return form_date(parse_form_date(f"{plain[6:]}.{plain[4:6]}.{plain[:4]}"))
    except InvalidInputError:
        return stated
