"""Measuring on stored pixels: marks in image coordinates, what a pixel is and who says so, and the numbers."""

from clinic_app.imaging.measuring.marks import KINDS, Kind, Mark, Point
from clinic_app.imaging.measuring.measured import Measured, Value, measured
from clinic_app.imaging.measuring.statistics import Statistics, adding_up, statistics_of

__all__ = [
    "KINDS",
    "Kind",
    "Mark",
    "Measured",
    "Point",
    "Statistics",
    "Value",
    "adding_up",
    "measured",
    "statistics_of",
]
