"""In which letters a machine is told names and words: those it can read, by its own word or by a setting.

UTF-8 holds everything. ISO 8859-5 holds Russian and not the nine letters only Kazakh has; ISO 8859-1 holds neither.
A machine that gets letters it cannot read shows question marks, or nothing at all (measured: an empty name); so it is
told the nearest letters it has, and the record keeps the name as it is.
Source: DICOM PS3.3 C.12.1.1.2 (Specific Character Set), PS3.5 6.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from clinic_app.imaging.network.latin import latin
from clinic_app.imaging.network.peers import Letters

CharacterSet = Literal["ISO_IR 192", "ISO_IR 144", "ISO_IR 6"]
_CODECS: Final[dict[CharacterSet, str]] = {"ISO_IR 192": "utf-8", "ISO_IR 144": "iso8859-5", "ISO_IR 6": "ascii"}
_BY_SETTING: Final[dict[Letters, CharacterSet]] = {
    "utf-8": "ISO_IR 192",
    "cyrillic": "ISO_IR 144",
    "latin": "ISO_IR 6",
}
_PLAIN: Final[dict[int, str]] = str.maketrans(dict(zip("«»—–…’“”№", '""--.\'""N', strict=True)))
_RUSSIAN: Final[dict[int, str]] = {
    **_PLAIN,
    **dict(zip(map(ord, "әғқңөұүһӘҒҚҢӨҰҮҺ"), "агкноуухАГКНОУУХ", strict=True)),
}
"""ISO 8859-5 has the і of Kazakh, because Ukrainian has it too; it has none of these."""
_SEPARATORS: Final = str.maketrans("^=\\", "   ")


def character_set(asked: Sequence[str], letters: Letters) -> CharacterSet:
    """Return in which set a machine is answered.

    Args:
        asked: the Specific Character Set of its question; empty where it says nothing.
        letters: its setting here.
    """
    if letters != "as-asked":
        return _BY_SETTING[letters]
    said = {each.strip().upper().replace("ISO 2022 IR", "ISO_IR") for each in asked}
    if "ISO_IR 192" in said or "GB18030" in said:
        return "ISO_IR 192"
    return "ISO_IR 144" if "ISO_IR 144" in said else "ISO_IR 6"


def spoken(text: str, charset: CharacterSet) -> str:
    """Return a text in letters of a set: as it is, or the nearest there are; never a question mark for a letter."""
    text = " ".join(text.split())
    if charset == "ISO_IR 192":
        return text
    if charset == "ISO_IR 144":
        text = text.translate(_RUSSIAN)
        return "".join(each if _fits(each, charset) else "?" for each in text)
    text = latin(text.translate(_PLAIN))
    return "".join(each if _fits(each, charset) else "?" for each in text)


def person_name(family: str, given: Sequence[str], charset: CharacterSet) -> str:
    """Return a name as DICOM writes it: family^first^middle (PS3.5, 6.2.1), 64 characters at most."""
    parts = [spoken(part, charset).translate(_SEPARATORS) for part in (family, *given[:1], " ".join(given[1:]))]
    return "^".join(parts).rstrip("^")[:64]


def _fits(letter: str, charset: CharacterSet) -> bool:
    try:
        letter.encode(_CODECS[charset])
    except UnicodeEncodeError:
        return False
    return True
