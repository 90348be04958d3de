"""The texts of a file, and what to do where the file is wrong about its letters.

Many devices write Windows-1251, DOS 866, KOI8-R or ISO 8859-5 and declare Latin letters, or none: "Ïåòðîâ" is Петров.
What such bytes probably mean is proposed, shown beside what the file says, and used once a person or a rule of the site
has said so. The bytes themselves are never changed.
Sources: DICOM PS3.3 C.12.1.1.2 (Specific Character Set), PS3.5 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydicom.charset import convert_encodings
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

from clinic_app.imaging.reading import READING_ERRORS, text_of

ENCODINGS: Final = ("cp1251", "cp866", "koi8-r", "iso8859-5", "kz1048", "utf-8")
"""Ways to write Cyrillic in bytes, the commonest first; kz1048 is 1251 with the Kazakh letters."""
NAMES: Final = {
    "cp1251": "Windows-1251",
    "cp866": "DOS 866",
    "koi8-r": "KOI8-R",
    "iso8859-5": "ISO 8859-5",
    "kz1048": "KZ-1048",
    "utf-8": "UTF-8",
}
_TEXTS: Final = ("PatientName", "StudyDescription", "SeriesDescription", "InstitutionName")
_TRUSTED: Final = ("ISO_IR 126", "ISO_IR 127", "ISO_IR 138", "ISO_IR 166", "GB18030", "GBK", "ISO 2022")
"""Greek, Arabic, Hebrew, Thai, Chinese and what switches in between: nobody declares these by accident."""
_LONGEST: Final = 256
_MOST_BYTES: Final = 4
"""Of a letter."""
_SURE: Final = 0.6
_BETTER: Final = 0.2
"""More than this a text must gain before a file that says Cyrillic letters itself is doubted."""
_KAZAKH: Final = frozenset("әғқңөұүһ")
_FOREIGN_SHARE: Final = 0.6
"""Of a name in Latin letters fewer than this are accented; of Cyrillic bytes taken for Latin nearly all are."""
_PAIRS: Final = (
    "ов ва ан на ев ин ен ко ра ер ро ал ск ар ни ли ло ла ол ор ри ич та ки ий ая ми ди ти ил ле ек ик ир "
    "ед ет ем ам ма ст ос ре ве ви во вн вс со се са си ну нт нд ур ул ух уш ыр ым ын ыс ай ба бе бо бу ды "
    "да де до га го гу же жа за зи ка ке кс ку ль ме мо му не но об ог од ой ок ом от па пе по пр рг рд рм "
    "рт ру сл ть уа ус хо ча че чу ша шк юл юр як ян яр әл ұр лы ты ғы қы ың өз үй ис эл ьв "
)
_OFTEN: Final = frozenset(_PAIRS.split())
"""Pairs of letters that names and findings are full of; of wrongly read bytes few are among them."""


@dataclass(frozen=True)
class Reading:
    """How the texts of a file are read.

    Args:
        encoding: one of `ENCODINGS`, on somebody's word; empty: as the file says.
    """

    encoding: str = ""


AS_STATED: Final = Reading()


@dataclass(frozen=True)
class Proposal:
    """What a text probably means.

    Args:
        encoding: one of `ENCODINGS`.
        as_stated: the text as the file says it is to be read.
        as_read: the text in that encoding.
    """

    encoding: str
    as_stated: str
    as_read: str


def name_of(dataset: Dataset, reading: Reading = AS_STATED) -> str:
    """Return the patient's name in words, at most 256 characters."""
    return words_of(dataset, "PatientName", reading).replace("^", " ").replace("=", " ").strip()


def words_of(dataset: Dataset, keyword: str, reading: Reading = AS_STATED) -> str:
    """Return a text of the file as it is to be read."""
    raw = raw_text(dataset, keyword) if reading.encoding else None
    if raw is None or reading.encoding not in ENCODINGS or raw.isascii():
        return text_of(dataset, keyword)
    return _decoded(raw, reading.encoding).rstrip(" \0") or text_of(dataset, keyword)


def long_words_of(dataset: Dataset, keyword: str, reading: Reading = AS_STATED, *, most: int) -> str:
    """Return a text that may be a page, as it is to be read.

    Args:
        dataset: the file, or an item of a sequence.
        keyword: of the element.
        reading: how its letters are to be read.
        most: letters of it; a stranger may have written a book.
    """
    short = words_of(dataset, keyword, reading)
    if len(short) < _LONGEST // _MOST_BYTES:
        return short[:most]
    raw = raw_text(dataset, keyword, most * _MOST_BYTES) if reading.encoding in ENCODINGS else None
    if raw is not None and not raw.isascii():
        return _decoded(raw, reading.encoding).rstrip(" \0")[:most]
    try:
        return str(dataset.get(keyword) or "")[:most]
    except READING_ERRORS:
        return short[:most]


def proposal_for(dataset: Dataset) -> Proposal | None:
    """Return what the texts of a file probably mean where what it says of them cannot be, else None."""
    stated = charset_of(dataset)
    if stated.startswith(_TRUSTED) or "ISO 2022" in stated:
        return None
    found = [(keyword, raw) for keyword in _TEXTS if (raw := raw_text(dataset, keyword)) and not raw.isascii()]
    if not found:
        return None
    joined = b" ".join(raw for _keyword, raw in found)
    encoding = likely_encoding(joined, " ".join(text_of(dataset, keyword) for keyword, _raw in found))
    if not encoding:
        return None
    keyword, raw = found[0]
    return Proposal(encoding, _plain(text_of(dataset, keyword)), _plain(_decoded(raw, encoding)))


def likely_encoding(raw: bytes, as_stated: str) -> str:
    """Return the encoding bytes are probably written in; empty where they can be what the file says, or nobody knows.

    Args:
        raw: the bytes of a name or a description.
        as_stated: the text they are by the file's own word.
    """
    if raw.isascii() or b"\x1b" in raw or _is_latin(as_stated):
        return ""
    if _decoded(raw, "utf-8"):
        return "" if _plain(_decoded(raw, "utf-8")) == _plain(as_stated) else "utf-8"
    scored = {encoding: plausibility(_decoded(raw, encoding)) for encoding in ENCODINGS}
    best = max(ENCODINGS, key=lambda encoding: scored[encoding])
    others = [scored[each] for each in ENCODINGS if each != best and {each, best} != {"cp1251", "kz1048"}]
    if scored[best] < max(_SURE, plausibility(as_stated) + _BETTER) or scored[best] <= max(others):
        return ""
    is_kazakh = best == "cp1251" and not _KAZAKH.isdisjoint(_decoded(raw, "kz1048").lower())
    return "kz1048" if is_kazakh and _decoded(raw, "kz1048") != _decoded(raw, "cp1251") else best


def plausibility(text: str) -> float:
    """Return how much a text looks like words in Cyrillic, from 0 to 1."""
    foreign = [letter for letter in text if not letter.isascii()]
    if not foreign:
        return 0.0
    cyrillic = sum(_is_cyrillic(letter) for letter in foreign) / len(foreign)
    words = [word for word in _words(text) if any(map(_is_cyrillic, word))]
    if not words or cyrillic < 0.9:
        return 0.3 * cyrillic
    shaped = sum(_is_shaped(word) for word in words) / len(words)
    pairs = [word.lower()[at : at + 2] for word in words for at in range(len(word) - 1)]
    often = sum(pair in _OFTEN for pair in pairs) / len(pairs) if pairs else 0.0
    return 0.3 * cyrillic + 0.3 * shaped + 0.4 * min(often / 0.6, 1.0)


def charset_of(dataset: Dataset) -> str:
    """Return what a file says of its letters, its parts joined by a backslash; empty where it says nothing."""
    try:
        value: Any = dataset.get("SpecificCharacterSet")
    except READING_ERRORS:
        return ""
    return "\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value or "")


def raw_text(dataset: Dataset, keyword: str, most: int = 0) -> bytes | None:
    """Return the bytes of a text as they stand in the file, not too many; None where they cannot be had any more."""
    most = most or _LONGEST
    try:
        element: Any = dataset.get_item(keyword)
        if isinstance(element, RawDataElement):
            return bytes(element.value or b"")[:most]
        if isinstance(element.value, PersonName):
            original: Any = element.value.original_string
            return original[:most] if isinstance(original, bytes) else None
        return str(element.value).encode(_codec(dataset))[:most]
    except (*READING_ERRORS, LookupError):
        return None  # or there is no such element


def _codec(dataset: Dataset) -> str:
    return str(convert_encodings(charset_of(dataset).split("\\")[0] or "ISO_IR 6")[0])


def _is_latin(text: str) -> bool:
    """Return whether letters can be Latin, with an accent here and there, as the file says."""
    if "�" in text or any(0x7F <= ord(letter) < 0xA0 or _is_cyrillic(letter) for letter in text):
        return False
    letters = sum(letter.isalpha() for letter in text)
    return sum(not letter.isascii() for letter in text) < _FOREIGN_SHARE * max(letters, 1)


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return ""


def _plain(text: str) -> str:
    return " ".join(text.replace("^", " ").replace("=", " ").split())


def _words(text: str) -> Iterator[str]:
    word = ""
    for letter in f"{text} ":
        if letter.isalpha():
            word += letter
        elif word:
            yield word
            word = ""


def _is_cyrillic(letter: str) -> bool:
    return "Ѐ" <= letter <= "ӿ" and letter.isalpha()


def _is_shaped(word: str) -> bool:
    """Return whether capital letters stand where they stand in words."""
    return word.isupper() or word[1:].islower() or len(word) == 1
