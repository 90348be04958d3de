"""Short names of analysers: a code only where it is certain."""

from __future__ import annotations

from collections import Counter

import pytest

from clinic_app.terminology.laboratory import LABORATORY_TESTS, loinc_of, ucum_unit, words_of


@pytest.mark.parametrize(
    ("name", "specimen", "unit", "loinc"),
    [
        ("GLU", "blood", "mmol/L", "15074-8"),
        ("glu ", "blood", "mg/dL", "2339-0"),
        ("GLU", "serum", "mmol/L", "14749-6"),
        ("GLU", "urine", "", "25428-4"),
        ("HGB", "blood", "g/L", "718-7"),
        ("PH", "urine", "", "5803-2"),
    ],
)
def test_a_name_has_a_code_with_its_specimen_and_unit(name: str, specimen: str, unit: str, loinc: str) -> None:
    assert loinc_of(name, specimen, unit) == loinc


@pytest.mark.parametrize(
    ("name", "specimen", "unit"),
    [
        ("GLU", "", "mmol/L"),
        ("GLU", "blood", ""),
        ("GLU", "blood", "mg/L"),
        ("GLU", "urine", "mmol/L"),
        ("PH", "blood", ""),
        ("XYZ", "blood", "mmol/L"),
        ("", "blood", "mmol/L"),
    ],
)
def test_what_is_not_certain_has_none(name: str, specimen: str, unit: str) -> None:
    assert loinc_of(name, specimen, unit) == ""


@pytest.mark.parametrize(
    ("written", "unit"),
    [("mmol/l", "mmol/L"), (" 10^9/L ", "10*9/L"), ("µmol/L", "umol/L"), ("Leu/uL", "Leu/uL"), ("", "")],
)
def test_units_are_said_in_ucum_where_they_are_known(written: str, unit: str) -> None:
    assert ucum_unit(written) == unit


def test_no_name_means_two_things_in_one_specimen_and_unit() -> None:
    meanings = Counter(
        (name, test.specimen, unit) for test in LABORATORY_TESTS for name in test.names for unit in test.units or {""}
    )
    assert [each for each, count in meanings.items() if count > 1] == []


def test_every_code_stands_once_and_has_words_in_three_languages() -> None:
    assert len({test.loinc for test in LABORATORY_TESTS}) == len(LABORATORY_TESTS)
    for test in LABORATORY_TESTS:
        words = words_of(test.loinc)
        assert words is not None
        assert all(words.render(language) for language in ("kk", "ru", "en"))


def test_another_code_has_no_words_here() -> None:
    assert words_of("0-0") is None
