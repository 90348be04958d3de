"""Sentences that know their languages."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import LANGUAGES, Text, translate


def test_a_sentence_is_said_in_three_languages() -> None:
    said = {language: Text("“{typed}” is not a number.", typed="x").render(language) for language in LANGUAGES}
    assert said == {"kk": "«x» — сан емес.", "ru": "«x» — не число.", "en": "“x” is not a number."}


def test_a_text_inside_a_text_speaks_the_same_language() -> None:
    outer = Text("This record cannot be read: {detail}", detail=Text("Cardiology"))
    assert outer.render("ru") == "Эту запись невозможно прочитать: Кардиология"


def test_a_decimal_inside_a_text_has_the_decimal_sign_of_the_language() -> None:
    text = Text("{value} {unit}", value=Decimal("36.60"), unit=Text("/min"))
    assert {language: text.render(language) for language in LANGUAGES} == {
        "kk": "36,60 /мин",
        "ru": "36,60 /мин",
        "en": "36.60 /min",
    }


def test_an_unknown_sentence_is_said_in_english() -> None:
    assert translate("zxqw", "kk") == "zxqw"


def test_a_count_chooses_the_words() -> None:
    assert Text.counted("{count} zx", "{count} zxs", 1).render("en") == "1 zx"
    assert Text.counted("{count} zx", "{count} zxs", 5).render("en") == "5 zxs"


def test_an_empty_text_is_empty_not_the_catalogue_header() -> None:
    assert Text("").render("kk") == ""


def test_an_error_prints_in_english_for_the_log() -> None:
    assert str(ClinicError(Text("“{typed}” is not a number.", typed="x"))) == "“x” is not a number."


def test_equal_texts_are_equal() -> None:
    assert Text("a {x}", x=1) == Text("a {x}", x=1)
    assert Text("a {x}", x=1) != Text("a {x}", x=2)
    assert Text("a") != "a"


def test_ids_sort_by_the_time_they_were_made() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


@pytest.mark.parametrize("language", LANGUAGES)
def test_braces_in_values_are_left_alone(language: str) -> None:
    assert "{x}" in Text("“{typed}” is not a number.", typed="{x}").render(language)  # type: ignore[arg-type]
