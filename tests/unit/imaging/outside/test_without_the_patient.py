"""Files without their patient: nothing of him stays, and the picture is what it was."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from clinic_app.foundation.errors import ClinicError, UnreadableFileError
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.outside.coded_words import standard_code
from clinic_app.imaging.outside.deidentifying import Wish, checked
from clinic_app.imaging.outside.fates import fates_of
from clinic_app.imaging.outside.kept_elements import KEPT, TEXTS
from clinic_app.imaging.outside.leaving import Disguise, disguised, written
from clinic_app.imaging.outside.pseudonyms import Pseudonyms, moved, moved_moment
from clinic_app.imaging.reading import read_dataset
from tests.helpers.dicom_files import bytes_of, item, made_file, overlay

KNOWN: Final = Disguise(Pseudonyms(b"k" * 32))
PIXELS: Final = np.arange(64, dtype=np.uint16).reshape(8, 8)
SECRETS: Final = ("Zhanibekova", "Qarlyghash", "KZ-7781234", "Tasqala", "Dr-Omarov", "87015550199")
ORACLE: Final = "CTImage.dcm_*"


def _left(dataset: Dataset, disguise: Disguise = KNOWN, **more: Any) -> Dataset:
    return read_dataset(disguised(bytes_of(dataset), disguise, **more)[0])


def _full() -> Dataset:
    """Return a picture with somebody's words in every kind of place."""
    family, given_name, number, place, doctor, phone = SECRETS
    made = made_file(PIXELS, PatientName=f"{family}^{given_name}", PatientID=number, AccessionNumber=number)
    made.PatientBirthDate, made.PatientSex, made.PatientAge = "19850101", "F", "040Y"
    made.InstitutionName, made.ReferringPhysicianName, made.OperatorsName = place, doctor, doctor
    made.PatientTelephoneNumbers, made.StudyDescription = phone, f"control of {family}"
    made.SeriesDescription, made.ImageComments, made.ProtocolName = family, f"see {given_name}", place
    made.StudyTime, made.AcquisitionDate, made.AcquisitionTime = "101500", "20260305", "102000.5"
    made.RequestAttributesSequence = [item(RequestedProcedureDescription=family, ScheduledProcedureStepID=number)]
    made.ReferencedImageSequence = [item(ReferencedSOPInstanceUID="1.2.3.4.7", ImageComments=family)]
    made.AnatomicRegionSequence = [item(CodeValue="T-D3000", CodingSchemeDesignator="SRT", CodeMeaning=family)]
    block = made.private_block(0x0009, f"{place} private", create=True)
    block.add_new(0x10, "LO", family)
    block.add_new(0x11, "UN", f"{number}{family}".encode())
    made.private_block(0x0029, "X", create=True).add_new(0x20, "SQ", [item(PatientName=family)])
    overlay(made, np.ones((8, 8)))
    made.IconImageSequence = [item(ImageComments=family)]
    return made


def test_no_word_that_names_somebody_stays_anywhere_in_the_bytes() -> None:
    data = disguised(bytes_of(_full()), KNOWN)[0]
    folded = data.lower()
    for secret in SECRETS:
        assert secret.lower().encode() not in folded
    assert b"19850101" not in data
    assert b"1.2.3.4.5" not in data


@settings(max_examples=20)
@given(
    st.lists(
        st.text("abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=12).map("zq{}".format),
        min_size=8,
        max_size=8,
        unique=True,
    ),
    st.randoms(use_true_random=False),
)
def test_whatever_words_stand_wherever_in_a_file_none_of_them_leaves(words: list[str], chance: random.Random) -> None:
    made = made_file(PIXELS, PatientName=words[0], PatientID=words[1])
    places: list[Dataset] = [made]
    for keyword in ("SharedFunctionalGroupsSequence", "SequenceOfUltrasoundRegions", "ReferencedImageSequence"):
        inner = Dataset()
        setattr(chance.choice(places), keyword, [inner])
        places.append(inner)
    texts = ("SeriesDescription", "ImageComments", "RescaleType", "WindowCenterWidthExplanation", "ConvolutionKernel")
    for keyword, word in zip(texts, words[2:], strict=False):
        setattr(chance.choice(places), keyword, word)
    chance.choice(places).private_block(0x0011, words[7], create=True).add_new(1, "UT", words[6])
    data = disguised(bytes_of(made), Disguise())[0].lower()
    assert not [word for word in words if word.encode() in data]


def test_the_file_says_what_was_done_to_it() -> None:
    left = _left(_full())
    assert left.PatientIdentityRemoved == "YES"
    assert left.PatientName.family_name == "ANONYMOUS"
    assert left.PatientID.startswith("ANON-")
    assert left.LongitudinalTemporalInformationModified == "MODIFIED"
    assert [each.CodeValue for each in left.DeidentificationMethodCodeSequence] == ["113100", "113107"]
    assert "BurnedInAnnotation" not in left  # nobody has looked
    assert _left(_full(), is_looked_at=True).BurnedInAnnotation == "NO"
    assert (left.PatientBirthDate, left.PatientSex, left.AccessionNumber) == ("", "", "")


def test_numbers_are_the_same_in_one_export_and_others_in_the_next() -> None:
    one, other = _full(), _full()
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.7"
    first, second = _left(one), _left(other)
    assert first.StudyInstanceUID == second.StudyInstanceUID != "1.2.3"
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.ReferencedImageSequence[0].ReferencedSOPInstanceUID == second.SOPInstanceUID
    assert first.PatientID == second.PatientID
    assert first.file_meta.MediaStorageSOPInstanceUID == first.SOPInstanceUID
    assert first.SOPClassUID == one.SOPClassUID
    again = _left(one, Disguise())
    assert again.StudyInstanceUID != first.StudyInstanceUID
    assert len(again.StudyInstanceUID) <= 64


def test_moments_are_moved_together_and_keep_their_distances() -> None:
    left = _left(_full())
    assert left.StudyDate != "20260305"
    shift = KNOWN.names.shift(SECRETS[2])
    assert (left.StudyDate, left.StudyTime) == moved("20260305", "101500", shift)
    assert (left.AcquisitionDate, left.AcquisitionTime) == moved("20260305", "102000.5", shift)
    removed = _left(_full(), Disguise(wish=Wish(keeps_days=False)))
    assert (removed.StudyDate, removed.StudyTime, removed.LongitudinalTemporalInformationModified) == (
        "",
        "",
        "REMOVED",
    )
    assert "AcquisitionDate" not in removed


@pytest.mark.parametrize(
    ("date", "time", "days", "seconds", "expected"),
    [
        ("20260305", "101500", -1, 0, ("20260304", "101500")),
        ("20260305", "000010.25", 0, -20, ("20260304", "235950.25")),
        ("2026.03.05", "10:15", -1, 0, ("20260304", "101500")),
        ("20260305", "", -1, -60, ("20260303", "")),
        ("", "000010", 0, -20, ("", "235950")),
        ("yesterday", "101500", -1, 0, ("", "")),
        ("20260305", "1", -1, 0, ("", "")),
        ("00010101", "101500", -10, 0, ("", "")),
    ],
)
def test_a_moment_is_moved_across_midnight(
    date: str, time: str, days: int, seconds: int, expected: tuple[str, str]
) -> None:
    from datetime import timedelta

    assert moved(date, time, timedelta(days=days, seconds=seconds)) == expected


def test_a_moment_with_a_zone_keeps_it() -> None:
    from datetime import timedelta

    assert moved_moment("20260305101500.000+0500", timedelta(days=-1)) == "20260304101500.000+0500"
    assert moved_moment("2026", timedelta(days=-1)) == ""


def test_what_is_kept_shows_the_same_picture_of_every_real_file(shared_data: Path) -> None:
    seen = 0
    for path in sorted((shared_data / "dicom").glob("[clmu]*/*")):
        if path.is_dir() or path.stat().st_size > 700_000:
            continue
        data = path.read_bytes()
        try:
            before = frame_of(read_dataset(data), 0)
            left = disguised(data, KNOWN)[0]
        except ClinicError:
            continue
        after = frame_of(read_dataset(left), 0)
        assert np.array_equal(before.stored, after.stored), path.name
        for fact in ("slope", "intercept", "unit", "is_monochrome1", "spacing", "regions", "pixel_aspect", "turn"):
            assert getattr(before, fact) == getattr(after, fact), (path.name, fact)
        if before.plane is not None:
            assert after.plane is not None
            assert (before.plane.position, before.plane.row_mm) == (after.plane.position, after.plane.row_mm)
        seen += 1
    assert seen > 30


def test_every_lossless_syntax_of_the_one_picture_leaves_as_the_same_pixels(shared_data: Path) -> None:
    pictures = []
    for path in sorted((shared_data / "dicom" / "ct").glob(ORACLE)):
        if any(lossy in path.name for lossy in ("Process1T", "Process2", "Process6", "Process10")):
            continue
        left = read_dataset(disguised(path.read_bytes(), KNOWN)[0])
        pictures.append(frame_of(left, 0).stored)
        assert "PrivateCreator" not in str(left.keys())
        assert not [tag for tag in left.keys() if tag.is_private]  # noqa: SIM118
    assert len(pictures) >= 6
    assert all(np.array_equal(pictures[0], each) for each in pictures)


@pytest.mark.parametrize("name", ["sr/reportsi.dcm", "pr_hp/prLUTs.dcm", "derived/encapsulated_pdf_utf8.dcm"])
def test_what_people_wrote_stays_here_unless_it_is_asked_for(shared_data: Path, name: str) -> None:
    data = (shared_data / "dicom" / name).read_bytes()
    with pytest.raises(UnreadableFileError, match=r"stays? here"):
        disguised(data, KNOWN)
    left = disguised(data, Disguise(wish=Wish(with_texts=True)))[1]
    assert left.PatientIdentityRemoved == "YES"


def test_a_report_that_was_asked_for_keeps_its_sentences_but_not_the_patient_s_name(shared_data: Path) -> None:
    source = read_dataset((shared_data / "dicom" / "sr" / "reportsi.dcm").read_bytes())
    source.PatientName = "Zhanibekova^Aru"
    source.ContentSequence[0].ValueType, source.ContentSequence[0].TextValue = "TEXT", "Zhanibekova has no fracture."
    left = disguised(written(source), Disguise(wish=Wish(with_texts=True)))[1]
    assert left.ContentSequence[0].TextValue == "… has no fracture."


def test_drawings_stay_only_where_they_are_asked_for() -> None:
    assert (0x6000, 0x3000) not in _left(_full())
    assert (0x6000, 0x3000) in _left(_full(), Disguise(wish=Wish(with_overlays=True)))


def test_drawings_in_spare_bits_of_the_pixels_go_with_them() -> None:
    made = made_file(PIXELS | 0x8000, BitsStored=12, HighBit=11)
    for element, value in ((0x10, 8), (0x11, 8), (0x100, 16), (0x102, 15)):
        made.add_new((0x6000, element), "US", value)
    left = _left(made)
    assert np.array_equal(np.frombuffer(left.PixelData, "<u2").reshape(8, 8), PIXELS)


def test_bytes_behind_the_last_pixel_stay_here() -> None:
    made = made_file(PIXELS)
    made.PixelData += b"Zhanibekova!"
    assert len(_left(made).PixelData) == PIXELS.nbytes


def test_only_codes_the_standard_knows_stay_and_in_its_words() -> None:
    known = standard_code(item(CodeValue="mm", CodingSchemeDesignator="UCUM", CodeMeaning="Zhanibekova"))
    assert known is not None
    assert known.meaning == "mm" or "milli" in known.meaning.lower()
    retired = standard_code(item(CodeValue="T-B7000", CodingSchemeDesignator="SRT", CodeMeaning="x"))
    assert retired is not None
    assert retired.value == "T-B7000"
    lead = standard_code(item(CodeValue="5.6.3-9-1", CodingSchemeDesignator="SCPECG"))
    assert lead is not None
    assert standard_code(item(CodeValue="850101300124", CodingSchemeDesignator="DCM")) is None
    assert standard_code(item(CodeValue="1", CodingSchemeDesignator="99LOCAL", CodeMeaning="x")) is None


def test_elements_that_break_the_rules_of_their_kind_go() -> None:
    made = made_file(PIXELS, BodyPartExamined="CHEST", PatientName="Chestnut^A")
    made.ScanOptions = "ANNA"
    assert _left(made).BodyPartExamined == "CHEST"
    made.PatientName = "Chest^Anna"
    left = _left(made)
    assert "BodyPartExamined" not in left
    assert "ScanOptions" not in left


def test_the_table_tells_of_every_element_what_becomes_of_it() -> None:
    source = read_dataset(bytes_of(_full()))
    made = disguised(bytes_of(_full()), KNOWN)[1]
    told = {each.tag: each for each in fates_of(source, made)}
    assert told["(0010,0010)"].what == "changed"
    assert told["(0010,0010)"].after.startswith("ANONYMOUS")
    assert told["(0008,0080)"].what == "goes"
    assert told["(0028,0010)"].what == "stays"
    assert told["(0012,0062)"].what == "new"
    assert told["(0009,1010)"].what == "goes"
    assert told["(0008,1140) (0020,4000)"].what == "goes"
    assert told["(7FE0,0010)"].before == f"{PIXELS.nbytes} B"


def test_a_file_with_nothing_to_show_does_not_leave() -> None:
    with pytest.raises(UnreadableFileError, match="no picture"):
        _left(made_file())


def test_a_made_file_that_still_names_somebody_is_refused() -> None:
    with pytest.raises(UnreadableFileError):
        checked(_full())


def test_nothing_on_the_list_is_a_name_a_number_of_a_person_or_a_place() -> None:
    forbidden = ("Patient" + "Name", "PatientID", "Institution", "Physician", "Operator", "Comments", "Description")
    allowed = {"PaddleDescription"}
    assert not {each for each in KEPT - allowed if any(each.startswith(word) or word in each for word in forbidden)}
    assert "ImageComments" not in KEPT | TEXTS
