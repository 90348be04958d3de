"""QTc carries its formula; the four agree at one beat a second and part elsewhere as the literature says."""

from __future__ import annotations

import pytest

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.waveforms.qtc import FORMULAS, Formula, corrected_qt_ms


@pytest.mark.parametrize("formula", FORMULAS)
def test_at_sixty_beats_a_minute_nothing_is_corrected(formula: Formula) -> None:
    assert corrected_qt_ms(400, 1000, formula) == pytest.approx(400)


@pytest.mark.parametrize(
    ("formula", "at_100", "at_50"),
    [("Bazett", 451.8, 365.1), ("Fridericia", 415.0, 376.4), ("Framingham", 411.6, 369.2), ("Hodges", 420.0, 382.5)],
)
def test_the_formulas_give_what_is_printed_in_tables(formula: Formula, at_100: float, at_50: float) -> None:
    assert corrected_qt_ms(350, 600, formula) == pytest.approx(at_100, abs=0.2)
    assert corrected_qt_ms(400, 1200, formula) == pytest.approx(at_50, abs=0.2)


@pytest.mark.parametrize(("qt", "rr"), [(0, 800), (-5, 800), (800, 800), (900, 800), (300, 150), (300, 4000), (300, 0)])
@pytest.mark.parametrize("formula", FORMULAS)
def test_what_is_no_beating_heart_gets_a_sentence(qt: float, rr: float, formula: Formula) -> None:
    with pytest.raises(InvalidInputError, match="QT must be shorter"):
        corrected_qt_ms(qt, rr, formula)


def test_a_fast_heart_makes_bazett_the_longest_and_a_slow_one_the_shortest() -> None:
    fast = {name: corrected_qt_ms(320, 500, name) for name in FORMULAS}
    slow = {name: corrected_qt_ms(440, 1300, name) for name in FORMULAS}
    assert max(fast, key=lambda name: fast[name]) == "Bazett"
    assert min(slow, key=lambda name: slow[name]) == "Bazett"
