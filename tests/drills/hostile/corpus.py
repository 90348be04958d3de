"""Every kind of hostile input, and where its cases are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tests.drills.hostile import files, lines, packages, pictures
from tests.drills.hostile.cases import Case

CORPUS: Final[Mapping[str, Callable[[bool], Iterator[Case]]]] = {
    "dicom": pictures.cases,
    "recording": files.recording_cases,
    "package": packages.cases,
    "monitor": lines.cases,
    "hub": lines.hub_cases,
    "answer": lines.answer_cases,
    "settings": files.setting_cases,
    "slots": files.slot_cases,
    "words": files.word_cases,
}
"""By the place it comes to; a place may take several kinds."""
