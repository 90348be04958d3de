"""The QT interval corrected for the rate, by four formulas that each have a name: the name belongs to the number.

The formulas differ most where the heart is slow or fast, so a number without its formula says little. All take seconds
inside and give milliseconds. Source: AHA/ACCF/HRS Recommendations for the Standardization and Interpretation of the
Electrocardiogram, part IV (2009), which lists them; Bazett 1920, Fridericia 1920, Sagie 1992 (Framingham), Hodges 1983.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, get_args

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text

Formula = Literal["Bazett", "Fridericia", "Framingham", "Hodges"]
FORMULAS: Final[tuple[Formula, ...]] = get_args(Formula)
_BY_NAME: Final[Mapping[Formula, Callable[[float, float], float]]] = {
    "Bazett": lambda qt_s, rr_s: qt_s / rr_s**0.5,
    "Fridericia": lambda qt_s, rr_s: qt_s / rr_s ** (1 / 3),
    "Framingham": lambda qt_s, rr_s: qt_s + 0.154 * (1 - rr_s),
    "Hodges": lambda qt_s, rr_s: qt_s + 0.00175 * (60 / rr_s - 60),
}
SHORTEST_RR_MS: Final = 200.0
"""300 beats a minute; nobody measures a QT beyond."""
LONGEST_RR_MS: Final = 3000.0


def corrected_qt_ms(qt_ms: float, rr_ms: float, formula: Formula) -> float:
    """Return QTc in milliseconds.

    Args:
        qt_ms: QT interval.
        rr_ms: distance to the beat before.
        formula: by which it is corrected.

    Raises:
        InvalidInputError: these are no QT and RR of a beating heart.
    """
    if not (SHORTEST_RR_MS <= rr_ms <= LONGEST_RR_MS and 0 < qt_ms < rr_ms):
        raise InvalidInputError(Text("QT must be shorter than RR, and RR between 200 and 3000 ms."))
    return _BY_NAME[formula](qt_ms / 1000, rr_ms / 1000) * 1000
