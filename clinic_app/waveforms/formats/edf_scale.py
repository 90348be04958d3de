"""The scale of an EDF signal: two physical values of eight characters each, and still every integer.

EDF gives no resolution but the values of the lowest and the highest integer, in eight characters. Here a pair of
integers is looked for whose values are exact in so many; with it the scale read back is the scale of the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_CHARACTERS: Final = 8
_HIGHS: Final = (32767, 32000, 30000, 25000, 20000, 16384, 16000, 10000, 8000, 5000, 4096, 4000, 2048, 2000, 1000)


@dataclass(frozen=True)
class Scale:
    """What stands in the header.

    Args:
        low: value of the lowest integer.
        high: value of the highest integer.
        low_digit: the lowest integer; it is left free for "no sample".
        high_digit: the highest integer.
    """

    low: str
    high: str
    low_digit: int
    high_digit: int


def scale_of(step: float, offset: float, need: int) -> Scale:
    """Return the scale for a channel's integers; they stay what they are wherever eight characters can say it at all.

    Args:
        step: value of one.
        offset: value of the integer 0.
        need: the largest there is, whatever its sign.
    """
    best: tuple[float, Scale] | None = None
    for high in sorted({each for each in _HIGHS if each > need} | {32767}, reverse=True):
        low = -high - 1 if high == 32767 else -high
        scale = Scale(_eight(low * step + offset), _eight(high * step + offset), low, high)
        told = (float(scale.high) - float(scale.low)) / (high - low)
        moved = abs(float(scale.high) - high * told - offset) / (abs(step) * 65536)
        moved += abs(told / step - 1)
        if best is None or moved < best[0] - 1e-12:
            best = moved, scale
    assert best is not None
    return best[1]


def _eight(value: float) -> str:
    """Return a value in at most eight characters, as near as they allow."""
    found = [f"{value:.{decimals}e}" for decimals in range(5)]
    for decimals in range(_CHARACTERS):
        text = f"{value:.{decimals}f}"
        found.insert(0, text.rstrip("0").rstrip(".") if "." in text else text)
    short = [text for text in found if len(text) <= _CHARACTERS]
    nearest = min(short, key=lambda text: abs(float(text) - value)) if short else "0"
    return "0" if float(nearest) == 0 else nearest
