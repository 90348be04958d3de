"""What the consultation room needs of the core, no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QWidget

from clinic_app.records import DiagnosticReport, DocumentReference, ImagingStudy, ImagingStudySeries

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.consultation import Answer, Evidence, OpinionForm
    from clinic_app.referral import Case
    from clinic_app.waveforms import Recording


class Consultations(Protocol):
    """The specialist's service."""

    def worklist(self, session: Session) -> Sequence[Case]:
        """Return the open cases, the most pressing first."""
        ...

    def open(self, session: Session, task_id: str) -> Case:
        """Take a case in hand; the district sees that it is open."""
        ...

    def evidence(self, session: Session, task_id: str) -> Evidence:
        """Return what came with the question."""
        ...

    def draft(self, session: Session, task_id: str) -> OpinionForm | None:
        """Return what was written and not signed."""
        ...

    def save_draft(self, session: Session, task_id: str, form: OpinionForm) -> None:
        """Keep what was written, on this workstation only."""
        ...

    def sign(self, session: Session, task_id: str, form: OpinionForm) -> DiagnosticReport:
        """Sign the opinion and hand it over."""
        ...

    def answer(self, session: Session, task_id: str) -> Answer | None:
        """Return what was signed."""
        ...


class Recordings(Protocol):
    """Loads recorded signals."""

    def load(self, session: Session, document: DocumentReference) -> Recording:
        """Return the samples of a recording."""
        ...


class Files(Protocol):
    """Opens filed documents."""

    def open(self, session: Session, document: DocumentReference) -> bytes:
        """Return the bytes of a document."""
        ...


class Station(Protocol):
    """The services of the workstation this room uses."""

    @property
    def consultations(self) -> Consultations:
        """Cases and opinions."""
        ...

    @property
    def recordings(self) -> Recordings:
        """Recorded signals."""
        ...

    @property
    def documents(self) -> Files:
        """Key images and other documents."""
        ...


class SeriesDesk(Protocol):
    """Shows a series, as the imaging room does; a widget."""

    @property
    def refused(self) -> SignalInstance:
        """Signal: why the series cannot be shown, a str."""
        ...

    @property
    def image_asked(self) -> SignalInstance:
        """Signal: a report leads to a picture, by SOP Instance UID and frame."""
        ...

    def show_series(self, study: ImagingStudy, series: ImagingStudySeries, at: tuple[str, int] = ("", 1)) -> None:
        """Open a series."""
        ...

    def put_away(self) -> None:
        """Show nothing, and keep nothing in memory."""
        ...


MakeDesk = Callable[[QWidget], SeriesDesk]
