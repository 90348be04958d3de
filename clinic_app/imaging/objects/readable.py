"""Whether a file that is no picture can be read at all; asked before it is taken in."""

from __future__ import annotations

from pydicom.dataset import Dataset

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.display.elements import items_of
from clinic_app.imaging.objects.kinds import Kind
from clinic_app.imaging.objects.presentation import presentation_of
from clinic_app.imaging.objects.report import report_of
from clinic_app.imaging.objects.structures import Structures


def is_readable(dataset: Dataset, kind: Kind) -> bool:
    """Return whether there is something in the file that can be shown."""
    try:
        if kind in ("report", "key object"):
            return bool(report_of(dataset).root.children)
        if kind == "presentation":
            return bool(presentation_of(dataset).images)
        if kind == "structures":
            return bool(Structures(dataset).names)
    except UnreadableFileError:
        return False
    return kind != "tracing" or bool(items_of(dataset, "WaveformSequence"))
