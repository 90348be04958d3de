"""Caps of the program taken away one at a time: the drill must then not hold, or it would prove nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clinic_app.devices import plain_numbers
from clinic_app.devices.hl7 import mllp
from clinic_app.foundation import spreadsheet
from clinic_app.hub import fhir_write
from clinic_app.imaging import decoders, reading
from clinic_app.imaging.intake import sources
from clinic_app.keys import node_keys
from clinic_app.keys.wrapping import SlotCost
from clinic_app.records import codec
from clinic_app.referral import archive, package
from clinic_app.storage import patient_search


@dataclass(frozen=True)
class Mutant:
    """A parser without one of its caps.

    Args:
        kind: the kind of input that then gets through.
        case: the row of cases it is in.
        remove_the_cap: changes the program in this process.
    """

    kind: str
    case: str
    remove_the_cap: Callable[[], None]


def _set(place: Any, name: str, value: Any) -> Callable[[], None]:
    if not hasattr(place, name):  # a cap that moved would be taken away where nobody asks it
        raise AttributeError(f"{place.__name__} has no {name}")
    return lambda: setattr(place, name, value)


def _any_name() -> None:
    archive._checked_entries = lambda opened, _size, _caps: opened.infolist()
    package._check_digests = lambda _files, _manifest: None


def _any_number() -> None:
    reading.MOST_ITEMS = reading.MOST_ELEMENTS = 1 << 40


def _no_end() -> None:
    mllp.Deframer.__init__.__defaults__ = (1 << 40,)


def _no_preamble() -> None:
    from clinic_app.imaging.intake import gathering

    gathering.without_preamble = lambda data: data


MUTANTS: Final[Mapping[str, Mutant]] = {
    "inflated without a limit": Mutant("dicom", "deflated", _set(reading, "_inflated_bytes", lambda *_: 1 << 31)),
    "parts without a count": Mutant("dicom", "many parts", _any_number),
    "padding passes for pixels": Mutant(
        "dicom", "gigabytes in a frame's own header", _set(decoders, "coded_bytes", lambda _: 1 << 40)
    ),
    "preambles kept": Mutant("dicom", "polyglot", _no_preamble),
    "any file read whole": Mutant("dicom", "large files", _set(sources, "LARGEST_FILE_BYTES", 1 << 40)),
    "any name in an archive": Mutant("package", "archive", _any_name),
    "any header of an envelope": Mutant("package", "envelope", _set(node_keys, "has_short_header", lambda _: True)),
    "any depth": Mutant("package", "document", _set(codec, "_is_too_deep", lambda _: False)),
    "what is not modelled unread": Mutant("answer", "a record in it", _set(codec, "_check_unmodelled", lambda _: None)),
    "any exponent": Mutant("monitor", "message", _set(plain_numbers, "is_writable", lambda _: True)),
    "messages without an end": Mutant("monitor", "endless", _no_end),
    "words as a query": Mutant("search", "typed", _set(patient_search, "match_expression", lambda words, *_: words)),
    "any cost of a password": Mutant("slots", "changed", _set(SlotCost, "is_bearable", True)),
    "formulas as they are": Mutant("spreadsheet", "cell", _set(spreadsheet, "is_formula", lambda _: False)),
    "anybody's record": Mutant("hub", "transaction", _set(fhir_write, "judge", lambda *_: None)),
}
