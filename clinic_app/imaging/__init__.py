"""Images: DICOM files from anywhere become studies, frames, windows and honest millimetres."""

from clinic_app.imaging.frame import Frame
from clinic_app.imaging.imaging import Imaging
from clinic_app.imaging.importing import ImportReport
from clinic_app.imaging.intake.gathering import Gathered, Gathering, PersonFiles, from_paths
from clinic_app.imaging.intake.sources import Refusal
from clinic_app.imaging.key_images import KEY_IMAGE, KeyImages, KeyImageSource
from clinic_app.imaging.labels import FrameLabels
from clinic_app.imaging.local import LocalFiles
from clinic_app.imaging.mark_keeping import MarkKeeping
from clinic_app.imaging.measuring import Mark, Measured, measured
from clinic_app.imaging.objects.presentation_writing import Seen
from clinic_app.imaging.objects.report import Report, ReportNode
from clinic_app.imaging.rendering import render
from clinic_app.imaging.shelf import Opened, Shelf, Tracing
from clinic_app.imaging.stack import FrameStack
from clinic_app.imaging.texts import Proposal
from clinic_app.imaging.windowing import Window

__all__ = [
    "KEY_IMAGE",
    "Frame",
    "FrameLabels",
    "FrameStack",
    "Gathered",
    "Gathering",
    "Imaging",
    "ImportReport",
    "KeyImageSource",
    "KeyImages",
    "LocalFiles",
    "Mark",
    "MarkKeeping",
    "Measured",
    "Opened",
    "PersonFiles",
    "Proposal",
    "Refusal",
    "Report",
    "ReportNode",
    "Seen",
    "Shelf",
    "Tracing",
    "Window",
    "from_paths",
    "measured",
    "render",
]
