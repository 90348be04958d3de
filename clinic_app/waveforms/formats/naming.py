"""How files of all kinds name leads and units, and how the clinic names them."""

from __future__ import annotations

import re
from typing import Final

from clinic_app.terminology.leads import LEADS, PLETH
from clinic_app.waveforms.recording import RAW_BAND, UNSTATED_BAND

_LEADS: Final = {label.upper(): code for code, label in LEADS.items()}
_PREFIX: Final = re.compile(r"^(?:MDC_ECG_LEAD_|ECG[ _-]+|EKG[ _-]+|LEAD[ _-]+)", re.IGNORECASE)
_PLETHS: Final = frozenset({"PLETH", "PPG", "SPO2 PLETH", "PLETH SPO2", PLETH})
_UNITS: Final = {
    "": "1", "nu": "1", "mmhg": "mm[Hg]", "uv": "uV", "μv": "uV", "µv": "uV", "mv": "mV", "v": "V", "nv": "nV",
    "bpm": "/min", "degc": "Cel", "ohm": "Ohm", "cmh2o": "cm[H2O]",
}  # fmt: skip
"""Words of recorders, in small letters, for units of UCUM."""
_PLAIN: Final = {"1": "NU", "mm[Hg]": "mmHg", "/min": "bpm", "Cel": "degC", "cm[H2O]": "cmH2O"}
_BAND: Final = re.compile(
    r"(?:([\d.]{1,8}) ?[-\N{EN DASH}] ?|up to )([\d.]{1,8}) ?Hz(?:, ([\d.]{1,8}) Hz notch)?", re.ASCII
)
_HALF_BAND: Final = re.compile(r"(?:from ([\d.]{1,8}) Hz)?(?:, )?(?:([\d.]{1,8}) Hz notch)?", re.ASCII)
_NO_FILTER: Final = frozenset({"none", "no", "no filter", "nofilter", "unfiltered", "raw"})
"""Words of recorders for a signal that went through no filter."""
_PREFILTER: Final = {
    kind: re.compile(rf"\b{kind}: ?([\d.]{{1,8}}) ?Hz", re.ASCII | re.IGNORECASE) for kind in ("HP", "LP", "N")
}
_MICROVOLTS: Final = {"uV": 1.0, "mV": 1e3, "V": 1e6, "nV": 1e-3}


def code_of(label: str) -> str:
    """Return the reference identifier of IEEE 11073-10101 for a label, or the label itself where it is none of ours.

    A modified lead (``MLII``) is not taken for the lead it resembles.
    """
    name = " ".join(_PREFIX.sub("", label.strip()).split()).upper()
    if name in _LEADS:
        return _LEADS[name]
    return PLETH if name in _PLETHS else label.strip()


def label_of(code: str, label: str) -> str:
    """Return what stands beside the trace: the lead's own name, else what the file called it."""
    return LEADS.get(code) or label.strip() or code


def unit_of(words: str) -> tuple[str, float]:
    """Return the UCUM unit a channel is kept in for a file's unit, and by what its numbers are multiplied.

    Whatever is measured in volts is kept in uV.
    """
    word = words.strip()
    unit = _UNITS.get(word.casefold(), word)
    if unit in _MICROVOLTS:
        return "uV", _MICROVOLTS[unit]
    return unit, 1.0


def plain_unit(unit: str) -> str:
    """Return a UCUM unit as formats without brackets write it."""
    return _PLAIN.get(unit, unit)


def one_line(text: str, most: int) -> str:
    """Return a text without control characters, shortened to what a field takes."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:most]


def band_words(low_hz: float, high_hz: float, notch_hz: float = 0.0) -> str:
    """Return a filter as it stands beside a trace: ``0.05-150 Hz, 50 Hz notch``, or ``up to 150 Hz``."""
    return (f"{low_hz:g}-{high_hz:g} Hz" if low_hz else f"up to {high_hz:g} Hz") + (
        f", {notch_hz:g} Hz notch" if notch_hz else ""
    )


def stated_band(low_hz: float, high_hz: float, notch_hz: float = 0.0) -> str:
    """Return what a file says of its filter as it stands beside a trace; zero is a corner it says nothing of."""
    if high_hz:
        return band_words(low_hz, high_hz, notch_hz)
    notch = f"{notch_hz:g} Hz notch" if notch_hz else ""
    return ", ".join(part for part in (f"from {low_hz:g} Hz" if low_hz else "", notch) if part) or UNSTATED_BAND


def band_of(words: str) -> tuple[float, float, float] | None:
    """Return the corners (Hz) in such words, 0 for each that is not there; None where they say something else."""
    found, half = _BAND.fullmatch(words.strip()), _HALF_BAND.fullmatch(words.strip())
    try:
        if half and (half[1] or half[2]):
            return float(half[1] or 0), 0.0, float(half[2] or 0)
        return (float(found[1] or 0), float(found[2]), float(found[3] or 0)) if found else None
    except ValueError:
        return None


def band_of_prefilter(words: str) -> str:
    """Return EDF's ``HP:0.05Hz LP:150Hz N:50Hz`` as it stands beside a trace; other words as they are."""
    if not words.strip():
        return UNSTATED_BAND
    if words.strip().casefold() in _NO_FILTER:
        return RAW_BAND
    found = {kind: each.search(words) for kind, each in _PREFILTER.items()}
    try:
        high = float(found["LP"][1]) if found["LP"] else 0.0
        low, notch = (float(found[kind][1]) if found[kind] else 0.0 for kind in ("HP", "N"))  # type: ignore[index]
    except ValueError:
        return one_line(words, 80)
    return stated_band(low, high, notch) if high or low or notch else one_line(words, 80)


def prefilter_of(words: str) -> str:
    """Return a band as EDF writes it."""
    if words in (RAW_BAND, UNSTATED_BAND):
        return "None" if words == RAW_BAND else ""
    band = band_of(words)
    if band is None:
        return words
    low, high, notch = band
    parts = {"HP": low, "LP": high, "N": notch}
    return " ".join(f"{kind}:{hz:g}Hz" for kind, hz in parts.items() if hz)
