"""The summary at its extremes: nothing sent, everything sent, every letter of three languages, an ECG full of holes."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import ContentStream

from clinic_app.documents import render_consult_summary
from clinic_app.documents.content import EcgLead, EcgStrip, KeyImage, PatientLines
from clinic_app.documents.fonts import printable
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import LANGUAGES
from clinic_app.terminology.leads import LEADS
from tests.helpers.consults import consult

KAZAKH = "АаӘәБбВвГгҒғДдЕеЁёЖжЗзИиЙйКкҚқЛлМмНнҢңОоӨөПпРрСсТтУуҰұҮүФфХхҺһЦцЧчШшЩщЪъЫыІіЬьЭэЮюЯя"
LATIN = "AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpQqRrSsTtUuVvWwXxYyZz0123456789"
PAPER_MM = 25.4 / 72
EMPTY: dict[str, Any] = {"ecg": None, "image": None, "vitals": ()}


def _text(**changes: Any) -> str:
    reader = PdfReader(io.BytesIO(render_consult_summary(consult(**{**EMPTY, **changes}), "ru")))
    return "\n".join(page.extract_text() for page in reader.pages)


def _paths(strip: EcgStrip) -> list[np.ndarray]:
    """Return the stroked paths of the ECG page that are no grid lines: shape (n, 2), in mm of the page."""
    page = PdfReader(io.BytesIO(render_consult_summary(consult(**{**EMPTY, "ecg": strip}), "en"))).pages[-1]
    stack, matrix, found = [], np.eye(3), []
    for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
        if operator == b"q":
            stack.append(matrix)
        elif operator == b"Q":
            matrix = stack.pop()
        elif operator == b"cm":
            a, b, c, d, e, f = map(float, operands)
            matrix = np.array([[a, b, 0], [c, d, 0], [e, f, 1]]) @ matrix
        elif operator in {b"m", b"l"}:
            point = (np.array([float(operands[0]), float(operands[1]), 1]) @ matrix)[:2] * PAPER_MM
            found += [[]] if operator == b"m" else []
            found[-1].append(point)
    return [np.array(path) for path in found]


def _traces(strip: EcgStrip) -> list[np.ndarray]:
    """Return the pieces of the traces: what is neither grid line, divider nor calibration pulse."""
    return [path for path in _paths(strip) if len(path) > 2 and len(path) != 6]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_summary_of_nothing_is_still_a_page(language: Any) -> None:
    nothing = consult(
        **EMPTY, patient=PatientLines(""), asked_from="", asked_by="", asked_at=None, specialty="", urgency="",
        question="", opinion="", plan="", answered_from="", signed_by="", case_number="", document_id="",
        report_id="", report_sha256="",
    )  # fmt: skip
    assert len(PdfReader(io.BytesIO(render_consult_summary(nothing, language))).pages) == 1


@pytest.mark.parametrize("letters", [KAZAKH, LATIN])
def test_every_letter_of_the_three_languages_arrives_on_paper(letters: str) -> None:
    printed = _text(opinion=" ".join(letters))
    assert set(letters) <= set(printed)


@pytest.mark.parametrize("sign", "≥≤±×→↑↓µ°²³₂½№§«»—–…•−≈‰")
def test_every_sign_of_a_finding_arrives_on_paper(sign: str) -> None:
    assert unicodedata.normalize("NFKC", sign) in unicodedata.normalize("NFKC", _text(opinion=f"x {sign} y"))


@pytest.mark.parametrize(
    "mark", ["\u200e", "\u200f", "\u061c", "\u2066", "\u2067", "\u2068", "\u2069", "\u200b", "\u2060"]
)
def test_a_mark_nobody_sees_stops_no_document(mark: str) -> None:
    assert printable(f"Тропонин{mark}тест") == "Тропонинтест"
    assert "Тропонинтест" in _text(opinion=f"Тропонин{mark}тест")


@pytest.mark.parametrize("mark", ["\u202e", "\u202d"])
def test_a_mark_that_turns_words_around_is_never_printed(mark: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        _text(plan=f"{mark}50 мг")
    assert mark not in caught.value.text.render("ru")


@pytest.mark.parametrize(
    "field", ["question", "opinion", "plan", "asked_by", "asked_from", "answered_from", "signed_by"]
)
def test_an_emoji_is_refused_by_name_wherever_it_stands(field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        _text(**{field: "жақсы 😀"})
    assert "U+1F600" in caught.value.text.render("kk")


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_what_passes_the_gate_passes_it_again_unchanged(text: str) -> None:
    try:
        once = printable(text)
    except InvalidInputError:
        return
    assert printable(once) == once


def test_markup_is_printed_and_never_obeyed() -> None:
    text = "<b>x</b> &amp; <img src='file:///etc/passwd'/> <a href='http://x'>y</a>"
    assert "<b>x</b> &amp;" in _text(opinion=text)


def test_an_opinion_of_two_thousand_lines_is_set_and_loses_none() -> None:
    printed = _text(opinion="\n".join(f"n{number}." for number in range(2_000)))
    assert all(f"n{number}." in printed for number in range(0, 2_000, 41))
    assert "n1999." in printed


def test_words_without_a_space_are_broken_and_not_cut() -> None:
    assert _text(opinion="Ә" * 3_000).count("Ә") >= 3_000


def test_names_and_numbers_of_any_length_leave_the_page_readable() -> None:
    patient = PatientLines("Ә" * 2_000, date(1, 1, 1), "1" * 500, "9" * 999, "male", "1" * 400, ("п" * 5_000,))
    reader = PdfReader(io.BytesIO(render_consult_summary(consult(**EMPTY, patient=patient), "kk")))
    assert len(reader.pages) >= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 5_000), (5_000, 1), (3, 3, 3), (900, 30, 3)])
def test_a_picture_of_any_shape_finds_its_place(shape: tuple[int, ...]) -> None:
    pdf = render_consult_summary(consult(**{**EMPTY, "image": KeyImage(np.full(shape, 99, np.uint8), "x")}), "en")
    (image,) = [image for page in PdfReader(io.BytesIO(pdf)).pages for image in page.images]
    assert max(image.image.size) <= 1_400  # type: ignore[union-attr]


def test_twelve_leads_with_gaps_stand_at_true_scale_with_their_gaps() -> None:
    rate_hz, step = 500.0, np.zeros(5_000, np.float32)
    step[::250] = 1.0
    step[2_000:2_100] = np.nan
    strip = EcgStrip(tuple(EcgLead(label, step) for label in LEADS.values()), rate_hz)
    rhythm = sorted(_traces(strip), key=lambda path: path[:, 1].mean())[:2]
    before, after = sorted(rhythm, key=lambda path: path[0, 0])
    assert after[0, 0] - before[-1, 0] == pytest.approx(101 / rate_hz * 25, abs=0.01)
    assert np.ptp(before[:, 1]) == pytest.approx(10, abs=0.01)
    peaks = before[before[:, 1] > before[:, 1].min() + 9, 0]
    np.testing.assert_allclose(np.diff(peaks), 12.5, atol=0.01)


@pytest.mark.parametrize("rate_hz", [62.5, 100.0, 249.89, 500.0, 1000.0])
def test_ten_seconds_are_250_mm_at_every_rate(rate_hz: float) -> None:
    wave = np.sin(np.arange(round(10 * rate_hz)) / rate_hz * 6.283).astype(np.float32)
    (trace,) = _traces(EcgStrip((EcgLead("II", wave),), rate_hz))
    assert np.ptp(trace[:, 0]) == pytest.approx((len(wave) - 1) / rate_hz * 25, abs=0.02)
    assert np.ptp(trace[:, 1]) == pytest.approx(10 * float(np.ptp(wave)), abs=0.02)
    assert (np.diff(trace[:, 0]) > 0).all()


def test_a_sample_alone_between_two_gaps_is_a_dot_and_not_lost() -> None:
    wave = np.full(5_000, np.nan, np.float32)
    wave[2_500] = 0.0
    dots = [path for path in _paths(EcgStrip((EcgLead("II", wave),), 500.0)) if len(path) == 2]
    dots = [path for path in dots if np.allclose(path[0], path[1])]
    assert len(dots) == 1


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.full(5_000, np.nan, np.float32)])
def test_a_lead_without_a_sample_leaves_its_row_empty_and_its_name_on_it(samples: np.ndarray) -> None:
    strip = EcgStrip((EcgLead("II", samples), EcgLead("V1", np.ones(5_000, np.float32))), 500.0)
    assert len({len(path) for path in _traces(strip)}) <= 1
    pdf = render_consult_summary(consult(**{**EMPTY, "ecg": replace(strip, device="Монитор\u200f")}), "kk")
    words = PdfReader(io.BytesIO(pdf)).pages[-1].extract_text()
    assert "II" in words
    assert "V1" in words
