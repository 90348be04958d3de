"""Units as people write them."""

from __future__ import annotations

from ui import language
from ui.widgets.unit_words import unit_words


def test_a_unit_is_told_in_the_language_of_the_windows() -> None:
    said = {}
    for code in ("kk", "ru", "en"):
        language.use(code)  # type: ignore[arg-type]
        said[code] = [unit_words(each) for each in ("mmol/L", "10*9/L", "mm[Hg]", "1", "Leu/uL")]
    language.use("kk")
    assert said["ru"] == ["ммоль/л", "10⁹/л", "мм рт. ст.", "", "Leu/uL"]
    assert said["en"] == ["mmol/L", "10⁹/L", "mmHg", "", "Leu/uL"]
    assert said["kk"][1] == "10⁹/л"
