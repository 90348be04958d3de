"""What a file says, line by line: names, letters, private creators, and files that want to do harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.outside.tag_tree import MOST_DEPTH, MOST_SHOWN, MOST_WHOLE, TagLine, TagTree, printable
from tests.helpers.dicom_files import bytes_of, item, made_file


def tree(**more: object) -> TagTree:
    return TagTree(bytes_of(made_file(np.zeros((8, 8), np.uint8), **more)))


def line(found: TagTree, tag: str) -> TagLine:
    return next(each for each in found.lines() if each.tag == tag)


def test_a_line_has_tag_kind_name_and_value() -> None:
    found = tree(SpecificCharacterSet="ISO_IR 192", PatientName="Қасымов^Ерлан")
    name = line(found, "(0010,0010)")
    assert (name.vr, name.keyword, name.value) == ("PN", "Patient's Name", "Қасымов^Ерлан")
    assert not name.is_mended
    assert name.size_bytes == len("Қасымов^Ерлан".encode()) + len("Қасымов^Ерлан".encode()) % 2
    assert name.row() == "(0010,0010)\tPN\tPatient's Name\tҚасымов^Ерлан"
    assert line(found, "(0008,0016)").value.endswith("= CT Image Storage")
    assert line(found, "(0002,0010)").value.endswith("= Explicit VR Little Endian")


def test_letters_the_file_is_wrong_about_are_shown_as_meant_and_marked() -> None:
    made = made_file(np.zeros((8, 8), np.uint8), PatientName="Petrov^Ivan Ivanov", StudyDescription="Chest")
    data = bytes_of(made).replace(b"Petrov^Ivan Ivanov", "Петрова^Анна Игор.".encode("cp1251"))
    found = TagTree(data)
    for _again in range(2):
        name = line(found, "(0010,0010)")
        assert (name.value, name.is_mended) == ("Петрова^Анна Игор.", True)
        assert found.whole(name.path) == "Петрова^Анна Игор."
    assert not line(found, "(0008,1030)").is_mended
    assert [each.tag for each in found.find("петр")] == ["(0010,0010)"]


def test_a_private_element_says_whose_it_is() -> None:
    dataset = made_file(np.zeros((8, 8), np.uint8))
    dataset.private_block(0x0009, "GEMS_IDEN_01", create=True).add_new(0x01, "LO", "x")
    dataset.private_block(0x0011, "Nobody knows", create=True).add_new(0x01, "LO", "y")
    found = TagTree(bytes_of(dataset))
    assert line(found, "(0009,0010)").keyword == "Private Creator"
    known = line(found, "(0009,1001)")
    assert known.is_private
    assert known.keyword.startswith("GEMS_IDEN_01: ")
    assert line(found, "(0011,1001)").keyword == "Nobody knows"


def test_what_cannot_be_seen_is_shown_by_a_sign_and_breaks_no_line() -> None:
    found = tree(
        SpecificCharacterSet="ISO_IR 192", StudyDescription="ab\u202egnp.exe\x07", StudyComments="a\r\nb\tc\x1b[31m"
    )
    assert line(found, "(0008,1030)").value == "ab\N{REPLACEMENT CHARACTER}gnp.exe\N{SYMBOL FOR BELL}"
    comments = line(found, "(0032,4000)")
    assert comments.value == "a␍␊b␉c␛[31m"
    assert comments.row().count("\t") == 3
    assert "\n" not in comments.row()
    assert found.whole(comments.path) == "a\nb␉c␛[31m"
    assert [each.tag for each in found.find("gnp")] == ["(0008,1030)"]


@pytest.mark.parametrize("words", ["Қасымов^Нұрлан", "Ёлкин = Ё", "اسم", "日本", "1.5 µs", ""])
def test_letters_of_every_writing_are_left_as_they_are(words: str) -> None:
    assert printable(words) == printable(words, keeps_lines=True) == words


def test_spaces_of_other_widths_are_spaces() -> None:
    assert printable("a\u00a0b\u2003c\u200bd") == "a b c\N{REPLACEMENT CHARACTER}d"


def test_a_creator_of_private_elements_is_shown_by_signs_too() -> None:
    dataset = made_file(np.zeros((8, 8), np.uint8))
    dataset.private_block(0x0011, "Evil\x1b[2J", create=True).add_new(0x01, "LO", "y")
    assert line(TagTree(bytes_of(dataset)), "(0011,1001)").keyword == "Evil␛[2J"


def test_no_part_of_a_file_is_listed_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinic_app.imaging.outside.tag_tree.MOST_LINES", 20)
    found = tree(ReferencedImageSequence=[item(CodeValue=str(each)) for each in range(50)])
    sequence = line(found, "(0008,1140)")
    assert sequence.value == "50"
    assert len(found.lines(sequence.path)) == 20
    assert len([each for each in found.lines() if not each.tag.startswith("(0002")]) == 20


def test_sequences_are_opened_step_by_step() -> None:
    inner = item(CodeValue="1", CodeMeaning="deep")
    found = tree(ProcedureCodeSequence=[item(CodeValue="2"), item(PurposeOfReferenceCodeSequence=[inner])])
    sequence = line(found, "(0008,1032)")
    assert (sequence.vr, sequence.value, sequence.can_open) == ("SQ", "2", True)
    items = found.lines(sequence.path)
    assert [each.tag for each in items] == ["#1", "#2"]
    (deeper,) = found.lines(items[1].path)
    (only,) = found.lines(deeper.path)
    assert [each.value for each in found.lines(only.path)] == ["1", "deep"]
    assert found.lines((0x00081032, 9)) == ()
    assert found.lines((0x00089999,)) == ()
    assert found.whole(()) == ""


def test_long_values_are_short_in_the_line_and_whole_when_asked_for() -> None:
    found = tree(TextComments="ы" * 5000, SpecificCharacterSet="ISO_IR 192")
    comments = line(found, "(4000,4000)") if any(x.tag == "(4000,4000)" for x in found.lines()) else None
    assert comments is None or len(comments.value) == MOST_SHOWN
    found = tree(ImageComments="ы" * 5000, SpecificCharacterSet="ISO_IR 192")
    comments = line(found, "(0020,4000)")
    assert len(comments.value) == MOST_SHOWN
    assert comments.has_more
    assert found.whole(comments.path) == "ы" * 5000


def test_pixels_are_bytes_and_only_their_beginning_is_shown() -> None:
    pixels = np.arange(1 << 20, dtype=np.uint32).view(np.uint8).reshape(2048, 2048)
    found = TagTree(bytes_of(made_file(pixels)))
    data = line(found, "(7FE0,0010)")
    assert data.size_bytes == pixels.nbytes
    assert data.value.startswith("00 00 00 00 01 00")
    assert data.value.endswith("…")
    assert len(found.whole(data.path)) <= MOST_WHOLE + 2


@pytest.mark.parametrize(
    ("words", "tag"),
    [
        ("0010,0010", "(0010,0010)"),
        ("(0010,0010)", "(0010,0010)"),
        ("00100010", "(0010,0010)"),
        ("patient's na", "(0010,0010)"),
        ("kassymov", "(0010,0010)"),
        ("касымов ерлан", "(0010,0010)"),
        ("ҚАСЫМ", "(0010,0010)"),
        ("deep", "(0008,0104)"),
    ],
)
def test_an_element_is_found_by_tag_name_or_value_however_it_is_written(words: str, tag: str) -> None:
    found = tree(
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Қасымов^Ерлан",
        ProcedureCodeSequence=[item(CodeMeaning="deep")],
    )
    assert tag in [each.tag for each in found.find(words)]


def test_a_search_for_nothing_or_for_what_is_not_there_finds_nothing() -> None:
    assert tree().find("  ") == ()
    assert tree().find("zzzzzz") == ()
    assert len(tree().find("0", most=3)) == 3


def test_nesting_without_end_ends() -> None:
    deepest = item(CodeValue="1")
    for _ in range(60):
        deepest = item(ContentSequence=[deepest])
    dataset: Dataset = made_file(np.zeros((8, 8), np.uint8))
    dataset.ContentSequence = [deepest]
    found = TagTree(bytes_of(dataset))
    assert len(found.find("Content Sequence")) <= MOST_DEPTH + 1


def test_what_cannot_be_read_says_so_and_the_rest_is_read(shared_data: Path) -> None:
    for path in sorted((shared_data / "dicom" / "broken").iterdir()):
        try:
            found = TagTree(path.read_bytes())
        except UnreadableFileError:
            continue
        assert found.lines(), path.name
        found.find("a")
    with pytest.raises(UnreadableFileError):
        TagTree(b"no DICOM" * 100)
    data = bytes_of(made_file(np.zeros((8, 8), np.uint8), PixelSpacing=["1.25", "1.5"]))
    spoiled = TagTree(data.replace(b"1.25\\1.5", b"1.25\\x\xff\xfe"))
    assert line(spoiled, "(0028,0030)").is_unreadable or line(spoiled, "(0028,0030)").value
    assert line(spoiled, "(0028,0010)").value == "8"
