"""Codes that may leave: those of the standard's own lists, with the standard's words for them.

A coded value of a file carries a meaning that somebody typed, and may be a code somebody made up. Only what is in the
dictionary stays, and its words are the dictionary's.
Sources: DICOM PS3.16 annex D and its context groups; SCPECG lead codes (ISO 11073-91064).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pydicom.dataset import Dataset

from clinic_app.imaging.reading import text_of

_SCHEMES: Final = ("DCM", "SCT", "UCUM", "LN", "MDC", "RADLEX", "FMA", "IBSI", "NCIt", "UMLS")
_LEADS: Final = re.compile(r"5\.6\.3-9-\d{1,3}")


class Code(NamedTuple):
    """A code, the list it is from, and its words."""

    value: str
    scheme: str
    meaning: str


def standard_code(item: Dataset) -> Code | None:
    """Return what an item of a code sequence means where the standard knows it, else None."""
    value, scheme = (
        text_of(item, "CodeValue") or text_of(item, "LongCodeValue"),
        text_of(item, "CodingSchemeDesignator"),
    )
    if scheme == "SCPECG" and _LEADS.fullmatch(value):
        return Code(value, scheme, f"Lead {value.rpartition('-')[2]}")
    if scheme in ("SRT", "SNM3"):
        return _retired(value, scheme)
    meaning = _meanings().get((scheme, value)) if scheme in _SCHEMES else None
    return Code(value, scheme, meaning[:64]) if meaning else None


def _retired(value: str, scheme: str) -> Code | None:
    from pydicom.sr._snomed_dict import mapping

    concept = mapping["SRT"].get(value)
    meaning = _meanings().get(("SCT", concept)) if concept else None
    return Code(value, scheme, meaning[:64]) if meaning else None


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, str], str]:
    from pydicom.sr import _concepts_dict  # 0.2 s, and not needed before something leaves

    concepts: dict[str, Any] = _concepts_dict.concepts
    return {
        (scheme, value): meaning
        for scheme in _SCHEMES
        for by_value in concepts.get(scheme, {}).values()
        for value, (meaning, _groups) in by_value.items()
    }
