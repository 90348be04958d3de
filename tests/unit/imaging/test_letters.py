"""The letters of files: every character set as it is declared, and what to do where the declaration is wrong."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from pydicom.data import get_charset_files
from pydicom.dataset import Dataset

from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.texts import (
    ENCODINGS,
    NAMES,
    Proposal,
    Reading,
    likely_encoding,
    name_of,
    plausibility,
    proposal_for,
    raw_text,
    words_of,
)
from tests.helpers.dicom_files import bytes_of, made_file

RUSSIAN = ("Петров^Пётр^Ильич", "СИДОРОВА^АННА", "Иванов", "Ким^Лариса", "Цой", "нурмагамбетов айбек", "ЩЕРБАКОВ^ЮРИЙ")
FINDINGS = ("ОГК в прямой проекции", "УЗИ органов брюшной полости", "Грудь, прямая")
KAZAKH = ("Қасымов^Нұрлан", "Ахметова^Гүлнар", "Бейсенов^Ерлан^Маратұлы", "Жұмабаев", "ТӨЛЕГЕНОВА^ӘСЕЛ")
CYRILLIC = ("cp1251", "cp866", "koi8-r", "iso8859-5")


def with_bytes(name: bytes, charset: str | None = "ISO_IR 100", description: bytes = b"") -> Dataset:
    """Return a file whose name is these bytes, whatever its character set says."""
    dataset = made_file(PatientName="X" * len(name), SeriesDescription="Y" * max(len(description), 1))
    if charset is not None:
        dataset.SpecificCharacterSet = charset
    data = bytes_of(dataset).replace(b"X" * (len(name) + len(name) % 2), name + b" " * (len(name) % 2))
    data = data.replace(b"X" * len(name), name)
    return read_dataset(data.replace(b"Y" * len(description), description) if description else data)


@pytest.mark.parametrize("path", sorted(map(Path, get_charset_files("*.dcm"))), ids=lambda path: path.stem)
def test_every_declared_character_set_is_believed(path: Path) -> None:
    dataset = read_dataset(path.read_bytes())
    if dataset.get("PatientName") is None:
        return
    name = name_of(dataset)
    assert name
    assert "�" not in name
    assert not any(unicodedata.category(letter) == "Cc" for letter in name)
    assert proposal_for(dataset) is None


@pytest.mark.parametrize("encoding", CYRILLIC)
@pytest.mark.parametrize("charset", [None, "ISO_IR 100", "ISO_IR 6"])
def test_russian_under_a_wrong_label_is_proposed_as_what_it_is(encoding: str, charset: str | None) -> None:
    for name in (*RUSSIAN, *FINDINGS):
        raw = name.encode(encoding)
        dataset = with_bytes(raw, charset)
        proposal = proposal_for(dataset)
        assert proposal is not None, name
        assert (proposal.encoding, proposal.as_read) == (encoding, name.replace("^", " ")), name
        assert proposal.as_stated != proposal.as_read
        assert raw_text(dataset, "PatientName") == raw, "the bytes stay"


@pytest.mark.parametrize("name", KAZAKH)
@pytest.mark.parametrize("encoding", ["kz1048", "utf-8"])
def test_kazakh_letters_are_not_taken_for_others(name: str, encoding: str) -> None:
    proposal = proposal_for(with_bytes(name.encode(encoding)))
    assert proposal is not None
    assert proposal.as_read == name.replace("^", " ")


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866"])
def test_wrong_letters_under_a_cyrillic_label_are_doubted_too(encoding: str) -> None:
    for name in ("Петров^Пётр", "СИДОРОВА^АННА"):
        assert likely_encoding(name.encode(encoding), name.encode(encoding).decode("iso8859-5")) == encoding


@pytest.mark.parametrize("name", ["Müller^Jürgen", "Buc^Jérôme", "Åström^Øyvind", "ÇELİK", "Łukasz"])
def test_names_with_accents_are_left_alone(name: str) -> None:
    for encoding in ("latin-1", "iso8859-2", "iso8859-9"):
        try:
            raw = name.encode(encoding)
        except UnicodeEncodeError:
            continue
        assert likely_encoding(raw, name) == ""


def test_what_is_right_is_not_repaired() -> None:
    assert proposal_for(with_bytes("Петров^Пётр".encode(), "ISO_IR 192")) is None
    assert proposal_for(with_bytes("Петров^Пётр".encode("iso8859-5"), "ISO_IR 144")) is None
    assert proposal_for(with_bytes(b"Petrov^Petr")) is None
    assert proposal_for(made_file(PatientName="")) is None


def test_greek_and_what_switches_in_between_is_trusted() -> None:
    assert proposal_for(with_bytes("Διονυσιος".encode("iso8859-7"), "ISO_IR 126")) is None
    assert proposal_for(with_bytes("Петров".encode("cp1251"), "ISO 2022 IR 100")) is None


def test_letters_nobody_knows_stay_as_they_are() -> None:
    noise = bytes([0xB0, 0xFE, 0x98, 0xA6, 0xF9, 0x95] * 4)
    assert likely_encoding(noise, noise.decode("latin-1")) == ""


def test_a_reading_holds_for_every_text_of_the_file_and_for_nothing_else() -> None:
    dataset = with_bytes("Петров^Пётр".encode("cp1251"), "ISO_IR 100", "Грудь".encode("cp1251"))
    reading = Reading("cp1251")
    assert name_of(dataset) == "Ïåòðîâ Ï¸òð"
    assert name_of(dataset, reading) == "Петров Пётр"
    assert words_of(dataset, "SeriesDescription", reading) == "Грудь"
    assert words_of(dataset, "PatientID", reading) == "7"
    assert words_of(dataset, "StudyID", reading) == ""
    assert name_of(dataset, Reading("rot13")) == "Ïåòðîâ Ï¸òð", "only what is on the list"


def test_bytes_are_had_again_from_a_text_that_was_read_before() -> None:
    dataset = with_bytes("Петров^Пётр".encode("cp1251"), "ISO_IR 100", "Грудь".encode("cp1251"))
    assert str(dataset.SeriesDescription) == "Ãðóäü"
    assert str(dataset.PatientName)
    assert words_of(dataset, "SeriesDescription", Reading("cp1251")) == "Грудь"
    assert name_of(dataset, Reading("cp1251")) == "Петров Пётр"


def test_bytes_that_are_not_in_an_encoding_are_read_as_the_file_says() -> None:
    assert name_of(with_bytes(b"\xff\xfe\x98"), Reading("utf-8")) == "ÿþ\x98"


def test_a_proposal_is_the_same_for_the_same_name() -> None:
    first, second = (proposal_for(with_bytes("Иванов".encode("cp1251"))) for _ in range(2))
    assert first == second == Proposal("cp1251", "Èâàíîâ", "Иванов")


def test_words_are_told_from_noise() -> None:
    assert plausibility("Петров Пётр") > 0.9
    assert plausibility("оЕРПНБ оЕРП") < 0.6
    assert plausibility("Petrov") == 0


def test_every_encoding_has_a_name_for_people() -> None:
    assert set(NAMES) == set(ENCODINGS)
