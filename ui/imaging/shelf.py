"""The series of a patient as the list shows them, and what the room asks of the core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from clinic_app.foundation.dates import form_date
from clinic_app.imaging.importing import frames_of
from clinic_app.imaging.mark_versions import holds_marks
from clinic_app.imaging.objects.kinds import Kind
from clinic_app.imaging.shelf import series_kind
from clinic_app.records import DocumentReference, ImagingStudy, ImagingStudySeries

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.foundation.texts import Language
    from clinic_app.imaging import (
        FrameStack,
        Gathered,
        Gathering,
        ImportReport,
        Mark,
        Opened,
        Seen,
        Window,
    )
    from clinic_app.imaging.importing import FoundInstance

_SIGNS: Final[dict[Kind, str]] = {
    "report": "file-text",
    "tracing": "activity",
    "presentation": "layers",
    "key object": "badge-check",
    "structures": "layers",
}


class Images(Protocol):
    """Takes files in, lists studies, opens series: `clinic_app.imaging.Imaging`."""

    def gather(self, session: Session, patient_id: str, bring: Callable[[Gathering], None]) -> Gathered:
        """Look at files and keep their bytes; nothing is filed."""
        ...

    def take_in(
        self,
        session: Session,
        patient_id: str,
        found: Sequence[FoundInstance],
        *,
        is_confirmed: bool,
        encoding: str,
    ) -> ImportReport:
        """File gathered images for one patient."""
        ...

    def studies(self, session: Session, patient_id: str) -> tuple[ImagingStudy, ...]:
        """Return a patient's studies, the newest first."""
        ...

    def stack(self, session: Session, study: ImagingStudy, series_uid: str) -> FrameStack:
        """Return the pictures of one series."""
        ...

    def opened(self, session: Session, study: ImagingStudy, series_uid: str) -> Opened:
        """Return what one series is: pictures, reports or a tracing."""
        ...

    def keep_presentation(
        self, session: Session, study: ImagingStudy, sop_uid: str, seen: Seen, words: str
    ) -> ImagingStudy:
        """Keep how a picture is seen now."""
        ...


class KeyObjects(Protocol):
    """Keeps a choice of pictures as a DICOM key object: `clinic_app.imaging.Imaging`."""

    def keep_key_object(
        self, session: Session, study: ImagingStudy, images: Sequence[tuple[str, int]], words: str = ""
    ) -> ImagingStudy:
        """Keep pictures by SOP Instance UID and frame."""
        ...


class Marks(Protocol):
    """Keeps key images: `clinic_app.imaging.KeyImages`."""

    def mark(
        self,
        session: Session,
        study: ImagingStudy,
        sop_uid: str,
        frame_number: int,
        window: Window,
        marks: Sequence[Mark] = (),
        language: Language = "ru",
    ) -> DocumentReference:
        """Keep a picture as a key image, with what was measured on it."""
        ...

    def unmark(self, session: Session, study: ImagingStudy, sop_uid: str, frame_number: int) -> None:
        """Take a picture out of the key images."""
        ...

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        """Return a patient's key images."""
        ...

    def places(self, documents: Sequence[DocumentReference]) -> set[tuple[str, int]]:
        """Return which pictures key images show, file and frame from 1."""
        ...


@dataclass(frozen=True)
class SeriesRow:
    """One series in the list.

    Args:
        study: it belongs to.
        series: itself.
    """

    study: ImagingStudy
    series: ImagingStudySeries

    @property
    def uid(self) -> str:
        """The Series Instance UID."""
        return self.series.uid

    @property
    def modality(self) -> str:
        """What took it: ``CT``, ``MR``, ``US`` and so on."""
        return self.series.modality.code or "OT"

    @property
    def is_picture(self) -> bool:
        """Whether it shows itself: no report, no tracing and no marks on others."""
        return series_kind(self.series) in ("picture", "document")

    @property
    def sign(self) -> str:
        """The icon that stands where there is no small picture."""
        return _SIGNS.get(series_kind(self.series), "image")

    @property
    def images(self) -> int:
        """How many pictures it has; a file may hold several."""
        return sum(frames_of(instance) for instance in self.series.instance)

    @property
    def day(self) -> str:
        """When it was taken, as forms write a date; empty where the file does not say."""
        moment = self.series.started or self.study.started
        return form_date(moment) if moment else ""

    @property
    def description(self) -> str:
        """What the modality wrote about it."""
        return self.series.description or self.study.description or ""


def rows_of(studies: tuple[ImagingStudy, ...]) -> tuple[SeriesRow, ...]:
    """Return the series of all studies, in the order of the studies; kept marks are seen on their pictures."""
    return tuple(SeriesRow(study, each) for study in studies for each in study.series if not holds_marks(each))


Leave = Callable[[SeriesRow, str], None]
"""Notes that something of a series leaves the house, with what it is, or refuses it; called in the background."""
