"""Whose the kept marks in a study are, and which of their versions is in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clinic_app.records import ImagingStudyInstance, ImagingStudySeries

KEPT_BY: Final = "urn:dala:marks-kept-by"


def kept_by(instance: ImagingStudyInstance) -> str:
    """Return who kept the marks in a file here or at another workstation; empty for a foreign file."""
    return next((each.value_string or "" for each in instance.extension if each.url == KEPT_BY), "")


def in_force(instances: Sequence[ImagingStudyInstance]) -> tuple[ImagingStudyInstance, ...]:
    """Return the instances of a series without the older versions of marks that were kept anew."""
    newest = max((each.number or 0 for each in instances if kept_by(each)), default=0)
    return tuple(each for each in instances if not kept_by(each) or (each.number or 0) == newest)


def holds_marks(series: ImagingStudySeries) -> bool:
    """Return whether a series is marks that were kept here or at another workstation: they are seen on the pictures."""
    return any(kept_by(each) for each in series.instance)
