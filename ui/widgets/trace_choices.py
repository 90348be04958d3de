"""How somebody looks at traces: layout, speed, gain, filter, sweep or paper. What was kept is checked before use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final, cast

from clinic_app.foundation.texts import Text
from clinic_app.waveforms import BANDS, NOTCHES_HZ, Band
from clinic_app.waveforms.filters import RAW
from ui.widgets.sweep_layout import LAYOUTS, SweepLayout
from ui.widgets.trace_scale import GAINS_MM_MV, SPEEDS_MM_S

NO_NOTCH: Final = "0"
BAND_WORDS: Final = {
    "raw": Text("Raw"), "diagnostic": Text("Diagnostic"), "monitor": Text("Monitoring"), "st": Text("ST"),
}  # fmt: skip
MODES: Final = ("sweep", "paper")


def all_bands() -> dict[str, Band]:
    """Return the bands by name, the raw one first."""
    return {RAW.name: RAW, **BANDS}


@dataclass(frozen=True)
class TraceChoices:
    """The choices, as the words that are kept.

    Args:
        layout: of the leads.
        speed: in mm/s.
        gain: in mm/mV.
        band: name of the filter.
        notch: mains frequency that is taken away, in Hz; ``0`` for none.
        mode: whether the live trace sweeps or runs like paper.
    """

    layout: str = "6x2"
    speed: str = "25"
    gain: str = "10"
    band: str = "diagnostic"
    notch: str = "50"
    mode: str = "sweep"

    @property
    def sweep_layout(self) -> SweepLayout:
        """The layout as the sweep knows it."""
        return cast("SweepLayout", self.layout)

    @property
    def filter(self) -> Band:
        """The band with its notch; the mains are taken out of a raw trace as little as anything else."""
        band = all_bands()[self.band]
        return band if band == RAW or self.notch == NO_NOTCH else band.with_notch(float(self.notch))

    def as_kept(self) -> dict[str, str]:
        """Return what is to be remembered."""
        return asdict(self)


ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "layout": LAYOUTS,
    "speed": tuple(f"{value:g}" for value in SPEEDS_MM_S),
    "gain": tuple(f"{value:g}" for value in GAINS_MM_MV),
    "band": tuple(all_bands()),
    "notch": (NO_NOTCH, *(f"{value:g}" for value in NOTCHES_HZ)),
    "mode": MODES,
}


def choices_from(kept: Mapping[str, str]) -> TraceChoices:
    """Return what was kept, as far as it is possible today."""
    names = [field.name for field in fields(TraceChoices)]
    return TraceChoices(**{name: kept[name] for name in names if kept.get(name) in ALLOWED[name]})
