"""Images: DICOM files from anywhere become studies, frames, windows and honest millimetres."""

from clinic_app.imaging.frame import Frame, FrameLabels
from clinic_app.imaging.imaging import Imaging
from clinic_app.imaging.importing import ImportReport, Refusal
from clinic_app.imaging.key_images import KEY_IMAGE, KeyImages, KeyImageSource
from clinic_app.imaging.measuring import Measured, length
from clinic_app.imaging.rendering import render
from clinic_app.imaging.stack import FrameStack
from clinic_app.imaging.windowing import Window

__all__ = [
    "KEY_IMAGE",
    "Frame",
    "FrameLabels",
    "FrameStack",
    "Imaging",
    "ImportReport",
    "KeyImageSource",
    "KeyImages",
    "Measured",
    "Refusal",
    "Window",
    "length",
    "render",
]
