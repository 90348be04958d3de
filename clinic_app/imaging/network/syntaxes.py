"""Which kinds of images, in which packing, are asked for when an archive sends them on our own association.

An association has room for 128 agreements, so those are made that the images at hand need: each of their kinds in
each packing apart, because an archive that may choose among several for one kind unpacks, or gives up.
Source: DICOM PS3.8, 9.3.2.2 (presentation contexts), PS3.4, B.5 (storage classes).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
QUESTION_SYNTAXES: Final = (_EXPLICIT, _IMPLICIT)
_PLAIN: Final = (_EXPLICIT, _IMPLICIT)
_PACKED: Final = (
    "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.4.53",
)  # fmt: skip
"""The commonest first: what finds no room is left out."""
MOST_CONTEXTS: Final = 126
_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_ALWAYS: Final = tuple(_STORAGE + each for each in ("7", "88.59", "11.1", "88.11", "88.22", "88.33", "104.1"))
"""What lies beside pictures: photographed screens, key objects, presentations, reports, documents."""
_BY_MODALITY: Final = {
    "CT": ("2", "2.1"),
    "MR": ("4", "4.1", "4.2"),
    "US": ("6.1", "3.1", "6.2"),
    "CR": ("1",),
    "DX": ("1.1", "1.1.1", "1"),
    "MG": ("1.2", "1.2.1", "13.1.3"),
    "IO": ("1.3", "1.3.1"),
    "PX": ("1.1", "1"),
    "XA": ("12.1", "12.1.1"),
    "RF": ("12.2", "12.2.1"),
    "NM": ("20",),
    "PT": ("128", "130"),
    "ES": ("77.1.1", "77.1.1.1"),
    "XC": ("77.1.4", "77.1.4.1"),
    "OP": ("77.1.5.1", "77.1.5.4"),
    "ECG": ("9.1.1", "9.1.2"),
    "SEG": ("66.4",),
    "RTSTRUCT": ("481.3",),
    "RTDOSE": ("481.2",),
}
_UNPACKED: Final = frozenset(_ALWAYS[1:])


def contexts_for(kinds: Collection[str], modality: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return what is to be agreed on.

    Args:
        kinds: storage classes of the images, as far as the archive says them.
        modality: of their series, for where it does not.
    """
    known = [each for each in kinds if each]
    usual = [_STORAGE + each for each in _BY_MODALITY.get(modality, _fallback())]
    wanted = list(dict.fromkeys([*known, *([] if len(known) == len(kinds) and known else usual), *_ALWAYS]))
    found: list[tuple[str, tuple[str, ...]]] = [(kind, _PLAIN) for kind in wanted[:MOST_CONTEXTS]]
    for syntax in _PACKED:
        for kind in wanted:
            if kind not in _UNPACKED and len(found) < MOST_CONTEXTS:
                found.append((kind, (syntax,)))
    return found


def _fallback() -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for every in _BY_MODALITY.values() for each in every))
