"""Codes are the standards' own, and every word exists in three languages."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from clinic_app.foundation.texts import LANGUAGES, Language
from clinic_app.records import Urgency
from clinic_app.terminology import systems
from clinic_app.terminology.leads import LEADS, PLETH
from clinic_app.terminology.specialties import SPECIALTIES, URGENCIES, URGENCY_WORDS, specialty

URIS = {name: value for name, value in vars(systems).items() if name.isupper()}


def test_twelve_leads_stand_in_the_order_of_paper() -> None:
    assert list(LEADS.values()) == ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


@pytest.mark.parametrize(("code", "label"), LEADS.items())
def test_a_leads_code_is_its_label_in_the_words_of_ieee_11073(code: str, label: str) -> None:
    assert code == f"MDC_ECG_LEAD_{label.upper()}"
    assert PLETH not in LEADS


@pytest.mark.parametrize("each", SPECIALTIES, ids=lambda each: each.code)
@pytest.mark.parametrize("language", ["kk", "ru"])
def test_a_specialty_has_its_word_in_each_language(each: object, language: Language) -> None:
    words = each.words.render(language)  # type: ignore[attr-defined]
    assert re.search("[А-Яа-яӘәҒғҚқҢңӨөҰұҮүҺһІі]", words)


def test_no_two_specialties_share_a_code_or_a_word() -> None:
    assert len({each.code for each in SPECIALTIES}) == len(SPECIALTIES)
    for language in LANGUAGES:
        assert len({each.words.render(language) for each in SPECIALTIES}) == len(SPECIALTIES)


def test_the_first_three_are_those_of_the_national_network() -> None:
    assert [each.code for each in SPECIALTIES[:3]] == ["cardiology", "pulmonology", "neurology"]


def test_a_cardiologist_wants_an_ecg_and_a_traumatologist_a_picture() -> None:
    assert "ecg" in _wanted("cardiology")
    assert "image" in _wanted("traumatology")


@pytest.mark.parametrize("each", SPECIALTIES, ids=lambda each: each.code)
def test_a_specialty_is_found_again_by_the_code_of_its_concept(each: object) -> None:
    code = each.concept().code(systems.SPECIALTY)  # type: ignore[attr-defined]
    assert specialty(code) is each


@pytest.mark.parametrize("code", [None, "", "astrology"])
def test_a_foreign_code_is_no_specialty(code: str | None) -> None:
    assert specialty(code) is None


def test_every_urgency_of_fhir_has_words_and_three_can_be_chosen_the_most_pressing_first() -> None:
    assert set(URGENCY_WORDS) == set(get_args(Urgency))
    assert URGENCIES == ("stat", "urgent", "routine")
    assert [URGENCY_WORDS[each].render("ru") for each in URGENCIES] == ["Экстренная", "Неотложная", "Плановая"]


@pytest.mark.parametrize(("name", "uri"), URIS.items())
def test_a_system_is_an_absolute_uri(name: str, uri: str) -> None:
    assert re.fullmatch(r"(https?://[a-z0-9.-]+(/\S*)?|urn:[a-z0-9][a-z0-9-]*:\S+)", uri), name


def test_no_two_systems_share_a_uri() -> None:
    assert len(set(URIS.values())) == len(URIS)


def _wanted(code: str) -> tuple[str, ...]:
    found = specialty(code)
    assert found is not None
    return found.wanted
