"""The paper with the recovery code: one page, every group readable, in three languages."""

from __future__ import annotations

from io import BytesIO

import pypdfium2
import pytest

from clinic_app.documents import RecoverySheet, render_recovery_sheet
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import LANGUAGES, Language
from tests.helpers.clocks import NOON

CODE = "7RQK-2M0W-9XTA-HH41-C3ZN-5PVB-E8D6-YJ0S"
SHEET = RecoverySheet(CODE, "Ырғыз аудандық ауруханасы", "Reception", NOON)


def _text(body: bytes) -> tuple[int, str]:
    with pypdfium2.PdfDocument(BytesIO(body)) as document:
        return len(document), document[0].get_textpage().get_text_bounded()


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_one_page_with_code_hospital_and_day(language: Language) -> None:
    pages, text = _text(render_recovery_sheet(SHEET, language))
    assert pages == 1
    assert all(group in text for group in CODE.split("-"))
    assert "Ырғыз аудандық ауруханасы" in text
    assert "2026" in text


def test_the_three_languages_differ_but_for_the_code() -> None:
    texts = {_text(render_recovery_sheet(SHEET, language))[1] for language in LANGUAGES}
    assert len(texts) == 3


def test_the_groups_are_numbered_in_reading_order() -> None:
    text = _text(render_recovery_sheet(SHEET, "en"))[1]
    places = [text.index(group) for group in CODE.split("-")]
    assert places == sorted(places)


def test_a_workstation_without_a_name_leaves_no_empty_line() -> None:
    sheet = RecoverySheet(CODE, "Ырғыз", "", NOON)
    assert "Workstation" not in _text(render_recovery_sheet(sheet, "en"))[1]


def test_markup_in_the_name_of_a_hospital_is_letters() -> None:
    sheet = RecoverySheet(CODE, "<b>Ырғыз</b> & co", "", NOON)
    assert "<b>Ырғыз</b> & co" in _text(render_recovery_sheet(sheet, "en"))[1]


def test_a_name_that_cannot_be_printed_is_said() -> None:
    sheet = RecoverySheet(CODE, "Ырғыз \U0001f600", "", NOON)
    with pytest.raises(InvalidInputError):
        render_recovery_sheet(sheet, "kk")


def test_a_very_long_name_of_a_hospital_still_fits_the_page() -> None:
    sheet = RecoverySheet(CODE, "Ырғыз аудандық ауруханасы " * 40, "Reception", NOON)
    pages, text = _text(render_recovery_sheet(sheet, "kk"))
    assert pages == 1
    assert CODE.rsplit("-", maxsplit=1)[-1] in text
