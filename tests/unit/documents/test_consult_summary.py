"""The consult summary says everything, on paper that can be trusted, in three languages."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis.strategies import text
from pypdf import PdfReader

from clinic_app.documents import render_consult_summary
from clinic_app.documents.content import KeyImage, PatientLines
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import LANGUAGES, Language
from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.terminology.systems import CHART_NUMBER, IIN
from clinic_app.waveforms.recording import RAW_BAND
from tests.helpers.consults import consult, real_ecg

TITLES: dict[Language, str] = {
    "kk": "Телемедициналық кеңес қорытындысы",
    "ru": "Заключение телемедицинской консультации",
    "en": "Teleconsultation summary",
}


def _pages(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def _fonts(pdf: bytes) -> dict[str, bool]:
    """Return each font's name and whether its file is in the PDF."""
    found: dict[str, bool] = {}
    for page in PdfReader(io.BytesIO(pdf)).pages:
        fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]
        for font in fonts.values():
            whole = font.get_object()
            found[whole["/BaseFont"]] = "/FontFile2" in whole.get("/FontDescriptor", {})
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_the_answer_is_on_paper(language: Language) -> None:
    whole = " ".join(_pages(render_consult_summary(consult(), language)))
    assert TITLES[language] in whole
    for words in (
        "ӘЛІБЕКҚЫЗЫ Гүлнұр Ғабитқызы",
        "640305 400 123",
        "Y-000417",
        "пенициллин",
        "Тропонин тесті ≥2 ± 0,3 µmol/L ↑",
        "Сол жақ қарыншаның гипертрофия",
        "Бисопролол 2,5 мг",
        "Сейітқали Ибрагим Ұланұлы",
        "11,8 ммоль/л ↑",
        "YRG-2026-000123",
        "019cbc10-5a00-7000-8000-00000000d0c1",
        "aVR",
        "CardioPoint 12",
    ):
        assert words in whole


@pytest.mark.parametrize(("language", "day"), [("kk", "5 наурыз 1964"), ("ru", "5 марта 1964"), ("en", "5 March 1964")])
def test_a_document_writes_the_month_as_a_word(language: Language, day: str) -> None:
    assert day in _pages(render_consult_summary(consult(), language))[0]


def test_hard_characters_of_three_alphabets_come_out_as_they_went_in() -> None:
    hard = "≥2 ± 0,3 µmol/L ↑ ҚӘҒҢ ӨҰҮҺІ ёй № °C — “x” ≤ ≈ ≠ ↓ − Ў"
    pages = _pages(render_consult_summary(consult(opinion=hard), "kk"))
    assert hard in " ".join(pages)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_font_is_in_the_file(language: Language) -> None:
    fonts = _fonts(render_consult_summary(consult(), language))
    assert fonts
    assert all(fonts.values()), fonts
    assert not [name for name in fonts if "Helvetica" in name]


def test_each_page_says_whose_it_is_and_which_of_how_many() -> None:
    pages = _pages(render_consult_summary(consult(opinion="Ұзақ қорытынды. " * 900), "ru"))
    assert len(pages) > 3
    for number, page in enumerate(pages, start=1):
        assert "ӘЛІБЕКҚЫЗЫ Гүлнұр Ғабитқызы" in page
        assert "05.03.1964" in page
        assert "ИИН 640305 400 123" in page
        assert f"Страница {number} из {len(pages)}" in page


def test_a_very_long_name_never_pushes_the_numbers_off_the_page() -> None:
    patient = replace(consult().patient, name="Ұзынесім " * 12)
    page = _pages(render_consult_summary(consult(patient=patient), "kk"))[1]
    assert "05.03.1964" in page
    assert "ЖСН 640305 400 123" in page


def test_text_of_users_is_never_read_as_markup() -> None:
    hostile = '<b>bold</b> & <img src="file:///etc/passwd"/> </para> <font color="red">x &amp; y {name} %s'
    pages = _pages(render_consult_summary(consult(question=hostile, asked_from=hostile), "en"))
    assert '<img src="file:///etc/passwd"/>' in " ".join(pages)
    assert "{name} %s" in " ".join(pages)


def test_a_character_that_cannot_be_printed_stops_the_document_by_name() -> None:
    with pytest.raises(InvalidInputError) as caught:
        render_consult_summary(consult(plan="таблетки 漢"), "ru")
    assert caught.value.text.render("en") == (
        "The document cannot be printed: the font has no character “漢” (U+6F22, CJK UNIFIED IDEOGRAPH-6F22)."
    )


@pytest.mark.parametrize("field", ["question", "opinion", "asked_by", "signed_by", "case_number", "document_id"])
def test_no_field_slips_past_the_gate(field: str) -> None:
    with pytest.raises(InvalidInputError):
        render_consult_summary(consult(**{field: "\U0001f600"}), "en")


def test_what_is_empty_has_no_heading() -> None:
    bare = consult(plan=" \n", vitals=(), ecg=None, image=None, patient=replace(consult().patient, allergies=()))
    pages = _pages(render_consult_summary(bare, "en"))
    assert len(pages) == 1
    for heading in ("Plan", "Measured values", "Key image", "ECG", "ALLERGY"):
        assert heading not in pages[0]


def test_an_unconfirmed_signature_is_said_aloud() -> None:
    text = " ".join(_pages(render_consult_summary(consult(is_signature_valid=False), "en")))
    assert "could not be confirmed" in text
    assert "valid. Report" not in text


def test_the_ecg_lies_across_and_the_rest_upright() -> None:
    pages = PdfReader(io.BytesIO(render_consult_summary(consult(), "kk"))).pages
    assert [page.mediabox.width > page.mediabox.height for page in pages] == [False] * (len(pages) - 1) + [True]
    sizes = {tuple(sorted(round(float(side) / 72 * 25.4) for side in page.mediabox[2:])) for page in pages}
    assert sizes == {(210, 297)}


@pytest.mark.parametrize("shape", [(64, 64), (3000, 200), (40, 900, 3), (1, 1)])
def test_a_picture_of_any_shape_fits(shape: tuple[int, ...]) -> None:
    image = KeyImage(np.full(shape, 128, np.uint8), "US")
    pdf = render_consult_summary(consult(image=image, ecg=None), "en")
    assert "US" in " ".join(_pages(pdf))


def test_the_picture_is_really_drawn() -> None:
    pixels = np.zeros((300, 300, 3), np.uint8)
    pixels[...] = (10, 200, 30)
    pdf = render_consult_summary(consult(image=KeyImage(pixels), ecg=None), "en")
    greens = [
        np.all(np.abs(page.render(scale=1).to_numpy()[..., ::-1].astype(int) - (10, 200, 30)) < 8, axis=-1).sum()
        for page in pypdfium2.PdfDocument(pdf)
    ]
    assert max(greens) > 10_000


def test_two_documents_at_once_do_not_mix() -> None:
    names = [f"Науқас {letter}" for letter in "АБВГДЕ"]
    contents = [consult(patient=PatientLines(name), ecg=None, image=None) for name in names]
    with ThreadPoolExecutor(4) as pool:
        pdfs = list(pool.map(lambda content: render_consult_summary(content, "kk"), contents))
    for name, pdf in zip(names, pdfs, strict=True):
        assert [other for other in names if other in _pages(pdf)[0]] == [name]


def test_the_document_names_its_language_and_title() -> None:
    reader = PdfReader(io.BytesIO(render_consult_summary(consult(), "kk")))
    assert reader.trailer["/Root"]["/Lang"] == "kk"  # type: ignore[index]
    assert reader.metadata is not None
    assert reader.metadata.title == TITLES["kk"]


def test_the_lines_of_a_patient_come_from_the_record() -> None:
    patient = Patient(
        id="1",
        name=(HumanName(family="Ахметов", given=("Ерлан",)),),
        identifier=(Identifier(system=IIN, value="640305400123"), Identifier(system=CHART_NUMBER, value="7")),
        birth_date="1964-03-05",
        gender="male",
    )
    lines = PatientLines.of(patient, ("пыльца",))
    assert lines == PatientLines("Ахметов Ерлан", date(1964, 3, 5), "640305400123", "7", "male", "", ("пыльца",))


def test_a_birth_date_known_only_by_its_year_is_left_out_not_invented() -> None:
    assert PatientLines.of(Patient(id="1", birth_date="1964")).birth_date is None


def test_the_age_is_the_age_on_the_day_of_signing() -> None:
    day_before = datetime(2026, 3, 4, 6, 0, tzinfo=UTC)
    assert "(61 years)" in _pages(render_consult_summary(consult(signed_at=day_before), "en"))[0]


def test_a_strip_without_filter_says_so_in_the_language_of_the_document() -> None:
    raw = consult(ecg=replace(real_ecg(), band=RAW_BAND))
    assert "без фильтра" in _pages(render_consult_summary(raw, "ru"))[-1]
    assert "0.05-300 Hz" in _pages(render_consult_summary(consult(), "ru"))[-1]


LONG = "Өте-ұзын-сөз" * 400


@pytest.mark.parametrize("field", ["asked_from", "asked_by", "answered_from", "signed_by", "case_number", "question"])
def test_an_endless_word_breaks_no_page(field: str) -> None:
    assert _pages(render_consult_summary(consult(**{field: LONG}, ecg=None, image=None), "kk"))


def test_an_endless_name_breaks_no_page() -> None:
    patient = replace(consult().patient, name=LONG, chart_number=LONG)
    assert "640305 400 123" in _pages(render_consult_summary(consult(patient=patient), "kk"))[0]


def test_no_allergy_is_cut_off_however_many_there_are() -> None:
    allergies = tuple(f"аллерген-{number}" for number in range(700))
    whole = " ".join(
        _pages(render_consult_summary(consult(patient=replace(consult().patient, allergies=allergies)), "ru"))
    )
    assert all(each in whole.replace("- ", "-") for each in allergies)


def test_a_text_is_printed_whole_or_refused_never_cut() -> None:
    words = "сөз " * 12_000 + "СОҢЫ"
    assert "СОҢЫ" in _pages(render_consult_summary(consult(opinion=words, ecg=None, image=None), "kk"))[-1]
    with pytest.raises(InvalidInputError, match="too long"):
        render_consult_summary(consult(opinion=words * 2), "kk")


def test_an_xray_travels_in_hundreds_of_kilobytes() -> None:
    noise = np.random.default_rng(1).normal(128, 6, (2800, 2200)).clip(0, 255).astype(np.uint8)
    assert len(render_consult_summary(consult(image=KeyImage(noise), ecg=None), "kk")) < 1_200_000


@settings(max_examples=40, deadline=None)
@given(text(max_size=200))
def test_any_text_is_printed_or_refused(typed: str) -> None:
    bare = consult(opinion=typed, vitals=(), ecg=None, image=None)
    try:
        pages = _pages(render_consult_summary(bare, "en"))
    except InvalidInputError as refused:
        assert "cannot be printed" in str(refused)  # noqa: PT017 - both ends are right ends
    else:
        assert "Signed by" in " ".join(pages)
