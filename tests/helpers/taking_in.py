"""Taking a whole folder in for one patient: gathered, confirmed or not, filed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from clinic_app.access import Session
from clinic_app.imaging import Imaging, ImportReport, from_paths


def take_folder(
    imaging: Imaging,
    session: Session,
    patient_id: str,
    folder: Path,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    is_confirmed: bool = False,
    encoding: str = "",
) -> ImportReport:
    """Take everything in a folder in for one patient, whosever it is said to be."""
    gathered = imaging.gather(session, patient_id, from_paths([folder], progress, is_cancelled))
    report = imaging.take_in(session, patient_id, gathered.instances, is_confirmed=is_confirmed, encoding=encoding)
    return replace(report, refused=(*gathered.refused, *report.refused))
