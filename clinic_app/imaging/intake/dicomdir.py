"""The index of a disc (DICOMDIR): the order of its images, and what else lies beside them.

It is believed where it is whole: then a disc's viewer, its pages and its fonts are left unread. It is never needed: of
a disc whose index is damaged, or names files that are not there, every file is looked at itself. A file it names is
looked up among those that were found; its words never become a path (CVE-2026-32711).
Source: DICOM PS3.3 F, PS3.10 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import MediaStorageDirectoryStorage

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.intake.sources import Contents, Refusal, SourceFile, in_names
from clinic_app.imaging.reading import READING_ERRORS, read_dataset

NAME: Final = "DICOMDIR"
_LARGEST_BYTES: Final = 64 << 20
_DEEPEST: Final = 8


def sorted_out(found: Contents) -> Contents:
    """Return what a medium holds with its images in the order of its indexes, and without what lies beside them."""
    indexes = [each for each in found.files if PurePosixPath(each.name).name.upper() == NAME]
    rest = [each for each in found.files if each not in indexes]
    sorted_files: list[SourceFile] = []
    refused = list(found.refused)
    left = found.left
    for index in sorted(indexes, key=lambda each: -each.name.count("/")):  # an inner disc is not a part of the outer
        root = index.name[: -len(NAME)]
        ours = [each for each in rest if each.name.startswith(root)]
        listed = listed_names(index)
        if listed is None or not ours:
            continue
        by_name = in_names(ours)
        wanted = {root.upper() + name.upper(): name for name in listed}
        named = [by_name[each] for each in wanted if each in by_name]
        if not named:
            continue  # an index of another disc
        refused += [Refusal(root + wanted[each], _missing()) for each in wanted if each not in by_name]
        known = {each.name for each in named}
        others = [each for each in ours if each.name not in known and each.is_marked()]
        sorted_files += [*named, *others]
        left += len(ours) - len(named) - len(others)
        rest = [each for each in rest if not each.name.startswith(root)]
    return Contents([*sorted_files, *rest], refused, left)


def listed_names(index: SourceFile) -> tuple[str, ...] | None:
    """Return the files an index names, in its order; None where it cannot be believed."""
    try:
        if index.size > _LARGEST_BYTES:
            return None
        dataset = read_dataset(index.content())
        if dataset.file_meta.get("MediaStorageSOPClassUID") != MediaStorageDirectoryStorage:
            return None
        records: Any = dataset.get("DirectoryRecordSequence") or ()
        return tuple(dict.fromkeys(name for each in records if (name := _named(each))))
    except (ClinicError, *READING_ERRORS):
        return None


def _named(record: Dataset) -> str:
    """Return the file a record names, or an empty string; one whose words lead anywhere else names nothing."""
    if "ReferencedFileID" not in record:
        return ""
    parts: Any = record.ReferencedFileID
    words: Sequence[str] = [str(each) for each in parts] if isinstance(parts, MultiValue) else [str(parts or "")]
    is_plain = 0 < len(words) <= _DEEPEST and all(each.strip(". ") and not set(each) & set("/\\:") for each in words)
    return "/".join(each.strip() for each in words) if is_plain else ""


def _missing() -> Text:
    return Text("The index of the disc names this file, but it is not there.")
