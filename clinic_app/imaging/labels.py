"""What stands in the corners of a picture: whose it is, what was taken and how, as its file says it.

Words are the file's own, whoever is in hand; what a file does not say is an empty string. Nothing of it is trusted for
anything but reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from clinic_app.imaging.display.elements import functional, numbers_of
from clinic_app.imaging.display.orientation import Letters, stated_letters
from clinic_app.imaging.reading import number_of, text_of
from clinic_app.imaging.texts import Reading, name_of, words_of

_LONGEST: Final = 64
_LOSSY_SYNTAXES: Final = frozenset(
    {
        "1.2.840.10008.1.2.4.50",
        "1.2.840.10008.1.2.4.51",
        "1.2.840.10008.1.2.4.53",
        "1.2.840.10008.1.2.4.55",
        "1.2.840.10008.1.2.4.81",
    }
)


@dataclass(frozen=True)
class FrameLabels:
    """What stands in the corners.

    Args:
        patient_name: as the file has it.
        study_date: eight digits, or what stands there.
        modality: ``CT``, ``MR`` …
        description: of the series, else of the study.
        patient_id: as the machine was told.
        birth_date: eight digits, or what stands there.
        sex: ``M``, ``F``, ``O``.
        study_time: six digits or more.
        institution: where it was taken.
        series_number: 0 where nobody says.
        slice_mm: the slice's place, as the file says it.
        thickness_mm: of the slice.
        laterality: ``L``, ``R``, ``B``.
        view: from where an X-ray was taken: ``AP``, ``MLO`` …
        technique: tube, field or echo, in the words of the craft.
        letters: which sides of the patient rows and columns run to, where the file says so without a plane.
        is_lossy: it was compressed with a loss.
        lossy_ratio: how many times smaller it became; 0 where nobody says.
    """

    patient_name: str
    study_date: str
    modality: str
    description: str
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    study_time: str = ""
    institution: str = ""
    series_number: int = 0
    slice_mm: float | None = None
    thickness_mm: float | None = None
    laterality: str = ""
    view: str = ""
    technique: str = ""
    letters: Letters | None = None
    is_lossy: bool = False
    lossy_ratio: float = 0.0


def labels_of(dataset: Dataset, index: int, modality: str, reading: Reading) -> FrameLabels:
    """Return the labels of one picture of a file.

    Args:
        dataset: the file.
        index: of the frame, from 0.
        modality: what took it.
        reading: how its texts are to be read.
    """
    described = words_of(dataset, "SeriesDescription", reading) or words_of(dataset, "StudyDescription", reading)
    thickness = _first(functional(dataset, index, "PixelMeasuresSequence"), "SliceThickness")
    if thickness is None:
        thickness = _first(dataset, "SliceThickness")
    return FrameLabels(
        name_of(dataset, reading),
        text_of(dataset, "StudyDate"),
        modality,
        described,
        patient_id=words_of(dataset, "PatientID", reading)[:_LONGEST],
        birth_date=text_of(dataset, "PatientBirthDate")[:_LONGEST],
        sex=text_of(dataset, "PatientSex")[:1],
        study_time=(text_of(dataset, "AcquisitionTime") or text_of(dataset, "StudyTime"))[:16],
        institution=words_of(dataset, "InstitutionName", reading)[:_LONGEST],
        series_number=int(min(max(number_of(dataset, "SeriesNumber", 0), 0), 1 << 31)),
        slice_mm=_first(dataset, "SliceLocation"),
        thickness_mm=thickness if thickness and thickness > 0 else None,
        laterality=_laterality(dataset, index),
        view=text_of(dataset, "ViewPosition")[:16],
        technique=_technique(dataset, modality),
        letters=stated_letters(dataset),
        is_lossy=_is_lossy(dataset),
        lossy_ratio=max(number_of(dataset, "LossyImageCompressionRatio", 0.0), 0.0),
    )


def _laterality(dataset: Dataset, index: int) -> str:
    anatomy = functional(dataset, index, "FrameAnatomySequence")
    stated = text_of(anatomy, "FrameLaterality") if anatomy is not None else ""
    for keyword in ("ImageLaterality", "Laterality"):
        stated = stated or text_of(dataset, keyword)
    return stated[:1].upper() if stated[:1].upper() in ("L", "R", "B") else ""


def _technique(dataset: Dataset, modality: str) -> str:
    parts: list[tuple[str, str, str]] = {
        "CT": [("KVP", "", "kV"), ("XRayTubeCurrent", "", "mA"), ("ConvolutionKernel", "", "")],
        "MR": [("RepetitionTime", "TR", ""), ("EchoTime", "TE", ""), ("InversionTime", "TI", "")],
        "CR": [("KVP", "", "kV"), ("Exposure", "", "mAs")],
        "DX": [("KVP", "", "kV"), ("Exposure", "", "mAs")],
        "MG": [("KVP", "", "kV"), ("Exposure", "", "mAs"), ("BodyPartThickness", "", "mm")],
    }.get(modality, [])
    told = []
    for keyword, before, after in parts:
        value = _first(dataset, keyword)
        said = f"{round(value, 1):g}" if value else text_of(dataset, keyword)[:24] if not (before or after) else ""
        if said:
            told.append(" ".join(part for part in (before, said, after) if part))
    return ", ".join(told)


def _is_lossy(dataset: Dataset) -> bool:
    syntax = str(getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", ""))
    return text_of(dataset, "LossyImageCompression") == "01" or syntax in _LOSSY_SYNTAXES


def _first(dataset: Dataset | None, keyword: str) -> float | None:
    found = numbers_of(dataset, keyword) if dataset is not None else ()
    return found[0] if found else None
