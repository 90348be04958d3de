"""What came with a question, piece by piece, in the order it is read: signals, pictures, values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from clinic_app.foundation.dates import form_date, form_moment
from clinic_app.imaging.mark_versions import holds_marks
from clinic_app.records import DocumentReference, ImagingStudy, ImagingStudySeries, Observation
from ui.language import _, counted

if TYPE_CHECKING:
    from clinic_app.consultation import Evidence

Kind = Literal["recording", "series", "key-image", "vitals"]


@dataclass(frozen=True)
class Piece:
    """One thing to look at.

    Args:
        key: stable within the case.
        kind: how it is looked at.
        document: the recording or the key image.
        study: the study of a series.
        series: the series.
        vitals: the measurements.
    """

    key: str
    kind: Kind
    document: DocumentReference | None = None
    study: ImagingStudy | None = None
    series: ImagingStudySeries | None = None
    vitals: tuple[Observation, ...] = ()


def pieces_of(evidence: Evidence) -> tuple[Piece, ...]:
    """Return the pieces in the order they are read."""
    found = [Piece(each.id, "recording", document=each) for each in evidence.recordings]
    found += [Piece(each.id, "key-image", document=each) for each in evidence.key_images]
    found += [
        Piece(series.uid, "series", study=study, series=series)
        for study in evidence.studies
        for series in study.series
        if not holds_marks(series)
    ]
    if evidence.vitals:
        found.append(Piece("vitals", "vitals", vitals=evidence.vitals))
    return tuple(found)


def piece_title(piece: Piece) -> str:
    """Return what it is."""
    if piece.series is not None:
        return " · ".join(part for part in (piece.series.modality.code, piece.series.description) if part)
    return {"recording": _("Recording"), "key-image": _("Key image")}.get(piece.kind, _("Vital signs"))


def piece_detail(piece: Piece) -> str:
    """Return when it was made and what is in it."""
    if piece.document is not None:
        moment = form_moment(piece.document.date) if piece.document.date else ""
        return " · ".join(part for part in (moment, piece.document.description) if part)
    if piece.series is not None and piece.study is not None:
        day = form_date(piece.study.started) if piece.study.started else ""
        count = counted("{count} image", "{count} images", piece.series.number_of_instances or 0)
        return " · ".join(part for part in (day, count) if part)
    return counted("{count} value", "{count} values", len(piece.vitals))


def piece_icon(piece: Piece) -> str:
    """Return the name of its icon."""
    return {"recording": "activity", "key-image": "image", "series": "layers", "vitals": "heart-pulse"}[piece.kind]
